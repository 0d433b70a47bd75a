"""The tables of peers: other deployments, and registries of other make, that images go to or come from.

deployment_key                   what this deployment signs its calls to others with
peer ─┬─ peer_grant              accounts that it may act for here
├─ peer_destination        registries that are reached at it
├─ peer_nonce              calls that it has made, so that none is made twice
├─ peer_arrival            how far each repository is that it replicates to
└─ peer_blob               blobs that it has brought, and need not bring again
"""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, PrimaryKeyConstraint, Table

from entrepot.db.conventions import Text, metadata

deployment_key = Table(
    "deployment_key",
    metadata,
    Column("use", Text, primary_key=True),  # peers
    Column("public_key", Text, nullable=False),
    Column("private_key", LargeBinary, nullable=False),  # sealed
    Column("created_at", BigInteger, nullable=False),
)

peer = Table(
    "peer",
    metadata,
    Column("name", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # deployment | registry
    Column("url", Text, nullable=False),  # '' for one that is never called
    Column("public_key", Text, nullable=False),  # '' of a registry
    Column("prefix", Text, nullable=False),  # before the names of repositories in a registry
    Column("username", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),  # sealed; empty for none
    Column("created_at", BigInteger, nullable=False),
)
Index(
    "ix_peer_public_key",
    peer.c.public_key,
    unique=True,
    sqlite_where=peer.c.public_key != "",
    postgresql_where=peer.c.public_key != "",
)

peer_grant = Table(
    "peer_grant",
    metadata,
    Column("peer", Text, ForeignKey("peer.name"), nullable=False),
    Column("account_id", Text, nullable=False),  # of the peer's deployment; it need not be one of this
    PrimaryKeyConstraint("peer", "account_id"),
)
Index("ix_peer_grant_account_id", peer_grant.c.account_id)

peer_destination = Table(
    "peer_destination",
    metadata,
    Column("account_id", Text, nullable=False),  # '' for every one
    Column("region", Text, nullable=False),  # '' for every one
    Column("peer", Text, ForeignKey("peer.name"), nullable=False),
    PrimaryKeyConstraint("account_id", "region"),
)
Index("ix_peer_destination_peer", peer_destination.c.peer)

peer_nonce = Table(
    "peer_nonce",
    metadata,
    Column("peer", Text, ForeignKey("peer.name"), nullable=False),
    Column("nonce", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("peer", "nonce"),
)
Index("ix_peer_nonce_expires_at", peer_nonce.c.expires_at)

peer_arrival = Table(
    "peer_arrival",
    metadata,
    Column("peer", Text, ForeignKey("peer.name"), nullable=False),
    Column("repository_id", Text, nullable=False),
    Column("looked_at", BigInteger, nullable=False),  # by the peer's clock
    Column("request_id", Text, nullable=False),  # of what was done last
    Column("result", Text, nullable=False),  # what it was answered, JSON
    PrimaryKeyConstraint("peer", "repository_id"),
)

peer_blob = Table(
    "peer_blob",
    metadata,
    Column("peer", Text, ForeignKey("peer.name"), nullable=False),
    Column("account_id", Text, nullable=False),  # that it acted for
    Column("digest", Text, nullable=False),
    PrimaryKeyConstraint("peer", "account_id", "digest"),
)
