"""Rows of `schedule_progress`: when each scheduled rule fires next."""

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, select, text

from entrepot.db.database import Reader, Row, Transaction
from entrepot.db.event_queue_schema import schedule_progress

_ALL = select(schedule_progress).order_by(schedule_progress.c.rule_arn)
_SET = text(
    "INSERT INTO schedule_progress (rule_arn, expression, due_at) VALUES (:arn, :expression, :due_at) "
    "ON CONFLICT (rule_arn) DO UPDATE SET expression = :expression, due_at = :due_at"
)
_REMOVE = delete(schedule_progress).where(schedule_progress.c.rule_arn == bindparam("of"))


def list_all(tx: Reader) -> Sequence[Row]:
    """Every schedule that is counted: (rule_arn, expression, due_at)."""
    return tx.all(_ALL)


def put(tx: Transaction, rule_arn: str, expression: str, due_at: int) -> None:
    """When a rule fires next."""
    tx.run(_SET, arn=rule_arn, expression=expression, due_at=due_at)


def remove(tx: Transaction, rule_arn: str) -> None:
    """A rule that fires no more."""
    tx.run(_REMOVE, of=rule_arn)
