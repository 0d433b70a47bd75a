"""Keys that another Key Management Service has."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make their table."""
    op.create_table(
        "remote_key",
        sa.Column("arn", text, nullable=False),
        sa.Column("spec", text, nullable=False),
        sa.Column("state", text, nullable=False),
        sa.Column("public", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("arn", name=op.f("pk_remote_key")),
    )
