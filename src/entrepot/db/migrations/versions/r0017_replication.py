"""Replication: jobs, statuses and backfills."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    _configuration()
    _step()
    _status()
    _backfill()


def _configuration() -> None:
    op.create_table(
        "replication_configuration",
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("rules", text, nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_replication_configuration_account_id_account")
        ),
        sa.PrimaryKeyConstraint("account_id", "region", name=op.f("pk_replication_configuration")),
    )


def _step() -> None:
    op.create_table(
        "replication_step",
        sa.Column("repository_id", text, nullable=False),
        sa.Column("to_account", text, nullable=False),
        sa.Column("to_region", text, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("tag", text, nullable=False),
        sa.Column("action", text, nullable=False),
        sa.Column("digest", text, nullable=False),
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("reason", text, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "repository_id",
            "to_account",
            "to_region",
            "revision",
            "ordinal",
            "tag",
            name=op.f("pk_replication_step"),
        ),
    )
    op.create_index("ix_replication_step_due", "replication_step", ["due_at", "repository_id", "revision", "ordinal"])
    op.create_index("ix_replication_step_image", "replication_step", ["repository_id", "digest"])


def _status() -> None:
    op.create_table(
        "replication_status",
        sa.Column("repository_id", text, nullable=False),
        sa.Column("digest", text, nullable=False),
        sa.Column("tag", text, nullable=False),
        sa.Column("to_account", text, nullable=False),
        sa.Column("to_region", text, nullable=False),
        sa.Column("status", text, nullable=False),
        sa.Column("failure_code", text, nullable=False),
        sa.Column("reason", text, nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "repository_id", "digest", "tag", "to_account", "to_region", name=op.f("pk_replication_status")
        ),
    )
    failed = sa.text("status = 'FAILED'")
    op.create_index(
        "ix_replication_status_failed",
        "replication_status",
        ["changed_at"],
        sqlite_where=failed,
        postgresql_where=failed,
    )


def _backfill() -> None:
    op.create_table(
        "replication_backfill",
        sa.Column("id", text, nullable=False),
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("to_account", text, nullable=False),
        sa.Column("to_region", text, nullable=False),
        sa.Column("status", text, nullable=False),
        sa.Column("failure_code", text, nullable=False),
        sa.Column("after", text, nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("completed", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.Column("prepared", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_replication_backfill_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replication_backfill")),
    )
    op.create_index(
        "ix_replication_backfill_registry", "replication_backfill", ["account_id", "region", "started_at", "id"]
    )
    op.create_index(op.f("ix_replication_backfill_ended_at"), "replication_backfill", ["ended_at"])
    op.create_table(
        "replication_backfill_item",
        sa.Column("backfill_id", text, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("digest", text, nullable=False),
        sa.Column("tag", text, nullable=False),
        sa.Column("status", text, nullable=False),
        sa.Column("failure_code", text, nullable=False),
        sa.Column("sub_failure_codes", text, nullable=False),
        sa.ForeignKeyConstraint(
            ["backfill_id"],
            ["replication_backfill.id"],
            name=op.f("fk_replication_backfill_item_backfill_id_replication_backfill"),
        ),
        sa.PrimaryKeyConstraint("backfill_id", "name", "digest", "tag", name=op.f("pk_replication_backfill_item")),
    )
    op.create_index(
        "ix_replication_backfill_item_status",
        "replication_backfill_item",
        ["backfill_id", "status", "name", "digest", "tag"],
    )
