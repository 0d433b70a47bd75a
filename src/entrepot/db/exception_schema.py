"""The tables of exceptions from findings, and of what is refused at a pull.

    account ──── vulnerability_exception     what somebody says that a finding need not count for
    repository ─┬─ repository_vex            whether what is pushed there may say so too
                └─ repository_admission      which images are not handed out
    manifest ──┬─ vex_referrer               a document that was pushed, and what became of it
               ├─ image_standing             what is left of an image's findings; outlives the scan that comes next
               └─ image_signature            whether a key of its repository has signed it, where that must have keys

An exception without a `digest` is for every image of the repositories that its pattern describes. An image's standing
is out of date from `due_at` on: when an exception of it expires, or at once when some come or go.
"""

from sqlalchemy import BigInteger, Column, ForeignKey, ForeignKeyConstraint, Index, PrimaryKeyConstraint, Table

from entrepot.db.conventions import Text, metadata

vulnerability_exception = Table(
    "vulnerability_exception",
    metadata,
    Column("id", Text, primary_key=True),  # UUID
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("region", Text, nullable=False),
    Column("repository", Text, nullable=False),  # a name, or a pattern with `*`
    Column("repository_id", Text, nullable=False),  # of the one whose referrer says so; empty: none does
    Column("digest", Text, nullable=False),  # of an image, or its package URL; empty: of each
    Column("vulnerability", Text, nullable=False),
    Column("aliases", Text, nullable=False),  # JSON [name]
    Column("package", Text, nullable=False),  # a package URL or a name; empty: every package
    Column("status", Text, nullable=False),  # accepted | not_affected | fixed | affected | under_investigation
    Column("justification", Text, nullable=False),
    Column("told", Text, nullable=False),
    Column("owner", Text, nullable=False),  # ARN of who answers for it
    Column("origin", Text, nullable=False),  # api | the @id of an imported document | the digest of a referrer
    Column("said_at", BigInteger, nullable=False),  # of statements about the same the latest counts
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
)
Index(
    "ix_vulnerability_exception_listing",
    vulnerability_exception.c.account_id,
    vulnerability_exception.c.region,
    vulnerability_exception.c.id,
)
Index(
    "ix_vulnerability_exception_origin",
    vulnerability_exception.c.repository_id,
    vulnerability_exception.c.origin,
    sqlite_where=vulnerability_exception.c.repository_id != "",
    postgresql_where=vulnerability_exception.c.repository_id != "",
)
Index(
    "ix_vulnerability_exception_image",
    vulnerability_exception.c.repository_id,
    vulnerability_exception.c.digest,
    sqlite_where=vulnerability_exception.c.repository_id != "",
    postgresql_where=vulnerability_exception.c.repository_id != "",
)
Index(
    "ix_vulnerability_exception_expires_at",
    vulnerability_exception.c.expires_at,
    sqlite_where=vulnerability_exception.c.expires_at.is_not(None),
    postgresql_where=vulnerability_exception.c.expires_at.is_not(None),
)

repository_vex = Table(  # only of those that trust what is pushed there
    "repository_vex",
    metadata,
    Column("repository_id", Text, ForeignKey("repository.id"), nullable=False),
    Column("owner", Text, nullable=False),  # ARN of who said so
    Column("public_keys", Text, nullable=False),  # JSON [PEM], one of which must have signed; empty: nobody needs to
    Column("created_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("repository_id"),
)

vex_referrer = Table(
    "vex_referrer",
    metadata,
    Column("repository_id", Text, nullable=False),
    Column("digest", Text, nullable=False),  # of the referrer's manifest
    Column("owner", Text, nullable=False),  # ARN of who pushed it, or had it read
    Column("outcome", Text, nullable=False),  # why it says nothing; empty: it was read, or waits
    Column("tries", BigInteger, nullable=False),
    Column("due_at", BigInteger),  # None when it has been read
    PrimaryKeyConstraint("repository_id", "digest"),
    ForeignKeyConstraint(["repository_id", "digest"], ["manifest.repository_id", "manifest.digest"]),
)
Index(
    "ix_vex_referrer_due_at",
    vex_referrer.c.due_at,
    sqlite_where=vex_referrer.c.due_at.is_not(None),
    postgresql_where=vex_referrer.c.due_at.is_not(None),
)

image_standing = Table(
    "image_standing",
    metadata,
    Column("repository_id", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("type", Text, nullable=False),  # BASIC | ENHANCED
    Column("status", Text, nullable=False),  # of the last scan that ended
    Column("description", Text, nullable=False),
    Column("raw", Text, nullable=False),  # JSON {severity: findings}
    Column("effective", Text, nullable=False),  # JSON {severity: findings that no exception is for}
    Column("worst", Text, nullable=False),  # JSON [[name, severity, package]], of the latter
    Column("due_at", BigInteger),
    PrimaryKeyConstraint("repository_id", "digest", "type"),
    ForeignKeyConstraint(["repository_id", "digest"], ["manifest.repository_id", "manifest.digest"]),
)
Index(
    "ix_image_standing_due_at",
    image_standing.c.due_at,
    sqlite_where=image_standing.c.due_at.is_not(None),
    postgresql_where=image_standing.c.due_at.is_not(None),
)

repository_admission = Table(  # only of those where something was set
    "repository_admission",
    metadata,
    Column("repository_id", Text, ForeignKey("repository.id"), nullable=False),
    Column("mode", Text, nullable=False),  # audit | enforce
    Column(
        "max_severity", Text, nullable=False
    ),  # what is handed out still: NONE | INFORMATIONAL | LOW | MEDIUM | HIGH
    Column("unscanned", Text, nullable=False),  # allow | deny
    Column("grace_seconds", BigInteger, nullable=False),  # for which an image is handed out unscanned after its push
    Column("owner", Text, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("digest_only", BigInteger, nullable=False, server_default="0"),  # 0 | 1: nothing by tag
    Column("public_keys", Text, nullable=False, server_default="[]"),  # JSON [PEM], one of which must have signed
    Column("signing_profiles", Text, nullable=False, server_default="[]"),  # JSON [ARN], or one of these
    PrimaryKeyConstraint("repository_id"),
)

image_signature = Table(
    "image_signature",
    metadata,
    Column("repository_id", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("signed", Text, nullable=False),  # the digest that is signed: its own or an index's; empty: none is known
    Column("tries", BigInteger, nullable=False),
    Column("due_at", BigInteger),  # when it is to be looked at; None when it has been
    PrimaryKeyConstraint("repository_id", "digest"),
    ForeignKeyConstraint(["repository_id", "digest"], ["manifest.repository_id", "manifest.digest"]),
)
Index(
    "ix_image_signature_due_at",
    image_signature.c.due_at,
    sqlite_where=image_signature.c.due_at.is_not(None),
    postgresql_where=image_signature.c.due_at.is_not(None),
)
Index("ix_image_signature_signed", image_signature.c.repository_id, image_signature.c.signed)
