"""Rows of `replication_step`: what changes of repositories are still to do at destinations."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, exists, func, select, text, update

from entrepot.db.database import Reader, Row, Transaction
from entrepot.db.peer_schema import peer_destination
from entrepot.db.replication_records import PUSH, Action, Backlog, Destination, Lane, Step
from entrepot.db.replication_schema import replication_step
from entrepot.spec.moments import micros, moment
from entrepot.spec.repository import RegistryKey, RepositoryKey

_C = replication_step.c
_IT = (
    (_C.repository_id == bindparam("of"))
    & (_C.to_account == bindparam("account"))
    & (_C.to_region == bindparam("in_region"))
    & (_C.revision == bindparam("at_revision"))
    & (_C.ordinal == bindparam("at_ordinal"))
    & (_C.tag == bindparam("of_tag"))
)
_IS_ELSEWHERE = exists(
    select(peer_destination.c.peer).where(
        (peer_destination.c.account_id == _C.to_account) | (peer_destination.c.account_id == ""),
        (peer_destination.c.region == _C.to_region) | (peer_destination.c.region == ""),
    )
)
_DUE = (
    select(replication_step)
    .where(_C.due_at <= bindparam("by"), ~_IS_ELSEWHERE)
    .order_by(_C.due_at, _C.repository_id, _C.revision, _C.ordinal)
    .limit(bindparam("limit"))
)
_FIND = select(replication_step).where(_IT)
_FIRST = select(_C.due_at, _C.repository_id, _C.revision, _C.ordinal).order_by(
    _C.due_at, _C.repository_id, _C.revision, _C.ordinal
)
_SOONEST = _FIRST.where(~_IS_ELSEWHERE).limit(1)
_SOONEST_ELSEWHERE = _FIRST.where(_IS_ELSEWHERE).limit(1)
_DUE_ELSEWHERE = (
    select(_C.to_account, _C.to_region, _C.repository_id, func.min(_C.due_at).label("since"))
    .where(_C.due_at <= bindparam("by"), _IS_ELSEWHERE)
    .group_by(_C.to_account, _C.to_region, _C.repository_id)
    .order_by(func.min(_C.due_at), _C.to_account, _C.to_region, _C.repository_id)
    .limit(1000)
)
_DUE_ON_LANE = (
    select(replication_step)
    .where(
        _C.repository_id == bindparam("of"),
        _C.to_account == bindparam("account"),
        _C.to_region == bindparam("in_region"),
        _C.due_at <= bindparam("by"),
    )
    .order_by(_C.revision, _C.ordinal, _C.tag)
    .limit(bindparam("limit"))
)
_OTHER = (
    select(_C.revision)
    .where(
        _C.repository_id == bindparam("of"),
        _C.digest == bindparam("image"),
        _C.tag == bindparam("of_tag"),
        _C.to_account == bindparam("account"),
        _C.to_region == bindparam("in_region"),
        _C.action == bindparam("what"),
    )
    .limit(1)
)
_NEXT_ORDINAL = select(func.max(_C.ordinal).label("last")).where(
    _C.repository_id == bindparam("of"),
    _C.to_account == bindparam("account"),
    _C.to_region == bindparam("in_region"),
    _C.revision == bindparam("at_revision"),
)
_BACKLOGS = (
    select(
        _C.account_id,
        _C.region,
        _C.to_account,
        _C.to_region,
        func.count().label("steps"),
        func.min(_C.created_at).label("oldest"),
        func.count().filter(_C.attempts > 0).label("retried"),
    )
    .group_by(_C.account_id, _C.region, _C.to_account, _C.to_region)
    .order_by(_C.account_id, _C.region, _C.to_account, _C.to_region)
)
_RETRIED = select(replication_step).where(_C.attempts > 0).order_by(_C.due_at).limit(bindparam("limit"))
_ADD = text(
    "INSERT INTO replication_step (repository_id, to_account, to_region, revision, ordinal, tag, action, digest, "
    "account_id, region, name, attempts, reason, created_at, due_at) "
    "VALUES (:of, :to_account, :to_region, :revision, :ordinal, :tag, :action, :digest, "
    ":account, :region, :name, 0, '', :at, :at) ON CONFLICT DO NOTHING"
)
_POSTPONE = (
    update(replication_step)
    .where(_IT)
    .values(attempts=bindparam("new_attempts"), reason=bindparam("new_reason"), due_at=bindparam("new_due"))
)
_REMOVE = delete(replication_step).where(_IT)


def add(
    tx: Transaction,
    repository_id: str,
    source: RepositoryKey,
    destination: Destination,
    place: tuple[int, int],
    action: Action,
    digest: str,
    tag: str,
    at: datetime,
) -> None:
    """Have something done at a destination; `place` is the revision and ordinal of the change that it follows."""
    tx.run(
        _ADD,
        of=repository_id,
        to_account=destination.account,
        to_region=destination.region,
        revision=place[0],
        ordinal=place[1],
        tag=tag,
        action=action,
        digest=digest,
        account=source.registry.account,
        region=source.registry.region,
        name=source.name,
        at=micros(at),
    )


def due(tx: Reader, now: datetime, limit: int) -> Sequence[Step]:
    """Those that are due at destinations of this deployment, the longest first."""
    return [_step(row) for row in tx.all(_DUE, by=micros(now), limit=limit)]


def lanes(tx: Reader, now: datetime) -> Sequence[Lane]:
    """From where to where something is due at destinations elsewhere, the longest first."""
    return [
        Lane(row.repository_id, Destination(row.to_region, row.to_account))
        for row in tx.all(_DUE_ELSEWHERE, by=micros(now))
    ]


def due_on(tx: Reader, lane: Lane, now: datetime, limit: int) -> Sequence[Step]:
    """What is due on a lane, in the order of the changes."""
    account, region = lane.destination.account, lane.destination.region
    found = tx.all(_DUE_ON_LANE, of=lane.repository_id, account=account, in_region=region, by=micros(now), limit=limit)
    return [_step(row) for row in found]


def is_there(tx: Reader, step: Step) -> bool:
    """Whether a step is still to be done."""
    return tx.one(_FIND, **_named(step)) is not None


def soonest(tx: Reader) -> tuple[int, ...] | None:
    """Names the step that is due first; when this is another, there may be something to do."""
    row = tx.one(_SOONEST)
    return None if row is None else (row.due_at, row.repository_id, row.revision, row.ordinal)


def soonest_elsewhere(tx: Reader) -> tuple[int, ...] | None:
    """The same for destinations elsewhere."""
    row = tx.one(_SOONEST_ELSEWHERE)
    return None if row is None else (row.due_at, row.repository_id, row.revision, row.ordinal)


def waits_for(
    tx: Reader, repository_id: str, digest: str, tag: str, destination: Destination, action: Action = PUSH
) -> bool:
    """Whether an image under a tag is still to be pushed to a destination, or to be deleted there."""
    at = {"account": destination.account, "in_region": destination.region}
    return tx.one(_OTHER, of=repository_id, image=digest, of_tag=tag, what=action, **at) is not None


def next_ordinal(tx: Transaction, repository_id: str, destination: Destination, revision: int) -> int:
    """The first place behind all steps of a revision that wait; the caller holds the repository's lock."""
    at = {"account": destination.account, "in_region": destination.region, "at_revision": revision}
    row = tx.one(_NEXT_ORDINAL, of=repository_id, **at)
    return 0 if row is None or row.last is None else int(row.last) + 1


def backlogs(tx: Reader) -> Sequence[Backlog]:
    """How much waits between each two registries."""
    return [
        Backlog(
            RegistryKey("private", row.account_id, row.region),
            Destination(row.to_region, row.to_account),
            row.steps,
            moment(row.oldest),
            row.retried,
        )
        for row in tx.all(_BACKLOGS)
    ]


def retried(tx: Reader, limit: int) -> Sequence[Step]:
    """Those that failed before and wait for another attempt."""
    return [_step(row) for row in tx.all(_RETRIED, limit=limit)]


def postpone(tx: Transaction, step: Step, attempts: int, reason: str, due_at: datetime) -> None:
    """Try a step again later."""
    tx.run(_POSTPONE, **_named(step), new_attempts=attempts, new_reason=reason, new_due=micros(due_at))


def remove(tx: Transaction, step: Step) -> bool:
    """A step is done; whether it was still to be done."""
    return tx.run(_REMOVE, **_named(step)) == 1


def _named(step: Step) -> dict[str, object]:
    return {
        "of": step.repository_id,
        "account": step.destination.account,
        "in_region": step.destination.region,
        "at_revision": step.revision,
        "at_ordinal": step.ordinal,
        "of_tag": step.tag,
    }


def _step(row: Row) -> Step:
    return Step(
        row.repository_id,
        RepositoryKey(RegistryKey("private", row.account_id, row.region), row.name),
        Destination(row.to_region, row.to_account),
        row.revision,
        row.ordinal,
        row.action,
        row.digest,
        row.tag,
        row.attempts,
        row.reason,
        moment(row.created_at),
        moment(row.due_at),
    )
