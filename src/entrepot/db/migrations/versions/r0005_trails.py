"""Trails, and the keys that their digest files are signed with."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    _trail()
    _trail_tag()
    _trail_region()
    _trail_log_file()
    _trail_chain()
    _trail_key()


def _trail() -> None:
    op.create_table(
        "trail",
        sa.Column("id", text, nullable=False),
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("bucket", text, nullable=False),
        sa.Column("prefix", text, nullable=False),
        sa.Column("multi_region", sa.BigInteger(), nullable=False),
        sa.Column("global_events", sa.BigInteger(), nullable=False),
        sa.Column("validated_at", sa.BigInteger(), nullable=True),
        sa.Column("selectors", text, nullable=False),
        sa.Column("logging", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("stopped_at", sa.BigInteger(), nullable=True),
        sa.Column("periods", text, nullable=False),
        sa.Column("cursor", sa.BigInteger(), nullable=True),
        sa.Column("plan", text, nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("retry_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_trail_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trail")),
    )
    op.create_index(
        "uq_trail_live_name",
        "trail",
        ["account_id", "region", "name"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )


def _trail_tag() -> None:
    op.create_table(
        "trail_tag",
        sa.Column("trail_id", text, nullable=False),
        sa.Column("key", text, nullable=False),
        sa.Column("value", text, nullable=False),
        sa.ForeignKeyConstraint(["trail_id"], ["trail.id"], name=op.f("fk_trail_tag_trail_id_trail")),
        sa.PrimaryKeyConstraint("trail_id", "key", name=op.f("pk_trail_tag")),
    )


def _trail_region() -> None:
    op.create_table(
        "trail_region",
        sa.Column("trail_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.Column("delivery_error", text, nullable=False),
        sa.Column("digested_at", sa.BigInteger(), nullable=True),
        sa.Column("digest_error", text, nullable=False),
        sa.ForeignKeyConstraint(["trail_id"], ["trail.id"], name=op.f("fk_trail_region_trail_id_trail")),
        sa.PrimaryKeyConstraint("trail_id", "region", name=op.f("pk_trail_region")),
    )


def _trail_log_file() -> None:
    op.create_table(
        "trail_log_file",
        sa.Column("trail_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("object", text, nullable=False),
        sa.Column("bucket", text, nullable=False),
        sa.Column("hash", text, nullable=False),
        sa.Column("oldest_at", sa.BigInteger(), nullable=False),
        sa.Column("newest_at", sa.BigInteger(), nullable=False),
        sa.Column("delivered_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("trail_id", "region", "object", name=op.f("pk_trail_log_file")),
    )
    op.create_index("ix_trail_log_file_delivered", "trail_log_file", ["trail_id", "delivered_at"], unique=False)


def _trail_chain() -> None:
    op.create_table(
        "trail_chain",
        sa.Column("id", text, nullable=False),
        sa.Column("trail_id", text, nullable=False),
        sa.Column("account_id", text, nullable=False),
        sa.Column("home_region", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("prefix", text, nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("planned_at", sa.BigInteger(), nullable=True),
        sa.Column("planned_key", text, nullable=False),
        sa.Column("head_bucket", text, nullable=False),
        sa.Column("head_object", text, nullable=False),
        sa.Column("head_hash", text, nullable=False),
        sa.Column("head_signature", text, nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_trail_chain_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trail_chain")),
    )
    op.create_index(op.f("ix_trail_chain_trail_id"), "trail_chain", ["trail_id"], unique=False)


def _trail_key() -> None:
    op.create_table(
        "trail_key",
        sa.Column("fingerprint", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("public", sa.LargeBinary(), nullable=False),
        sa.Column("private", sa.LargeBinary(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_trail_key")),
    )
    op.create_index(op.f("ix_trail_key_region"), "trail_key", ["region"], unique=False)
