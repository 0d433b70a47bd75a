"""Rows of `byte_usage` and `byte_reservation`: the bytes that repositories hold, and those that are on their way.

A blob counts in each repository that holds it, from its link on until the link goes: `blobs.link` and `blobs.unlink`
count, so that nobody who moves a link can forget it.
"""

import threading
from datetime import datetime

from sqlalchemy import bindparam, delete, func, select, text

from entrepot.db.database import Reader, Transaction, number_of
from entrepot.db.quota_schema import byte_reservation, byte_usage
from entrepot.db.schema import repository, upload
from entrepot.spec.moments import micros
from entrepot.spec.repository import RegistryKey

SHARDS = 16
_ADD = text(
    "INSERT INTO byte_usage (scope, shard, bytes) SELECT r.id, :shard, :bytes FROM repository r WHERE r.id = :of "
    "ON CONFLICT (scope, shard) DO UPDATE SET bytes = byte_usage.bytes + excluded.bytes"
)
_ADD_TO_REGISTRY = text(
    "INSERT INTO byte_usage (scope, shard, bytes) "
    "SELECT r.kind || '/' || r.account_id || '/' || r.region, :shard, :bytes FROM repository r WHERE r.id = :of "
    "ON CONFLICT (scope, shard) DO UPDATE SET bytes = byte_usage.bytes + excluded.bytes"
)
_FORGET = delete(byte_usage).where(byte_usage.c.scope == bindparam("of"))
_HELD = select(func.coalesce(func.sum(byte_usage.c.bytes), 0)).where(byte_usage.c.scope == bindparam("of"))
_RESERVE = text(
    "INSERT INTO byte_reservation (upload_id, repository_id, registry, bytes, reserved_at) "
    "VALUES (:id, :of, :registry, :bytes, :at) ON CONFLICT (upload_id) DO UPDATE "
    "SET bytes = excluded.bytes, reserved_at = excluded.reserved_at"
)
_RELEASE = delete(byte_reservation).where(byte_reservation.c.upload_id == bindparam("id"))
_RELEASE_ALL = delete(byte_reservation).where(byte_reservation.c.repository_id == bindparam("of"))
_RELEASE_STALE = delete(byte_reservation).where(
    byte_reservation.c.reserved_at < bindparam("before"),
    byte_reservation.c.upload_id.not_in(select(upload.c.id)),
)
_RESERVED = select(func.coalesce(func.sum(byte_reservation.c.bytes), 0))
_RESERVED_IN_REGISTRY = _RESERVED.where(byte_reservation.c.registry == bindparam("of"))
_below = (
    select(repository.c.id)
    .where(
        repository.c.account_id == bindparam("account"),
        repository.c.kind == bindparam("kind"),
        repository.c.region == bindparam("region"),
        repository.c.deleted_at.is_(None),
        repository.c.name >= bindparam("first"),
        repository.c.name < bindparam("end"),
    )
    .scalar_subquery()
)
_HELD_BELOW = select(func.coalesce(func.sum(byte_usage.c.bytes), 0)).where(byte_usage.c.scope.in_(_below))
_RESERVED_BELOW = _RESERVED.where(byte_reservation.c.repository_id.in_(_below))


def add(tx: Transaction, repository_id: str, size: int) -> None:
    """Count bytes that a repository holds from now on, or no more, where `size` is below zero."""
    shard = _shard()
    tx.run(_ADD, of=repository_id, shard=shard, bytes=size)
    tx.run(_ADD_TO_REGISTRY, of=repository_id, shard=shard, bytes=size)


def forget(tx: Transaction, repository_id: str) -> None:
    """Give back all that a repository held, which is about to be gone."""
    tx.run(_ADD_TO_REGISTRY, of=repository_id, shard=_shard(), bytes=-of_repository(tx, repository_id))
    tx.run(_FORGET, of=repository_id)
    tx.run(_RELEASE_ALL, of=repository_id)


def reserve(tx: Transaction, upload_id: str, repository_id: str, registry: str, size: int, at: datetime) -> None:
    """Keep so many bytes in all for an upload, in the place of what was kept for it."""
    tx.run(_RESERVE, id=upload_id, of=repository_id, registry=registry, bytes=size, at=micros(at))


def release(tx: Transaction, upload_id: str) -> None:
    """Keep nothing for an upload any more."""
    tx.run(_RELEASE, id=upload_id)


def release_stale(tx: Transaction, before: datetime) -> int:
    """Release what is kept since `before` for uploads without a session: whoever sent them was killed. How many."""
    return tx.run(_RELEASE_STALE, before=micros(before))


def of_repository(tx: Reader, repository_id: str) -> int:
    """Bytes that a repository holds."""
    return number_of(tx, _HELD, of=repository_id)


def of_registry(tx: Reader, scope: str) -> int:
    """Bytes that a registry's repositories hold, with those in the trash."""
    return number_of(tx, _HELD, of=scope)


def reserved_in(tx: Reader, scope: str) -> int:
    """Bytes that are on their way into a registry."""
    return number_of(tx, _RESERVED_IN_REGISTRY, of=scope)


def below(tx: Reader, key: RegistryKey, prefix: str) -> tuple[int, int]:
    """(held, on their way) of the repositories below a prefix that ends in `/`, else of the one of that name.

    What is on its way is read first: an upload that ends between the two counts twice, never not at all.
    """
    # `0` follows `/`, and NUL no name holds
    end = f"{prefix[:-1]}0" if prefix.endswith("/") else f"{prefix}\x01"
    place = {"account": key.account, "kind": key.kind, "region": key.region, "first": prefix, "end": end}
    reserved = number_of(tx, _RESERVED_BELOW, **place)
    return number_of(tx, _HELD_BELOW, **place), reserved


def _shard() -> int:
    """One for each thread: a transaction writes no two shards of a scope, so that none waits for another's in turn.

    By the system's number of the thread: Python's own is an address, whose last digits are the same for all.
    """
    return threading.get_native_id() % SHARDS
