"""Pull-through cache rules and what is known of upstreams."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    _pull_through_rule()
    _of_repositories()
    _arriving_image()
    op.create_table(
        "upstream_fetch",
        sa.Column("name", text, nullable=False),
        sa.Column("holder", text, nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_upstream_fetch")),
    )
    op.create_index(op.f("ix_upstream_fetch_expires_at"), "upstream_fetch", ["expires_at"])


def _pull_through_rule() -> None:
    op.create_table(
        "pull_through_rule",
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("prefix", text, nullable=False),
        sa.Column("shown", text, nullable=False),
        sa.Column("upstream_registry", text, nullable=False),
        sa.Column("upstream_url", text, nullable=False),
        sa.Column("upstream_prefix", text, nullable=False),
        sa.Column("credential_arn", text, nullable=False),
        sa.Column("custom_role_arn", text, nullable=False),
        sa.Column("ttl_seconds", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_pull_through_rule_account_id_account")),
        sa.PrimaryKeyConstraint("account_id", "region", "prefix", name=op.f("pk_pull_through_rule")),
    )


def _of_repositories() -> None:
    for table, columns, key in (
        ("cached_repository", [sa.Column("created_at", sa.BigInteger(), nullable=False)], []),
        (
            "cached_tag",
            [
                sa.Column("name", text, nullable=False),
                sa.Column("checked_at", sa.BigInteger(), nullable=False),
            ],
            ["name"],
        ),
        (
            "cached_referrers",
            [
                sa.Column("subject", text, nullable=False),
                sa.Column("body", text, nullable=False),
                sa.Column("checked_at", sa.BigInteger(), nullable=False),
            ],
            ["subject"],
        ),
    ):
        op.create_table(
            table,
            sa.Column("repository_id", text, nullable=False),
            *columns,
            sa.ForeignKeyConstraint(
                ["repository_id"], ["repository.id"], name=op.f(f"fk_{table}_repository_id_repository")
            ),
            sa.PrimaryKeyConstraint("repository_id", *key, name=op.f(f"pk_{table}")),
        )


def _arriving_image() -> None:
    op.create_table(
        "arriving_image",
        sa.Column("repository_id", text, nullable=False),
        sa.Column("digest", text, nullable=False),
        sa.Column("tags", text, nullable=False),
        sa.Column("media_type", text, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name=op.f("fk_arriving_image_repository_id_repository")
        ),
        sa.PrimaryKeyConstraint("repository_id", "digest", name=op.f("pk_arriving_image")),
    )
    op.create_index(op.f("ix_arriving_image_expires_at"), "arriving_image", ["expires_at"])
    op.create_table(
        "arriving_blob",
        sa.Column("repository_id", text, nullable=False),
        sa.Column("manifest_digest", text, nullable=False),
        sa.Column("digest", text, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id", "manifest_digest"],
            ["arriving_image.repository_id", "arriving_image.digest"],
            name=op.f("fk_arriving_blob_repository_id_manifest_digest_arriving_image"),
        ),
        sa.PrimaryKeyConstraint("repository_id", "manifest_digest", "digest", name=op.f("pk_arriving_blob")),
    )
    op.create_index("ix_arriving_blob_digest", "arriving_blob", ["repository_id", "digest"])
