"""Events on their way to targets, and archived ones."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # SQLite numbers rows of INTEGER keys only


def upgrade() -> None:
    """Make the tables."""
    _arriving()
    _delivery()
    _failure()
    _archives()
    _progress()


def _arriving() -> None:
    op.create_table(
        "event_seen",
        sa.Column("key", text, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_event_seen")),
    )
    op.create_index(op.f("ix_event_seen_at"), "event_seen", ["at"], unique=False)
    op.create_table(
        "event_inbox",
        sa.Column("sequence", number, autoincrement=True, nullable=False),
        sa.Column("event_id", text, nullable=False),
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("bus", text, nullable=False),
        sa.Column("order_key", text, nullable=False),
        sa.Column("hops", sa.BigInteger(), nullable=False),
        sa.Column("only", text, nullable=False),
        sa.Column("replay", text, nullable=False),
        sa.Column("accepted_at", sa.BigInteger(), nullable=False),
        sa.Column("body", text, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_event_inbox")),
    )


def _delivery() -> None:
    op.create_table(
        "event_delivery",
        sa.Column("sequence", number, autoincrement=True, nullable=False),
        sa.Column("lane", text, nullable=False),
        sa.Column("target", text, nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("event_id", text, nullable=False),
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("order_key", text, nullable=False),
        sa.Column("hops", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("accepted_at", sa.BigInteger(), nullable=False),
        sa.Column("error_code", text, nullable=False),
        sa.Column("error_message", text, nullable=False),
        sa.Column("body", text, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_event_delivery")),
    )
    op.create_index(op.f("ix_event_delivery_lane"), "event_delivery", ["lane", "sequence"], unique=False)
    op.create_index(op.f("ix_event_delivery_target"), "event_delivery", ["target", "due_at", "sequence"], unique=False)
    op.create_index(op.f("ix_event_delivery_account_id"), "event_delivery", ["account_id", "sequence"], unique=False)


def _failure() -> None:
    op.create_table(
        "event_failure",
        sa.Column("sequence", number, autoincrement=True, nullable=False),
        sa.Column("event_id", text, nullable=False),
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("target", text, nullable=False),
        sa.Column("order_key", text, nullable=False),
        sa.Column("hops", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("accepted_at", sa.BigInteger(), nullable=False),
        sa.Column("failed_at", sa.BigInteger(), nullable=False),
        sa.Column("exhausted", text, nullable=False),
        sa.Column("error_code", text, nullable=False),
        sa.Column("error_message", text, nullable=False),
        sa.Column("body", text, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_event_failure")),
    )
    op.create_index(op.f("ix_event_failure_account_id"), "event_failure", ["account_id", "sequence"], unique=False)


def _archives() -> None:
    op.create_table(
        "archived_event",
        sa.Column("sequence", number, autoincrement=True, nullable=False),
        sa.Column("archive_id", text, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("event_id", text, nullable=False),
        sa.Column("order_key", text, nullable=False),
        sa.Column("body", text, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_archived_event")),
    )
    op.create_index(op.f("ix_archived_event_archive_id"), "archived_event", ["archive_id", "sequence"], unique=False)
    op.create_index(op.f("ix_archived_event_at"), "archived_event", ["archive_id", "at", "sequence"], unique=False)
    op.create_table(
        "archive_size",
        sa.Column("archive_id", text, nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("archive_id", name=op.f("pk_archive_size")),
    )


def _progress() -> None:
    op.create_table(
        "replay_progress",
        sa.Column("replay_id", text, nullable=False),
        sa.Column("after", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("replay_id", name=op.f("pk_replay_progress")),
    )
    op.create_table(
        "schedule_progress",
        sa.Column("rule_arn", text, nullable=False),
        sa.Column("expression", text, nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("rule_arn", name=op.f("pk_schedule_progress")),
    )
