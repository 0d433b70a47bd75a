"""Rows of `lifecycle_preview` and `lifecycle_preview_image`."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, Select, and_, bindparam, delete, func, insert, select, text, update

from entrepot.db.database import Reader, Row, Transaction
from entrepot.db.lifecycle_records import Preview, PreviewImage
from entrepot.db.lifecycle_schema import lifecycle_preview, lifecycle_preview_image
from entrepot.spec.moments import micros, micros_or_none, moment, moment_or_none

_IS_IT = lifecycle_preview.c.repository_id == bindparam("of")
_IS_RUN = _IS_IT & (lifecycle_preview.c.run == bindparam("mine"))
_FIND = select(
    lifecycle_preview.c.repository_id,
    lifecycle_preview.c.id,
    lifecycle_preview.c.text,
    lifecycle_preview.c.extended,
    lifecycle_preview.c.status,
    lifecycle_preview.c.run,
    lifecycle_preview.c.tries,
    lifecycle_preview.c.expiring,
    lifecycle_preview.c.transitioning,
).where(_IS_IT)
_START = text(
    "INSERT INTO lifecycle_preview (repository_id, id, text, extended, status, run, tries, started_at, due_at, "
    "expiring, transitioning) VALUES (:of, :id, :told, :extended, 'IN_PROGRESS', '', 0, :at, :at, 0, 0) "
    "ON CONFLICT (repository_id) DO UPDATE SET id = excluded.id, text = excluded.text, extended = excluded.extended, "
    "status = excluded.status, run = excluded.run, tries = 0, started_at = excluded.started_at, ended_at = NULL, "
    "due_at = excluded.due_at, expiring = 0, transitioning = 0"
)
_DUE = (
    select(lifecycle_preview.c.repository_id)
    .where(lifecycle_preview.c.due_at <= bindparam("now"))
    .order_by(lifecycle_preview.c.due_at, lifecycle_preview.c.repository_id)
    .limit(bindparam("limit"))
)
_SOONEST = select(func.min(lifecycle_preview.c.due_at).label("due"))
_CLAIM = (
    update(lifecycle_preview)
    .where(_IS_IT, lifecycle_preview.c.status == "IN_PROGRESS", lifecycle_preview.c.due_at <= bindparam("now"))
    .values(run=bindparam("new_run"), tries=lifecycle_preview.c.tries + 1, due_at=bindparam("until"))
)
_END = (
    update(lifecycle_preview)
    .where(_IS_RUN, lifecycle_preview.c.status == "IN_PROGRESS")
    .values(
        status=bindparam("as_status"),
        ended_at=bindparam("at"),
        due_at=bindparam("until"),
        expiring=bindparam("expire"),
        transitioning=bindparam("transition"),
    )
)
_EXPIRE = (
    update(lifecycle_preview)
    .where(_IS_RUN, lifecycle_preview.c.status != "IN_PROGRESS")
    .values(status="EXPIRED", run="", due_at=bindparam("until"), expiring=0, transitioning=0)
)
_REMOVE_EXPIRED = delete(lifecycle_preview).where(
    _IS_IT, lifecycle_preview.c.status == "EXPIRED", lifecycle_preview.c.due_at <= bindparam("now")
)
_KEEP = insert(lifecycle_preview_image)
_IS_OF_RUN = and_(
    lifecycle_preview_image.c.run == bindparam("of_run"), lifecycle_preview_image.c.ordinal > bindparam("after")
)


def _page(*conditions: ColumnElement[bool]) -> Select[tuple[object, ...]]:
    return (
        select(lifecycle_preview_image)
        .where(_IS_OF_RUN, *conditions)
        .order_by(lifecycle_preview_image.c.ordinal)
        .limit(bindparam("limit"))
    )


_PAGES = {
    "ANY": _page(),
    "TAGGED": _page(lifecycle_preview_image.c.is_tagged == 1),
    "UNTAGGED": _page(lifecycle_preview_image.c.is_tagged == 0),
    "SPARED": _page(lifecycle_preview_image.c.spared == 1),
}
_OF_DIGEST = select(lifecycle_preview_image).where(
    lifecycle_preview_image.c.run == bindparam("of_run"), lifecycle_preview_image.c.digest == bindparam("image")
)
_FORGET = text(
    "DELETE FROM lifecycle_preview_image WHERE repository_id = :of AND (run, ordinal) IN (SELECT run, ordinal FROM "
    "lifecycle_preview_image WHERE repository_id = :of AND (run < :kept OR run > :kept) LIMIT :limit)"
)


def find(tx: Reader, repository_id: str) -> Preview | None:
    """The last preview of a repository."""
    row = tx.one(_FIND, of=repository_id)
    return None if row is None else _preview(row)


def start(tx: Transaction, repository_id: str, preview_id: str, told: str, at: datetime, *, extended: bool) -> None:
    """Ask for a preview, in the place of any before it."""
    tx.run(_START, of=repository_id, id=preview_id, told=told, extended=int(extended), at=micros(at))


def due(tx: Reader, now: datetime, limit: int) -> Sequence[str]:
    """Ids of repositories with previews that something is to be done with."""
    return [row.repository_id for row in tx.all(_DUE, now=micros(now), limit=limit)]


def soonest(tx: Reader) -> datetime | None:
    """When something is to be done with the next one."""
    row = tx.one(_SOONEST)
    return None if row is None else moment_or_none(row.due)


def claim(tx: Transaction, repository_id: str, run: str, now: datetime, until: datetime) -> Preview | None:
    """Take up a preview that waits, until then, as this run; None when it was taken."""
    taken = tx.run(_CLAIM, of=repository_id, new_run=run, now=micros(now), until=micros(until))
    return find(tx, repository_id) if taken else None


def end(tx: Transaction, preview: Preview, status: str, at: datetime, until: datetime) -> bool:
    """Say how a run ended, with the totals of `preview`; False when another has it now."""
    changes = {"as_status": status, "at": micros(at), "until": micros(until)}
    totals = {"expire": preview.expiring, "transition": preview.transitioning}
    return tx.run(_END, of=preview.repository_id, mine=preview.run, **changes, **totals) == 1


def expire(tx: Transaction, preview: Preview, until: datetime) -> None:
    """From now on a preview shows nothing; forget it then."""
    tx.run(_EXPIRE, of=preview.repository_id, mine=preview.run, until=micros(until))


def remove_expired(tx: Transaction, repository_id: str, now: datetime) -> None:
    """Forget a preview that has been expired for long enough."""
    tx.run(_REMOVE_EXPIRED, of=repository_id, now=micros(now))


def keep(tx: Transaction, repository_id: str, run: str, images: Sequence[PreviewImage]) -> None:
    """Store what a run has found."""
    tx.run_many(_KEEP, [_row(repository_id, run, each) for each in images])


def page(tx: Reader, run: str, which: str, after: int, limit: int) -> Sequence[PreviewImage]:
    """What a run has found beyond an ordinal; `which` is TAGGED, UNTAGGED, ANY or SPARED."""
    return [_image(row) for row in tx.all(_PAGES[which], of_run=run, after=after, limit=limit)]


def of_digest(tx: Reader, run: str, digest: str) -> PreviewImage | None:
    """What becomes of one image; None when it stays."""
    row = tx.one(_OF_DIGEST, of_run=run, image=digest)
    return None if row is None else _image(row)


def forget_some(tx: Transaction, repository_id: str, kept: str, limit: int) -> int:
    """Remove what runs but this one have found; how many rows went (0: there are none)."""
    return tx.run(_FORGET, of=repository_id, kept=kept, limit=limit)


def _row(repository_id: str, run: str, image: PreviewImage) -> dict[str, object]:
    return {
        "run": run,
        "ordinal": image.ordinal,
        "repository_id": repository_id,
        "digest": image.digest,
        "tags": msgspec.json.encode(image.tags).decode(),
        "is_tagged": int(bool(image.tags)),
        "pushed_at": micros(image.pushed_at),
        "action": image.action,
        "priority": image.priority,
        "storage_class": image.storage_class,
        "spared": int(image.spared),
        "clusters": msgspec.json.encode(image.clusters).decode(),
        "pulled_at": micros_or_none(image.pulled_at),
    }


def _image(row: Row) -> PreviewImage:
    return PreviewImage(
        row.ordinal,
        row.digest,
        tuple(msgspec.json.decode(row.tags)),
        moment(row.pushed_at),
        row.action,
        row.priority,
        row.storage_class,
        bool(row.spared),
        tuple(msgspec.json.decode(row.clusters)),
        moment_or_none(row.pulled_at),
    )


def _preview(row: Row) -> Preview:
    return Preview(
        row.repository_id,
        row.id,
        row.text,
        bool(row.extended),
        row.status,
        row.run,
        row.tries,
        row.expiring,
        row.transitioning,
    )
