"""Audit records, in blocks."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    _blocks()
    _terms()
    op.create_table(
        "audit_offset",
        sa.Column("journal", text, nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("journal", name=op.f("pk_audit_offset")),
    )
    op.create_table(
        "audit_mark",
        sa.Column("id", text, nullable=False),
        sa.Column("alone", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_mark")),
    )
    op.create_index("ix_audit_mark_at", "audit_mark", ["at"])
    op.create_table(
        "audit_counter",
        sa.Column("name", text, nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_audit_counter")),
    )


def _blocks() -> None:
    op.create_table(
        "audit_block",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("to_at", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("terms", sa.LargeBinary(), nullable=False),
        sa.Column("records", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_audit_block")),
    )
    op.create_index("ix_audit_block_time", "audit_block", ["account_id", "region", "to_at", "sequence", "from_at"])
    op.create_index("ix_audit_block_to_at", "audit_block", ["to_at"])
    few = sa.text("count < 256")
    columns = ["account_id", "region", "to_at", "sequence", "count"]
    op.create_index("ix_audit_block_small", "audit_block", columns, sqlite_where=few, postgresql_where=few)


def _terms() -> None:
    op.create_table(
        "audit_term",
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("attribute", text, nullable=False),
        sa.Column("value", text, nullable=False),
        sa.Column("to_at", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("positions", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "account_id", "region", "attribute", "value", "to_at", "sequence", name=op.f("pk_audit_term")
        ),
        sqlite_with_rowid=False,
    )
