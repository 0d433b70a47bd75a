"""Event buses with their rules and targets, archives, replays, connections, API destinations."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    _region()
    _bus()
    _rule()
    _target()
    _archive()
    _replay()
    _connection()
    _api_destination()
    _tag()


def _region() -> None:
    op.create_table(
        "event_region",
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("stamp", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_event_region_account_id_account")),
        sa.PrimaryKeyConstraint("account_id", "region", name=op.f("pk_event_region")),
    )


def _bus() -> None:
    op.create_table(
        "event_bus",
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("description", text, nullable=False),
        sa.Column("policy", text, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_event_bus_account_id_account")),
        sa.PrimaryKeyConstraint("account_id", "region", "name", name=op.f("pk_event_bus")),
    )


def _rule() -> None:
    op.create_table(
        "event_rule",
        sa.Column("id", text, nullable=False),
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("bus", text, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("pattern", text, nullable=True),
        sa.Column("schedule", text, nullable=True),
        sa.Column("state", text, nullable=False),
        sa.Column("description", text, nullable=False),
        sa.Column("role_arn", text, nullable=True),
        sa.Column("created_by", text, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_event_rule_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_rule")),
        sa.UniqueConstraint(
            "account_id", "region", "bus", "name", name=op.f("uq_event_rule_account_id_region_bus_name")
        ),
    )
    op.create_index(
        op.f("ix_event_rule_schedule"),
        "event_rule",
        ["schedule"],
        unique=False,
        sqlite_where=sa.text("schedule IS NOT NULL"),
        postgresql_where=sa.text("schedule IS NOT NULL"),
    )


def _target() -> None:
    op.create_table(
        "event_target",
        sa.Column("rule_id", text, nullable=False),
        sa.Column("id", text, nullable=False),
        sa.Column("arn", text, nullable=False),
        sa.Column("role_arn", text, nullable=True),
        sa.Column("input_kind", text, nullable=False),
        sa.Column("input", text, nullable=False),
        sa.Column("parameters", text, nullable=False),
        sa.Column("dead_letter_arn", text, nullable=True),
        sa.Column("most_attempts", sa.BigInteger(), nullable=True),
        sa.Column("longest_seconds", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["rule_id"], ["event_rule.id"], name=op.f("fk_event_target_rule_id_event_rule")),
        sa.PrimaryKeyConstraint("rule_id", "id", name=op.f("pk_event_target")),
    )
    op.create_index(op.f("ix_event_target_arn"), "event_target", ["arn"], unique=False)


def _archive() -> None:
    op.create_table(
        "event_archive",
        sa.Column("id", text, nullable=False),
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("bus", text, nullable=False),
        sa.Column("description", text, nullable=False),
        sa.Column("pattern", text, nullable=True),
        sa.Column("retention_days", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_event_archive_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_archive")),
        sa.UniqueConstraint("account_id", "region", "name", name=op.f("uq_event_archive_account_id_region_name")),
    )


def _replay() -> None:
    op.create_table(
        "event_replay",
        sa.Column("id", text, nullable=False),
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("description", text, nullable=False),
        sa.Column("archive_id", text, nullable=False),
        sa.Column("archive", text, nullable=False),
        sa.Column("bus", text, nullable=False),
        sa.Column("filter_arns", text, nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("to_at", sa.BigInteger(), nullable=False),
        sa.Column("state", text, nullable=False),
        sa.Column("reason", text, nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_event_replay_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_replay")),
        sa.UniqueConstraint("account_id", "region", "name", name=op.f("uq_event_replay_account_id_region_name")),
    )
    op.create_index(op.f("ix_event_replay_state"), "event_replay", ["state"], unique=False)


def _connection() -> None:
    op.create_table(
        "event_connection",
        sa.Column("id", text, nullable=False),
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("description", text, nullable=False),
        sa.Column("kind", text, nullable=False),
        sa.Column("shown", text, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("state", text, nullable=False),
        sa.Column("reason", text, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("authorized_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_event_connection_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_connection")),
        sa.UniqueConstraint("account_id", "region", "name", name=op.f("uq_event_connection_account_id_region_name")),
    )
    op.create_index(op.f("ix_event_connection_state"), "event_connection", ["state"], unique=False)


def _api_destination() -> None:
    op.create_table(
        "event_api_destination",
        sa.Column("id", text, nullable=False),
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("description", text, nullable=False),
        sa.Column("connection_arn", text, nullable=False),
        sa.Column("endpoint", text, nullable=False),
        sa.Column("method", text, nullable=False),
        sa.Column("rate", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_event_api_destination_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_api_destination")),
        sa.UniqueConstraint(
            "account_id", "region", "name", name=op.f("uq_event_api_destination_account_id_region_name")
        ),
    )
    op.create_index(
        op.f("ix_event_api_destination_connection_arn"), "event_api_destination", ["connection_arn"], unique=False
    )


def _tag() -> None:
    op.create_table(
        "event_tag",
        sa.Column("arn", text, nullable=False),
        sa.Column("key", text, nullable=False),
        sa.Column("value", text, nullable=False),
        sa.PrimaryKeyConstraint("arn", "key", name=op.f("pk_event_tag")),
    )
