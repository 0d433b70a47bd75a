"""Lifecycle policies of repositories: their texts, previews and what was evaluated."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "registry_lifecycle",
        *_texts("account_id", "region"),
        *_numbers("extended", "spares_in_use", "spares_pulled_days"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_registry_lifecycle_account_id_account")),
        sa.PrimaryKeyConstraint("account_id", "region", name=op.f("pk_registry_lifecycle")),
    )
    _policies()
    _previews()


def _policies() -> None:
    op.create_table(
        "lifecycle_policy",
        *_texts("repository_id", "id", "text", "failures"),
        *_numbers("version", "extended", "updated_at", "due_at"),
        sa.Column("evaluated_at", sa.BigInteger()),
        _of_repository("lifecycle_policy"),
        sa.PrimaryKeyConstraint("repository_id", name=op.f("pk_lifecycle_policy")),
    )
    op.create_index("ix_lifecycle_policy_due_at", "lifecycle_policy", ["due_at"])


def _previews() -> None:
    op.create_table(
        "lifecycle_preview",
        *_texts("repository_id", "id", "text", "status", "run"),
        *_numbers("extended", "tries", "started_at", "expiring", "transitioning"),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("due_at", sa.BigInteger()),
        _of_repository("lifecycle_preview"),
        sa.PrimaryKeyConstraint("repository_id", name=op.f("pk_lifecycle_preview")),
    )
    op.create_index("ix_lifecycle_preview_due_at", "lifecycle_preview", ["due_at"])
    op.create_table(
        "lifecycle_preview_image",
        *_texts("run", "repository_id", "digest", "tags", "action", "storage_class", "clusters"),
        *_numbers("ordinal", "is_tagged", "pushed_at", "priority", "spared"),
        sa.Column("pulled_at", sa.BigInteger()),
        _of_repository("lifecycle_preview_image"),
        sa.PrimaryKeyConstraint("run", "ordinal", name=op.f("pk_lifecycle_preview_image")),
    )
    op.create_index("ix_lifecycle_preview_image_digest", "lifecycle_preview_image", ["run", "digest"])
    op.create_index("ix_lifecycle_preview_image_run", "lifecycle_preview_image", ["repository_id", "run"])


def _of_repository(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_repository_id_repository")
    return sa.ForeignKeyConstraint(["repository_id"], ["repository.id"], name=name)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, text, nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]
