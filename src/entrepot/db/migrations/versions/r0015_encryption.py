"""Blobs that are encrypted with a key, and grants that are found by what they are limited to."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_HELD = sa.text("state != 'deleting'")
_LIMITED = sa.text("SELECT id, constraints FROM key_grant WHERE constraints != '{}'")
_SCOPE = sa.text("UPDATE key_grant SET scope = :scope WHERE id = :id")


def upgrade() -> None:
    """Make the columns; of two blobs with one digest each has its key."""
    for table in ("blob", "upload"):
        op.add_column(table, sa.Column("sealed_by", text, nullable=False, server_default=""))
        op.add_column(table, sa.Column("sealed_key", sa.LargeBinary(), nullable=True))
        op.add_column(table, sa.Column("sealed_for", text, nullable=True))
    op.drop_index("uq_blob_held_digest", "blob")
    op.create_index(
        "uq_blob_held_digest",
        "blob",
        ["store", "digest", "sealed_by"],
        unique=True,
        sqlite_where=_HELD,
        postgresql_where=_HELD,
    )
    op.add_column("key_grant", sa.Column("scope", text, nullable=False, server_default=""))
    _scopes()
    op.drop_index("ix_key_grant_grantee", "key_grant")
    op.create_index("ix_key_grant_grantee", "key_grant", ["key_id", "grantee", "scope"])
    op.create_index("ix_key_grant_name", "key_grant", ["key_id", "name"])


def _scopes() -> None:
    """The first pair of each grant's encryption context, as db/key_grants.py writes it."""
    connection = op.get_bind()
    for grant_id, told in connection.execute(_LIMITED).all():
        pairs = sorted(pair for context in json.loads(told).values() for pair in context.items())
        if pairs:
            connection.execute(_SCOPE, {"id": grant_id, "scope": "=".join(pairs[0])})
