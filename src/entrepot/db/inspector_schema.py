"""The tables of enhanced scanning in the metadata database: Amazon Inspector's settings, findings, filters, exports.

    account ──┬─ inspector_configuration     how long images are scanned continuously
              ├─ inspector_filter            which findings are suppressed
              ├─ inspector_suppressing       a walk that decides on suppressions anew, while it is under way
              ├─ inspector_export            SBOMs that were asked for
              └─ inspector_finding           outlives its image, closed, for a few days
    manifest ─── image_in_use                where an image runs, as reporters say; gone with the image

Enhanced scans are rows of `image_scan` too; when a finding was last observed is when its image's scan was completed.
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
    UniqueConstraint,
)

from entrepot.db.conventions import Text, metadata

inspector_configuration = Table(  # only of those where something was set
    "inspector_configuration",
    metadata,
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("region", Text, nullable=False),
    Column("rescan_duration", Text, nullable=False),  # EcrRescanDuration
    Column("pull_date_rescan_duration", Text, nullable=False),  # EcrPullDateRescanDuration
    Column("pull_date_rescan_mode", Text, nullable=False),  # LAST_PULL_DATE | LAST_IN_USE_AT
    Column("updated_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_id", "region"),
)

inspector_finding = Table(
    "inspector_finding",
    metadata,
    Column("id", Text, primary_key=True),  # 32 hexadecimal digits: the end of its ARN
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("region", Text, nullable=False),
    Column("repository_id", Text, nullable=False),  # of a repository that may be gone
    Column("repository_name", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("vulnerability", Text, nullable=False),  # the CVE where one exists
    Column("status", Text, nullable=False),  # ACTIVE | SUPPRESSED | CLOSED
    Column("rank", BigInteger, nullable=False),  # of the severity, 0 where nothing is known of it
    Column("severity", Text, nullable=False),  # CRITICAL | HIGH | MEDIUM | LOW | INFORMATIONAL | UNTRIAGED
    Column("score", BigInteger, nullable=False),  # CVSS in tenths
    Column("epss", BigInteger, nullable=False),  # millionths
    Column("fix_available", Text, nullable=False),  # YES | NO | PARTIAL
    Column("exploit_available", Text, nullable=False),  # YES | NO
    Column("first_observed_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("closed_at", BigInteger),  # None while it is open
    Column("suppressed_by", Text, nullable=False),  # ARN of a filter or id of an exception; empty: nothing
    Column("justification", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("vendor_severity", Text, nullable=False),
    Column("source", Text, nullable=False),  # who tells of the vulnerability, as Inspector writes it
    Column("pushed_at", BigInteger, nullable=False),  # when the image was
    Column("body", LargeBinary, nullable=False),  # msgpack: packages, scores, whom it is told by
    UniqueConstraint("repository_id", "digest", "vulnerability"),
)
Index(
    "ix_inspector_finding_listing", inspector_finding.c.account_id, inspector_finding.c.region, inspector_finding.c.id
)
Index(
    "ix_inspector_finding_digest",
    inspector_finding.c.account_id,
    inspector_finding.c.region,
    inspector_finding.c.digest,
)
Index(
    "ix_inspector_finding_vulnerability",
    inspector_finding.c.account_id,
    inspector_finding.c.region,
    inspector_finding.c.vulnerability,
    inspector_finding.c.id,
)
for _by in (  # what findings are listed by, page after page
    "rank",
    "score",
    "epss",
    "status",
    "repository_name",
    "first_observed_at",
    "vendor_severity",
    "source",
    "pushed_at",
):
    Index(
        f"ix_inspector_finding_{_by}",
        inspector_finding.c.account_id,
        inspector_finding.c.region,
        inspector_finding.c[_by],
        inspector_finding.c.id,
    )
Index(
    "ix_inspector_finding_closed_at",
    inspector_finding.c.closed_at,
    sqlite_where=inspector_finding.c.closed_at.is_not(None),
    postgresql_where=inspector_finding.c.closed_at.is_not(None),
)

inspector_filter = Table(
    "inspector_filter",
    metadata,
    Column("id", Text, primary_key=True),  # the end of its ARN
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("region", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("action", Text, nullable=False),  # NONE | SUPPRESS
    Column("description", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("criteria", Text, nullable=False),  # JSON of Inspector's FilterCriteria
    Column("tags", Text, nullable=False),  # JSON {key: value}
    Column("owner", Text, nullable=False),  # ARN of who made it
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("account_id", "region", "name"),
)

inspector_suppressing = Table(  # of those where filters have changed and not every finding has been looked at since
    "inspector_suppressing",
    metadata,
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("region", Text, nullable=False),
    Column("turn", BigInteger, nullable=False),  # counts the changes: a walk that another change has begun anew is over
    Column("repository_id", Text, nullable=False),  # with `digest`: the image that was looked at last
    Column("digest", Text, nullable=False),
    Column("begun_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_id", "region"),
)

inspector_export = Table(
    "inspector_export",
    metadata,
    Column("id", Text, primary_key=True),  # UUID
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("region", Text, nullable=False),
    Column("status", Text, nullable=False),  # IN_PROGRESS | SUCCEEDED | FAILED | CANCELLED
    Column("format", Text, nullable=False),  # CYCLONEDX_1_4 | SPDX_2_3
    Column("criteria", Text, nullable=False),  # JSON of Inspector's ResourceFilterCriteria
    Column("destination", Text, nullable=False),  # JSON {bucketName, keyPrefix, kmsKeyArn}
    Column("error_code", Text, nullable=False),
    Column("error_message", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("due_at", BigInteger),  # when somebody may take it up, None when it has ended
)

image_in_use = Table(
    "image_in_use",
    metadata,
    Column("repository_id", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("cluster", Text, nullable=False),  # ARN or name of where it runs
    Column("count", BigInteger, nullable=False),  # of pods, tasks or containers
    Column("last_in_use_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("repository_id", "digest", "cluster"),
    ForeignKeyConstraint(["repository_id", "digest"], ["manifest.repository_id", "manifest.digest"]),
)
