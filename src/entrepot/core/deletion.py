"""Who may delete an image, and what goes with it: one place for the API, the OCI door, lifecycle and replication.

Where the registry has a trash, what is removed here is kept in it (core/trash.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from entrepot.core import image_events, lookup, protection, trash
from entrepot.core.access import Caller, ImageName
from entrepot.core.changes import Change
from entrepot.core.images import MOST_TAGS
from entrepot.core.scanning import admission_signatures, enhanced_events, enhanced_work
from entrepot.db import image_signings, images, registry_sboms, tags
from entrepot.db.database import Transaction
from entrepot.db.inspector_records import ImageKey
from entrepot.db.records import Repository, StoredManifest
from entrepot.errors import DigestInvalid, ImageNotFound, ImageReferenced, TagInvalid
from entrepot.spec.digest import Digest
from entrepot.spec.reference import Reference, Tag
from entrepot.spec.repository import RepositoryKey

NAMED_PARENTS = 10


@dataclass(frozen=True, slots=True)
class ImageId:
    """An image as a caller names it: a digest, a tag, or both."""

    digest: str | None
    tag: str | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """An id of a batch that could not be served: AWS's failure code and reason."""

    id: ImageId
    code: str
    reason: str


def require_deletable(tx: Transaction, repository: Repository, digest: str) -> None:
    """The one check of every deleter: RepositoryProtected, ImageReferenced while an index of the repository names the
    image.
    """
    protection.require_unprotected(tx, repository)
    parents = images.parents(tx, repository.id, digest, NAMED_PARENTS)
    if parents:
        raise ImageReferenced(parents=f"[{', '.join(parents)}]")


def delete(tx: Transaction, caller: Caller, key: RepositoryKey, reference: Reference) -> None:
    """Delete an image by digest with all its tags, or a tag, and with the last tag its image. ImageNotFound."""
    tag, digest = (reference, None) if isinstance(reference, Tag) else (None, reference)
    named = names([ImageId(digest, tag)])
    repository = lookup.require_images_locked(tx, caller, key, "BatchDeleteImage", named)
    change = Change(tx, caller, repository)
    if tag is not None:
        _delete_tag(tx, change, repository, tag)
    elif digest is not None:
        _delete_image(tx, change, repository, digest)
    change.finish("BatchDeleteImage", {"repositoryName": key.name, "imageIds": [_shown(ImageId(digest, tag))]})


def batch_delete(
    tx: Transaction, caller: Caller, key: RepositoryKey, ids: Sequence[ImageId]
) -> tuple[tuple[ImageId, ...], tuple[Refusal, ...]]:
    """(removed ids, refusals), in the order asked. By digest: one removed id for each tag that went with it."""
    repository = lookup.require_images_locked(tx, caller, key, "BatchDeleteImage", names(ids))
    change = Change(tx, caller, repository)
    removed: list[ImageId] = []
    refusals: list[Refusal] = []
    made = [each for each in ids if each.tag is None and registry_sboms.is_made(tx, repository.id, each.digest or "")]
    for image_id in dict.fromkeys(ids):
        refusal = refusal_of(tx, repository, image_id)
        if refusal is not None and image_id in made:  # it went with its image, just now
            removed.append(image_id)
            continue
        if refusal is not None:
            refusals.append(refusal)
            continue
        try:
            removed += _delete_id(tx, change, repository, image_id)
        except ImageReferenced as fact:
            refusals.append(Refusal(image_id, "ImageReferencedByManifestList", str(fact)))
    if removed:
        change.finish("BatchDeleteImage", {"repositoryName": key.name, "imageIds": [_shown(item) for item in removed]})
    return tuple(removed), tuple(refusals)


def remove_image(tx: Transaction, change: Change, digest: Digest) -> None:
    """Delete an image of the change's locked repository with all its tags: ImageReferenced, ImageNotFound."""
    _delete_image(tx, change, change.repository, digest)


def remove_tag(tx: Transaction, change: Change, tag: str) -> None:
    """Delete a tag of the change's locked repository, and with its last one the image: as `remove_image`."""
    _delete_tag(tx, change, change.repository, tag)


def untag(tx: Transaction, change: Change, tag: str) -> None:
    """Take a tag off in the change's locked repository, and leave its image, were it the last one: ImageNotFound,
    RepositoryProtected.
    """
    repository = change.repository
    protection.require_unprotected(tx, repository)
    digest = tags.find(tx, repository.id, tag)
    if digest is None:
        raise ImageNotFound(digest="null", tag=tag, name=repository.key.name, account=repository.key.registry.account)
    stored = _stored(tx, repository, digest)
    tags.remove(tx, repository.id, tag)
    admission_signatures.untagged(tx, repository, tag, change.caller.at)
    change.event(*image_events.of_change(repository, stored, tag, "DELETE"))


def names(ids: Sequence[ImageId]) -> Sequence[ImageName]:
    """Ids as policies see them."""
    return [(each.tag or "", each.digest or "") for each in ids]


def check_id(image_id: ImageId) -> Refusal | None:
    """What is wrong with an id by itself."""
    if image_id.digest is None and image_id.tag is None:
        reason = "Invalid request parameters: both tag and digest cannot be null"
        return Refusal(image_id, "MissingDigestAndTag", reason)
    if image_id.digest is not None:
        try:
            Digest.parse(image_id.digest)
        except DigestInvalid:
            reason = "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'"
            return Refusal(image_id, "InvalidImageDigest", reason)
    if image_id.tag is not None:
        try:
            Tag.parse(image_id.tag)
        except TagInvalid:
            reason = (
                "Invalid request parameters: image tag should satisfy the regex '[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}'"
            )
            return Refusal(image_id, "InvalidImageTag", reason)
    return None


def refusal_of(tx: Transaction, repository: Repository, image_id: ImageId) -> Refusal | None:
    """Why an id names no image of the repository; None when it does."""
    wrong = check_id(image_id)
    if wrong is not None:
        return wrong
    pointed = tags.find(tx, repository.id, image_id.tag) if image_id.tag is not None else None
    if image_id.tag is not None and pointed is None:
        return Refusal(image_id, "ImageNotFound", "Requested image not found")
    if image_id.digest is not None:
        if not images.known(tx, repository.id, image_id.digest):
            return Refusal(image_id, "ImageNotFound", "Requested image not found")
        if pointed is not None and pointed != image_id.digest:
            return Refusal(image_id, "ImageTagDoesNotMatchDigest", "Requested tag does not point at the digest")
    return None


def _delete_id(tx: Transaction, change: Change, repository: Repository, image_id: ImageId) -> list[ImageId]:
    if image_id.tag is not None:
        digest = _delete_tag(tx, change, repository, image_id.tag)
        return [ImageId(digest, image_id.tag)]
    digest = Digest(image_id.digest or "")
    gone = _delete_image(tx, change, repository, digest)
    return [ImageId(digest, tag) for tag in gone] or [ImageId(digest, None)]


def _delete_tag(tx: Transaction, change: Change, repository: Repository, tag: str) -> Digest:
    """Remove a tag, and with its last one the image; ImageReferenced for the last tag of an index's child."""
    protection.require_unprotected(tx, repository)
    digest = tags.find(tx, repository.id, tag)
    if digest is None:
        raise ImageNotFound(digest="null", tag=tag, name=repository.key.name, account=repository.key.registry.account)
    stored = _stored(tx, repository, digest)
    if len(tags.of_image(tx, repository.id, digest, 2)) == 1:
        require_deletable(tx, repository, digest)
        tags.remove(tx, repository.id, tag)
        _remove(tx, change, repository, digest, (str(tag),))
    else:
        tags.remove(tx, repository.id, tag)
    admission_signatures.untagged(tx, repository, tag, change.caller.at)
    change.event(*image_events.of_change(repository, stored, tag, "DELETE"))
    return digest


def _delete_image(tx: Transaction, change: Change, repository: Repository, digest: Digest) -> Sequence[str]:
    """Remove an image with all its tags; the tags that went."""
    stored = _stored(tx, repository, digest)
    require_deletable(tx, repository, digest)
    gone = tags.of_image(tx, repository.id, digest, MOST_TAGS)
    tags.remove_of_image(tx, repository.id, digest)
    _remove(tx, change, repository, digest, gone)
    for tag in gone or (None,):
        admission_signatures.untagged(tx, repository, tag or "", change.caller.at)
        change.event(*image_events.of_change(repository, stored, tag, "DELETE"))
    return gone


def _remove(tx: Transaction, change: Change, repository: Repository, digest: Digest, had: Sequence[str] = ()) -> None:
    """Remove an image whose tags are gone; its findings are closed, and stay for a while."""
    closed = enhanced_work.close_all(tx, ImageKey(repository.id, digest), had, change.caller.at)
    for name, resource, detail in closed:
        change.event(name, detail, [resource], source=enhanced_events.SOURCE)
    made = [*registry_sboms.made(tx, repository.id, digest), *image_signings.made(tx, repository.id, digest)]
    trash.keep(tx, change.caller, repository, digest, had)
    images.remove(tx, repository.id, digest)
    for each in made:
        _remove_made(tx, change, repository, each)


def _remove_made(tx: Transaction, change: Change, repository: Repository, digest: Digest) -> None:
    """Remove an SBOM or signature that the registry made of an image which goes, unless somebody has made it theirs."""
    if not tags.of_image(tx, repository.id, digest, 1) and not images.parents(tx, repository.id, digest, 1):
        stored = _stored(tx, repository, digest)
        _remove(tx, change, repository, digest)
        change.event(*image_events.of_change(repository, stored, None, "DELETE"))


def _stored(tx: Transaction, repository: Repository, digest: Digest) -> StoredManifest:
    stored = images.find(tx, repository.id, digest)
    if stored is None:
        raise ImageNotFound(
            digest=digest, tag="null", name=repository.key.name, account=repository.key.registry.account
        )
    return stored


def _shown(image_id: ImageId) -> dict[str, str]:
    shown = {"imageDigest": image_id.digest, "imageTag": image_id.tag}
    return {name: value for name, value in shown.items() if value is not None}
