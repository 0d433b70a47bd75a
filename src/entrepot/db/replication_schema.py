"""The tables of replication.

    registry ───┬─ replication_configuration     the rules of a private registry
                ├─ replication_options           what AWS has no name for: tag filters, settings that go too
                ├─ replication_backfill ── replication_backfill_item
                └─ replication_repair ──── replication_repair_item       what differs at a destination
    repository ─┬─ replication_step              what a change of it is still to do at a destination
                └─ replication_status            how the copies of its images stand

A step is written in the transaction of the change that it follows. It names its repository by name too: it outlives
the repository, since what was deleted there is still to be deleted elsewhere. A status goes with its image.
"""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, PrimaryKeyConstraint, Table

from entrepot.db.conventions import Text, metadata

replication_configuration = Table(
    "replication_configuration",
    metadata,
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("region", Text, nullable=False),
    Column("rules", Text, nullable=False),  # JSON, db/replication_records.py draws it
    Column("updated_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_id", "region"),
)

replication_options = Table(
    "replication_options",
    metadata,
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("region", Text, nullable=False),
    Column("options", Text, nullable=False),  # JSON, db/replication_records.py draws it
    Column("updated_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_id", "region"),
)

replication_step = Table(
    "replication_step",
    metadata,
    Column("repository_id", Text, nullable=False),  # the source
    Column("to_account", Text, nullable=False),
    Column("to_region", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),  # of the source; with the ordinal the order of its changes
    Column("ordinal", BigInteger, nullable=False),
    Column("tag", Text, nullable=False),  # '' for none
    Column("action", Text, nullable=False),  # PUSH | DELETE | SETTINGS
    Column("digest", Text, nullable=False),  # '' for settings
    Column("account_id", Text, nullable=False),  # of the source
    Column("region", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("attempts", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),  # why the last attempt failed; '' before the first
    Column("created_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("repository_id", "to_account", "to_region", "revision", "ordinal", "tag"),
)
Index(
    "ix_replication_step_due",
    replication_step.c.due_at,
    replication_step.c.repository_id,
    replication_step.c.revision,
    replication_step.c.ordinal,
)
Index("ix_replication_step_image", replication_step.c.repository_id, replication_step.c.digest)

replication_status = Table(
    "replication_status",
    metadata,
    Column("repository_id", Text, nullable=False),
    Column("digest", Text, nullable=False),  # '' for its settings
    Column("tag", Text, nullable=False),  # '' for none
    Column("to_account", Text, nullable=False),
    Column("to_region", Text, nullable=False),
    Column("status", Text, nullable=False),  # IN_PROGRESS | COMPLETE | FAILED
    Column("failure_code", Text, nullable=False),  # '' for none
    Column("reason", Text, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("repository_id", "digest", "tag", "to_account", "to_region"),
)
Index(
    "ix_replication_status_failed",
    replication_status.c.changed_at,
    sqlite_where=replication_status.c.status == "FAILED",
    postgresql_where=replication_status.c.status == "FAILED",
)

replication_backfill = Table(
    "replication_backfill",
    metadata,
    Column("id", Text, primary_key=True),  # UUID
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("region", Text, nullable=False),
    Column("to_account", Text, nullable=False),
    Column("to_region", Text, nullable=False),
    Column("status", Text, nullable=False),  # PREPARING | IN_PROGRESS | COMPLETE | FAILED | STOPPING | STOPPED
    Column("failure_code", Text, nullable=False),  # '' for none
    Column("after", Text, nullable=False),  # JSON [name, digest, tag]: how far it has been prepared
    Column("total", BigInteger, nullable=False),
    Column("completed", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("prepared", BigInteger, nullable=False),  # 0 | 1: all that it is to do is known
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
)
Index(
    "ix_replication_backfill_registry",
    replication_backfill.c.account_id,
    replication_backfill.c.region,
    replication_backfill.c.started_at,
    replication_backfill.c.id,
)
Index("ix_replication_backfill_ended_at", replication_backfill.c.ended_at)

replication_backfill_item = Table(
    "replication_backfill_item",
    metadata,
    Column("backfill_id", Text, ForeignKey("replication_backfill.id"), nullable=False),
    Column("name", Text, nullable=False),  # of the repository
    Column("digest", Text, nullable=False),
    Column("tag", Text, nullable=False),  # '' for none
    Column("status", Text, nullable=False),  # WAITING | COMPLETE | FAILED
    Column("failure_code", Text, nullable=False),  # '' for none
    Column("sub_failure_codes", Text, nullable=False),  # JSON list; '' unless it is an index
    PrimaryKeyConstraint("backfill_id", "name", "digest", "tag"),
)
Index(
    "ix_replication_backfill_item_status",
    replication_backfill_item.c.backfill_id,
    replication_backfill_item.c.status,
    replication_backfill_item.c.name,
    replication_backfill_item.c.digest,
    replication_backfill_item.c.tag,
)

replication_repair = Table(
    "replication_repair",
    metadata,
    Column("id", Text, primary_key=True),  # UUID
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("region", Text, nullable=False),
    Column("to_account", Text, nullable=False),
    Column("to_region", Text, nullable=False),
    Column("name", Text, nullable=False),  # of one repository; '' for all
    Column("dry", BigInteger, nullable=False),  # 0 | 1: nothing is to be changed
    Column("status", Text, nullable=False),  # IN_PROGRESS | COMPLETE
    Column("after", Text, nullable=False),  # JSON [name, side, digest, tag]: how far it has compared
    Column("compared", BigInteger, nullable=False),
    Column("found", BigInteger, nullable=False),
    Column("kept", BigInteger, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
)
Index("ix_replication_repair_ended_at", replication_repair.c.ended_at)

replication_repair_item = Table(
    "replication_repair_item",
    metadata,
    Column("repair_id", Text, ForeignKey("replication_repair.id"), nullable=False),
    Column("ordinal", BigInteger, nullable=False),
    Column("name", Text, nullable=False),  # of the repository
    Column("difference", Text, nullable=False),  # MISSING | EXTRA | DAMAGED | SETTINGS
    Column("digest", Text, nullable=False),  # '' for settings
    Column("tag", Text, nullable=False),  # '' for none; of settings which
    Column("kept", BigInteger, nullable=False),  # 0 | 1: it stays as it is
    PrimaryKeyConstraint("repair_id", "ordinal"),
)
