"""What comes back from the trash (core/trash.py): an image with the tags that are still free, with its children and
with what referred to it and went with it; a repository with everything that it held.

An image that comes back is told as a push: whoever follows events has heard of its deletion.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from entrepot.core import access, image_events, images, lookup, protection, resources
from entrepot.core.access import Caller
from entrepot.core.changes import Change
from entrepot.core.quotas import limits
from entrepot.core.scanning import admission_signatures, requests, vex_trust
from entrepot.core.trash import not_found
from entrepot.db import image_signings, registry_sboms, repositories, tags
from entrepot.db import images as image_rows
from entrepot.db import trash as rows
from entrepot.db.database import Conflict, Transaction
from entrepot.db.records import Repository
from entrepot.db.trash import TrashedImage
from entrepot.errors import RepositoryAlreadyExists
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Manifest
from entrepot.spec.moments import micros
from entrepot.spec.reference import Tag
from entrepot.spec.repository import RepositoryKey

_MOST = 1000  # images that come back at once


@dataclass(frozen=True, slots=True)
class Restored:
    """An image that came back, the tags that it has again, and (tag, digest) of those that others have by now."""

    digest: Digest
    tags: tuple[str, ...]
    taken: tuple[tuple[str, Digest], ...]


def restore(
    tx: Transaction, caller: Caller, key: RepositoryKey, entry: str | None, digest: Digest | None
) -> tuple[Restored, ...]:
    """Whatever an entry is, or what was deleted last under a digest, or the repository: images that came back."""
    if digest is None:
        present = lookup.find(tx, key, locked=True)
        if present is None or entry is None or rows.by_id(tx, present.id, entry, caller.at) is None:
            restore_repository(tx, caller, key, entry)
            return ()
    return restore_image(tx, caller, key, entry, digest)


def restore_image(
    tx: Transaction, caller: Caller, key: RepositoryKey, entry: str | None, digest: Digest | None
) -> tuple[Restored, ...]:
    """Bring an image back by the id of its entry, or what was deleted last under a digest: it first, and what belongs
    to it. TrashedNotFound, BlobsNotFound where its bytes were damaged, TagsTooMany, ImagesTooMany. No tag is
    moved.
    """
    repository = protection.require(tx, caller, key, "RestoreImage", locked=True)
    first = (
        rows.by_id(tx, repository.id, entry, caller.at)
        if entry is not None
        else rows.find(tx, repository.id, digest or "", caller.at)
    )
    if first is None:
        raise not_found(key, f"image {digest}" if entry is None else f"entry {entry}")
    change, waiting = Change(tx, caller, repository), [first]
    done: list[Restored] = []
    while waiting and len(done) < _MOST:
        image = waiting.pop(0)
        if not rows.forget(tx, image.id):
            continue  # named twice
        done.append(_restore(change, image))
        waiting += _belonging(change, image)
    for each in done:
        image_signings.forget_absent(tx, repository.id, each.digest)
    told = {"repositoryName": key.name, "imageDigest": first.digest, "images": len(done)}
    change.finish("RestoreImage", told, service=resources.OWN)
    return tuple(done)


def restore_repository(tx: Transaction, caller: Caller, key: RepositoryKey, entry: str | None = None) -> Repository:
    """Bring a repository back under its name, the one that was deleted last or that of an id: TrashedNotFound,
    RepositoryAlreadyExists where the name is taken.
    """
    present = lookup.find(tx, key, locked=False)
    access.require(caller, "RestoreRepository", resources.own(lookup.resource(tx, key, present)))
    kept = [each.id for each in rows.of_name(tx, key.registry, key.name, caller.at) if entry in (None, each.id)]
    repository = repositories.lock_by_id(tx, kept[0]) if kept else None
    if repository is None or not rows.forget_repository(tx, repository.id):
        raise not_found(key, "repository" if entry is None else f"entry {entry}")
    taken = RepositoryAlreadyExists(name=key.name, account=key.registry.account)
    if present is not None:
        raise taken
    try:
        repositories.unearth(tx, repository.id)
    except Conflict:
        raise taken from None
    told = {"repositoryName": key.name, "trashId": repository.id}
    Change(tx, caller, repository).finish("RestoreRepository", told, service=resources.OWN)
    return repository


def _belonging(change: Change, image: TrashedImage) -> Iterator[TrashedImage]:
    """Children that the repository has not, however they went, and referrers that went with the image."""
    tx, repository_id, now = change.tx, image.repository_id, change.caller.at
    manifest = Manifest.parse(image.body, image.media_type)
    named = [str(descriptor.digest) for descriptor in manifest.children]
    for digest in dict.fromkeys((*named, *rows.referrers(tx, image, now))):
        found = None if image_rows.known(tx, repository_id, digest) else rows.find(tx, repository_id, digest, now)
        if found is not None:
            yield found


def _restore(change: Change, image: TrashedImage) -> Restored:
    tx, repository, at = change.tx, change.repository, change.caller.at
    manifest = Manifest.parse(image.body, image.media_type)
    if not image_rows.known(tx, repository.id, image.digest):
        limits.require_image(tx, repository, image.digest)
        images.hold_blobs(tx, repository, manifest)
        image_rows.add(tx, repository.id, image.digest, manifest, image.image_size, image.pushed_at)
        if image.last_pulled_at is not None:
            image_rows.pulled(tx, repository.id, image.digest, image.pull_count, micros(image.last_pulled_at))
        if image.sbom_of:
            registry_sboms.make(tx, repository.id, image.digest, image.sbom_of)
        for each in image.signings:
            image_signings.restore(tx, each, at)
    given, taken = _give_tags(change, image)
    requests.pushed(tx, repository, image.digest, image.body, at, change.caller.request_id)
    vex_trust.pushed(tx, repository, image.digest, manifest, change.caller.principal.arn, at)
    for tag in given or ("",):
        vex_trust.signed(tx, repository, manifest, tag, at)
        admission_signatures.pushed(tx, repository, image.digest, manifest, tag, at)
    _tell(change, image, given)
    return Restored(image.digest, given, taken)


def _give_tags(change: Change, image: TrashedImage) -> tuple[tuple[str, ...], tuple[tuple[str, Digest], ...]]:
    """Those that it has again, and those that others have."""
    given: list[str] = []
    taken: list[tuple[str, Digest]] = []
    for tag in image.tags:
        pointed = tags.find(change.tx, change.repository.id, tag)
        if pointed is None:
            images.point(change.tx, change.repository, Tag(tag), image.digest, change.caller)
        if pointed in (None, image.digest):
            given.append(tag)
        else:
            taken.append((tag, pointed))
    return tuple(given), tuple(taken)


def _tell(change: Change, image: TrashedImage, given: tuple[str, ...]) -> None:
    stored = image_rows.find(change.tx, change.repository.id, image.digest)
    for tag in given or (None,):
        if stored is not None:
            change.event(*image_events.of_change(change.repository, stored, tag, "PUSH"))
