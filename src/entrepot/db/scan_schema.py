"""The tables of scanning in the metadata database: what is to be scanned, what was found, what a layer holds.

    account ──┬─ registry_scanning
              ├─ registry_sboms              whose images get SBOMs
              ├─ finding_text                        long texts of what was found, for whoever tells that it is closed
              └─ scan_count                          how many scans a registry has begun, by the hour
    manifest ─┬─ image_scan ── image_scan_findings   gone with the image
              ├─ image_inventory                     what the image holds
              ├─ made_sbom                           an SBOM that the registry made itself
              └─ image_rematch                       which image waits to be matched anew
    blob ─────┬─ layer_inventory                     gone with the blob
              └─ layer_marks                         which names of packages are in it
    rematch_pass                                     how far matching anew has come

A scan that waits is a row of `image_scan` with a `due_at`; who works on it holds it until then, and may be killed.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
)

from entrepot.db.conventions import Text, metadata

registry_scanning = Table(  # only of those where something was set
    "registry_scanning",
    metadata,
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("region", Text, nullable=False),
    Column("scan_type", Text, nullable=False),  # BASIC | ENHANCED
    Column("rules", Text, nullable=False),  # JSON [[frequency, [filter]]]
    Column("changed_at", BigInteger),  # when the rules or the type last were
    Column("swept_at", BigInteger),  # when every image was last looked at: which are to be scanned continuously
    PrimaryKeyConstraint("account_id", "region"),
)

registry_sboms = Table(  # of those alone where each scanned image gets an SBOM as a referrer
    "registry_sboms",
    metadata,
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("region", Text, nullable=False),
    PrimaryKeyConstraint("account_id", "region"),
)

made_sbom = Table(
    "made_sbom",
    metadata,
    Column("repository_id", Text, nullable=False),
    Column("digest", Text, nullable=False),  # of the SBOM's manifest
    Column("subject", Text, nullable=False),  # of the image, with which it goes
    PrimaryKeyConstraint("repository_id", "digest"),
    ForeignKeyConstraint(["repository_id", "digest"], ["manifest.repository_id", "manifest.digest"]),
)
Index("ix_made_sbom_subject", made_sbom.c.repository_id, made_sbom.c.subject)

finding_text = Table(
    "finding_text",
    metadata,
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("region", Text, nullable=False),
    Column("vulnerability", Text, nullable=False),
    Column("advisory", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("links", Text, nullable=False),  # JSON [URL]
    PrimaryKeyConstraint("account_id", "region", "vulnerability", "advisory"),
)

image_scan = Table(
    "image_scan",
    metadata,
    Column("repository_id", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("type", Text, nullable=False),  # BASIC | ENHANCED
    Column("id", Text, nullable=False),  # UUID, another for each scan of the image; pages and events are of one
    Column("status", Text, nullable=False),  # AWS's ScanStatus
    Column("description", Text, nullable=False),
    Column("queued_at", BigInteger, nullable=False),
    Column("counted_at", BigInteger, nullable=False),  # when the image's 24 hours began; 0: they have not
    Column("started_at", BigInteger),
    Column("completed_at", BigInteger),
    Column("source_updated_at", BigInteger),  # of what was known of vulnerabilities
    Column("severities", Text, nullable=False),  # JSON {severity: findings}
    Column("lacking", BigInteger, nullable=False),  # 0 | 1: failed while nothing was known of vulnerabilities
    Column("due_at", BigInteger),  # when somebody may take it up, None when it has ended
    Column("held", BigInteger, nullable=False),  # 0 | 1: somebody works on it, unless it is due
    Column("attempt", BigInteger, nullable=False),  # counts who took it up: only the last may say how it ended
    Column("tries", BigInteger, nullable=False),  # how often it was taken up and did not end
    Column("result", Text),  # of an enhanced scan: a hash of what was found, None where that is not known
    PrimaryKeyConstraint("repository_id", "digest", "type"),
    ForeignKeyConstraint(["repository_id", "digest"], ["manifest.repository_id", "manifest.digest"]),
)
Index(
    "ix_image_scan_due_at",
    image_scan.c.due_at,
    sqlite_where=image_scan.c.due_at.is_not(None),
    postgresql_where=image_scan.c.due_at.is_not(None),
)
Index(
    "ix_image_scan_lacking",
    image_scan.c.repository_id,
    image_scan.c.digest,
    sqlite_where=image_scan.c.lacking == 1,
    postgresql_where=image_scan.c.lacking == 1,
)

image_scan_findings = Table(
    "image_scan_findings",
    metadata,
    Column("repository_id", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("part", BigInteger, nullable=False),  # from 0; all but the last have the same number of findings
    Column("body", LargeBinary, nullable=False),  # zstd of msgpack, in the order in which they are shown
    PrimaryKeyConstraint("repository_id", "digest", "type", "part"),
    ForeignKeyConstraint(
        ["repository_id", "digest", "type"], ["image_scan.repository_id", "image_scan.digest", "image_scan.type"]
    ),
)

layer_inventory = Table(
    "layer_inventory",
    metadata,
    Column("blob_id", Text, ForeignKey("blob.id"), nullable=False),
    Column("version", Text, nullable=False),  # of what read the layer
    Column("body", LargeBinary, nullable=False),  # zstd of msgpack
    PrimaryKeyConstraint("blob_id", "version"),
)

image_inventory = Table(
    "image_inventory",
    metadata,
    Column("repository_id", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("version", Text, nullable=False),  # of what read its layers
    Column("body", LargeBinary, nullable=False),  # core/scanning/kept_images.py
    PrimaryKeyConstraint("repository_id", "digest"),
    ForeignKeyConstraint(["repository_id", "digest"], ["manifest.repository_id", "manifest.digest"]),
)

scan_count = Table(
    "scan_count",
    metadata,
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("region", Text, nullable=False),
    Column("hour", BigInteger, nullable=False),  # since the epoch
    Column("scans", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_id", "region", "hour"),
)

layer_marks = Table(
    "layer_marks",
    metadata,
    Column("blob_id", Text, ForeignKey("blob.id"), primary_key=True),
    Column("marks", LargeBinary, nullable=False),  # scan/name_marks.py
)

rematch_pass = Table(  # one row
    "rematch_pass",
    metadata,
    Column("name", Text, primary_key=True),  # `images`
    Column("matched", BigInteger, nullable=False),  # what changed up to this generation is matched, or in image_rematch
    Column("target", BigInteger, nullable=False),  # of the pass that is under way: up to which generation; 0: none is
    Column("place", Text, nullable=False),  # where the pass is: a blob's id, or an image's repository and digest
)

image_rematch = Table(
    "image_rematch",
    metadata,
    Column("repository_id", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("pushed_at", BigInteger, nullable=False),  # the newest are matched first
    Column("due_at", BigInteger, nullable=False),  # 0, or until when somebody holds it
    Column("holder", Text, nullable=False),  # who does, another each time; empty: nobody
    Column("tries", BigInteger, nullable=False),
    Column("queued_at", BigInteger, nullable=False),  # when it first was
    Column("since", BigInteger, nullable=False),  # the generation up to which all that changed is matched
    PrimaryKeyConstraint("repository_id", "digest"),
    ForeignKeyConstraint(["repository_id", "digest"], ["manifest.repository_id", "manifest.digest"]),
)
Index("ix_image_rematch_pushed_at", image_rematch.c.pushed_at)
