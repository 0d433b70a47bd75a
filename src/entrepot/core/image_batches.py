"""Images asked for many at a time: what is found, and why the rest is not."""

from collections.abc import Sequence
from typing import NamedTuple

from entrepot.core import admission, lookup
from entrepot.core.access import Caller
from entrepot.core.admission import Refused
from entrepot.core.deletion import ImageId, Refusal, names, refusal_of
from entrepot.core.encryption import data_keys
from entrepot.core.images import Image, resolve
from entrepot.core.storage_classes import ACTIVE
from entrepot.db.database import Transaction
from entrepot.db.records import Repository
from entrepot.errors import RepositoryKeyUnusable
from entrepot.spec.digest import Digest
from entrepot.spec.media_type import acceptable
from entrepot.spec.reference import Reference, Tag
from entrepot.spec.repository import RepositoryKey


class Batch(NamedTuple):
    """Images, refusals, and which images the repository does not hand out, or would not if that were enforced."""

    images: Sequence[Image]
    refusals: Sequence[Refusal]
    not_admitted: Sequence[Refused]


def get(
    tx: Transaction, caller: Caller, key: RepositoryKey, ids: Sequence[ImageId], accepted: Sequence[str] | None
) -> Batch:
    """What is found and why the rest is not, in the order asked, each id once; `accepted` media types, None for any."""
    repository = lookup.require_images(tx, caller, key, "BatchGetImage", names(ids))
    found: list[Image] = []
    refusals: list[Refusal] = []
    not_admitted: list[Refused] = []
    unusable = _unusable(tx, caller, repository)
    for image_id in dict.fromkeys(ids):
        refusal = refusal_of(tx, repository, image_id)
        if refusal is not None:
            refusals.append(refusal)
            continue
        reference: Reference = Tag(image_id.tag) if image_id.tag is not None else Digest(image_id.digest or "")
        image = resolve(tx, repository, reference)
        if image.manifest.status != ACTIVE:
            refusals.append(Refusal(image_id, "ImageNotFound", f"Requested image is {image.manifest.status.lower()}"))
            continue
        if accepted is not None and not acceptable(accepted, image.manifest.media_type):
            refusals.append(Refusal(image_id, "ImageNotFound", "Requested image not found in an accepted media type"))
            continue
        if unusable is not None:
            refusals.append(Refusal(image_id, "KmsError", unusable))
            continue
        refused = admission.look(tx, repository, image.manifest, caller.at, by_tag=image_id.digest is None)
        not_admitted += [] if refused is None else [refused]
        if refused is not None and refused.enforced:
            refusals.append(Refusal(image_id, "ImageInaccessible", str(refused.fact(key))))
            continue
        found.append(image)
    return Batch(tuple(found), tuple(refusals), tuple(not_admitted))


def _unusable(tx: Transaction, caller: Caller, repository: Repository) -> str | None:
    """Why the repository's key cannot be used, where it has one that cannot."""
    try:
        data_keys.require_usable(tx, repository, caller.at)
    except RepositoryKeyUnusable as fault:
        return str(fault)
    return None
