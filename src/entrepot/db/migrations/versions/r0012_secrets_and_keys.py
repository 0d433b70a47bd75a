"""Secrets Manager's secrets and Key Management Service's keys."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    _encryption_key()
    _key_material()
    _key_alias()
    _key_grant()
    _tags("key_tag", "key_id", "encryption_key")
    _secret()
    _secret_version()
    _secret_stage()
    _tags("secret_tag", "secret_id", "secret")


def _encryption_key() -> None:
    op.create_table(
        "encryption_key",
        sa.Column("id", text, nullable=False),
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("manager", text, nullable=False),
        sa.Column("spec", text, nullable=False),
        sa.Column("usage", text, nullable=False),
        sa.Column("description", text, nullable=False),
        sa.Column("state", text, nullable=False),
        sa.Column("policy", text, nullable=False),
        sa.Column("rotation_days", sa.BigInteger(), nullable=False),
        sa.Column("rotates_at", sa.BigInteger()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("deletes_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_encryption_key_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_encryption_key")),
    )
    op.create_index("ix_encryption_key_place", "encryption_key", ["account_id", "region", "id"], unique=False)
    op.create_index("ix_encryption_key_rotates_at", "encryption_key", ["rotates_at"], unique=False)
    op.create_index("ix_encryption_key_deletes_at", "encryption_key", ["deletes_at"], unique=False)


def _key_material() -> None:
    op.create_table(
        "key_material",
        sa.Column("key_id", text, nullable=False),
        sa.Column("id", text, nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("made_by", text, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("public", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["encryption_key.id"], name=op.f("fk_key_material_key_id_encryption_key")),
        sa.PrimaryKeyConstraint("key_id", "id", name=op.f("pk_key_material")),
        sa.UniqueConstraint("key_id", "ordinal", name=op.f("uq_key_material_key_id_ordinal")),
    )


def _key_alias() -> None:
    op.create_table(
        "key_alias",
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("key_id", text, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_key_alias_account_id_account")),
        sa.ForeignKeyConstraint(["key_id"], ["encryption_key.id"], name=op.f("fk_key_alias_key_id_encryption_key")),
        sa.PrimaryKeyConstraint("account_id", "region", "name", name=op.f("pk_key_alias")),
    )
    op.create_index(op.f("ix_key_alias_key_id"), "key_alias", ["key_id"], unique=False)


def _key_grant() -> None:
    op.create_table(
        "key_grant",
        sa.Column("id", text, nullable=False),
        sa.Column("key_id", text, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("grantee", text, nullable=False),
        sa.Column("retiree", text, nullable=False),
        sa.Column("operations", text, nullable=False),
        sa.Column("constraints", text, nullable=False),
        sa.Column("issuer", text, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["encryption_key.id"], name=op.f("fk_key_grant_key_id_encryption_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_grant")),
    )
    op.create_index("ix_key_grant_grantee", "key_grant", ["key_id", "grantee"], unique=False)
    op.create_index("ix_key_grant_retiree", "key_grant", ["retiree"], unique=False)


def _secret() -> None:
    op.create_table(
        "secret",
        sa.Column("id", text, nullable=False),
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("suffix", text, nullable=False),
        sa.Column("description", text, nullable=False),
        sa.Column("kms_key", text, nullable=False),
        sa.Column("policy", text),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("accessed_at", sa.BigInteger()),
        sa.Column("deleted_at", sa.BigInteger()),
        sa.Column("purges_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_secret_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_secret")),
        sa.UniqueConstraint("account_id", "region", "name", name=op.f("uq_secret_account_id_region_name")),
    )
    op.create_index(op.f("ix_secret_purges_at"), "secret", ["purges_at"], unique=False)


def _secret_version() -> None:
    op.create_table(
        "secret_version",
        sa.Column("secret_id", text, nullable=False),
        sa.Column("id", text, nullable=False),
        sa.Column("kind", text, nullable=False),
        sa.Column("key_id", text, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("accessed_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["secret_id"], ["secret.id"], name=op.f("fk_secret_version_secret_id_secret")),
        sa.PrimaryKeyConstraint("secret_id", "id", name=op.f("pk_secret_version")),
    )


def _secret_stage() -> None:
    op.create_table(
        "secret_stage",
        sa.Column("secret_id", text, nullable=False),
        sa.Column("label", text, nullable=False),
        sa.Column("version_id", text, nullable=False),
        sa.ForeignKeyConstraint(
            ["secret_id", "version_id"],
            ["secret_version.secret_id", "secret_version.id"],
            name="fk_secret_stage_version_secret_version",
        ),
        sa.PrimaryKeyConstraint("secret_id", "label", name=op.f("pk_secret_stage")),
    )


def _tags(table: str, owner: str, of: str) -> None:
    op.create_table(
        table,
        sa.Column(owner, text, nullable=False),
        sa.Column("key", text, nullable=False),
        sa.Column("value", text, nullable=False),
        sa.ForeignKeyConstraint([owner], [f"{of}.id"], name=op.f(f"fk_{table}_{owner}_{of}")),
        sa.PrimaryKeyConstraint(owner, "key", name=op.f(f"pk_{table}")),
    )
