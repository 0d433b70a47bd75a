"""The tables of how repositories come to be without being made, and of how what was deleted comes back.

    registry ───┬─ creation_template          settings of repositories below a prefix that are made when they are needed
                └─ trash_setting              how long what is deleted may be restored
    repository ─┬─ repository_protection      nothing of it may be deleted
                ├─ trashed_repository         a tombstone that may be restored; nobody empties it until then
                └─ trashed_image ── trashed_reference

A trashed image is a manifest that was moved out of `manifest`, one row for each deletion, so that nothing else sees it;
collection asks `trashed_reference` as it asks `manifest_reference`.
"""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, PrimaryKeyConstraint, Table

from entrepot.db.conventions import Text, metadata

creation_template = Table(
    "creation_template",
    metadata,
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("region", Text, nullable=False),
    Column("prefix", Text, nullable=False),  # without the `/` that is assumed at its end, or ROOT
    Column("shown", Text, nullable=False),  # the prefix as it was given
    Column("description", Text, nullable=False),
    Column("encryption", Text, nullable=False),  # JSON {encryptionType, kmsKey}
    Column("resource_tags", Text, nullable=False),  # JSON [[key, value]]
    Column("mutability", Text, nullable=False),
    Column("exclusion_filters", Text, nullable=False),  # JSON list of wildcards
    Column("repository_policy", Text),  # JSON, principals by unique id
    Column("lifecycle_policy", Text, nullable=False),  # JSON; empty: none
    Column("applied_for", Text, nullable=False),  # JSON list of CREATE_ON_PUSH | PULL_THROUGH_CACHE | REPLICATION
    Column("custom_role_arn", Text, nullable=False),  # empty: none
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_id", "region", "prefix"),
)

trash_setting = Table(  # only of registries where something was set
    "trash_setting",
    metadata,
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("region", Text, nullable=False),
    Column("grace_seconds", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_id", "region"),
)

repository_protection = Table(  # only of those that are protected
    "repository_protection",
    metadata,
    Column("repository_id", Text, ForeignKey("repository.id"), nullable=False),
    Column("owner", Text, nullable=False),  # ARN of who protected it
    Column("created_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("repository_id"),
)

trashed_repository = Table(
    "trashed_repository",
    metadata,
    Column("repository_id", Text, ForeignKey("repository.id"), nullable=False),
    Column("deleted_by", Text, nullable=False),  # ARN
    Column("deleted_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
    PrimaryKeyConstraint("repository_id"),
)

trashed_image = Table(
    "trashed_image",
    metadata,
    Column("id", Text, primary_key=True),  # UUID
    Column("repository_id", Text, ForeignKey("repository.id"), nullable=False),
    Column("deletion", Text, nullable=False),  # id of the request that deleted it, and what went with it
    Column("digest", Text, nullable=False),
    Column("subject", Text, nullable=False),  # digest; empty: none
    Column("tags", Text, nullable=False),  # JSON list: those that it had
    Column("media_type", Text, nullable=False),
    Column("image_size", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("sbom_of", Text, nullable=False),  # digest of the image that the registry made it of; empty: it did not
    Column("pushed_at", BigInteger, nullable=False),
    Column("last_pulled_at", BigInteger),
    Column("pull_count", BigInteger, nullable=False),
    Column("deleted_by", Text, nullable=False),  # ARN
    Column("deleted_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
    Column("signings", Text, nullable=False, server_default="[]"),  # JSON: how far profiles were with it
)
Index("ix_trashed_image_digest", trashed_image.c.repository_id, trashed_image.c.digest)
Index("ix_trashed_image_subject", trashed_image.c.repository_id, trashed_image.c.subject)

trashed_reference = Table(
    "trashed_reference",
    metadata,
    Column("image_id", Text, ForeignKey("trashed_image.id"), nullable=False),
    Column("kind", Text, nullable=False),  # config | layer | child
    Column("digest", Text, nullable=False),
    Column("repository_id", Text, nullable=False),
    PrimaryKeyConstraint("image_id", "kind", "digest"),
)
Index("ix_trashed_reference_digest", trashed_reference.c.repository_id, trashed_reference.c.digest)
