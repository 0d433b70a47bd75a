"""Service quotas that an operator set, and bytes that are kept."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables, and count what repositories hold."""
    _quota("service_quota", "name")
    _quota("byte_quota", "prefix")
    _quota_credit()
    _byte_usage()
    _byte_reservation()
    op.execute(
        "INSERT INTO byte_usage (scope, shard, bytes) "
        "SELECT held.repository_id, 0, SUM(blob.size) FROM repository_blob held "
        "JOIN blob ON blob.id = held.blob_id GROUP BY held.repository_id"
    )
    op.execute(
        "INSERT INTO byte_usage (scope, shard, bytes) "
        "SELECT r.kind || '/' || r.account_id || '/' || r.region, 0, SUM(u.bytes) FROM byte_usage u "
        "JOIN repository r ON r.id = u.scope GROUP BY r.kind, r.account_id, r.region"
    )


def _quota(table: str, of: str) -> None:
    op.create_table(
        table,
        sa.Column("account_id", text, nullable=False),
        sa.Column("kind", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column(of, text, nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("set_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f(f"fk_{table}_account_id_account")),
        sa.PrimaryKeyConstraint("account_id", "kind", "region", of, name=op.f(f"pk_{table}")),
    )


def _quota_credit() -> None:
    op.create_table(
        "quota_credit",
        sa.Column("scope", text, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("most", sa.BigInteger(), nullable=False),
        sa.Column("credit", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "name", name=op.f("pk_quota_credit")),
    )


def _byte_usage() -> None:
    op.create_table(
        "byte_usage",
        sa.Column("scope", text, nullable=False),
        sa.Column("shard", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "shard", name=op.f("pk_byte_usage")),
    )


def _byte_reservation() -> None:
    op.create_table(
        "byte_reservation",
        sa.Column("upload_id", text, nullable=False),
        sa.Column("repository_id", text, nullable=False),
        sa.Column("registry", text, nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("reserved_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("upload_id", name=op.f("pk_byte_reservation")),
    )
    op.create_index("ix_byte_reservation_reserved_at", "byte_reservation", ["reserved_at"], unique=False)
    op.create_index("ix_byte_reservation_repository_id", "byte_reservation", ["repository_id"], unique=False)
    op.create_index("ix_byte_reservation_registry", "byte_reservation", ["registry"], unique=False)
