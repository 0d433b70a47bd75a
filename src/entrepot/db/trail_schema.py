"""The tables of CloudTrail's trails, drawn once; the picture stands in db/schema.py.

The records that trails deliver are in a database of their own (db/audit_schema.py).
"""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, PrimaryKeyConstraint, Table

from entrepot.db.conventions import Text, metadata

trail = Table(
    "trail",
    metadata,
    Column("id", Text, primary_key=True),  # ULID, never reused
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("region", Text, nullable=False),  # its home
    Column("name", Text, nullable=False),
    Column("bucket", Text, nullable=False),
    Column("prefix", Text, nullable=False),  # of the objects' keys; '' for none
    Column("multi_region", BigInteger, nullable=False),  # 0 | 1
    Column("global_events", BigInteger, nullable=False),  # 0 | 1
    Column("validated_at", BigInteger),  # digest files are made since then; of a trail without them None
    Column("selectors", Text, nullable=False),  # JSON as PutEventSelectors keeps it; '' where none were put
    Column("logging", BigInteger, nullable=False),  # 0 | 1
    Column("started_at", BigInteger),
    Column("stopped_at", BigInteger),
    Column("periods", Text, nullable=False),  # JSON [[from, until or null], …]: records of these moments are its own
    Column("cursor", BigInteger),  # the last block of records that was delivered; None before the first
    Column("plan", Text, nullable=False),  # JSON: what is being delivered, so that it is delivered alike again; or ''
    Column("failures", BigInteger, nullable=False),  # in a row
    Column("retry_at", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("deleted_at", BigInteger),  # a tombstone: the name is free, a job delivers the rest and removes it
)
Index(
    "uq_trail_live_name",
    trail.c.account_id,
    trail.c.region,
    trail.c.name,
    unique=True,
    sqlite_where=trail.c.deleted_at.is_(None),
    postgresql_where=trail.c.deleted_at.is_(None),
)

trail_tag = Table(
    "trail_tag",
    metadata,
    Column("trail_id", Text, ForeignKey("trail.id"), nullable=False),
    Column("key", Text, nullable=False),
    Column("value", Text, nullable=False),  # '' for none
    PrimaryKeyConstraint("trail_id", "key"),
)

trail_region = Table(  # how delivery goes, in each region that a trail logs
    "trail_region",
    metadata,
    Column("trail_id", Text, ForeignKey("trail.id"), nullable=False),
    Column("region", Text, nullable=False),
    Column("delivered_at", BigInteger),
    Column("delivery_error", Text, nullable=False),
    Column("digested_at", BigInteger),
    Column("digest_error", Text, nullable=False),
    PrimaryKeyConstraint("trail_id", "region"),
)

trail_log_file = Table(  # stored, and in no digest file; that of a trail without digest files stays, as its files do
    "trail_log_file",
    metadata,
    Column("trail_id", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("object", Text, nullable=False),  # the key
    Column("bucket", Text, nullable=False),
    Column("hash", Text, nullable=False),  # SHA-256 of what is compressed, in hex
    Column("oldest_at", BigInteger, nullable=False),
    Column("newest_at", BigInteger, nullable=False),
    Column("delivered_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("trail_id", "region", "object"),
)
Index("ix_trail_log_file_delivered", trail_log_file.c.trail_id, trail_log_file.c.delivered_at)

trail_chain = Table(  # digest files that each name the one before; kept when its trail is gone
    "trail_chain",
    metadata,
    Column("id", Text, primary_key=True),  # ULID
    Column("trail_id", Text, nullable=False, index=True),
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("home_region", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("name", Text, nullable=False),  # the trail's
    Column("prefix", Text, nullable=False),  # the trail's when the chain began
    Column("started_at", BigInteger, nullable=False),
    Column("next_at", BigInteger, nullable=False),  # where the next digest file begins
    Column("planned_at", BigInteger),  # where the one that is being stored ends
    Column("planned_key", Text, nullable=False),  # JSON {bucket, prefix} that it is stored under; or ''
    Column("head_bucket", Text, nullable=False),  # the last one stored; '' before the first
    Column("head_object", Text, nullable=False),
    Column("head_hash", Text, nullable=False),
    Column("head_signature", Text, nullable=False),
    Column("ended_at", BigInteger),
)

trail_key = Table(  # what the digest files of a region are signed with
    "trail_key",
    metadata,
    Column("fingerprint", Text, primary_key=True),
    Column("region", Text, nullable=False, index=True),
    Column("public", LargeBinary, nullable=False),  # RSA, PKCS #1 in DER
    Column("private", LargeBinary, nullable=False),  # PKCS #8 in DER, sealed by the master key
    Column("valid_from", BigInteger, nullable=False),
    Column("valid_until", BigInteger, nullable=False),
)
