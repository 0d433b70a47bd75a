"""Storage classes of images: in the archive an image is kept and not handed out (ECR user guide, "Archiving an image").

What refers to an image (signatures, SBOMs) goes with it into the archive and out of it. An index goes without the
images that it names, and brings them back when it is restored: no index that is handed out names an archived image.
What is restored by a call is on its way for a while (core/activation.py ends it); a push restores at once. Archived
bytes are kept where they were: what a manifest needs is never collected.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from entrepot.core import image_events, lookup
from entrepot.core.access import Caller
from entrepot.core.changes import Change
from entrepot.core.scanning import archived_scans, places, requests
from entrepot.db import images, tags
from entrepot.db import storage_classes as rows
from entrepot.db.database import Transaction
from entrepot.db.records import ImageStatus, Repository, StoredManifest
from entrepot.errors import StorageClassUpdateRefused
from entrepot.spec.digest import Digest
from entrepot.spec.repository import RepositoryKey
from entrepot.spec.subject_tags import shared_subject

_NAMING = 4  # tags: more than may name a subject
ARCHIVE, STANDARD = "ARCHIVE", "STANDARD"
ACTIVE, ARCHIVED, ACTIVATING = "ACTIVE", "ARCHIVED", "ACTIVATING"


def update(
    tx: Transaction, caller: Caller, key: RepositoryKey, digest: Digest | None, tag: str | None, target: str
) -> tuple[Digest, ImageStatus]:
    """Archive or restore an image; its digest and its status from now on: ImageNotFound, StorageClassUpdateRefused.

    What is there already is left as it is.
    """
    places.require_named(digest, tag)
    named = [(tag or "", digest or "")]
    repository = lookup.require_images_locked(tx, caller, key, "UpdateImageStorageClass", named)
    stored = places.image(tx, repository, digest, tag)
    require_own_class(tx, repository, stored, target)
    change = Change(tx, caller, repository)
    status = archive(change, stored) if target == ARCHIVE else restore(change, stored)
    image_id = {"imageDigest": stored.digest} | ({"imageTag": tag} if tag else {})
    told = {"repositoryName": key.name, "imageId": image_id, "targetStorageClass": target}
    change.finish("UpdateImageStorageClass", told, bump=status != stored.status)
    return stored.digest, status


def require_own_class(tx: Transaction, repository: Repository, stored: StoredManifest, target: str) -> None:
    """StorageClassUpdateRefused for a referrer of an image that is there, and for what an index needs."""
    why = ""
    subject = stored.subject or shared_subject(tags.of_image(tx, repository.id, stored.digest, _NAMING))
    if subject and images.known(tx, repository.id, subject):
        why = f"it follows its subject, {subject}"
    elif target == ARCHIVE and (parent := rows.active_parent(tx, repository.id, stored.digest)) is not None:
        why = f"the index {parent} names it, and is not archived"
    if why:
        raise StorageClassUpdateRefused(digest=stored.digest, target=target, why=why)


def archive(change: Change, stored: StoredManifest) -> ImageStatus:
    """Put an image into the archive with what refers to it, in the change of its locked repository, which the caller
    finishes; `require_own_class` says whether it may be.
    """
    tx, repository, at = change.tx, change.repository, change.caller.at
    for each in _with_others(tx, repository, stored, rows.referrers):
        if each.status == ARCHIVED:
            continue
        rows.archive(tx, repository.id, each.digest, at)
        change.event(*image_events.of_storage_class(repository, each, ARCHIVE, None))
        archived_scans.stop(change, each)
    return "ARCHIVED"


def restore(change: Change, stored: StoredManifest) -> ImageStatus:
    """Begin to restore an image, what refers to it and what it names, in the change of its locked repository."""
    begun = [each for each in _with_all(change.tx, change.repository, stored) if each.status == ARCHIVED]
    for each in begun:
        rows.start(change.tx, change.repository.id, each.digest, change.caller.at)
    return "ACTIVATING" if stored.status != ACTIVE else "ACTIVE"


def revive(change: Change, stored: StoredManifest) -> bool:
    """Restore an image at once that is pushed, with what `restore` restores; whether anything was archived."""
    begun = [each for each in _with_all(change.tx, change.repository, stored) if each.status != ACTIVE]
    for each in begun:
        activate(change, each)
    return bool(begun)


def activate(change: Change, stored: StoredManifest) -> None:
    """Have one image out of the archive: it is handed out again, told of, and scanned like one that is pushed."""
    tx, repository, caller = change.tx, change.repository, change.caller
    rows.activate(tx, repository.id, stored.digest, caller.at)
    change.event(*image_events.of_storage_class(repository, stored, STANDARD, caller.at))
    requests.pushed(tx, repository, stored.digest, stored.body, caller.at, caller.request_id)


Neighbours = Callable[[Transaction, str, str], Sequence[str]]


def _with_all(tx: Transaction, repository: Repository, stored: StoredManifest) -> Iterable[StoredManifest]:
    return _with_others(tx, repository, stored, rows.referrers, rows.children)


def _with_others(
    tx: Transaction, repository: Repository, stored: StoredManifest, *neighbours: Neighbours
) -> Iterator[StoredManifest]:
    """An image, and each that is reached from it, once."""
    seen, waiting = {str(stored.digest)}, [stored]
    while waiting:
        image = waiting.pop()
        yield image
        for near in neighbours:
            for digest in near(tx, repository.id, image.digest):
                found = None if digest in seen else images.find(tx, repository.id, digest)
                seen.add(digest)
                if found is not None:
                    waiting.append(found)
