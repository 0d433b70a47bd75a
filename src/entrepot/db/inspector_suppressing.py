"""Rows of `inspector_suppressing`: where suppressions are decided on anew, and how far that is."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, delete, select, text, update

from entrepot.db.database import Reader, Row, Transaction
from entrepot.db.inspector_schema import inspector_suppressing as walk
from entrepot.spec.moments import micros, moment
from entrepot.spec.repository import RegistryKey


class Walk(NamedTuple):
    """A walk over the images of a registry; `repository_id` and `digest` name the one that was looked at last."""

    registry: RegistryKey
    turn: int
    repository_id: str
    digest: str
    begun_at: datetime


_IS_IT = (walk.c.account_id == bindparam("account")) & (walk.c.region == bindparam("in_region"))
_SAME = _IS_IT & (walk.c.turn == bindparam("of_turn"))
_FIND = select(walk).where(_IS_IT)
_FIRST = select(walk).order_by(walk.c.begun_at).limit(1)
_BEGIN = text(
    "INSERT INTO inspector_suppressing (account_id, region, turn, repository_id, digest, begun_at) "
    "VALUES (:account, :in_region, 1, '', '', :at) ON CONFLICT (account_id, region) DO UPDATE SET "
    "turn = inspector_suppressing.turn + 1, repository_id = '', digest = '', begun_at = excluded.begun_at"
)
_ADVANCE = update(walk).where(_SAME).values(repository_id=bindparam("new_repository"), digest=bindparam("new_digest"))
_END = delete(walk).where(_SAME)


def begin(tx: Transaction, registry: RegistryKey, at: datetime) -> None:
    """Have a registry's images looked at, from the first one on."""
    tx.run(_BEGIN, account=registry.account, in_region=registry.region, at=micros(at))


def find(tx: Reader, registry: RegistryKey) -> Walk | None:
    """The walk over a registry; None where none is under way."""
    row = tx.one(_FIND, account=registry.account, in_region=registry.region)
    return None if row is None else _walk(row)


def first(tx: Reader) -> Walk | None:
    """The walk that has been under way for longest."""
    row = tx.one(_FIRST)
    return None if row is None else _walk(row)


def advance(tx: Transaction, of: Walk, repository_id: str, digest: str) -> None:
    """Note how far a walk is, unless it was begun anew."""
    tx.run(_ADVANCE, **_named(of), new_repository=repository_id, new_digest=digest)


def end(tx: Transaction, of: Walk) -> None:
    """Every image has been looked at, unless the walk was begun anew."""
    tx.run(_END, **_named(of))


def _named(of: Walk) -> dict[str, object]:
    return {"account": of.registry.account, "in_region": of.registry.region, "of_turn": of.turn}


def _walk(row: Row) -> Walk:
    registry = RegistryKey("private", row.account_id, row.region)
    return Walk(registry, row.turn, row.repository_id, row.digest, moment(row.begun_at))
