"""Storage classes of images, and whose pulls are not counted."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the columns and the table."""
    op.add_column("manifest", sa.Column("status", text, nullable=False, server_default="ACTIVE"))
    op.add_column("manifest", sa.Column("archived_at", sa.BigInteger(), nullable=True))
    op.add_column("manifest", sa.Column("activating_since", sa.BigInteger(), nullable=True))
    op.add_column("manifest", sa.Column("activated_at", sa.BigInteger(), nullable=True))
    op.create_index(op.f("ix_manifest_status"), "manifest", ["repository_id", "status", "digest"])
    activating = sa.text("activating_since IS NOT NULL")
    op.create_index(
        op.f("ix_manifest_activating_since"),
        "manifest",
        ["activating_since"],
        sqlite_where=activating,
        postgresql_where=activating,
    )
    op.add_column("registry", sa.Column("blob_mounting", text, nullable=False, server_default="ENABLED"))
    op.create_table(
        "pull_exclusion",
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("principal", text, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_pull_exclusion_account_id_account")),
        sa.PrimaryKeyConstraint("account_id", "region", "principal", name=op.f("pk_pull_exclusion")),
    )
