"""Event buses with their rules and targets, archives, replays, connections, API destinations."""

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
