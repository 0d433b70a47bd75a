"""Rows of `inspector_export`: SBOM exports and reports of findings that were asked for, and how they ended."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import bindparam, delete, func, insert, select, update

from entrepot.db.database import Reader, Row, Transaction, number_of
from entrepot.db.inspector_schema import inspector_export
from entrepot.db.inspector_setting_records import Destination, ReportRecord
from entrepot.spec.moments import micros, moment
from entrepot.spec.repository import RegistryKey

_OURS = (inspector_export.c.account_id == bindparam("account")) & (inspector_export.c.region == bindparam("in_region"))
_FIND = select(inspector_export).where(_OURS, inspector_export.c.id == bindparam("of"))
_LAST = (
    select(inspector_export)
    .where(_OURS, inspector_export.c.format.in_([bindparam("one"), bindparam("another")]))
    .order_by(inspector_export.c.created_at.desc(), inspector_export.c.id.desc())
    .limit(1)
)
_WAITING = select(func.count()).select_from(inspector_export).where(_OURS, inspector_export.c.due_at.is_not(None))
_INSERT = insert(inspector_export)
_DUE = (
    select(inspector_export)
    .where(inspector_export.c.due_at <= bindparam("now"))
    .order_by(inspector_export.c.due_at, inspector_export.c.id)
    .limit(bindparam("limit"))
)
_NEXT_DUE = (
    select(inspector_export.c.due_at)
    .where(inspector_export.c.due_at.is_not(None))
    .order_by(inspector_export.c.due_at)
    .limit(1)
)
_HOLD = (
    update(inspector_export)
    .where(inspector_export.c.id == bindparam("of"), inspector_export.c.due_at.is_not(None))
    .values(due_at=bindparam("until"))
)
_END = (
    update(inspector_export)
    .where(inspector_export.c.id == bindparam("of"), inspector_export.c.due_at.is_not(None))
    .values(
        status=bindparam("new_status"),
        error_code=bindparam("code"),
        error_message=bindparam("message"),
        due_at=None,
    )
)
_FORGET = delete(inspector_export).where(
    inspector_export.c.due_at.is_(None), inspector_export.c.created_at < bindparam("before")
)


def find(tx: Reader, registry: RegistryKey, report_id: str) -> ReportRecord | None:
    """The report of this id, in the account and region."""
    row = tx.one(_FIND, **_place(registry), of=report_id)
    return None if row is None else _record(row)


def last(tx: Reader, registry: RegistryKey, formats: frozenset[str]) -> ReportRecord | None:
    """The report in one of two formats that was asked for last."""
    one, another = sorted(formats)
    row = tx.one(_LAST, **_place(registry), one=one, another=another)
    return None if row is None else _record(row)


def waiting(tx: Reader, registry: RegistryKey) -> int:
    """How many of a registry's reports have not ended."""
    return number_of(tx, _WAITING, **_place(registry))


def add(tx: Transaction, new: ReportRecord) -> None:
    """A report that somebody is to write."""
    tx.run(
        _INSERT,
        id=new.id,
        account_id=new.registry.account,
        region=new.registry.region,
        status=new.status,
        format=new.format,
        criteria=new.criteria,
        destination=msgspec.json.encode(new.destination).decode(),
        error_code="",
        error_message="",
        created_at=micros(new.created_at),
        due_at=micros(new.created_at),
    )


def due(tx: Reader, now: datetime, limit: int) -> Sequence[ReportRecord]:
    """Reports that somebody may write, those first that have waited for longest."""
    return [_record(row) for row in tx.all(_DUE, now=micros(now), limit=limit)]


def next_due(tx: Reader) -> datetime | None:
    """When the next report may be written; None when none waits."""
    row = tx.one(_NEXT_DUE)
    return None if row is None else moment(row.due_at)


def hold(tx: Transaction, report_id: str, until: datetime) -> bool:
    """Keep others from a report until then; False when it has ended, or was cancelled."""
    return tx.run(_HOLD, of=report_id, until=micros(until)) == 1


def end(tx: Transaction, report_id: str, status: str, code: str = "", message: str = "") -> bool:
    """Write how a report ended; False when it had ended before."""
    return tx.run(_END, of=report_id, new_status=status, code=code, message=message) == 1


def forget(tx: Transaction, before: datetime) -> int:
    """Remove reports that have ended and were asked for before; how many."""
    return tx.run(_FORGET, before=micros(before))


def _place(registry: RegistryKey) -> dict[str, object]:
    return {"account": registry.account, "in_region": registry.region}


def _record(row: Row) -> ReportRecord:
    return ReportRecord(
        id=row.id,
        registry=RegistryKey("private", row.account_id, row.region),
        status=row.status,
        format=row.format,
        criteria=row.criteria,
        destination=msgspec.json.decode(row.destination, type=Destination),
        created_at=moment(row.created_at),
        error_code=row.error_code,
        error_message=row.error_message,
    )
