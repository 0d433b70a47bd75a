"""Enhanced scanning: its settings, findings, filters, exports, images in use; exceptions and admission."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

_LISTED_BY = ("rank", "score", "epss", "status", "repository_name", "first_observed_at", "vendor_severity", "source")
_REMATCHES = ("pushed_at", "due_at", "tries", "queued_at", "since")


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
    _exception()
    _vex()
    _standing()
    _admission()
    _rematching()
    _sboms()


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
        sa.Column("rank", sa.BigInteger(), nullable=False),
        sa.Column("severity", text, nullable=False),
        sa.Column("score", sa.BigInteger(), nullable=False),
        sa.Column("epss", sa.BigInteger(), nullable=False),
        sa.Column("fix_available", text, nullable=False),
        sa.Column("exploit_available", text, nullable=False),
        sa.Column("first_observed_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger()),
        *_texts("suppressed_by", "justification", "title", "vendor_severity", "source"),
        sa.Column("pushed_at", sa.BigInteger(), nullable=False),
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
    op.create_index("ix_inspector_finding_digest", "inspector_finding", ["account_id", "region", "digest"])
    op.create_index(
        "ix_inspector_finding_vulnerability", "inspector_finding", ["account_id", "region", "vulnerability", "id"]
    )
    for column in (*_LISTED_BY, "pushed_at"):
        op.create_index(f"ix_inspector_finding_{column}", "inspector_finding", ["account_id", "region", column, "id"])
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


def _exception() -> None:
    op.create_table(
        "vulnerability_exception",
        *_texts("id", "account_id", "region", "repository", "repository_id", "digest", "vulnerability", "aliases"),
        *_texts("package", "status", "justification", "told", "owner", "origin"),
        sa.Column("said_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_vulnerability_exception_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vulnerability_exception")),
    )
    op.create_index("ix_vulnerability_exception_listing", "vulnerability_exception", ["account_id", "region", "id"])
    _index("vulnerability_exception", "origin", ["repository_id", "origin"], "repository_id != ''")
    _index("vulnerability_exception", "image", ["repository_id", "digest"], "repository_id != ''")
    _index("vulnerability_exception", "expires_at", ["expires_at"], "expires_at IS NOT NULL")


def _vex() -> None:
    op.create_table(
        "repository_vex",
        *_texts("repository_id", "owner", "public_keys"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name=op.f("fk_repository_vex_repository_id_repository")
        ),
        sa.PrimaryKeyConstraint("repository_id", name=op.f("pk_repository_vex")),
    )
    op.create_table(
        "vex_referrer",
        *_texts("repository_id", "digest", "owner", "outcome"),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(
            ["repository_id", "digest"],
            ["manifest.repository_id", "manifest.digest"],
            name=op.f("fk_vex_referrer_repository_id_digest_manifest"),
        ),
        sa.PrimaryKeyConstraint("repository_id", "digest", name=op.f("pk_vex_referrer")),
    )
    _index("vex_referrer", "due_at", ["due_at"], "due_at IS NOT NULL")


def _standing() -> None:
    op.create_table(
        "image_standing",
        *_texts("repository_id", "digest", "type", "status", "description", "raw", "effective", "worst"),
        sa.Column("due_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(
            ["repository_id", "digest"],
            ["manifest.repository_id", "manifest.digest"],
            name=op.f("fk_image_standing_repository_id_digest_manifest"),
        ),
        sa.PrimaryKeyConstraint("repository_id", "digest", "type", name=op.f("pk_image_standing")),
    )
    _index("image_standing", "due_at", ["due_at"], "due_at IS NOT NULL")


def _admission() -> None:
    op.create_table(
        "repository_admission",
        *_texts("repository_id", "mode", "max_severity", "unscanned"),
        sa.Column("grace_seconds", sa.BigInteger(), nullable=False),
        *_texts("owner"),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name=op.f("fk_repository_admission_repository_id_repository")
        ),
        sa.PrimaryKeyConstraint("repository_id", name=op.f("pk_repository_admission")),
    )


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, text, nullable=False) for name in names]


def _index(table: str, name: str, columns: list[str], where: str) -> None:
    only = sa.text(where)
    op.create_index(f"ix_{table}_{name}", table, columns, sqlite_where=only, postgresql_where=only)


def _sboms() -> None:
    op.create_table(
        "registry_sboms",
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_registry_sboms_account_id_account")),
        sa.PrimaryKeyConstraint("account_id", "region", name=op.f("pk_registry_sboms")),
    )
    op.create_table(
        "made_sbom",
        *_texts("repository_id", "digest", "subject"),
        sa.ForeignKeyConstraint(
            ["repository_id", "digest"],
            ["manifest.repository_id", "manifest.digest"],
            name=op.f("fk_made_sbom_repository_id_digest_manifest"),
        ),
        sa.PrimaryKeyConstraint("repository_id", "digest", name=op.f("pk_made_sbom")),
    )
    op.create_index("ix_made_sbom_subject", "made_sbom", ["repository_id", "subject"])
    op.create_table(
        "finding_text",
        *_texts("account_id", "region", "vulnerability", "advisory", "description", "links"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_finding_text_account_id_account")),
        sa.PrimaryKeyConstraint("account_id", "region", "vulnerability", "advisory", name=op.f("pk_finding_text")),
    )


def _rematching() -> None:
    op.execute("DELETE FROM layer_inventory")  # made anew, with marks, when an image of theirs is scanned
    op.create_table(
        "layer_marks",
        sa.Column("blob_id", text, nullable=False),
        sa.Column("marks", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["blob_id"], ["blob.id"], name=op.f("fk_layer_marks_blob_id_blob")),
        sa.PrimaryKeyConstraint("blob_id", name=op.f("pk_layer_marks")),
    )
    op.create_table(
        "rematch_pass",
        *_texts("name", "place"),
        *(sa.Column(each, sa.BigInteger(), nullable=False) for each in ("matched", "target")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_rematch_pass")),
    )
    op.create_table(
        "image_rematch",
        *_texts("repository_id", "digest", "holder"),
        *(sa.Column(each, sa.BigInteger(), nullable=False) for each in _REMATCHES),
        sa.ForeignKeyConstraint(
            ["repository_id", "digest"],
            ["manifest.repository_id", "manifest.digest"],
            name=op.f("fk_image_rematch_repository_id_digest_manifest"),
        ),
        sa.PrimaryKeyConstraint("repository_id", "digest", name=op.f("pk_image_rematch")),
    )
    op.create_index("ix_image_rematch_pushed_at", "image_rematch", ["pushed_at"])
    op.create_table(
        "image_inventory",
        *_texts("repository_id", "digest", "version"),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id", "digest"],
            ["manifest.repository_id", "manifest.digest"],
            name=op.f("fk_image_inventory_repository_id_digest_manifest"),
        ),
        sa.PrimaryKeyConstraint("repository_id", "digest", name=op.f("pk_image_inventory")),
    )
