"""Pages of images and referrers, and admission."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

_SHOWN = (
    *("repository_id", "is_tagged", "status", "digest", "media_type", "kind", "artifact_type", "subject"),
    *("image_size", "pushed_at", "last_pulled_at", "archived_at", "activated_at"),
)


def upgrade() -> None:
    """Mark what is tagged, make the indexes that lists are read from, and what admission asks for."""
    op.add_column("manifest", sa.Column("is_tagged", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute(
        "UPDATE manifest SET is_tagged = 1 WHERE EXISTS (SELECT 1 FROM tag "
        "WHERE tag.repository_id = manifest.repository_id AND tag.digest = manifest.digest)"
    )
    op.drop_index(op.f("ix_manifest_status"), "manifest")
    op.create_index(op.f("ix_manifest_listed"), "manifest", _SHOWN)
    _make("ix_manifest_stored_away", ["repository_id", "digest"], "status != 'ACTIVE'")
    op.drop_index(op.f("ix_manifest_subject"), "manifest")
    _make("ix_manifest_subject", ["repository_id", "subject", "status", "digest"], "subject IS NOT NULL")
    by_type = ["repository_id", "subject", "artifact_type", "status", "digest"]
    _make("ix_manifest_artifact_type", by_type, "subject IS NOT NULL")
    _admission()


def _admission() -> None:
    op.add_column("repository_admission", sa.Column("digest_only", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("repository_admission", sa.Column("public_keys", text, nullable=False, server_default="[]"))
    op.create_table(
        "image_signature",
        sa.Column("repository_id", text, nullable=False),
        sa.Column("digest", text, nullable=False),
        sa.Column("signed", text, nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("repository_id", "digest", name=op.f("pk_image_signature")),
        sa.ForeignKeyConstraint(
            ["repository_id", "digest"],
            ["manifest.repository_id", "manifest.digest"],
            name=op.f("fk_image_signature_repository_id_digest_manifest"),
        ),
    )
    due = sa.text("due_at IS NOT NULL")
    op.create_index(
        op.f("ix_image_signature_due_at"), "image_signature", ["due_at"], sqlite_where=due, postgresql_where=due
    )
    op.create_index(op.f("ix_image_signature_signed"), "image_signature", ["repository_id", "signed"])


def _make(name: str, columns: Sequence[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(op.f(name), "manifest", columns, sqlite_where=condition, postgresql_where=condition)
