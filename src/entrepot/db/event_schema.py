"""The tables of EventBridge's configuration, drawn once; the picture stands in db/schema.py.

The default bus is in every account and region: it has a row only once something of it was set. What happens to events
is in a database of its own.
"""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, PrimaryKeyConstraint, Table, UniqueConstraint

from entrepot.db.conventions import Text, metadata

event_region = Table(
    "event_region",
    metadata,
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("region", Text, nullable=False),
    Column("stamp", BigInteger, nullable=False),  # random; changes with whatever decides where events go
    PrimaryKeyConstraint("account_id", "region"),
)

event_bus = Table(
    "event_bus",
    metadata,
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("region", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("policy", Text),  # resource policy, JSON; principals by their unique ids
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_id", "region", "name"),
)

event_rule = Table(
    "event_rule",
    metadata,
    Column("id", Text, primary_key=True),  # ULID, never reused
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),  # of the bus
    Column("region", Text, nullable=False),
    Column("bus", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("pattern", Text),  # JSON as it was sent
    Column("schedule", Text),  # rate(…) | cron(…)
    Column("state", Text, nullable=False),  # ENABLED | DISABLED | ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS
    Column("description", Text, nullable=False),
    Column("role_arn", Text),
    Column("created_by", Text, nullable=False),  # the account that made it
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("account_id", "region", "bus", "name"),
)
Index(
    "ix_event_rule_schedule",
    event_rule.c.schedule,
    sqlite_where=event_rule.c.schedule.is_not(None),
    postgresql_where=event_rule.c.schedule.is_not(None),
)

event_target = Table(
    "event_target",
    metadata,
    Column("rule_id", Text, ForeignKey("event_rule.id"), nullable=False),
    Column("id", Text, nullable=False),
    Column("arn", Text, nullable=False, index=True),
    Column("role_arn", Text),
    Column("input_kind", Text, nullable=False),  # event | constant | path | transformer
    Column("input", Text, nullable=False),  # of an event ''; of a transformer JSON {InputPathsMap, InputTemplate}
    Column("parameters", Text, nullable=False),  # JSON {HttpParameters, KinesisParameters, SqsParameters}
    Column("dead_letter_arn", Text),
    Column("most_attempts", BigInteger),  # retries; None is AWS's default
    Column("longest_seconds", BigInteger),  # age of an event; None is AWS's default
    PrimaryKeyConstraint("rule_id", "id"),
)

event_archive = Table(
    "event_archive",
    metadata,
    Column("id", Text, primary_key=True),  # ULID: what was archived under a name before is not this one's
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("region", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("bus", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("pattern", Text),  # JSON; None archives everything
    Column("retention_days", BigInteger, nullable=False),  # 0 is for ever
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("account_id", "region", "name"),
)

event_replay = Table(
    "event_replay",
    metadata,
    Column("id", Text, primary_key=True),  # ULID
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("region", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("archive_id", Text, nullable=False),  # which may be gone
    Column("archive", Text, nullable=False),  # its name
    Column("bus", Text, nullable=False),  # where the events go again
    Column("filter_arns", Text, nullable=False),  # JSON list of the rules that see them; [] is every rule
    Column("from_at", BigInteger, nullable=False),
    Column("to_at", BigInteger, nullable=False),
    Column(
        "state", Text, nullable=False, index=True
    ),  # STARTING | RUNNING | CANCELLING | COMPLETED | CANCELLED | FAILED
    Column("reason", Text, nullable=False),
    Column("last_at", BigInteger),  # the time of the last event that was replayed
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    UniqueConstraint("account_id", "region", "name"),
)

event_connection = Table(
    "event_connection",
    metadata,
    Column("id", Text, primary_key=True),  # UUID, part of the ARN
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("region", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("kind", Text, nullable=False),  # BASIC | API_KEY | OAUTH_CLIENT_CREDENTIALS
    Column("shown", Text, nullable=False),  # JSON: AWS's AuthParameters without what is secret
    Column("sealed", LargeBinary),  # AuthParameters with what is secret, sealed by the master key; None: deauthorized
    Column("state", Text, nullable=False, index=True),  # AUTHORIZED | AUTHORIZING | DEAUTHORIZED
    Column("reason", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("authorized_at", BigInteger),
    UniqueConstraint("account_id", "region", "name"),
)

event_api_destination = Table(
    "event_api_destination",
    metadata,
    Column("id", Text, primary_key=True),  # UUID, part of the ARN
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("region", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("connection_arn", Text, nullable=False, index=True),  # which may be gone
    Column("endpoint", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("rate", BigInteger, nullable=False),  # invocations a second
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("account_id", "region", "name"),
)

event_tag = Table(  # AWS tags of buses and rules
    "event_tag",
    metadata,
    Column("arn", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("value", Text, nullable=False),
    PrimaryKeyConstraint("arn", "key"),
)
