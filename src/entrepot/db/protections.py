"""Rows of `repository_protection`: repositories of which nothing may be deleted."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, select, text

from entrepot.db.database import Transaction
from entrepot.db.template_schema import repository_protection
from entrepot.spec.moments import micros, moment

_FIND = select(repository_protection).where(repository_protection.c.repository_id == bindparam("of"))
_PUT = text(
    "INSERT INTO repository_protection (repository_id, owner, created_at) VALUES (:of, :owner, :at) "
    "ON CONFLICT (repository_id) DO NOTHING"
)
_REMOVE = delete(repository_protection).where(repository_protection.c.repository_id == bindparam("of"))


@dataclass(frozen=True, slots=True)
class Protection:
    """Who protected a repository (ARN), and since when."""

    owner: str
    created_at: datetime


def find(tx: Transaction, repository_id: str) -> Protection | None:
    """The protection of a repository."""
    row = tx.one(_FIND, of=repository_id)
    return None if row is None else Protection(row.owner, moment(row.created_at))


def put(tx: Transaction, repository_id: str, owner: str, at: datetime) -> None:
    """Protect a repository, unless it is."""
    tx.run(_PUT, of=repository_id, owner=owner, at=micros(at))


def remove(tx: Transaction, repository_id: str) -> None:
    """Protect it no more."""
    tx.run(_REMOVE, of=repository_id)
