"""Rows of `image_standing`: read at each pull of a guarded repository, and made anew when they are out of date."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import bindparam, delete, select, text, update

from entrepot.db.database import Reader, Row, Transaction
from entrepot.db.exception_records import Standing, Worst
from entrepot.db.exception_schema import image_standing as table
from entrepot.db.scan_records import ScanKey
from entrepot.spec.moments import micros, micros_or_none, moment_or_none

FIND = select(table).where(
    table.c.repository_id == bindparam("of"), table.c.digest == bindparam("image"), table.c.type == bindparam("kind")
)
_PUT = text(
    "INSERT INTO image_standing (repository_id, digest, type, status, description, raw, effective, worst, due_at) "
    "VALUES (:of, :image, :kind, :status, :description, :raw, :effective, :worst, :due_at) "
    "ON CONFLICT (repository_id, digest, type) DO UPDATE SET status = excluded.status, "
    "description = excluded.description, raw = excluded.raw, effective = excluded.effective, worst = excluded.worst, "
    "due_at = excluded.due_at"
)
_DUE = (
    select(table.c.repository_id, table.c.digest, table.c.type)
    .where(table.c.due_at <= bindparam("now"))
    .order_by(table.c.due_at, table.c.repository_id, table.c.digest)
    .limit(bindparam("limit"))
)
_NEXT_DUE = select(table.c.due_at).where(table.c.due_at.is_not(None)).order_by(table.c.due_at).limit(1)
_OUTDATE = update(table).where(table.c.repository_id == bindparam("of")).values(due_at=bindparam("now"))
_OUTDATE_IMAGES = text(
    "UPDATE image_standing SET due_at = :now WHERE repository_id = :of AND (digest = :image OR digest IN "
    "(SELECT digest FROM manifest_reference WHERE repository_id = :of AND kind = 'child' AND manifest_digest = :image) "
    "OR digest IN (SELECT manifest_digest FROM manifest_reference WHERE repository_id = :of AND kind = 'child' AND "
    "digest = :image))"
)
_OUTDATE_ALL = text(
    "UPDATE image_standing SET due_at = :now WHERE repository_id IN "
    "(SELECT id FROM repository WHERE account_id = :account AND region = :of_region AND deleted_at IS NULL)"
)
_REMOVE = delete(table).where(table.c.repository_id == bindparam("of"), table.c.digest == bindparam("image"))
_COUNTS = msgspec.json.Decoder(dict[str, int])
_WORST = msgspec.json.Decoder(tuple[Worst, ...])


def find(tx: Transaction, key: ScanKey) -> Standing | None:
    """How an image stands, if a scan of it has ended."""
    row = tx.one(FIND, **_named(key))
    return None if row is None else record(row)


def put(tx: Transaction, new: Standing) -> None:
    """How an image stands from now on."""
    tx.run(
        _PUT,
        **_named(new.key),
        status=new.status,
        description=new.description,
        raw=_text(new.raw),
        effective=_text(new.effective),
        worst=_text(new.worst),
        due_at=micros_or_none(new.due_at),
    )


def due(tx: Transaction, now: datetime, limit: int) -> Sequence[ScanKey]:
    """Images of which that is out of date."""
    return [ScanKey(*row) for row in tx.all(_DUE, now=micros(now), limit=limit)]


def next_due(tx: Reader) -> datetime | None:
    """When the next one will be; None when none will."""
    row = tx.one(_NEXT_DUE)
    return None if row is None else moment_or_none(row.due_at)


def outdate(tx: Transaction, repository_id: str, digest: str, now: datetime) -> None:
    """Those of a repository are out of date from now on, or those of one image, its indexes and its parts."""
    if digest:
        tx.run(_OUTDATE_IMAGES, of=repository_id, image=digest, now=micros(now))
    else:
        tx.run(_OUTDATE, of=repository_id, now=micros(now))


def outdate_all(tx: Transaction, account: str, region: str, now: datetime) -> None:
    """Those of every repository of a registry are."""
    tx.run(_OUTDATE_ALL, account=account, of_region=region, now=micros(now))


def remove(tx: Transaction, repository_id: str, digest: str) -> None:
    """Forget an image, which goes."""
    tx.run(_REMOVE, of=repository_id, image=digest)


def record(row: Row) -> Standing:
    """A row as a record."""
    return Standing(
        ScanKey(row.repository_id, row.digest, row.type),
        row.status,
        row.description,
        _COUNTS.decode(row.raw),
        _COUNTS.decode(row.effective),
        _WORST.decode(row.worst),
        moment_or_none(row.due_at),
    )


def _named(key: ScanKey) -> dict[str, str]:
    return {"of": key.repository_id, "image": key.digest, "kind": key.type}


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()
