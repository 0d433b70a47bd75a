"""Replication of settings, tag filters, and repairs."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "replication_options",
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("options", text, nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_replication_options_account_id_account")),
        sa.PrimaryKeyConstraint("account_id", "region", name=op.f("pk_replication_options")),
    )
    _repair()


def _repair() -> None:
    op.create_table(
        "replication_repair",
        sa.Column("id", text, nullable=False),
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("to_account", text, nullable=False),
        sa.Column("to_region", text, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("dry", sa.BigInteger(), nullable=False),
        sa.Column("status", text, nullable=False),
        sa.Column("after", text, nullable=False),
        sa.Column("compared", sa.BigInteger(), nullable=False),
        sa.Column("found", sa.BigInteger(), nullable=False),
        sa.Column("kept", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_replication_repair_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replication_repair")),
    )
    op.create_index(op.f("ix_replication_repair_ended_at"), "replication_repair", ["ended_at"])
    op.create_table(
        "replication_repair_item",
        sa.Column("repair_id", text, nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("difference", text, nullable=False),
        sa.Column("digest", text, nullable=False),
        sa.Column("tag", text, nullable=False),
        sa.Column("kept", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repair_id"],
            ["replication_repair.id"],
            name=op.f("fk_replication_repair_item_repair_id_replication_repair"),
        ),
        sa.PrimaryKeyConstraint("repair_id", "ordinal", name=op.f("pk_replication_repair_item")),
    )
