"""Points of metrics."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    _series()
    _point()
    op.create_table(
        "metric_gauge",
        sa.Column("subject", text, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_metric_gauge")),
    )
    op.create_table(
        "metric_journal",
        sa.Column("journal", text, nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("journal", name=op.f("pk_metric_journal")),
    )


def _series() -> None:
    op.create_table(
        "metric_series",
        sa.Column("id", text, nullable=False),
        sa.Column("metric_id", text, nullable=False),
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("namespace", text, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("dimensions", text, nullable=False),
        sa.Column("unit", text, nullable=False),
        sa.Column("hold", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_metric_series")),
    )
    op.create_index(op.f("ix_metric_series_metric_id"), "metric_series", ["metric_id"], unique=False)
    op.create_index(
        "ix_metric_series_listing",
        "metric_series",
        ["account_id", "region", "namespace", "name", "metric_id"],
        unique=False,
    )


def _point() -> None:
    op.create_table(
        "metric_point",
        sa.Column("series_id", text, nullable=False),
        sa.Column("resolution", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("samples", sa.Double(), nullable=False),
        sa.Column("total", sa.Double(), nullable=False),
        sa.Column("minimum", sa.Double(), nullable=False),
        sa.Column("maximum", sa.Double(), nullable=False),
        sa.Column("sketch", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("series_id", "resolution", "at", name=op.f("pk_metric_point")),
        sqlite_with_rowid=False,
    )
