"""Scanning: its settings, scans of images and their findings, inventories of layers."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    _of_registries()
    _image_scan()
    _image_scan_findings()
    _layer_inventory()


def _of_registries() -> None:
    op.create_table(
        "registry_scanning",
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("scan_type", text, nullable=False),
        sa.Column("rules", text, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_registry_scanning_account_id_account")),
        sa.PrimaryKeyConstraint("account_id", "region", name=op.f("pk_registry_scanning")),
    )
    op.create_table(
        "scan_count",
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.Column("scans", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_scan_count_account_id_account")),
        sa.PrimaryKeyConstraint("account_id", "region", "hour", name=op.f("pk_scan_count")),
    )


def _image_scan() -> None:
    op.create_table(
        "image_scan",
        sa.Column("repository_id", text, nullable=False),
        sa.Column("digest", text, nullable=False),
        sa.Column("type", text, nullable=False),
        sa.Column("id", text, nullable=False),
        sa.Column("status", text, nullable=False),
        sa.Column("description", text, nullable=False),
        sa.Column("queued_at", sa.BigInteger(), nullable=False),
        sa.Column("counted_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger()),
        sa.Column("completed_at", sa.BigInteger()),
        sa.Column("source_updated_at", sa.BigInteger()),
        sa.Column("severities", text, nullable=False),
        sa.Column("lacking", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger()),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id", "digest"],
            ["manifest.repository_id", "manifest.digest"],
            name=op.f("fk_image_scan_repository_id_digest_manifest"),
        ),
        sa.PrimaryKeyConstraint("repository_id", "digest", "type", name=op.f("pk_image_scan")),
    )
    waiting, lacking = sa.text("due_at IS NOT NULL"), sa.text("lacking = 1")
    op.create_index(
        op.f("ix_image_scan_due_at"), "image_scan", ["due_at"], sqlite_where=waiting, postgresql_where=waiting
    )
    op.create_index(
        op.f("ix_image_scan_lacking"),
        "image_scan",
        ["repository_id", "digest"],
        sqlite_where=lacking,
        postgresql_where=lacking,
    )


def _image_scan_findings() -> None:
    op.create_table(
        "image_scan_findings",
        sa.Column("repository_id", text, nullable=False),
        sa.Column("digest", text, nullable=False),
        sa.Column("type", text, nullable=False),
        sa.Column("part", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id", "digest", "type"],
            ["image_scan.repository_id", "image_scan.digest", "image_scan.type"],
            name=op.f("fk_image_scan_findings_repository_id_digest_type_image_scan"),
        ),
        sa.PrimaryKeyConstraint("repository_id", "digest", "type", "part", name=op.f("pk_image_scan_findings")),
    )


def _layer_inventory() -> None:
    op.create_table(
        "layer_inventory",
        sa.Column("blob_id", text, nullable=False),
        sa.Column("version", text, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["blob_id"], ["blob.id"], name=op.f("fk_layer_inventory_blob_id_blob")),
        sa.PrimaryKeyConstraint("blob_id", "version", name=op.f("pk_layer_inventory")),
    )
