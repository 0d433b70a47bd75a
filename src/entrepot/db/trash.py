"""Rows of `trash_setting`, `trashed_image` and `trashed_repository`: what was deleted and may be restored.

An entry belongs to whoever removes its row: restoring, purging and expiring all count what they removed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import bindparam, delete, exists, insert, select, text

from entrepot.db import rematches
from entrepot.db.database import Row, Transaction
from entrepot.db.scan_schema import image_scan
from entrepot.db.schema import manifest, repository
from entrepot.db.signing_records import ImageSigning
from entrepot.db.template_schema import trash_setting, trashed_image, trashed_reference, trashed_repository
from entrepot.spec.digest import Digest
from entrepot.spec.moments import micros, moment, moment_or_none
from entrepot.spec.repository import RegistryKey

_GRACE = select(trash_setting.c.grace_seconds).where(
    trash_setting.c.account_id == bindparam("account"), trash_setting.c.region == bindparam("in_region")
)
_SET_GRACE = text(
    "INSERT INTO trash_setting (account_id, region, grace_seconds) VALUES (:account, :in_region, :seconds) "
    "ON CONFLICT (account_id, region) DO UPDATE SET grace_seconds = excluded.grace_seconds"
)
_PULLS = select(manifest.c.pull_count).where(
    manifest.c.repository_id == bindparam("of"), manifest.c.digest == bindparam("digest")
)
_ADD = insert(trashed_image)
_REFER = text(
    "INSERT INTO trashed_reference (image_id, kind, digest, repository_id) SELECT :image, kind, digest, repository_id "
    "FROM manifest_reference WHERE repository_id = :of AND manifest_digest = :digest"
)
_IN = trashed_image.c.repository_id == bindparam("of")
_KEPT = trashed_image.c.expires_at > bindparam("now")
_LATEST = (trashed_image.c.deleted_at.desc(), trashed_image.c.id.desc())
_OF_DIGEST = (
    select(trashed_image).where(_IN, _KEPT, trashed_image.c.digest == bindparam("image")).order_by(*_LATEST).limit(1)
)
_BY_ID = select(trashed_image).where(_IN, _KEPT, trashed_image.c.id == bindparam("entry"))
_WITH_IT = select(trashed_image.c.digest).where(
    _IN, _KEPT, trashed_image.c.subject == bindparam("image"), trashed_image.c.deletion == bindparam("request")
)
_CHILDREN = (
    select(trashed_reference.c.digest)
    .where(trashed_reference.c.image_id == bindparam("entry"), trashed_reference.c.kind == "child")
    .order_by(trashed_reference.c.digest)
)
_FORGET_REFERENCES = delete(trashed_reference).where(trashed_reference.c.image_id == bindparam("entry"))
_FORGET = delete(trashed_image).where(trashed_image.c.id == bindparam("entry"))
_HOLDS = (
    select(trashed_reference.c.image_id)
    .where(
        trashed_reference.c.repository_id == bindparam("of"),
        trashed_reference.c.digest == bindparam("digest"),
        trashed_reference.c.kind != "child",
    )
    .limit(1)
)
_IN_REGISTRY = (
    (repository.c.account_id == bindparam("account"))
    & (repository.c.kind == bindparam("kind"))
    & (repository.c.region == bindparam("in_region"))
)
_IMAGES = (
    select(
        *(column for column in trashed_image.columns if column.name != "body"),
        repository.c.name,
    )
    .join(repository, repository.c.id == trashed_image.c.repository_id)
    .where(_IN_REGISTRY, repository.c.deleted_at.is_(None), _KEPT, trashed_image.c.id > bindparam("after"))
    .order_by(trashed_image.c.id)
    .limit(bindparam("limit"))
)
_REPOSITORIES = (
    select(trashed_repository, repository.c.name)
    .join(repository, repository.c.id == trashed_repository.c.repository_id)
    .where(
        _IN_REGISTRY,
        trashed_repository.c.expires_at > bindparam("now"),
        trashed_repository.c.repository_id > bindparam("after"),
    )
    .order_by(trashed_repository.c.repository_id)
    .limit(bindparam("limit"))
)
_REPOSITORY = (
    select(trashed_repository, repository.c.name)
    .join(repository, repository.c.id == trashed_repository.c.repository_id)
    .where(_IN_REGISTRY, repository.c.name == bindparam("of_name"), trashed_repository.c.expires_at > bindparam("now"))
    .order_by(trashed_repository.c.deleted_at.desc(), trashed_repository.c.repository_id.desc())
)
_KEEP_REPOSITORY = insert(trashed_repository)
_FORGET_REPOSITORY = delete(trashed_repository).where(trashed_repository.c.repository_id == bindparam("of"))
_EXPIRED_IMAGES = (
    select(trashed_image.c.id)
    .where(trashed_image.c.expires_at <= bindparam("now"))
    .order_by(trashed_image.c.expires_at)
    .limit(bindparam("limit"))
)
_EXPIRED_REPOSITORIES = (
    select(trashed_repository.c.repository_id)
    .where(trashed_repository.c.expires_at <= bindparam("now"))
    .order_by(trashed_repository.c.expires_at)
    .limit(bindparam("limit"))
)
_IS_KEPT = select(trashed_repository.c.repository_id).where(trashed_repository.c.repository_id == bindparam("of"))
_IS_ENHANCED = image_scan.c.type == "ENHANCED"
_WATCHED_REPOSITORIES = (
    select(trashed_repository.c.repository_id)
    .where(exists().where(image_scan.c.repository_id == trashed_repository.c.repository_id, _IS_ENHANCED))
    .order_by(trashed_repository.c.repository_id)
    .limit(bindparam("limit"))
)
_WATCHED = (
    select(image_scan.c.digest)
    .where(image_scan.c.repository_id == bindparam("of"), _IS_ENHANCED)
    .order_by(image_scan.c.digest)
    .limit(bindparam("limit"))
)
_UNWATCH = delete(image_scan).where(
    image_scan.c.repository_id == bindparam("of"), image_scan.c.digest == bindparam("image"), _IS_ENHANCED
)
_OF_REPOSITORY = select(trashed_image.c.id).where(_IN).limit(bindparam("limit"))
_SIGNINGS = msgspec.json.Decoder(tuple[ImageSigning, ...])


@dataclass(frozen=True, slots=True)
class TrashedImage:
    """An image in the trash; `sbom_of` is the image that the registry made it of, if it did; `signings` is how far
    profiles were with it. A listing has no body.
    """

    id: str
    repository_id: str
    repository: str
    deletion: str
    digest: Digest
    subject: str
    tags: tuple[str, ...]
    media_type: str
    image_size: int
    body: bytes
    sbom_of: str
    pushed_at: datetime
    last_pulled_at: datetime | None
    pull_count: int
    deleted_by: str
    deleted_at: datetime
    expires_at: datetime
    signings: Sequence[ImageSigning] = ()


@dataclass(frozen=True, slots=True)
class TrashedRepository:
    """A repository in the trash, by its id, which it keeps."""

    id: str
    name: str
    deleted_by: str
    deleted_at: datetime
    expires_at: datetime


def grace(tx: Transaction, key: RegistryKey) -> int:
    """For how many seconds what is deleted in a registry may be restored: 0 where it is gone at once."""
    row = tx.one(_GRACE, account=key.account, in_region=key.region) if key.kind == "private" else None
    return 0 if row is None else int(row.grace_seconds)


def set_grace(tx: Transaction, key: RegistryKey, seconds: int) -> None:
    """For what is deleted from now on."""
    tx.run(_SET_GRACE, account=key.account, in_region=key.region, seconds=seconds)


def add(tx: Transaction, new: TrashedImage) -> None:
    """Keep an image that is about to be removed, and what it references."""
    pulls = tx.one(_PULLS, of=new.repository_id, digest=new.digest)
    tx.run(
        _ADD,
        id=new.id,
        repository_id=new.repository_id,
        deletion=new.deletion,
        digest=new.digest,
        subject=new.subject,
        tags=msgspec.json.encode(new.tags).decode(),
        media_type=new.media_type,
        image_size=new.image_size,
        body=new.body,
        sbom_of=new.sbom_of,
        pushed_at=micros(new.pushed_at),
        last_pulled_at=None if new.last_pulled_at is None else micros(new.last_pulled_at),
        pull_count=0 if pulls is None else pulls.pull_count,
        deleted_by=new.deleted_by,
        deleted_at=micros(new.deleted_at),
        expires_at=micros(new.expires_at),
        signings=msgspec.json.encode(new.signings).decode(),
    )
    tx.run(_REFER, image=new.id, of=new.repository_id, digest=new.digest)


def find(tx: Transaction, repository_id: str, digest: str, now: datetime) -> TrashedImage | None:
    """What was deleted last under a digest."""
    row = tx.one(_OF_DIGEST, of=repository_id, image=digest, now=micros(now))
    return None if row is None else _image(row, "", bytes(row.body))


def by_id(tx: Transaction, repository_id: str, entry: str, now: datetime) -> TrashedImage | None:
    """The entry of this id."""
    row = tx.one(_BY_ID, of=repository_id, entry=entry, now=micros(now))
    return None if row is None else _image(row, "", bytes(row.body))


def children(tx: Transaction, entry: str) -> Sequence[str]:
    """Digests that an index in the trash names."""
    return [row.digest for row in tx.all(_CHILDREN, entry=entry)]


def referrers(tx: Transaction, image: TrashedImage, now: datetime) -> Sequence[str]:
    """Digests of what refers to an image and went with it."""
    found = tx.all(_WITH_IT, of=image.repository_id, image=image.digest, request=image.deletion, now=micros(now))
    return [row.digest for row in found]


def forget(tx: Transaction, entry: str) -> bool:
    """Remove an entry; whether it was there."""
    tx.run(_FORGET_REFERENCES, entry=entry)
    return tx.run(_FORGET, entry=entry) == 1


def holds(tx: Transaction, repository_id: str, digest: str) -> bool:
    """Whether an image in the trash needs this blob."""
    return tx.one(_HOLDS, of=repository_id, digest=digest) is not None


def images(tx: Transaction, key: RegistryKey, now: datetime, after: str, limit: int) -> Sequence[TrashedImage]:
    """Images in the trash of a registry with ids above `after`, those of repositories that are in it left out."""
    rows = tx.all(_IMAGES, **_place(key), now=micros(now), after=after, limit=limit)
    return [_image(row, row.name, b"") for row in rows]


def repositories(
    tx: Transaction, key: RegistryKey, now: datetime, after: str, limit: int
) -> Sequence[TrashedRepository]:
    """Repositories in the trash of a registry with ids above `after`."""
    return [_repository(row) for row in tx.all(_REPOSITORIES, **_place(key), now=micros(now), after=after, limit=limit)]


def of_name(tx: Transaction, key: RegistryKey, name: str, now: datetime) -> Sequence[TrashedRepository]:
    """Repositories in the trash that had this name, the one that was deleted last first."""
    return [_repository(row) for row in tx.all(_REPOSITORY, **_place(key), of_name=name, now=micros(now))]


def keep_repository(tx: Transaction, repository_id: str, by: str, at: datetime, until: datetime) -> None:
    """Have a tombstone stay as it is."""
    tx.run(
        _KEEP_REPOSITORY,
        repository_id=repository_id,
        deleted_by=by,
        deleted_at=micros(at),
        expires_at=micros(until),
    )


def forget_repository(tx: Transaction, repository_id: str) -> bool:
    """Have a tombstone stay no longer; whether it was kept."""
    return tx.run(_FORGET_REPOSITORY, of=repository_id) == 1


def is_kept(tx: Transaction, repository_id: str) -> bool:
    """Whether a tombstone stays."""
    return tx.one(_IS_KEPT, of=repository_id) is not None


def watched_repositories(tx: Transaction, limit: int) -> Sequence[str]:
    """Ids of tombstones that stay, and of which images are scanned continuously still."""
    return [row.repository_id for row in tx.all(_WATCHED_REPOSITORIES, limit=limit)]


def unwatch(tx: Transaction, repository_id: str, limit: int) -> int:
    """Forget the enhanced scans of up to `limit` images; how many."""
    found = tx.all(_WATCHED, of=repository_id, limit=limit)
    for row in found:
        tx.run(_UNWATCH, of=repository_id, image=row.digest)
        rematches.remove(tx, repository_id, row.digest)
    return len(found)


def expire(tx: Transaction, now: datetime, limit: int) -> int:
    """Remove up to `limit` entries whose time is over; how many."""
    images = [row.id for row in tx.all(_EXPIRED_IMAGES, now=micros(now), limit=limit)]
    gone = sum(forget(tx, each) for each in images)
    kept = [row.repository_id for row in tx.all(_EXPIRED_REPOSITORIES, now=micros(now), limit=limit)]
    return gone + sum(forget_repository(tx, each) for each in kept)


def drop_some(tx: Transaction, repository_id: str, limit: int) -> int:
    """Remove up to `limit` entries of a repository that goes; how many."""
    return sum(forget(tx, row.id) for row in tx.all(_OF_REPOSITORY, of=repository_id, limit=limit))


def _place(key: RegistryKey) -> dict[str, str]:
    return {"account": key.account, "kind": key.kind, "in_region": key.region}


def _image(row: Row, name: str, body: bytes) -> TrashedImage:
    return TrashedImage(
        row.id,
        row.repository_id,
        name,
        row.deletion,
        Digest(row.digest),
        row.subject,
        tuple(msgspec.json.decode(row.tags)),
        row.media_type,
        row.image_size,
        body,
        row.sbom_of,
        moment(row.pushed_at),
        moment_or_none(row.last_pulled_at),
        row.pull_count,
        row.deleted_by,
        moment(row.deleted_at),
        moment(row.expires_at),
        _SIGNINGS.decode(row.signings),
    )


def _repository(row: Row) -> TrashedRepository:
    return TrashedRepository(
        row.repository_id, row.name, row.deleted_by, moment(row.deleted_at), moment(row.expires_at)
    )
