"""Peers: other deployments and registries, what they may do, and what they have done."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "deployment_key",
        sa.Column("use", text, nullable=False),
        sa.Column("public_key", text, nullable=False),
        sa.Column("private_key", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("use", name=op.f("pk_deployment_key")),
    )
    _peer()
    _below("peer_grant", [sa.Column("account_id", text, nullable=False)], ["peer", "account_id"])
    op.create_index(op.f("ix_peer_grant_account_id"), "peer_grant", ["account_id"])
    op.create_table(
        "peer_destination",
        sa.Column("account_id", text, nullable=False),
        sa.Column("region", text, nullable=False),
        sa.Column("peer", text, nullable=False),
        sa.ForeignKeyConstraint(["peer"], ["peer.name"], name=op.f("fk_peer_destination_peer_peer")),
        sa.PrimaryKeyConstraint("account_id", "region", name=op.f("pk_peer_destination")),
    )
    op.create_index(op.f("ix_peer_destination_peer"), "peer_destination", ["peer"])
    _done()


def _peer() -> None:
    op.create_table(
        "peer",
        sa.Column("name", text, nullable=False),
        sa.Column("kind", text, nullable=False),
        sa.Column("url", text, nullable=False),
        sa.Column("public_key", text, nullable=False),
        sa.Column("prefix", text, nullable=False),
        sa.Column("username", text, nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_peer")),
    )
    has_key = sa.text("public_key != ''")
    op.create_index(
        op.f("ix_peer_public_key"), "peer", ["public_key"], unique=True, sqlite_where=has_key, postgresql_where=has_key
    )


def _done() -> None:
    nonce: list[sa.Column[Any]] = [
        sa.Column("nonce", text, nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
    ]
    _below("peer_nonce", nonce, ["peer", "nonce"])
    op.create_index(op.f("ix_peer_nonce_expires_at"), "peer_nonce", ["expires_at"])
    arrival: list[sa.Column[Any]] = [
        sa.Column("repository_id", text, nullable=False),
        sa.Column("looked_at", sa.BigInteger(), nullable=False),
        sa.Column("request_id", text, nullable=False),
        sa.Column("result", text, nullable=False),
    ]
    _below("peer_arrival", arrival, ["peer", "repository_id"])
    brought: list[sa.Column[Any]] = [
        sa.Column("account_id", text, nullable=False),
        sa.Column("digest", text, nullable=False),
    ]
    _below("peer_blob", brought, ["peer", "account_id", "digest"])


def _below(name: str, columns: Sequence[sa.Column[Any]], key: list[str]) -> None:
    """A table of what is kept of a peer."""
    op.create_table(
        name,
        sa.Column("peer", text, nullable=False),
        *columns,
        sa.ForeignKeyConstraint(["peer"], ["peer.name"], name=op.f(f"fk_{name}_peer_peer")),
        sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{name}")),
    )
