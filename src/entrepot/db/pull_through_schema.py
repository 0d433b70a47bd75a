"""The tables of the pull-through cache.

    registry ───┬─ pull_through_rule      names below a prefix are those of an upstream registry
    repository ─┼─ cached_repository      it holds images of an upstream
                ├─ cached_tag             when a tag was last looked for upstream
                ├─ cached_referrers       what the upstream lists as referrers of a digest
                └─ arriving_image ── arriving_blob     a manifest whose blobs are not all here yet

An arriving image is no image: it stands apart until the repository holds its blobs, so that nothing else sees it.
`upstream_fetch` is who brings what right now, over all processes and nodes.
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

pull_through_rule = Table(
    "pull_through_rule",
    metadata,
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("region", Text, nullable=False),
    Column("prefix", Text, nullable=False),  # without the `/` that is assumed at its end, or ROOT
    Column("shown", Text, nullable=False),  # the prefix as it was given
    Column("upstream_registry", Text, nullable=False),  # AWS's name of the kind; empty: one of the operator's list
    Column("upstream_url", Text, nullable=False),  # host, and port where it has one
    Column("upstream_prefix", Text, nullable=False),  # or ROOT
    Column("credential_arn", Text, nullable=False),  # empty: none
    Column("custom_role_arn", Text, nullable=False),  # empty: none
    Column("ttl_seconds", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_id", "region", "prefix"),
)

cached_repository = Table(
    "cached_repository",
    metadata,
    Column("repository_id", Text, ForeignKey("repository.id"), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("repository_id"),
)

cached_tag = Table(
    "cached_tag",
    metadata,
    Column("repository_id", Text, ForeignKey("repository.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("checked_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("repository_id", "name"),
)

cached_referrers = Table(
    "cached_referrers",
    metadata,
    Column("repository_id", Text, ForeignKey("repository.id"), nullable=False),
    Column("subject", Text, nullable=False),  # digest
    Column("body", Text, nullable=False),  # JSON list of descriptors
    Column("checked_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("repository_id", "subject"),
)

arriving_image = Table(
    "arriving_image",
    metadata,
    Column("repository_id", Text, ForeignKey("repository.id"), nullable=False),
    Column("digest", Text, nullable=False),
    Column("tags", Text, nullable=False),  # JSON list: those that it is to have
    Column("media_type", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
    PrimaryKeyConstraint("repository_id", "digest"),
)

arriving_blob = Table(
    "arriving_blob",
    metadata,
    Column("repository_id", Text, nullable=False),
    Column("manifest_digest", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    ForeignKeyConstraint(
        ["repository_id", "manifest_digest"], ["arriving_image.repository_id", "arriving_image.digest"]
    ),
    PrimaryKeyConstraint("repository_id", "manifest_digest", "digest"),
)
Index("ix_arriving_blob_digest", arriving_blob.c.repository_id, arriving_blob.c.digest)

upstream_fetch = Table(
    "upstream_fetch",
    metadata,
    Column("name", Text, nullable=False),  # what is brought: repository and digest
    Column("holder", Text, nullable=False),  # random: whoever brings it; of a plain blob the name of its spool
    Column("expires_at", BigInteger, nullable=False, index=True),
    PrimaryKeyConstraint("name"),
)
