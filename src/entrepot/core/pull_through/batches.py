"""Images asked for many at a time: those that are on their way, and why the upstream does not give others."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from entrepot.core.access import Caller
from entrepot.core.deletion import ImageId, Refusal
from entrepot.core.images import Image
from entrepot.core.pull_through.seam import CODES, Pulls
from entrepot.errors import (
    DigestInvalid,
    Fact,
    ImageArchived,
    ImageNotAdmitted,
    ImageNotFound,
    RepositoryNotFound,
    TagInvalid,
    UpstreamBusy,
    UpstreamDenied,
    UpstreamImageAbsent,
    UpstreamImageUnusable,
    UpstreamUnavailable,
)
from entrepot.spec.digest import Digest
from entrepot.spec.media_type import acceptable
from entrepot.spec.reference import Reference, Tag
from entrepot.spec.repository import RepositoryKey


class Coming(NamedTuple):
    """Images on their way, and refusals, by the ids that they were asked by."""

    images: Mapping[ImageId, Image]
    refusals: Mapping[ImageId, Refusal]


async def coming(
    pulls: Pulls, caller: Caller, key: RepositoryKey, ids: Sequence[ImageId], accepted: Sequence[str] | None
) -> Coming:
    """What is not here of what is asked for: UpstreamLoginUnusable where nobody can be asked. What the upstream does
    not have is left to whoever looks here.
    """
    images: dict[ImageId, Image] = {}
    refusals: dict[ImageId, Refusal] = {}
    for each in dict.fromkeys(ids) if pulls.has_upstream(key) else ():
        reference = _reference(each)
        found = None if reference is None else await _asked(pulls, caller, key, each, reference)
        if isinstance(found, Refusal):
            refusals[each] = found
        elif found is not None and accepted is not None and not acceptable(accepted, found.manifest.media_type):
            reason = "Requested image not found in an accepted media type"
            refusals[each] = Refusal(each, "ImageNotFound", reason)
        elif found is not None:
            images[each] = found
    return Coming(images, refusals)


async def _asked(
    pulls: Pulls, caller: Caller, key: RepositoryKey, asked: ImageId, reference: Reference
) -> Image | Refusal | None:
    try:
        _, found = await pulls.manifest(caller, key, reference)
    except (ImageNotFound, RepositoryNotFound, ImageArchived, UpstreamImageAbsent):
        return None
    except ImageNotAdmitted as fact:
        return Refusal(asked, "ImageInaccessible", str(fact))
    except (UpstreamBusy, UpstreamDenied, UpstreamImageUnusable, UpstreamUnavailable) as fact:
        return Refusal(asked, _code(fact), str(fact))
    return None if pulls.is_here(key, found.digest) else Image(key, found, asked.tag)


def _code(fact: Fact) -> str:
    return CODES[type(fact)]


def _reference(asked: ImageId) -> Reference | None:
    """What an id of a batch names; None for one that names nothing."""
    try:
        if asked.digest is not None:
            return Digest.parse(asked.digest)
        return None if asked.tag is None else Tag.parse(asked.tag)
    except (DigestInvalid, TagInvalid):
        return None
