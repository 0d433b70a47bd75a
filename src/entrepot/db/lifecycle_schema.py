"""The tables of lifecycle policies: what a registry has set for all of them, policies, previews and what these say.

    account ──── registry_lifecycle
    repository ─┬─ lifecycle_policy
                ├─ lifecycle_preview            the last one that was asked for
                └─ lifecycle_preview_image      what becomes of an image, by the run that found it

A policy or a preview that waits has a `due_at`. What a run of a preview finds is shown once the preview says so; what
is another run's is removed a few rows at a time.
"""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, PrimaryKeyConstraint, Table

from entrepot.db.conventions import Text, metadata

registry_lifecycle = Table(  # only of those where something was set
    "registry_lifecycle",
    metadata,
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("region", Text, nullable=False),
    Column("extended", BigInteger, nullable=False),  # 0 | 1: policies may have this server's own properties
    Column("spares_in_use", BigInteger, nullable=False),  # 0 | 1
    Column("spares_pulled_days", BigInteger, nullable=False),  # 0: whenever an image was pulled
    PrimaryKeyConstraint("account_id", "region"),
)

lifecycle_policy = Table(
    "lifecycle_policy",
    metadata,
    Column("repository_id", Text, ForeignKey("repository.id"), primary_key=True),
    Column("id", Text, nullable=False),  # UUID, another for each policy
    Column("version", BigInteger, nullable=False),  # counts the texts of one
    Column("text", Text, nullable=False),
    Column("extended", BigInteger, nullable=False),  # 0 | 1: read with this server's own properties
    Column("updated_at", BigInteger, nullable=False),
    Column("evaluated_at", BigInteger),
    Column("due_at", BigInteger, nullable=False),
    Column("failures", Text, nullable=False),  # a hash of what stayed because an index names it, as was told last
)
Index("ix_lifecycle_policy_due_at", lifecycle_policy.c.due_at)

lifecycle_preview = Table(
    "lifecycle_preview",
    metadata,
    Column("repository_id", Text, ForeignKey("repository.id"), primary_key=True),
    Column("id", Text, nullable=False),  # UUID, another for each preview
    Column("text", Text, nullable=False),
    Column("extended", BigInteger, nullable=False),  # 0 | 1, as of a policy
    Column("status", Text, nullable=False),  # AWS's LifecyclePolicyPreviewStatus
    Column("run", Text, nullable=False),  # who works on it, or whose images it shows
    Column("tries", BigInteger, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("due_at", BigInteger),  # when it is to be worked on, made expired, or forgotten
    Column("expiring", BigInteger, nullable=False),
    Column("transitioning", BigInteger, nullable=False),
)
Index("ix_lifecycle_preview_due_at", lifecycle_preview.c.due_at)

lifecycle_preview_image = Table(
    "lifecycle_preview_image",
    metadata,
    Column("run", Text, nullable=False),
    Column("ordinal", BigInteger, nullable=False),
    Column("repository_id", Text, ForeignKey("repository.id"), nullable=False),
    Column("digest", Text, nullable=False),
    Column("tags", Text, nullable=False),  # JSON [tag]
    Column("is_tagged", BigInteger, nullable=False),  # 0 | 1
    Column("pushed_at", BigInteger, nullable=False),
    Column("action", Text, nullable=False),  # EXPIRE | TRANSITION | UNTAG
    Column("priority", BigInteger, nullable=False),
    Column("storage_class", Text, nullable=False),  # STANDARD | ARCHIVE: where the image is
    Column("spared", BigInteger, nullable=False),  # 0 | 1: it would go, and stays
    Column("clusters", Text, nullable=False),  # JSON [cluster]: where it is in use
    Column("pulled_at", BigInteger),
    PrimaryKeyConstraint("run", "ordinal"),
)
Index("ix_lifecycle_preview_image_digest", lifecycle_preview_image.c.run, lifecycle_preview_image.c.digest)
Index("ix_lifecycle_preview_image_run", lifecycle_preview_image.c.repository_id, lifecycle_preview_image.c.run)
