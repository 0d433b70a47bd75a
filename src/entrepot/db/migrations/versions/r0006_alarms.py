"""Alarms with their history, and dashboards."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    _alarm()
    _alarm_child()
    _alarm_history()
    _dashboard()
    _monitoring_tag()


def _alarm() -> None:
    op.create_table(
        "alarm",
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("kind", text, nullable=False),
        sa.Column("metric", text, nullable=False),
        sa.Column("definition", text, nullable=False),
        sa.Column("actions_enabled", sa.BigInteger(), nullable=False),
        sa.Column("configured_at", sa.BigInteger(), nullable=False),
        sa.Column("state", text, nullable=False),
        sa.Column("reason", text, nullable=False),
        sa.Column("reason_data", text, nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("transitioned_at", sa.BigInteger(), nullable=False),
        sa.Column("evaluation", text, nullable=False),
        sa.Column("changes", sa.BigInteger(), nullable=False),
        sa.Column("acted", text, nullable=False),
        sa.Column("suppressed_by", text, nullable=False),
        sa.Column("suppressed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_alarm_account_id_account")),
        sa.PrimaryKeyConstraint("account_id", "region", "name", name=op.f("pk_alarm")),
    )
    op.create_index(op.f("ix_alarm_metric"), "alarm", ["account_id", "region", "metric"], unique=False)
    op.create_index(op.f("ix_alarm_kind"), "alarm", ["kind", "account_id", "region", "name"], unique=False)
    op.create_index(op.f("ix_alarm_suppressed_by"), "alarm", ["suppressed_by"], unique=False)


def _alarm_child() -> None:
    alarm = ["alarm.account_id", "alarm.region", "alarm.name"]
    op.create_table(
        "alarm_child",
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("parent", text, nullable=False),
        sa.Column("child", text, nullable=False),
        sa.ForeignKeyConstraint(["account_id", "region", "parent"], alarm, name="fk_alarm_child_parent_alarm"),
        sa.ForeignKeyConstraint(["account_id", "region", "child"], alarm, name="fk_alarm_child_child_alarm"),
        sa.PrimaryKeyConstraint("account_id", "region", "parent", "child", name=op.f("pk_alarm_child")),
    )
    op.create_index(op.f("ix_alarm_child_child"), "alarm_child", ["account_id", "region", "child"], unique=False)


def _alarm_history() -> None:
    op.create_table(
        "alarm_history",
        sa.Column("id", text, nullable=False),
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("kind", text, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("item", text, nullable=False),
        sa.Column("summary", text, nullable=False),
        sa.Column("data", text, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm_history")),
    )
    op.create_index(op.f("ix_alarm_history_name"), "alarm_history", ["account_id", "region", "name"], unique=False)
    op.create_index(op.f("ix_alarm_history_at"), "alarm_history", ["at"], unique=False)


def _dashboard() -> None:
    op.create_table(
        "dashboard",
        sa.Column("account_id", text, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("body", text, nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_dashboard_account_id_account")),
        sa.PrimaryKeyConstraint("account_id", "name", name=op.f("pk_dashboard")),
    )


def _monitoring_tag() -> None:
    op.create_table(
        "monitoring_tag",
        sa.Column("account_id", text, nullable=False),
        sa.Column("arn", text, nullable=False),
        sa.Column("key", text, nullable=False),
        sa.Column("value", text, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "arn", "key", name=op.f("pk_monitoring_tag")),
    )
