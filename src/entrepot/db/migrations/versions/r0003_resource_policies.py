"""Policies of repositories, registries and accounts (service control, passwords); public aliases; catalog data."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables, and give repositories a policy."""
    op.add_column("repository", sa.Column("policy", text, nullable=True))
    _registry()
    _public_alias()
    _catalog_data()
    _service_control_policy()
    _password_policy()


def _registry() -> None:
    op.create_table(
        "registry",
        sa.Column("account_id", text, nullable=False),
        sa.Column("kind", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("policy", text, nullable=True),
        sa.Column("policy_scope", text, nullable=False),
        sa.Column("display_name", text, nullable=False),
        sa.Column("stamp", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_registry_account_id_account")),
        sa.PrimaryKeyConstraint("account_id", "kind", "region", name=op.f("pk_registry")),
    )


def _public_alias() -> None:
    op.create_table(
        "public_alias",
        sa.Column("name", text, nullable=False),
        sa.Column("account_id", text, nullable=False),
        sa.Column("standing", text, nullable=False),
        sa.Column("is_primary", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_public_alias_account_id_account")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_public_alias")),
    )
    op.create_index(op.f("ix_public_alias_account_id"), "public_alias", ["account_id"], unique=False)


def _catalog_data() -> None:
    op.create_table(
        "catalog_data",
        sa.Column("repository_id", text, nullable=False),
        sa.Column("content", text, nullable=False),
        sa.Column("logo", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name=op.f("fk_catalog_data_repository_id_repository")
        ),
        sa.PrimaryKeyConstraint("repository_id", name=op.f("pk_catalog_data")),
    )


def _service_control_policy() -> None:
    op.create_table(
        "service_control_policy",
        sa.Column("account_id", text, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("document", text, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_service_control_policy_account_id_account")
        ),
        sa.PrimaryKeyConstraint("account_id", "name", name=op.f("pk_service_control_policy")),
    )


def _password_policy() -> None:
    op.create_table(
        "password_policy",
        sa.Column("account_id", text, nullable=False),
        sa.Column("minimum_length", sa.BigInteger(), nullable=False),
        sa.Column("classes", text, nullable=False),
        sa.Column("users_may_change", sa.BigInteger(), nullable=False),
        sa.Column("max_age_days", sa.BigInteger(), nullable=True),
        sa.Column("reuse_prevention", sa.BigInteger(), nullable=True),
        sa.Column("hard_expiry", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_password_policy_account_id_account")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_password_policy")),
    )
    op.create_table(
        "old_password",
        sa.Column("user_id", text, nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("password", text, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["entity.id"], name=op.f("fk_old_password_user_id_entity")),
        sa.PrimaryKeyConstraint("user_id", "changed_at", name=op.f("pk_old_password")),
    )
