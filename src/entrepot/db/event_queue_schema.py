"""The tables of the events database, drawn once: events on their way to targets, and archived ones. What buses, rules
and targets there are is metadata; here is what has a volume, so that no push ever waits for it.

    event_seen                  keys of events that were taken lately: each is taken once
    event_inbox                 events that wait for the rules of their bus
    event_delivery              one row an event and target, until it has arrived; order is that of a lane
    event_failure               deliveries that were given up and could not be told to a dead-letter queue
    archived_event · archive_size
    replay_progress · schedule_progress

Conventions are those of db/schema.py. A lane is an order key (a repository, or an event alone) and a target; of the
rows of a lane only the first is due at any time, the others stand BEHIND it.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Table

from entrepot.db import conventions
from entrepot.db.conventions import Text

BEHIND = 2**62  # microseconds: later than any moment

metadata = MetaData(naming_convention=conventions.metadata.naming_convention)
_Sequence = BigInteger().with_variant(Integer(), "sqlite")  # SQLite numbers rows of INTEGER keys only

event_seen = Table(
    "event_seen",
    metadata,
    Column("key", Text, primary_key=True),  # event id, account, region and name of the bus, replay
    Column("at", BigInteger, nullable=False),
)
Index("ix_event_seen_at", event_seen.c.at)

event_inbox = Table(
    "event_inbox",
    metadata,
    Column("sequence", _Sequence, primary_key=True, autoincrement=True),
    Column("event_id", Text, nullable=False),
    Column("account_id", Text, nullable=False),  # of the bus
    Column("region", Text, nullable=False),
    Column("bus", Text, nullable=False),  # its name
    Column("order_key", Text, nullable=False),
    Column("hops", BigInteger, nullable=False),  # buses that sent it on
    Column("only", Text, nullable=False),  # JSON list of the ARNs of rules that may have it; '' for all
    Column("replay", Text, nullable=False),  # its name, '' for none
    Column("accepted_at", BigInteger, nullable=False),
    Column("body", Text, nullable=False),  # the event, JSON, as rules and targets see it
)

event_delivery = Table(
    "event_delivery",
    metadata,
    Column("sequence", _Sequence, primary_key=True, autoincrement=True),
    Column("lane", Text, nullable=False),  # order key, target
    Column("target", Text, nullable=False),  # ARN of the rule, id of the target
    Column("due_at", BigInteger, nullable=False),  # BEHIND: not the first of its lane
    Column("event_id", Text, nullable=False),
    Column("account_id", Text, nullable=False),  # of the rule
    Column("region", Text, nullable=False),
    Column("order_key", Text, nullable=False),
    Column("hops", BigInteger, nullable=False),
    Column("attempts", BigInteger, nullable=False),  # that failed
    Column("accepted_at", BigInteger, nullable=False),
    Column("error_code", Text, nullable=False),  # of the last attempt, '' before it
    Column("error_message", Text, nullable=False),
    Column("body", Text, nullable=False),
)
Index("ix_event_delivery_lane", event_delivery.c.lane, event_delivery.c.sequence)
Index("ix_event_delivery_target", event_delivery.c.target, event_delivery.c.due_at, event_delivery.c.sequence)
Index("ix_event_delivery_account_id", event_delivery.c.account_id, event_delivery.c.sequence)

event_failure = Table(
    "event_failure",
    metadata,
    Column("sequence", _Sequence, primary_key=True, autoincrement=True),
    Column("event_id", Text, nullable=False),
    Column("account_id", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("order_key", Text, nullable=False),
    Column("hops", BigInteger, nullable=False),
    Column("attempts", BigInteger, nullable=False),
    Column("accepted_at", BigInteger, nullable=False),
    Column("failed_at", BigInteger, nullable=False),
    Column("exhausted", Text, nullable=False),  # MaximumRetryAttempts | MaximumEventAgeInSeconds | ''
    Column("error_code", Text, nullable=False),
    Column("error_message", Text, nullable=False),
    Column("body", Text, nullable=False),
)
Index("ix_event_failure_account_id", event_failure.c.account_id, event_failure.c.sequence)

archived_event = Table(
    "archived_event",
    metadata,
    Column("sequence", _Sequence, primary_key=True, autoincrement=True),  # the order in which rules saw them
    Column("archive_id", Text, nullable=False),
    Column("at", BigInteger, nullable=False),  # the event's time
    Column("event_id", Text, nullable=False),
    Column("order_key", Text, nullable=False),
    Column("body", Text, nullable=False),
)
Index("ix_archived_event_archive_id", archived_event.c.archive_id, archived_event.c.sequence)
Index("ix_archived_event_at", archived_event.c.archive_id, archived_event.c.at, archived_event.c.sequence)

archive_size = Table(
    "archive_size",
    metadata,
    Column("archive_id", Text, primary_key=True),
    Column("events", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
)

replay_progress = Table(
    "replay_progress",
    metadata,
    Column("replay_id", Text, primary_key=True),
    Column("after", BigInteger, nullable=False),  # the sequence of the last archived event that has entered again
    Column("last", BigInteger, nullable=False),  # and of the last one that is to
    Column("told_at", BigInteger, nullable=False),  # the time of the last one that has
)

schedule_progress = Table(
    "schedule_progress",
    metadata,
    Column("rule_arn", Text, primary_key=True),
    Column("expression", Text, nullable=False),  # another one starts anew
    Column("due_at", BigInteger, nullable=False),
)
