"""Signing profiles, signatures and the rules that make them."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    _authority()
    _profile()
    _version()
    _permission()
    _tag()
    _job()
    _rules()
    _image()


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, text, nullable=False) for name in names]


def _numbers(*names: str, nullable: bool = False) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=nullable) for name in names]


def _bytes(*names: str) -> list[sa.Column[bytes]]:
    return [sa.Column(name, sa.LargeBinary(), nullable=False) for name in names]


def _account(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f(f"fk_{table}_account_id_account"))


def _of_profile(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_profile_id_signing_profile")
    return sa.ForeignKeyConstraint(["profile_id"], ["signing_profile.id"], name=name)


def _authority() -> None:
    op.create_table(
        "signing_authority",
        *_texts("account_id"),
        *_bytes("certificate", "sealed"),
        *_numbers("created_at"),
        _account("signing_authority"),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_signing_authority")),
    )


def _profile() -> None:
    op.create_table(
        "signing_profile",
        *_texts("id", "account_id", "region", "name", "platform", "version"),
        *_numbers("validity_value"),
        *_texts("validity_type", "parameters", "status", "status_reason", "revision"),
        *_numbers("created_at"),
        _account("signing_profile"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_profile")),
        sa.UniqueConstraint("account_id", "region", "name", name=op.f("uq_signing_profile_account_id_region_name")),
    )


def _version() -> None:
    op.create_table(
        "signing_profile_version",
        *_texts("profile_id", "version"),
        *_bytes("sealed", "public"),
        *_texts("key_arn"),
        *_numbers("signatures", "revocations", "created_at"),
        *_numbers("revoked_from", "revoked_at", nullable=True),
        sa.Column("revoked_by", text),
        sa.Column("reason", text),
        _of_profile("signing_profile_version"),
        sa.PrimaryKeyConstraint("profile_id", "version", name=op.f("pk_signing_profile_version")),
    )


def _permission() -> None:
    op.create_table(
        "signing_permission",
        *_texts("profile_id", "statement_id", "action", "principal", "version"),
        _of_profile("signing_permission"),
        sa.PrimaryKeyConstraint("profile_id", "statement_id", name=op.f("pk_signing_permission")),
    )


def _tag() -> None:
    op.create_table(
        "signing_tag",
        *_texts("profile_id", "key", "value"),
        _of_profile("signing_tag"),
        sa.PrimaryKeyConstraint("profile_id", "key", name=op.f("pk_signing_tag")),
    )


def _job() -> None:
    op.create_table(
        "signing_job",
        *_texts("id", "account_id", "region", "profile_id", "version", "serial", "invoker", "requested_by"),
        *_numbers("created_at", "expires_at"),
        *_numbers("revoked_at", nullable=True),
        sa.Column("revoked_by", text),
        sa.Column("reason", text),
        sa.ForeignKeyConstraint(
            ["profile_id", "version"],
            ["signing_profile_version.profile_id", "signing_profile_version.version"],
            name="fk_signing_job_version_signing_profile_version",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_job")),
    )
    op.create_index("ix_signing_job_place", "signing_job", ["account_id", "region", "created_at"], unique=False)
    op.create_index("ix_signing_job_version", "signing_job", ["profile_id", "version", "created_at"], unique=False)


def _rules() -> None:
    op.create_table(
        "registry_signing",
        *_texts("account_id", "region", "rules"),
        _account("registry_signing"),
        sa.PrimaryKeyConstraint("account_id", "region", name=op.f("pk_registry_signing")),
    )


def _image() -> None:
    op.create_table(
        "image_signing",
        *_texts("repository_id", "digest", "profile", "status", "failure_code", "failure_reason", "pusher"),
        *_numbers("tries"),
        *_numbers("due_at", nullable=True),
        *_texts("signature", "job"),
        sa.ForeignKeyConstraint(
            ["repository_id", "digest"],
            ["manifest.repository_id", "manifest.digest"],
            name="fk_image_signing_image_manifest",
        ),
        sa.PrimaryKeyConstraint("repository_id", "digest", "profile", name=op.f("pk_image_signing")),
    )
    waits = sa.text("due_at IS NOT NULL")
    op.create_index(
        "ix_image_signing_due_at",
        "image_signing",
        ["due_at"],
        unique=False,
        sqlite_where=waits,
        postgresql_where=waits,
    )
    op.create_index("ix_image_signing_signature", "image_signing", ["repository_id", "signature"], unique=False)
