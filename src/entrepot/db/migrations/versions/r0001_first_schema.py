"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make every table."""
    _account()
    _blob()
    _gc_hold()
    _journal_offset()
    _lease()
    _outbox()
    _access_key()
    _repository()
    _manifest()
    _repository_blob()
    _resource_tag()
    _upload()
    _manifest_reference()
    _tag()


def _account() -> None:
    op.create_table(
        "account",
        sa.Column("id", text, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("stamp", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
    )


def _blob() -> None:
    op.create_table(
        "blob",
        sa.Column("id", text, nullable=False),
        sa.Column("store", text, nullable=False),
        sa.Column("digest", text, nullable=False),
        sa.Column("location", text, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("state", text, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("verified_at", sa.BigInteger(), nullable=False),
        sa.Column("deleting_since", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blob")),
        sa.UniqueConstraint("store", "location", name=op.f("uq_blob_store_location")),
    )
    op.create_index(
        "ix_blob_deleting_since",
        "blob",
        ["deleting_since"],
        unique=False,
        sqlite_where=sa.text("state = 'deleting'"),
        postgresql_where=sa.text("state = 'deleting'"),
    )
    op.create_index("ix_blob_verified_at", "blob", ["store", "verified_at"], unique=False)
    op.create_index(
        "uq_blob_held_digest",
        "blob",
        ["store", "digest"],
        unique=True,
        sqlite_where=sa.text("state != 'deleting'"),
        postgresql_where=sa.text("state != 'deleting'"),
    )


def _gc_hold() -> None:
    op.create_table(
        "gc_hold",
        sa.Column("id", text, nullable=False),
        sa.Column("reason", text, nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gc_hold")),
    )


def _journal_offset() -> None:
    op.create_table(
        "journal_offset",
        sa.Column("journal", text, nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("journal", name=op.f("pk_journal_offset")),
    )


def _lease() -> None:
    op.create_table(
        "lease",
        sa.Column("name", text, nullable=False),
        sa.Column("holder", text, nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("result", text, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", text, nullable=False),
        sa.Column("kind", text, nullable=False),
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("repository_id", text, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("body", text, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index("ix_outbox_order", "outbox", ["kind", "repository_id", "revision", "ordinal"], unique=False)


def _access_key() -> None:
    op.create_table(
        "access_key",
        sa.Column("id", text, nullable=False),
        sa.Column("account_id", text, nullable=False),
        sa.Column("principal_kind", text, nullable=False),
        sa.Column("principal_id", text, nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("status", text, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_access_key_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_key")),
    )
    op.create_index(op.f("ix_access_key_account_id"), "access_key", ["account_id"], unique=False)


def _repository() -> None:
    op.create_table(
        "repository",
        sa.Column("id", text, nullable=False),
        sa.Column("kind", text, nullable=False),
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("mutability", text, nullable=False),
        sa.Column("exclusion_filters", text, nullable=False),
        sa.Column("scan_on_push", sa.BigInteger(), nullable=False),
        sa.Column("encryption", text, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("stamp", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_repository_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repository")),
    )
    op.create_index("ix_repository_deleted_at", "repository", ["deleted_at"], unique=False)
    op.create_index(
        "uq_repository_live_name",
        "repository",
        ["account_id", "kind", "region", "name"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )


def _manifest() -> None:
    op.create_table(
        "manifest",
        sa.Column("repository_id", text, nullable=False),
        sa.Column("digest", text, nullable=False),
        sa.Column("media_type", text, nullable=False),
        sa.Column("kind", text, nullable=False),
        sa.Column("artifact_type", text, nullable=True),
        sa.Column("subject", text, nullable=True),
        sa.Column("annotations", text, nullable=False),
        sa.Column("image_size", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("pushed_at", sa.BigInteger(), nullable=False),
        sa.Column("last_pulled_at", sa.BigInteger(), nullable=True),
        sa.Column("pull_count", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name=op.f("fk_manifest_repository_id_repository")
        ),
        sa.PrimaryKeyConstraint("repository_id", "digest", name=op.f("pk_manifest")),
    )
    op.create_index("ix_manifest_subject", "manifest", ["repository_id", "subject", "digest"], unique=False)


def _repository_blob() -> None:
    op.create_table(
        "repository_blob",
        sa.Column("repository_id", text, nullable=False),
        sa.Column("digest", text, nullable=False),
        sa.Column("blob_id", text, nullable=False),
        sa.Column("linked_at", sa.BigInteger(), nullable=False),
        sa.Column("condemned_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["blob_id"], ["blob.id"], name=op.f("fk_repository_blob_blob_id_blob")),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name=op.f("fk_repository_blob_repository_id_repository")
        ),
        sa.PrimaryKeyConstraint("repository_id", "digest", name=op.f("pk_repository_blob")),
    )
    op.create_index(op.f("ix_repository_blob_blob_id"), "repository_blob", ["blob_id"], unique=False)
    op.create_index(
        "ix_repository_blob_condemned_at",
        "repository_blob",
        ["condemned_at"],
        unique=False,
        sqlite_where=sa.text("condemned_at IS NOT NULL"),
        postgresql_where=sa.text("condemned_at IS NOT NULL"),
    )
    op.create_index("ix_repository_blob_linked_at", "repository_blob", ["linked_at"], unique=False)


def _resource_tag() -> None:
    op.create_table(
        "resource_tag",
        sa.Column("repository_id", text, nullable=False),
        sa.Column("key", text, nullable=False),
        sa.Column("value", text, nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name=op.f("fk_resource_tag_repository_id_repository")
        ),
        sa.PrimaryKeyConstraint("repository_id", "key", name=op.f("pk_resource_tag")),
    )


def _upload() -> None:
    op.create_table(
        "upload",
        sa.Column("id", text, nullable=False),
        sa.Column("repository_id", text, nullable=False),
        sa.Column("principal_id", text, nullable=False),
        sa.Column("algorithm", text, nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("hashed_to", sa.BigInteger(), nullable=False),
        sa.Column("digest", text, nullable=False),
        sa.Column("boot_id", text, nullable=False),
        sa.Column("parts", sa.BigInteger(), nullable=False),
        sa.Column("last_part", sa.BigInteger(), nullable=True),
        sa.Column("short_part", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("active_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["repository_id"], ["repository.id"], name=op.f("fk_upload_repository_id_repository")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
    )
    op.create_index(op.f("ix_upload_active_at"), "upload", ["active_at"], unique=False)
    op.create_index(op.f("ix_upload_repository_id"), "upload", ["repository_id"], unique=False)


def _manifest_reference() -> None:
    op.create_table(
        "manifest_reference",
        sa.Column("repository_id", text, nullable=False),
        sa.Column("manifest_digest", text, nullable=False),
        sa.Column("kind", text, nullable=False),
        sa.Column("digest", text, nullable=False),
        sa.Column("media_type", text, nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id", "manifest_digest"],
            ["manifest.repository_id", "manifest.digest"],
            name=op.f("fk_manifest_reference_repository_id_manifest_digest_manifest"),
        ),
        sa.PrimaryKeyConstraint(
            "repository_id", "manifest_digest", "kind", "digest", name=op.f("pk_manifest_reference")
        ),
    )
    op.create_index("ix_manifest_reference_digest", "manifest_reference", ["repository_id", "digest"], unique=False)


def _tag() -> None:
    op.create_table(
        "tag",
        sa.Column("repository_id", text, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("digest", text, nullable=False),
        sa.Column("pointed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id", "digest"],
            ["manifest.repository_id", "manifest.digest"],
            name=op.f("fk_tag_repository_id_digest_manifest"),
        ),
        sa.PrimaryKeyConstraint("repository_id", "name", name=op.f("pk_tag")),
    )
    op.create_index("ix_tag_digest", "tag", ["repository_id", "digest", "name"], unique=False)
