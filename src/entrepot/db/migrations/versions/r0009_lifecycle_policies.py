"""Lifecycle policies of repositories: their texts, previews and what was evaluated."""

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
