"""Rows of `repository_vex` and `vex_referrer`: which repositories trust documents that are pushed, and these."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import bindparam, delete, select, text, update

from entrepot.db.database import Reader, Row, Transaction
from entrepot.db.exception_records import VexReferrer, VexTrust
from entrepot.db.exception_schema import repository_vex, vex_referrer
from entrepot.spec.moments import micros, moment, moment_or_none

_TRUSTS = select(repository_vex).where(repository_vex.c.repository_id == bindparam("of"))
_TRUST = text(
    "INSERT INTO repository_vex (repository_id, owner, public_keys, created_at) VALUES (:of, :owner, :keys, :at) "
    "ON CONFLICT (repository_id) DO UPDATE SET owner = excluded.owner, public_keys = excluded.public_keys, "
    "created_at = excluded.created_at"
)
_DISTRUST = delete(repository_vex).where(repository_vex.c.repository_id == bindparam("of"))
_PUT = text(
    "INSERT INTO vex_referrer (repository_id, digest, owner, outcome, tries, due_at) "
    "VALUES (:of, :referrer, :owner, '', 0, :due_at) "
    "ON CONFLICT (repository_id, digest) DO UPDATE SET owner = excluded.owner, outcome = '', tries = 0, "
    "due_at = excluded.due_at"
)
# artifacts with a subject that may be documents, whoever pushed them
_QUEUE_ALL = text(
    "INSERT INTO vex_referrer (repository_id, digest, owner, outcome, tries, due_at) "
    "SELECT repository_id, digest, :owner, '', 0, :due_at FROM manifest "
    "WHERE repository_id = :of AND subject IS NOT NULL AND artifact_type IS NOT NULL "
    "ON CONFLICT (repository_id, digest) DO UPDATE SET owner = excluded.owner, outcome = '', tries = 0, "
    "due_at = excluded.due_at"
)
_COLUMNS = vex_referrer.c
_DUE = (
    select(vex_referrer)
    .where(_COLUMNS.due_at <= bindparam("now"))
    .order_by(_COLUMNS.due_at, _COLUMNS.repository_id, _COLUMNS.digest)
    .limit(bindparam("limit"))
)
_NEXT_DUE = select(_COLUMNS.due_at).where(_COLUMNS.due_at.is_not(None)).order_by(_COLUMNS.due_at).limit(1)
_PAGE = (
    select(vex_referrer)
    .where(_COLUMNS.repository_id == bindparam("of"), _COLUMNS.digest > bindparam("after"))
    .order_by(_COLUMNS.digest)
    .limit(bindparam("limit"))
)
_IS_IT = (_COLUMNS.repository_id == bindparam("of"), _COLUMNS.digest == bindparam("referrer"))
_END = update(vex_referrer).where(*_IS_IT, _COLUMNS.due_at.is_not(None)).values(outcome=bindparam("told"), due_at=None)
_AGAIN = update(vex_referrer).where(*_IS_IT).values(tries=_COLUMNS.tries + 1, due_at=bindparam("next"))
_REREAD = update(vex_referrer).where(*_IS_IT).values(outcome="", tries=0, due_at=bindparam("next"))
_REMOVE = delete(vex_referrer).where(*_IS_IT)
_REMOVE_ALL = delete(vex_referrer).where(_COLUMNS.repository_id == bindparam("of"))
_KEYS = msgspec.json.Decoder(tuple[str, ...])


def trusted(tx: Transaction, repository_id: str) -> VexTrust | None:
    """Whom a repository believes; None where it believes nobody."""
    row = tx.one(_TRUSTS, of=repository_id)
    return None if row is None else VexTrust(row.owner, moment(row.created_at), _KEYS.decode(row.public_keys))


def trust(tx: Transaction, repository_id: str, trust: VexTrust) -> None:
    """Have a repository believe what is pushed to it, and read what was."""
    keys = msgspec.json.encode(trust.keys).decode()
    tx.run(_TRUST, of=repository_id, owner=trust.owner, keys=keys, at=micros(trust.since))
    tx.run(_QUEUE_ALL, of=repository_id, owner=trust.owner, due_at=micros(trust.since))


def distrust(tx: Transaction, repository_id: str) -> bool:
    """Take that back; whether it trusted."""
    tx.run(_REMOVE_ALL, of=repository_id)
    return tx.run(_DISTRUST, of=repository_id) == 1


def put(tx: Transaction, repository_id: str, digest: str, owner: str, at: datetime) -> None:
    """Have a document read."""
    tx.run(_PUT, of=repository_id, referrer=digest, owner=owner, due_at=micros(at))


def reread(tx: Transaction, repository_id: str, digest: str, at: datetime) -> None:
    """Have a document read anew, if it is one."""
    tx.run(_REREAD, of=repository_id, referrer=digest, next=micros(at))


def due(tx: Transaction, now: datetime, limit: int) -> Sequence[VexReferrer]:
    """Documents that wait to be read."""
    return [_record(row) for row in tx.all(_DUE, now=micros(now), limit=limit)]


def next_due(tx: Reader) -> datetime | None:
    """When the next one is to be read; None when none waits."""
    row = tx.one(_NEXT_DUE)
    return None if row is None else moment_or_none(row.due_at)


def page(tx: Transaction, repository_id: str, after: str, limit: int) -> Sequence[VexReferrer]:
    """Documents of a repository above `after`, by digest."""
    return [_record(row) for row in tx.all(_PAGE, of=repository_id, after=after, limit=limit)]


def end(tx: Transaction, repository_id: str, digest: str, outcome: str) -> bool:
    """It has been read; False when it does not wait any more. `outcome` is why it says nothing, '' where it does."""
    return tx.run(_END, of=repository_id, referrer=digest, told=outcome) == 1


def again(tx: Transaction, repository_id: str, digest: str, at: datetime) -> None:
    """Read it later."""
    tx.run(_AGAIN, of=repository_id, referrer=digest, next=micros(at))


def remove(tx: Transaction, repository_id: str, digest: str) -> bool:
    """Forget a document, which goes; whether it was one."""
    return tx.run(_REMOVE, of=repository_id, referrer=digest) == 1


def _record(row: Row) -> VexReferrer:
    return VexReferrer(row.repository_id, row.digest, row.owner, row.outcome, row.tries, moment_or_none(row.due_at))
