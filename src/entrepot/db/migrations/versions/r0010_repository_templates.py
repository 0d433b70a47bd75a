"""Repository creation templates; deletion protection and the trash."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    _creation_template()
    _of_registries_and_repositories()
    _trashed_image()


def _creation_template() -> None:
    op.create_table(
        "creation_template",
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("prefix", text, nullable=False),
        sa.Column("shown", text, nullable=False),
        sa.Column("description", text, nullable=False),
        sa.Column("encryption", text, nullable=False),
        sa.Column("resource_tags", text, nullable=False),
        sa.Column("mutability", text, nullable=False),
        sa.Column("exclusion_filters", text, nullable=False),
        sa.Column("repository_policy", text),
        sa.Column("lifecycle_policy", text, nullable=False),
        sa.Column("applied_for", text, nullable=False),
        sa.Column("custom_role_arn", text, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_creation_template_account_id_account")),
        sa.PrimaryKeyConstraint("account_id", "region", "prefix", name=op.f("pk_creation_template")),
    )


def _of_registries_and_repositories() -> None:
    op.create_table(
        "trash_setting",
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("grace_seconds", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_trash_setting_account_id_account")),
        sa.PrimaryKeyConstraint("account_id", "region", name=op.f("pk_trash_setting")),
    )
    op.create_table(
        "repository_protection",
        sa.Column("repository_id", text, nullable=False),
        sa.Column("owner", text, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name=op.f("fk_repository_protection_repository_id_repository")
        ),
        sa.PrimaryKeyConstraint("repository_id", name=op.f("pk_repository_protection")),
    )
    op.create_table(
        "trashed_repository",
        sa.Column("repository_id", text, nullable=False),
        sa.Column("deleted_by", text, nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name=op.f("fk_trashed_repository_repository_id_repository")
        ),
        sa.PrimaryKeyConstraint("repository_id", name=op.f("pk_trashed_repository")),
    )
    op.create_index(op.f("ix_trashed_repository_expires_at"), "trashed_repository", ["expires_at"])


def _trashed_image() -> None:
    op.create_table(
        "trashed_image",
        sa.Column("id", text, nullable=False),
        sa.Column("repository_id", text, nullable=False),
        sa.Column("deletion", text, nullable=False),
        sa.Column("digest", text, nullable=False),
        sa.Column("subject", text, nullable=False),
        sa.Column("tags", text, nullable=False),
        sa.Column("media_type", text, nullable=False),
        sa.Column("image_size", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("sbom_of", text, nullable=False),
        sa.Column("pushed_at", sa.BigInteger(), nullable=False),
        sa.Column("last_pulled_at", sa.BigInteger()),
        sa.Column("pull_count", sa.BigInteger(), nullable=False),
        sa.Column("deleted_by", text, nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name=op.f("fk_trashed_image_repository_id_repository")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trashed_image")),
    )
    op.create_index(op.f("ix_trashed_image_expires_at"), "trashed_image", ["expires_at"])
    op.create_index("ix_trashed_image_digest", "trashed_image", ["repository_id", "digest"])
    op.create_index("ix_trashed_image_subject", "trashed_image", ["repository_id", "subject"])
    op.create_table(
        "trashed_reference",
        sa.Column("image_id", text, nullable=False),
        sa.Column("kind", text, nullable=False),
        sa.Column("digest", text, nullable=False),
        sa.Column("repository_id", text, nullable=False),
        sa.ForeignKeyConstraint(
            ["image_id"], ["trashed_image.id"], name=op.f("fk_trashed_reference_image_id_trashed_image")
        ),
        sa.PrimaryKeyConstraint("image_id", "kind", "digest", name=op.f("pk_trashed_reference")),
    )
    op.create_index("ix_trashed_reference_digest", "trashed_reference", ["repository_id", "digest"])
