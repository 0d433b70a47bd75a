"""Identities: users, groups, roles, policies and what else IAM keeps."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables of identities, and give access keys their owner's index and their last use."""
    _account_alias()
    _credential_report()
    _entity()
    _attachment()
    _entity_tag()
    _inline_policy()
    _instance_profile_role()
    _login_profile()
    _managed_policy()
    _membership()
    _mfa_device()
    _oidc_provider()
    _policy_version()
    _role()
    _access_key()


def _account_alias() -> None:
    op.create_table(
        "account_alias",
        sa.Column("account_id", text, nullable=False),
        sa.Column("alias", text, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_account_alias_account_id_account")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_account_alias")),
        sa.UniqueConstraint("alias", name=op.f("uq_account_alias_alias")),
    )


def _credential_report() -> None:
    op.create_table(
        "credential_report",
        sa.Column("account_id", text, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("generated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_credential_report_account_id_account")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_credential_report")),
    )


def _entity() -> None:
    op.create_table(
        "entity",
        sa.Column("id", text, nullable=False),
        sa.Column("account_id", text, nullable=False),
        sa.Column("kind", text, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("name_key", text, nullable=False),
        sa.Column("path", text, nullable=False),
        sa.Column("description", text, nullable=False),
        sa.Column("boundary", text, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_entity_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entity")),
        sa.UniqueConstraint("account_id", "kind", "name_key", name=op.f("uq_entity_account_id_kind_name_key")),
    )


def _attachment() -> None:
    op.create_table(
        "attachment",
        sa.Column("entity_id", text, nullable=False),
        sa.Column("policy_arn", text, nullable=False),
        sa.ForeignKeyConstraint(["entity_id"], ["entity.id"], name=op.f("fk_attachment_entity_id_entity")),
        sa.PrimaryKeyConstraint("entity_id", "policy_arn", name=op.f("pk_attachment")),
    )
    op.create_index(op.f("ix_attachment_policy_arn"), "attachment", ["policy_arn"], unique=False)


def _entity_tag() -> None:
    op.create_table(
        "entity_tag",
        sa.Column("entity_id", text, nullable=False),
        sa.Column("key_key", text, nullable=False),
        sa.Column("key", text, nullable=False),
        sa.Column("value", text, nullable=False),
        sa.ForeignKeyConstraint(["entity_id"], ["entity.id"], name=op.f("fk_entity_tag_entity_id_entity")),
        sa.PrimaryKeyConstraint("entity_id", "key_key", name=op.f("pk_entity_tag")),
    )


def _inline_policy() -> None:
    op.create_table(
        "inline_policy",
        sa.Column("entity_id", text, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("document", text, nullable=False),
        sa.ForeignKeyConstraint(["entity_id"], ["entity.id"], name=op.f("fk_inline_policy_entity_id_entity")),
        sa.PrimaryKeyConstraint("entity_id", "name", name=op.f("pk_inline_policy")),
    )


def _instance_profile_role() -> None:
    op.create_table(
        "instance_profile_role",
        sa.Column("profile_id", text, nullable=False),
        sa.Column("role_id", text, nullable=False),
        sa.ForeignKeyConstraint(["profile_id"], ["entity.id"], name=op.f("fk_instance_profile_role_profile_id_entity")),
        sa.ForeignKeyConstraint(["role_id"], ["entity.id"], name=op.f("fk_instance_profile_role_role_id_entity")),
        sa.PrimaryKeyConstraint("profile_id", name=op.f("pk_instance_profile_role")),
    )
    op.create_index(op.f("ix_instance_profile_role_role_id"), "instance_profile_role", ["role_id"], unique=False)


def _login_profile() -> None:
    op.create_table(
        "login_profile",
        sa.Column("user_id", text, nullable=False),
        sa.Column("password", text, nullable=False),
        sa.Column("reset_required", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["entity.id"], name=op.f("fk_login_profile_user_id_entity")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_login_profile")),
    )


def _managed_policy() -> None:
    op.create_table(
        "managed_policy",
        sa.Column("entity_id", text, nullable=False),
        sa.Column("default_version", sa.BigInteger(), nullable=False),
        sa.Column("last_version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["entity_id"], ["entity.id"], name=op.f("fk_managed_policy_entity_id_entity")),
        sa.PrimaryKeyConstraint("entity_id", name=op.f("pk_managed_policy")),
    )


def _membership() -> None:
    op.create_table(
        "membership",
        sa.Column("group_id", text, nullable=False),
        sa.Column("user_id", text, nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["entity.id"], name=op.f("fk_membership_group_id_entity")),
        sa.ForeignKeyConstraint(["user_id"], ["entity.id"], name=op.f("fk_membership_user_id_entity")),
        sa.PrimaryKeyConstraint("group_id", "user_id", name=op.f("pk_membership")),
    )
    op.create_index(op.f("ix_membership_user_id"), "membership", ["user_id"], unique=False)


def _mfa_device() -> None:
    op.create_table(
        "mfa_device",
        sa.Column("entity_id", text, nullable=False),
        sa.Column("seed", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", text, nullable=True),
        sa.Column("enabled_at", sa.BigInteger(), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["entity_id"], ["entity.id"], name=op.f("fk_mfa_device_entity_id_entity")),
        sa.PrimaryKeyConstraint("entity_id", name=op.f("pk_mfa_device")),
    )
    op.create_index(op.f("ix_mfa_device_user_id"), "mfa_device", ["user_id"], unique=False)


def _oidc_provider() -> None:
    op.create_table(
        "oidc_provider",
        sa.Column("entity_id", text, nullable=False),
        sa.Column("client_ids", text, nullable=False),
        sa.Column("thumbprints", text, nullable=False),
        sa.ForeignKeyConstraint(["entity_id"], ["entity.id"], name=op.f("fk_oidc_provider_entity_id_entity")),
        sa.PrimaryKeyConstraint("entity_id", name=op.f("pk_oidc_provider")),
    )


def _policy_version() -> None:
    op.create_table(
        "policy_version",
        sa.Column("policy_id", text, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("document", text, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["policy_id"], ["entity.id"], name=op.f("fk_policy_version_policy_id_entity")),
        sa.PrimaryKeyConstraint("policy_id", "number", name=op.f("pk_policy_version")),
    )


def _role() -> None:
    op.create_table(
        "role",
        sa.Column("entity_id", text, nullable=False),
        sa.Column("trust_document", text, nullable=False),
        sa.Column("max_session_seconds", sa.BigInteger(), nullable=False),
        sa.Column("service", text, nullable=True),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.Column("last_used_region", text, nullable=True),
        sa.ForeignKeyConstraint(["entity_id"], ["entity.id"], name=op.f("fk_role_entity_id_entity")),
        sa.PrimaryKeyConstraint("entity_id", name=op.f("pk_role")),
    )


def _access_key() -> None:
    op.add_column("access_key", sa.Column("last_used_at", sa.BigInteger(), nullable=True))
    op.add_column("access_key", sa.Column("last_used_service", text, nullable=True))
    op.add_column("access_key", sa.Column("last_used_region", text, nullable=True))
    op.create_index(op.f("ix_access_key_principal_id"), "access_key", ["principal_id"], unique=False)
