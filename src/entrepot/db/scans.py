"""Rows of `image_scan` and `image_scan_findings`: taken up, held and finished by compare-and-set on the attempt."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import bindparam, delete, select, text, update

from entrepot.db.database import Reader, Row, Transaction
from entrepot.db.scan_records import Scan, ScanKey
from entrepot.db.scan_schema import image_scan, image_scan_findings
from entrepot.spec.moments import micros, moment, moment_or_none

_IS_IT = (
    (image_scan.c.repository_id == bindparam("of"))
    & (image_scan.c.digest == bindparam("image"))
    & (image_scan.c.type == bindparam("kind"))
)
_IS_MINE = _IS_IT & (image_scan.c.attempt == bindparam("mine")) & (image_scan.c.held == 1)
_FIND = select(image_scan).where(_IS_IT)
_PUT = text(
    "INSERT INTO image_scan (repository_id, digest, type, id, status, description, queued_at, counted_at, started_at, "
    "completed_at, source_updated_at, severities, lacking, due_at, held, attempt, tries) "
    "VALUES (:of, :image, :kind, :id, :status, :description, :queued_at, :counted_at, NULL, "
    ":completed_at, NULL, '{}', 0, :due_at, 0, 0, 0) "
    "ON CONFLICT (repository_id, digest, type) DO UPDATE SET id = excluded.id, status = excluded.status, "
    "description = excluded.description, queued_at = excluded.queued_at, counted_at = excluded.counted_at, "
    "started_at = NULL, completed_at = excluded.completed_at, source_updated_at = NULL, severities = '{}', "
    "lacking = 0, due_at = excluded.due_at, held = 0, attempt = image_scan.attempt + 1, tries = 0"
)
_IDENTITY = (image_scan.c.repository_id, image_scan.c.digest, image_scan.c.type)
_DUE = (
    select(*_IDENTITY)
    .where(image_scan.c.due_at <= bindparam("now"))
    .order_by(image_scan.c.due_at, image_scan.c.queued_at)
    .limit(bindparam("limit"))
)
_NEXT_DUE = select(image_scan.c.due_at).where(image_scan.c.due_at.is_not(None)).order_by(image_scan.c.due_at).limit(1)
_CLAIM = (
    update(image_scan)
    .where(_IS_IT, image_scan.c.due_at <= bindparam("now"))
    .values(due_at=bindparam("until"), held=1, attempt=image_scan.c.attempt + 1, tries=image_scan.c.tries + 1)
)
_STARTED = update(image_scan).where(_IS_MINE, image_scan.c.started_at.is_(None)).values(started_at=bindparam("started"))
_RENEW = update(image_scan).where(_IS_MINE).values(due_at=bindparam("until"))
_PUT_BACK = update(image_scan).where(_IS_MINE).values(due_at=bindparam("next"), held=0)
_WAIT = update(image_scan).where(_IS_MINE).values(due_at=bindparam("next"), held=0, tries=0)
_FINISH = (
    update(image_scan)
    .where(_IS_MINE)
    .values(
        status=bindparam("new_status"),
        description=bindparam("told"),
        counted_at=bindparam("counted"),
        completed_at=bindparam("completed"),
        source_updated_at=bindparam("source"),
        severities=bindparam("counts"),
        lacking=bindparam("lacks"),
        due_at=None,
        held=0,
    )
)
_WAKE = text(
    "UPDATE image_scan SET due_at = :now WHERE repository_id = :of AND held = 0 AND due_at IS NOT NULL AND digest IN "
    "(SELECT manifest_digest FROM manifest_reference WHERE repository_id = :of AND kind = 'child' AND digest = :child)"
)
_FREE = update(image_scan).where(image_scan.c.held == 1, image_scan.c.due_at.is_not(None)).values(due_at=0, held=0)
_LACKING = (
    select(*_IDENTITY)
    .where(
        image_scan.c.lacking == 1,
        (image_scan.c.repository_id > bindparam("after_repository"))
        | (
            (image_scan.c.repository_id == bindparam("after_repository"))
            & (image_scan.c.digest > bindparam("after_digest"))
        )
        | (
            (image_scan.c.repository_id == bindparam("after_repository"))
            & (image_scan.c.digest == bindparam("after_digest"))
            & (image_scan.c.type > bindparam("after_type"))
        ),
    )
    .order_by(*_IDENTITY)
    .limit(bindparam("limit"))
)
_REMOVE = delete(image_scan).where(
    image_scan.c.repository_id == bindparam("of"), image_scan.c.digest == bindparam("image")
)
_REMOVE_FINDINGS = delete(image_scan_findings).where(
    image_scan_findings.c.repository_id == bindparam("of"), image_scan_findings.c.digest == bindparam("image")
)
_FORGET_FINDINGS = delete(image_scan_findings).where(
    image_scan_findings.c.repository_id == bindparam("of"),
    image_scan_findings.c.digest == bindparam("image"),
    image_scan_findings.c.type == bindparam("kind"),
)
_ADD_FINDINGS = text(
    "INSERT INTO image_scan_findings (repository_id, digest, type, part, body) "
    "VALUES (:of, :image, :kind, :part, :body)"
)
_FINDINGS = select(image_scan_findings.c.body).where(
    image_scan_findings.c.repository_id == bindparam("of"),
    image_scan_findings.c.digest == bindparam("image"),
    image_scan_findings.c.type == bindparam("kind"),
    image_scan_findings.c.part == bindparam("part"),
)


def find(tx: Transaction, key: ScanKey) -> Scan | None:
    """The scan of an image, how far it may be."""
    row = tx.one(_FIND, **_named(key))
    return None if row is None else record(row)


def put(tx: Transaction, new: Scan, *, due: bool) -> None:
    """A scan in the place of the image's last one, whose findings go; one that is not `due` has ended already."""
    tx.run(_FORGET_FINDINGS, **_named(new.key))
    tx.run(
        _PUT,
        **_named(new.key),
        id=new.id,
        status=new.status,
        description=new.description,
        queued_at=micros(new.queued_at),
        counted_at=_micros_or(new.counted_at, 0),
        completed_at=_micros_or(new.completed_at, None),
        due_at=micros(new.queued_at) if due else None,
    )


def due(tx: Transaction, now: datetime, limit: int) -> Sequence[ScanKey]:
    """Scans that somebody may take up, those first that have been so for longest."""
    return [ScanKey(*row) for row in tx.all(_DUE, now=micros(now), limit=limit)]


def next_due(tx: Reader) -> datetime | None:
    """When the next scan may be taken up; None when none waits."""
    row = tx.one(_NEXT_DUE)
    return None if row is None else moment(row.due_at)


def claim(tx: Transaction, key: ScanKey, now: datetime, until: datetime) -> Scan | None:
    """Take up a scan that is due, and hold it; None when somebody else was first."""
    if not tx.run(_CLAIM, **_named(key), now=micros(now), until=micros(until)):
        return None
    return find(tx, key)


def start(tx: Transaction, scan: Scan, at: datetime) -> None:
    """Note when work began for the first time."""
    tx.run(_STARTED, **_held(scan), started=micros(at))


def renew(tx: Transaction, scan: Scan, until: datetime) -> bool:
    """Hold a scan for longer; False when it was lost."""
    return tx.run(_RENEW, **_held(scan), until=micros(until)) == 1


def put_back(tx: Transaction, scan: Scan, due_at: datetime) -> bool:
    """Let go of a scan, which somebody may take up again at `due_at`; False when it was lost."""
    return tx.run(_PUT_BACK, **_held(scan), next=micros(due_at)) == 1


def wait(tx: Transaction, scan: Scan, due_at: datetime) -> bool:
    """`put_back`, of one that waits for others: it was not in vain that it was taken up."""
    return tx.run(_WAIT, **_held(scan), next=micros(due_at)) == 1


def finish(tx: Transaction, scan: Scan) -> bool:
    """Write how a scan that is held has ended; False when it was lost."""
    return (
        tx.run(
            _FINISH,
            **_held(scan),
            new_status=scan.status,
            told=scan.description,
            counted=_micros_or(scan.counted_at, 0),
            completed=_micros_or(scan.completed_at, None),
            source=_micros_or(scan.source_updated_at, None),
            counts=msgspec.json.encode(scan.severities or {}).decode(),
            lacks=int(scan.lacking),
        )
        == 1
    )


def wake(tx: Transaction, repository_id: str, child: str, now: datetime) -> None:
    """Let the scans of indexes that wait for this image be taken up at once."""
    tx.run(_WAKE, of=repository_id, child=child, now=micros(now))


def free(tx: Transaction) -> None:
    """Let go of every scan, when nobody is left who could hold one."""
    tx.run(_FREE)


def lacking(tx: Transaction, after: ScanKey, limit: int) -> Sequence[ScanKey]:
    """Scans that failed while nothing was known of vulnerabilities, above `after` in key order."""
    named = {"after_repository": after.repository_id, "after_digest": after.digest, "after_type": after.type}
    rows = tx.all(_LACKING, **named, limit=limit)
    return [ScanKey(*row) for row in rows]


def remove(tx: Transaction, repository_id: str, digest: str) -> None:
    """Remove all scans of an image, which goes."""
    tx.run(_REMOVE_FINDINGS, of=repository_id, image=digest)
    tx.run(_REMOVE, of=repository_id, image=digest)


def add_findings(tx: Transaction, key: ScanKey, part: int, body: bytes) -> None:
    """A part of the findings of a scan."""
    tx.run(_ADD_FINDINGS, **_named(key), part=part, body=body)


def findings(tx: Transaction, key: ScanKey, part: int) -> bytes | None:
    """A part of the findings of a scan; None beyond the last."""
    row = tx.one(_FINDINGS, **_named(key), part=part)
    return None if row is None else bytes(row.body)


def _named(key: ScanKey) -> dict[str, str]:
    return {"of": key.repository_id, "image": key.digest, "kind": key.type}


def _held(scan: Scan) -> dict[str, object]:
    return {**_named(scan.key), "mine": scan.attempt}


def _micros_or(at: datetime | None, otherwise: int | None) -> int | None:
    return otherwise if at is None else micros(at)


def record(row: Row) -> Scan:
    """A row with all columns as a record."""
    return Scan(
        key=ScanKey(row.repository_id, row.digest, row.type),
        id=row.id,
        status=row.status,
        description=row.description,
        queued_at=moment(row.queued_at),
        counted_at=moment_or_none(row.counted_at or None),
        started_at=moment_or_none(row.started_at),
        completed_at=moment_or_none(row.completed_at),
        source_updated_at=moment_or_none(row.source_updated_at),
        severities=msgspec.json.decode(row.severities),
        lacking=bool(row.lacking),
        attempt=row.attempt,
        tries=row.tries,
        result=row.result or "",
    )
