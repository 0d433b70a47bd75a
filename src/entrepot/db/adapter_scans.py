"""Rows of `adapter_scan` and `adapter_report`: taken up and finished by compare-and-set on the attempt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, func, insert, select, update

from entrepot.db.adapter_schema import adapter_report, adapter_scan
from entrepot.db.database import Reader, Transaction, number_of
from entrepot.spec.moments import micros, moment

WAITING, DONE, FAILED = "WAITING", "DONE", "FAILED"

_IS_IT = adapter_scan.c.id == bindparam("scan")
_IS_MINE = _IS_IT & (adapter_scan.c.attempt == bindparam("mine")) & adapter_scan.c.due_at.is_not(None)
_ADD = insert(adapter_scan)
_FIND = select(adapter_scan).where(_IS_IT)
_WAITING = select(func.count()).where(adapter_scan.c.due_at.is_not(None))
_DUE = (
    select(adapter_scan.c.id)
    .where(adapter_scan.c.due_at <= bindparam("now"))
    .order_by(adapter_scan.c.due_at, adapter_scan.c.created_at)
    .limit(bindparam("limit"))
)
_NEXT_DUE = (
    select(adapter_scan.c.due_at).where(adapter_scan.c.due_at.is_not(None)).order_by(adapter_scan.c.due_at).limit(1)
)
_CLAIM = (
    update(adapter_scan)
    .where(_IS_IT, adapter_scan.c.due_at <= bindparam("now"))
    .values(due_at=bindparam("until"), attempt=adapter_scan.c.attempt + 1)
)
_HOLD = update(adapter_scan).where(_IS_MINE).values(due_at=bindparam("until"))
_FINISH = (
    update(adapter_scan)
    .where(_IS_MINE)
    .values(
        due_at=None, request=b"", status=bindparam("new_status"), error=bindparam("fault"), ended_at=bindparam("ended")
    )
)
_REPORT = insert(adapter_report)
_FIND_REPORT = select(adapter_report.c.body).where(
    adapter_report.c.scan_id == bindparam("scan"), adapter_report.c.media_type == bindparam("form")
)
_OLD = (
    select(adapter_scan.c.id)
    .where(adapter_scan.c.ended_at < bindparam("before"))
    .order_by(adapter_scan.c.ended_at)
    .limit(bindparam("limit"))
)
_REMOVE_REPORTS = delete(adapter_report).where(adapter_report.c.scan_id == bindparam("scan"))
_REMOVE = delete(adapter_scan).where(_IS_IT)


@dataclass(frozen=True, slots=True)
class AdapterScan:
    """A scan for another registry, how far it may be; `request` is sealed."""

    id: str
    request: bytes
    status: str
    error: str
    attempt: int


def add(tx: Transaction, scan_id: str, request: bytes, at: datetime) -> None:
    """A scan that waits."""
    tx.run(
        _ADD,
        id=scan_id,
        request=request,
        status=WAITING,
        error="",
        created_at=micros(at),
        ended_at=None,
        due_at=micros(at),
        attempt=0,
    )


def waiting(tx: Transaction) -> int:
    """How many have not ended."""
    return number_of(tx, _WAITING)


def find(tx: Transaction, scan_id: str) -> AdapterScan | None:
    """The scan of an id."""
    row = tx.one(_FIND, scan=scan_id)
    return None if row is None else AdapterScan(row.id, bytes(row.request), row.status, row.error, row.attempt)


def due(tx: Transaction, now: datetime, limit: int) -> Sequence[str]:
    """Scans that somebody may take up, those first that have been so for longest."""
    return [row.id for row in tx.all(_DUE, now=micros(now), limit=limit)]


def next_due(tx: Reader) -> datetime | None:
    """When the next scan may be taken up; None when none waits."""
    row = tx.one(_NEXT_DUE)
    return None if row is None else moment(row.due_at)


def claim(tx: Transaction, scan_id: str, now: datetime, until: datetime) -> AdapterScan | None:
    """Take up a scan that is due, and hold it; None when somebody else was first."""
    return find(tx, scan_id) if tx.run(_CLAIM, scan=scan_id, now=micros(now), until=micros(until)) else None


def hold(tx: Transaction, scan: AdapterScan, until: datetime) -> bool:
    """Hold a scan for longer; False when it was lost."""
    return tx.run(_HOLD, scan=scan.id, mine=scan.attempt, until=micros(until)) == 1


def finish(
    tx: Transaction, scan: AdapterScan, status: str, error: str, reports: Mapping[str, bytes], at: datetime
) -> bool:
    """Write how a scan that is held has ended, with its reports by media type; False when it was lost."""
    if not tx.run(_FINISH, scan=scan.id, mine=scan.attempt, new_status=status, fault=error, ended=micros(at)):
        return False
    for media_type, body in reports.items():
        tx.run(_REPORT, scan_id=scan.id, media_type=media_type, body=body)
    return True


def report(tx: Transaction, scan_id: str, media_type: str) -> bytes | None:
    """A report of a scan; None where there is none of this form."""
    row = tx.one(_FIND_REPORT, scan=scan_id, form=media_type)
    return None if row is None else bytes(row.body)


def expire(tx: Transaction, before: datetime, limit: int) -> int:
    """Remove scans that ended before a moment, with their reports; how many."""
    found = tx.all(_OLD, before=micros(before), limit=limit)
    for row in found:
        tx.run(_REMOVE_REPORTS, scan=row.id)
        tx.run(_REMOVE, scan=row.id)
    return len(found)
