"""Enhanced scanning: its settings, findings, filters, exports, and where images are in use."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.add_column("image_scan", sa.Column("result", text, nullable=True))
    op.add_column("registry_scanning", sa.Column("changed_at", sa.BigInteger(), nullable=True))
    op.add_column("registry_scanning", sa.Column("swept_at", sa.BigInteger(), nullable=True))
    _configuration()
    _finding()
    _filter()
    _suppressing()
    _export()
    _in_use()
    _adapter()


def _configuration() -> None:
    op.create_table(
        "inspector_configuration",
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("rescan_duration", text, nullable=False),
        sa.Column("pull_date_rescan_duration", text, nullable=False),
        sa.Column("pull_date_rescan_mode", text, nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_inspector_configuration_account_id_account")
        ),
        sa.PrimaryKeyConstraint("account_id", "region", name=op.f("pk_inspector_configuration")),
    )


def _finding() -> None:
    op.create_table(
        "inspector_finding",
        sa.Column("id", text, nullable=False),
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("repository_id", text, nullable=False),
        sa.Column("repository_name", text, nullable=False),
        sa.Column("digest", text, nullable=False),
        sa.Column("vulnerability", text, nullable=False),
        sa.Column("status", text, nullable=False),
        sa.Column("severity", text, nullable=False),
        sa.Column("score", sa.BigInteger(), nullable=False),
        sa.Column("epss", sa.BigInteger(), nullable=False),
        sa.Column("fix_available", text, nullable=False),
        sa.Column("exploit_available", text, nullable=False),
        sa.Column("first_observed_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger()),
        sa.Column("suppressed_by", text, nullable=False),
        sa.Column("justification", text, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_inspector_finding_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspector_finding")),
        sa.UniqueConstraint(
            "repository_id",
            "digest",
            "vulnerability",
            name=op.f("uq_inspector_finding_repository_id_digest_vulnerability"),
        ),
    )
    op.create_index("ix_inspector_finding_listing", "inspector_finding", ["account_id", "region", "id"])
    closed = sa.text("closed_at IS NOT NULL")
    op.create_index(
        "ix_inspector_finding_closed_at",
        "inspector_finding",
        ["closed_at"],
        sqlite_where=closed,
        postgresql_where=closed,
    )


def _filter() -> None:
    op.create_table(
        "inspector_filter",
        sa.Column("id", text, nullable=False),
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("action", text, nullable=False),
        sa.Column("description", text, nullable=False),
        sa.Column("reason", text, nullable=False),
        sa.Column("criteria", text, nullable=False),
        sa.Column("tags", text, nullable=False),
        sa.Column("owner", text, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_inspector_filter_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspector_filter")),
        sa.UniqueConstraint("account_id", "region", "name", name=op.f("uq_inspector_filter_account_id_region_name")),
    )


def _suppressing() -> None:
    op.create_table(
        "inspector_suppressing",
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.Column("repository_id", text, nullable=False),
        sa.Column("digest", text, nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_inspector_suppressing_account_id_account")
        ),
        sa.PrimaryKeyConstraint("account_id", "region", name=op.f("pk_inspector_suppressing")),
    )


def _export() -> None:
    op.create_table(
        "inspector_export",
        sa.Column("id", text, nullable=False),
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("status", text, nullable=False),
        sa.Column("format", text, nullable=False),
        sa.Column("criteria", text, nullable=False),
        sa.Column("destination", text, nullable=False),
        sa.Column("error_code", text, nullable=False),
        sa.Column("error_message", text, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_inspector_export_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspector_export")),
    )


def _in_use() -> None:
    op.create_table(
        "image_in_use",
        sa.Column("repository_id", text, nullable=False),
        sa.Column("digest", text, nullable=False),
        sa.Column("cluster", text, nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("last_in_use_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id", "digest"],
            ["manifest.repository_id", "manifest.digest"],
            name=op.f("fk_image_in_use_repository_id_digest_manifest"),
        ),
        sa.PrimaryKeyConstraint("repository_id", "digest", "cluster", name=op.f("pk_image_in_use")),
    )


def _adapter() -> None:
    op.create_table(
        "adapter_scan",
        sa.Column("id", text, nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("status", text, nullable=False),
        sa.Column("error", text, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("due_at", sa.BigInteger()),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adapter_scan")),
    )
    for column in ("due_at", "ended_at"):
        some = sa.text(f"{column} IS NOT NULL")
        op.create_index(f"ix_adapter_scan_{column}", "adapter_scan", [column], sqlite_where=some, postgresql_where=some)
    op.create_table(
        "adapter_report",
        sa.Column("scan_id", text, nullable=False),
        sa.Column("media_type", text, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["scan_id"], ["adapter_scan.id"], name=op.f("fk_adapter_report_scan_id_adapter_scan")),
        sa.PrimaryKeyConstraint("scan_id", "media_type", name=op.f("pk_adapter_report")),
    )
