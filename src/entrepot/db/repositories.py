"""Rows of `repository`: found by key, locked before a change, bumped by it, left as tombstones."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import bindparam, exists, insert, select, update

from entrepot.db.database import Row, Transaction
from entrepot.db.records import Repository
from entrepot.db.schema import manifest, repository
from entrepot.db.template_schema import trashed_repository
from entrepot.spec.moments import micros, moment
from entrepot.spec.repository import RegistryKey, RepositoryKey

FIND = select(repository).where(
    repository.c.account_id == bindparam("account"),
    repository.c.kind == bindparam("kind"),
    repository.c.region == bindparam("region"),
    repository.c.name == bindparam("name"),
    repository.c.deleted_at.is_(None),
)
_LOCK = FIND.with_for_update(key_share=True)
_SHARE = FIND.with_for_update(key_share=True, read=True)
_LOCK_BY_ID = select(repository).where(repository.c.id == bindparam("id")).with_for_update(key_share=True)
_LOCK_LIVE = (
    select(repository)
    .where(repository.c.id == bindparam("id"), repository.c.deleted_at.is_(None))
    .with_for_update(key_share=True)
)
_FIND_LIVE = select(repository).where(repository.c.id == bindparam("id"), repository.c.deleted_at.is_(None))
_FIND_BY_ID = select(repository).where(repository.c.id == bindparam("id"))
_PAGE = (
    select(repository)
    .where(
        repository.c.account_id == bindparam("account"),
        repository.c.kind == bindparam("kind"),
        repository.c.region == bindparam("region"),
        repository.c.name > bindparam("after"),
        repository.c.deleted_at.is_(None),
    )
    .order_by(repository.c.name)
    .limit(bindparam("limit"))
)
_INSERT = insert(repository)
_BUMP = (
    update(repository)
    .where(repository.c.id == bindparam("of"))
    .values(revision=bindparam("new_revision"), stamp=bindparam("new_stamp"))
)
_SET_MUTABILITY = (
    update(repository)
    .where(repository.c.id == bindparam("of"))
    .values(mutability=bindparam("new_mutability"), exclusion_filters=bindparam("new_filters"))
)
_SET_SCAN_ON_PUSH = (
    update(repository).where(repository.c.id == bindparam("of")).values(scan_on_push=bindparam("new_value"))
)
_SET_POLICY = update(repository).where(repository.c.id == bindparam("of")).values(policy=bindparam("new_policy"))
_UNEARTH = (
    update(repository)
    .where(repository.c.id == bindparam("of"), repository.c.deleted_at.is_not(None))
    .values(deleted_at=None)
)
_ENTOMB = update(repository).where(repository.c.id == bindparam("of")).values(deleted_at=bindparam("at"))
_TOMBSTONES = (
    select(repository.c.id)
    .where(repository.c.deleted_at.is_not(None), ~exists().where(trashed_repository.c.repository_id == repository.c.id))
    .order_by(repository.c.id)
    .limit(bindparam("limit"))
)
_HAS_IMAGES = select(manifest.c.digest).where(manifest.c.repository_id == bindparam("of")).limit(1)


def find(tx: Transaction, key: RepositoryKey) -> Repository | None:
    """The live repository of this name."""
    return _record_or_none(tx.one(FIND, **_named(key)))


def lock(tx: Transaction, key: RepositoryKey) -> Repository | None:
    """The live repository, locked for a change (FOR NO KEY UPDATE): the first lock of a unit that changes it."""
    return _record_or_none(tx.one(_LOCK, **_named(key)))


def share(tx: Transaction, key: RepositoryKey) -> Repository | None:
    """The live repository, kept from being removed until the unit ends (FOR KEY SHARE)."""
    return _record_or_none(tx.one(_SHARE, **_named(key)))


def lock_by_id(tx: Transaction, repository_id: str) -> Repository | None:
    """The repository of this id, a tombstone too, locked for a change."""
    return _record_or_none(tx.one(_LOCK_BY_ID, id=repository_id))


def lock_live(tx: Transaction, repository_id: str) -> Repository | None:
    """The repository of this id, if it is no tombstone, locked for a change."""
    return _record_or_none(tx.one(_LOCK_LIVE, id=repository_id))


def find_live(tx: Transaction, repository_id: str) -> Repository | None:
    """The repository of this id, if it is no tombstone."""
    return _record_or_none(tx.one(_FIND_LIVE, id=repository_id))


def find_by_id(tx: Transaction, repository_id: str) -> Repository | None:
    """The repository of this id, a tombstone too."""
    return _record_or_none(tx.one(_FIND_BY_ID, id=repository_id))


def page(tx: Transaction, registry: RegistryKey, after: str, limit: int) -> Sequence[Repository]:
    """Live repositories of a registry with names above `after`, in order of name."""
    rows = tx.all(_PAGE, account=registry.account, kind=registry.kind, region=registry.region, after=after, limit=limit)
    return [record(row) for row in rows]


def add(tx: Transaction, new: Repository) -> None:
    """A new repository; Conflict when its name is taken."""
    registry = new.key.registry
    tx.run(
        _INSERT,
        id=new.id,
        kind=registry.kind,
        account_id=registry.account,
        region=registry.region,
        name=new.key.name,
        mutability=new.mutability,
        exclusion_filters=_text(list(new.exclusion_filters)),
        scan_on_push=int(new.scan_on_push),
        encryption=_text(new.encryption),
        revision=new.revision,
        stamp=new.stamp,
        created_at=micros(new.created_at),
        deleted_at=None,
        policy=new.policy,
    )


def bump(tx: Transaction, repository_id: str, revision: int, stamp: int) -> None:
    """Number a change of the locked repository, and make what caches know of it stale."""
    tx.run(_BUMP, of=repository_id, new_revision=revision, new_stamp=stamp)


def set_mutability(tx: Transaction, repository_id: str, mutability: str, filters: Sequence[str]) -> None:
    """Change which tags may move."""
    tx.run(_SET_MUTABILITY, of=repository_id, new_mutability=mutability, new_filters=_text(list(filters)))


def set_scan_on_push(tx: Transaction, repository_id: str, *, value: bool) -> None:
    """Change whether images are scanned when they are pushed."""
    tx.run(_SET_SCAN_ON_PUSH, of=repository_id, new_value=int(value))


def set_policy(tx: Transaction, repository_id: str, text: str | None) -> None:
    """Replace the repository policy, or remove it."""
    tx.run(_SET_POLICY, of=repository_id, new_policy=text)


def entomb(tx: Transaction, repository_id: str, at: datetime) -> None:
    """Free the name at once; the rows below it are removed by a job."""
    tx.run(_ENTOMB, of=repository_id, at=micros(at))


def unearth(tx: Transaction, repository_id: str) -> None:
    """Have a tombstone live again; Conflict when its name is taken."""
    tx.run(_UNEARTH, of=repository_id)


def tombstones(tx: Transaction, limit: int) -> Sequence[str]:
    """Ids of repositories that wait for the removal of what they held, and may not be restored."""
    return [row.id for row in tx.all(_TOMBSTONES, limit=limit)]


def has_images(tx: Transaction, repository_id: str) -> bool:
    """Whether it holds at least one manifest."""
    return tx.one(_HAS_IMAGES, of=repository_id) is not None


def record(row: Row) -> Repository:
    """A row of `repository` as a record."""
    return Repository(
        row.id,
        RepositoryKey(RegistryKey(row.kind, row.account_id, row.region), row.name),
        row.mutability,
        tuple(msgspec.json.decode(row.exclusion_filters)),
        bool(row.scan_on_push),
        msgspec.json.decode(row.encryption),
        row.revision,
        row.stamp,
        moment(row.created_at),
        row.policy,
    )


def _record_or_none(row: Row | None) -> Repository | None:
    return None if row is None else record(row)


def _named(key: RepositoryKey) -> dict[str, object]:
    registry = key.registry
    return {"account": registry.account, "kind": registry.kind, "region": registry.region, "name": key.name}


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()
