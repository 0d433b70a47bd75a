"""The tables of what accounts and repositories may have, and of the bytes that they have.

    registry ───┬─ service_quota              only those that an operator set; the others have AWS's values
                └─ byte_quota                 bytes of a registry, or of its repositories under a prefix
    quota_credit                              how many more may be added before they are counted again
    byte_usage                                bytes that are held: a sum over shards, of a repository or of a registry
    upload ────── byte_reservation            bytes that are on their way

A scope is a repository's id, or a registry as `kind/account/region`. A transaction writes one shard of a scope, the one
of its thread, so that pushes that run at once seldom wait for each other; a shard alone says nothing, and may be below
zero.
"""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, PrimaryKeyConstraint, Table

from entrepot.db.conventions import Text, metadata

service_quota = Table(
    "service_quota",
    metadata,
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("kind", Text, nullable=False),  # private | public
    Column("region", Text, nullable=False),  # of a public registry: ''
    Column("name", Text, nullable=False),
    Column("value", BigInteger, nullable=False),
    Column("set_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_id", "kind", "region", "name"),
)

byte_quota = Table(
    "byte_quota",
    metadata,
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("kind", Text, nullable=False),  # private | public
    Column("region", Text, nullable=False),  # of a public registry: ''
    Column("prefix", Text, nullable=False),  # empty: the registry; ends in `/`: all below it; else one repository
    Column("value", BigInteger, nullable=False),
    Column("set_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_id", "kind", "region", "prefix"),
)

quota_credit = Table(
    "quota_credit",
    metadata,
    Column("scope", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("most", BigInteger, nullable=False),  # the quota that the credit was given under
    Column("credit", BigInteger, nullable=False),
    PrimaryKeyConstraint("scope", "name"),
)

byte_usage = Table(
    "byte_usage",
    metadata,
    Column("scope", Text, nullable=False),
    Column("shard", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    PrimaryKeyConstraint("scope", "shard"),
)

byte_reservation = Table(
    "byte_reservation",
    metadata,
    Column("upload_id", Text, primary_key=True),  # of a blob that is sent in one request: an id that no session has
    Column("repository_id", Text, nullable=False),
    Column("registry", Text, nullable=False),  # its scope
    Column("bytes", BigInteger, nullable=False),
    Column("reserved_at", BigInteger, nullable=False, index=True),
)
Index("ix_byte_reservation_repository_id", byte_reservation.c.repository_id)
Index("ix_byte_reservation_registry", byte_reservation.c.registry)
