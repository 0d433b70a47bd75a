"""The tables of images: manifests of a repository, what they reference, and the tags that point at them
(their place among the others: db/schema.py).
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
    literal_column,
)

from entrepot.db.conventions import Text, metadata

manifest = Table(
    "manifest",
    metadata,
    Column("repository_id", Text, ForeignKey("repository.id"), nullable=False),
    Column("digest", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("kind", Text, nullable=False),  # image | index
    Column("artifact_type", Text),  # artifactType, else config.mediaType
    Column("subject", Text),  # digest
    Column("annotations", Text, nullable=False),  # JSON, for referrers
    Column("image_size", BigInteger, nullable=False),  # config + layers; of an index the largest child
    Column("body", LargeBinary, nullable=False),  # the exact bytes
    Column("pushed_at", BigInteger, nullable=False),
    Column("last_pulled_at", BigInteger),
    Column("pull_count", BigInteger, nullable=False),
    Column("status", Text, nullable=False, server_default="ACTIVE"),  # ACTIVE | ARCHIVED | ACTIVATING
    Column("archived_at", BigInteger),
    Column("activating_since", BigInteger),  # of one that is being restored
    Column("activated_at", BigInteger),
    Column("is_tagged", BigInteger, nullable=False, server_default="0"),  # 0 | 1: kept by whoever writes tags
    PrimaryKeyConstraint("repository_id", "digest"),
)
is_stored_away = manifest.c.status != literal_column("'ACTIVE'")  # as the index says it, or it would not serve
Index(  # with all that a list of images shows: else each image would be looked up between the bodies
    "ix_manifest_listed",
    manifest.c.repository_id,
    manifest.c.is_tagged,
    manifest.c.status,
    manifest.c.digest,
    manifest.c.media_type,
    manifest.c.kind,
    manifest.c.artifact_type,
    manifest.c.subject,
    manifest.c.image_size,
    manifest.c.pushed_at,
    manifest.c.last_pulled_at,
    manifest.c.archived_at,
    manifest.c.activated_at,
)
Index(
    "ix_manifest_stored_away",
    manifest.c.repository_id,
    manifest.c.digest,
    sqlite_where=is_stored_away,
    postgresql_where=is_stored_away,
)
Index(
    "ix_manifest_activating_since",
    manifest.c.activating_since,
    sqlite_where=manifest.c.activating_since.is_not(None),
    postgresql_where=manifest.c.activating_since.is_not(None),
)
Index(
    "ix_manifest_subject",
    manifest.c.repository_id,
    manifest.c.subject,
    manifest.c.status,
    manifest.c.digest,
    sqlite_where=manifest.c.subject.is_not(None),
    postgresql_where=manifest.c.subject.is_not(None),
)
Index(
    "ix_manifest_artifact_type",
    manifest.c.repository_id,
    manifest.c.subject,
    manifest.c.artifact_type,
    manifest.c.status,
    manifest.c.digest,
    sqlite_where=manifest.c.subject.is_not(None),
    postgresql_where=manifest.c.subject.is_not(None),
)

manifest_reference = Table(
    "manifest_reference",
    metadata,
    Column("repository_id", Text, nullable=False),
    Column("manifest_digest", Text, nullable=False),
    Column("kind", Text, nullable=False),  # config | layer | child
    Column("digest", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    PrimaryKeyConstraint("repository_id", "manifest_digest", "kind", "digest"),
    ForeignKeyConstraint(["repository_id", "manifest_digest"], ["manifest.repository_id", "manifest.digest"]),
)
Index("ix_manifest_reference_digest", manifest_reference.c.repository_id, manifest_reference.c.digest)

tag = Table(
    "tag",
    metadata,
    Column("repository_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("pointed_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("repository_id", "name"),
    ForeignKeyConstraint(["repository_id", "digest"], ["manifest.repository_id", "manifest.digest"]),
)
Index("ix_tag_digest", tag.c.repository_id, tag.c.digest, tag.c.name)  # with the name, or a page of ids reads all tags
