"""Rows of `metric_gauge`: of what has been told how it stands, and when."""

from dataclasses import dataclass

from sqlalchemy import bindparam, delete, select, text

from entrepot.db.database import Transaction
from entrepot.db.metric_schema import metric_gauge

_ALL = select(metric_gauge)
_NOTE = text(
    "INSERT INTO metric_gauge (subject, name, revision, told_at) VALUES (:subject, :name, :revision, :told_at)"
    " ON CONFLICT (subject) DO UPDATE"
    " SET name = excluded.name, revision = excluded.revision, told_at = excluded.told_at"
)
_FORGET = delete(metric_gauge).where(metric_gauge.c.subject == bindparam("of"))


@dataclass(frozen=True, slots=True)
class Gauge:
    """What was told of a subject; `told_at`, in microseconds, is when all of it was."""

    subject: str
    name: str
    revision: int
    told_at: int


def find_all(tx: Transaction) -> dict[str, Gauge]:
    """What has been told, by subject."""
    return {row.subject: Gauge(row.subject, row.name, row.revision, row.told_at) for row in tx.all(_ALL)}


def note(tx: Transaction, told: Gauge) -> None:
    """What is told now."""
    tx.run(_NOTE, subject=told.subject, name=told.name, revision=told.revision, told_at=told.told_at)


def forget(tx: Transaction, subject: str) -> None:
    """Nothing is told of this any more."""
    tx.run(_FORGET, of=subject)
