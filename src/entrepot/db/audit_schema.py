"""The tables of the audit database, drawn once: records in blocks, and what finds them.

    audit_block ── audit_term    which values an attribute has in a block, and where
    audit_offset (of journals) · audit_mark (records that are told already) · audit_counter (sequences, cursors)

A block holds up to some hundred records of one account, region and hour, compressed. Its sequence is the order in which
blocks were committed, so that who delivers them keeps a cursor. Moments are microseconds since the epoch.
"""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, MetaData, PrimaryKeyConstraint, Table

from entrepot.db.conventions import Text
from entrepot.db.conventions import metadata as conventions

SMALL = 256  # records; blocks with fewer are put together when there are several

metadata = MetaData(naming_convention=conventions.naming_convention)

audit_block = Table(
    "audit_block",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),  # in the order of commits, never reused
    Column("account_id", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("from_at", BigInteger, nullable=False),  # of the earliest record
    Column("to_at", BigInteger, nullable=False),  # of the latest, in the same hour
    Column("count", BigInteger, nullable=False),
    Column("terms", LargeBinary, nullable=False),  # the (attribute, value) of its rows of audit_term, packed
    Column("records", LargeBinary, nullable=False),  # core/audit/blocks.py says how
)
Index(
    "ix_audit_block_time",
    audit_block.c.account_id,
    audit_block.c.region,
    audit_block.c.to_at,
    audit_block.c.sequence,
    audit_block.c.from_at,
)
Index("ix_audit_block_to_at", audit_block.c.to_at)
Index(
    "ix_audit_block_small",
    audit_block.c.account_id,
    audit_block.c.region,
    audit_block.c.to_at,
    audit_block.c.sequence,
    audit_block.c.count,
    sqlite_where=audit_block.c.count < SMALL,
    postgresql_where=audit_block.c.count < SMALL,
)

audit_term = Table(
    "audit_term",
    metadata,
    Column("account_id", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("attribute", Text, nullable=False),  # one of LookupEvents' attributes
    Column("value", Text, nullable=False),
    Column("to_at", BigInteger, nullable=False),  # these three are the block's
    Column("sequence", BigInteger, nullable=False),
    Column("from_at", BigInteger, nullable=False),
    Column("positions", LargeBinary, nullable=False),  # of records in the block; empty when they are many
    PrimaryKeyConstraint("account_id", "region", "attribute", "value", "to_at", "sequence"),
    sqlite_with_rowid=False,
)

audit_offset = Table(
    "audit_offset",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("offset", BigInteger, nullable=False),  # bytes folded into this database
)

audit_mark = Table(
    "audit_mark",
    metadata,
    Column("id", Text, primary_key=True),  # of the record of a write
    Column("alone", BigInteger, nullable=False),  # 1: told by the outbox, 0: by a journal
    Column("at", BigInteger, nullable=False),  # when it was marked
)
Index("ix_audit_mark_at", audit_mark.c.at)

audit_counter = Table(
    "audit_counter",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)
