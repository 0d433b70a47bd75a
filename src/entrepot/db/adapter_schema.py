"""The tables of scans that this server makes for another registry, Harbor, in the metadata database.

    adapter_scan ── adapter_report     one for each form in which what was found is told; both gone half an hour later

A scan that waits has a `due_at`; who works on it holds it until then, and may be killed.
"""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, PrimaryKeyConstraint, Table

from entrepot.db.conventions import Text, metadata

adapter_scan = Table(
    "adapter_scan",
    metadata,
    Column("id", Text, primary_key=True),  # UUID
    Column("request", LargeBinary, nullable=False),  # sealed, for it holds credentials; empty once the scan has ended
    Column("status", Text, nullable=False),  # WAITING | DONE | FAILED
    Column("error", Text, nullable=False),  # why it failed
    Column("created_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("due_at", BigInteger),  # when somebody may take it up, None when it has ended
    Column("attempt", BigInteger, nullable=False),  # counts who took it up: only the last may say how it ended
)
Index(
    "ix_adapter_scan_due_at",
    adapter_scan.c.due_at,
    sqlite_where=adapter_scan.c.due_at.is_not(None),
    postgresql_where=adapter_scan.c.due_at.is_not(None),
)
Index(
    "ix_adapter_scan_ended_at",
    adapter_scan.c.ended_at,
    sqlite_where=adapter_scan.c.ended_at.is_not(None),
    postgresql_where=adapter_scan.c.ended_at.is_not(None),
)

adapter_report = Table(
    "adapter_report",
    metadata,
    Column("scan_id", Text, ForeignKey("adapter_scan.id"), nullable=False),
    Column("media_type", Text, nullable=False),  # of vulnerabilities: '', of an SBOM that of its form
    Column("body", LargeBinary, nullable=False),  # JSON, compressed
    PrimaryKeyConstraint("scan_id", "media_type"),
)
