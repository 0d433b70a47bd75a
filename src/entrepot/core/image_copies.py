"""Images copied from one repository to another, or to another tag, without moving bytes: the blobs are linked. Only
between repositories of which one has a key of KMS that the other has not, blobs are read and pushed again.

A copy is a pull and a push, by the use cases of both: the caller must be allowed each, and tags, scans, events and
records are those of a push. It goes manifest by manifest, each in a unit of its own: what an index names first, then
what refers to any of it where that is wanted, and last the image with its tag. One that was interrupted is
taken up by copying again; until then the tag is where it was.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import BinaryIO, Final, NamedTuple

from msgspec import structs

from entrepot.core import access, admission, images, lookup
from entrepot.core.access import Caller
from entrepot.core.blobs import is_available
from entrepot.core.images import OCI_RULES
from entrepot.core.quotas.bytes import require_link_room
from entrepot.core.reads import Reads
from entrepot.core.repositories import tag_is_immutable
from entrepot.core.scanning import places
from entrepot.core.storage_classes import ACTIVE
from entrepot.core.transfers import Transfers
from entrepot.core.units import Units
from entrepot.db import blobs, repositories, storage_classes, tags
from entrepot.db import images as rows
from entrepot.db.database import Transaction
from entrepot.db.records import Repository, StoredManifest
from entrepot.errors import BlobArchived, CopyTooLarge, ImageArchived, TagImmutable
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Manifest
from entrepot.spec.reference import Tag
from entrepot.spec.repository import RepositoryKey
from entrepot.spec.subject_tags import subject_of

MOST: Final = 1000
_PIECE: Final = 256 * 1024


class Wanted(NamedTuple):
    """What is copied: an image by digest, tag or both; its tag at the target, where it is to have one; with what refers
    to it, or without.
    """

    digest: Digest | None
    tag: Tag | None
    new_tag: Tag | None
    referrers: bool


class Copied(NamedTuple):
    """What a copy is: its digest, its tag at the target, how many manifests it took."""

    digest: Digest
    tag: Tag | None
    manifests: int


class Carrying(NamedTuple):
    """How bytes are read and pushed, where they must be."""

    reads: Reads
    transfers: Transfers


async def copy(
    units: Units,
    caller: Caller,
    source: RepositoryKey,
    target: RepositoryKey,
    wanted: Wanted,
    carrying: Carrying | None = None,
) -> Copied:
    """Copy an image; what is at the target already is left as it is. Without `carrying`, BlobsNotFound where bytes
    would have to be.
    """
    digests = await units.read(plan, caller, source, target, wanted)
    for digest in digests:
        found = await units.read(images.find, caller, source, digest)
        manifest = await units.manifest(found.manifest.body, found.manifest.media_type)
        tag = wanted.new_tag if digest == digests[-1] else await units.read(subject_tag, source, target, digest)
        lacking = await units.read(to_carry, source, target, manifest)
        if carrying is not None:
            for each in lacking:
                await _carry(carrying, _alone(caller, f"{digest}/{each}"), source, target, each)
        await units.write(put, _alone(caller, digest), source, target, manifest, digest, tag)
    return Copied(digests[-1], wanted.new_tag, len(digests))


def plan(
    tx: Transaction, caller: Caller, source: RepositoryKey, target: RepositoryKey, wanted: Wanted, most: int = MOST
) -> Sequence[Digest]:
    """The manifests to copy, in this order: ImageNotFound, ImageArchived, ImageNotAdmitted, TagImmutable; CopyTooLarge
    where there are more than `most`.
    """
    places.require_named(wanted.digest, wanted.tag)
    found = repositories.find(tx, target)
    lookup.allow(tx, caller, source, "GetDownloadUrlForLayer")
    lookup.allow(tx, caller, target, "InitiateLayerUpload")
    access.require_put(caller, lookup.resource(tx, target, found), wanted.new_tag or "", wanted.digest or "")
    named = [(wanted.tag or "", wanted.digest or "")]
    repository = lookup.require_images(tx, caller, source, "BatchGetImage", named)
    goal = lookup.present(found, target)
    image = places.image(tx, repository, wanted.digest, wanted.tag)
    _require_handed_out(tx, caller, repository, image)
    if wanted.new_tag is not None:
        pointed = tags.find(tx, goal.id, wanted.new_tag)
        if pointed not in (None, image.digest) and tag_is_immutable(goal, wanted.new_tag):
            raise TagImmutable(tag=wanted.new_tag, name=target.name)
    return ordered(tx, repository, image, referrers=wanted.referrers, most=most)


def put(
    tx: Transaction,
    caller: Caller,
    source: RepositoryKey,
    target: RepositoryKey,
    manifest: Manifest,
    digest: Digest,
    tag: Tag | None,
) -> None:
    """Copy one manifest of the source, with links to its blobs: BlobsNotFound, and what a push may raise."""
    lookup.allow(tx, caller, source, "GetDownloadUrlForLayer")
    lookup.require_images(tx, caller, source, "BatchGetImage", [("", digest)])
    goal = lookup.require_locked(tx, caller, target, "InitiateLayerUpload")
    origin = lookup.present(repositories.share(tx, source), source)
    for each in sorted({descriptor.digest for descriptor in manifest.required_blobs}):
        held = blobs.share_link(tx, origin.id, each)
        if not is_available(held) or held.blob.key != goal.encryption_key:
            continue
        if not is_available(blobs.find_link(tx, goal.id, each)):
            require_link_room(tx, target, held.blob.size)
            blobs.link(tx, goal.id, each, held.blob.id, caller.at)
    images.put(tx, caller, target, digest, manifest, OCI_RULES, tag)


def to_carry(tx: Transaction, source: RepositoryKey, target: RepositoryKey, manifest: Manifest) -> Sequence[Digest]:
    """Blobs that the target lacks and cannot hold as the source does, for they are encrypted otherwise. Not
    authorised: what moves them is.
    """
    origin, goal = repositories.find(tx, source), repositories.find(tx, target)
    if origin is None or goal is None or origin.encryption_key == goal.encryption_key:
        return ()
    needed = sorted({descriptor.digest for descriptor in manifest.required_blobs})
    return [each for each in needed if not is_available(blobs.find_link(tx, goal.id, each))]


def subject_tag(tx: Transaction, source: RepositoryKey, target: RepositoryKey, digest: str) -> Tag | None:
    """The tag by which the source says what a manifest is about, which it is to have at the target too, unless another
    has it there. Not authorised: what gives it is.
    """
    origin, goal = repositories.find(tx, source), repositories.find(tx, target)
    named = () if origin is None else tags.of_image(tx, origin.id, digest, images.MOST_TAGS)
    free = (each for each in named if subject_of(each) and (goal is None or tags.find(tx, goal.id, each) is None))
    found = next(free, None)
    return None if found is None else Tag(found)


async def _carry(
    carrying: Carrying, caller: Caller, source: RepositoryKey, target: RepositoryKey, digest: Digest
) -> None:
    try:
        _, file = await carrying.reads.open_blob(caller, source, digest)
    except BlobArchived:  # meanwhile: the manifest that needs it is refused for want of it
        return
    with file:
        await carrying.transfers.put_blob(caller, target, digest, _pieces(file))


async def _pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    while piece := await asyncio.to_thread(file.read, _PIECE):
        yield piece


def _require_handed_out(tx: Transaction, caller: Caller, repository: Repository, image: StoredManifest) -> None:
    if image.status != ACTIVE:
        raise ImageArchived(digest=image.digest, name=repository.key.name, status=image.status)
    refused = admission.look(tx, repository, image, caller.at)
    if refused is not None and refused.enforced:
        raise refused.fact(repository.key)


def ordered(
    tx: Transaction, repository: Repository, image: StoredManifest, *, referrers: bool, most: int
) -> Sequence[Digest]:
    """Each manifest once, what it names before it, the image itself last."""
    order: dict[str, None] = {}
    _add(tx, repository, image.digest, order, most)
    if referrers:
        waiting = list(order)
        while waiting:
            of = waiting.pop(0)
            for digest in storage_classes.referrers(tx, repository.id, of):
                if digest not in order and _is_there(tx, repository, digest):
                    waiting += _add(tx, repository, digest, order, most)
    del order[image.digest]
    return [*(Digest(each) for each in order), image.digest]


def _add(tx: Transaction, repository: Repository, digest: str, order: dict[str, None], most: int) -> Sequence[str]:
    """Put a manifest into the order after what it names; those that are new."""
    new = [each for each in _after_children(tx, repository, digest, most) if each not in order]
    order.update(dict.fromkeys(new))
    if len(order) > most:
        raise CopyTooLarge(digest=digest, limit=most)
    return new


def _after_children(tx: Transaction, repository: Repository, digest: str, most: int) -> Iterator[str]:
    entered: set[str] = set()
    stack: list[tuple[str, bool]] = [(digest, False)]
    while stack:
        each, children_done = stack.pop()
        if children_done:
            yield each
        elif each not in entered:
            entered.add(each)
            if len(entered) > most:
                raise CopyTooLarge(digest=digest, limit=most)
            stack.append((each, True))
            children = storage_classes.children(tx, repository.id, each)
            stack += [(child, False) for child in children if _is_there(tx, repository, child)]


def _is_there(tx: Transaction, repository: Repository, digest: str) -> bool:
    """Whether it can be copied: children may be absent, and referrers of children archived."""
    found = rows.find(tx, repository.id, digest)
    return found is not None and found.status == ACTIVE


def _alone(caller: Caller, digest: str) -> Caller:
    """The same caller, whose records of one manifest are told from those of another."""
    return structs.replace(caller, request_id=str(uuid.uuid5(uuid.UUID(caller.request_id), digest)))
