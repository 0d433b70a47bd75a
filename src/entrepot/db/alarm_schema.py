"""The tables of alarms and dashboards, drawn once; the picture stands in db/schema.py.

An alarm is named within an account and a region, a dashboard within an account. What is evaluated is the definition;
the columns beside it are what changes without its owner, and what alarms are found by.
"""

from sqlalchemy import BigInteger, Column, ForeignKey, ForeignKeyConstraint, Index, PrimaryKeyConstraint, Table

from entrepot.db.conventions import Text, metadata

alarm = Table(
    "alarm",
    metadata,
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("region", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),  # metric | composite
    Column("metric", Text, nullable=False),  # JSON of the one metric that it watches; '' for expressions and rules
    Column("definition", Text, nullable=False),  # JSON
    Column("actions_enabled", BigInteger, nullable=False),  # 1 | 0
    Column("configured_at", BigInteger, nullable=False),
    Column("state", Text, nullable=False),  # OK | ALARM | INSUFFICIENT_DATA
    Column("reason", Text, nullable=False),
    Column("reason_data", Text, nullable=False),  # JSON, or ''
    Column("updated_at", BigInteger, nullable=False),  # when the state or its reason changed
    Column("transitioned_at", BigInteger, nullable=False),  # when the state changed
    Column("evaluation", Text, nullable=False),  # EVALUATION_ERROR, or ''
    Column("changes", BigInteger, nullable=False),  # of its state: the order of what it tells
    Column("acted", Text, nullable=False),  # the state for which its actions have run, or need not
    Column("suppressed_by", Text, nullable=False),  # Alarm | WaitPeriod | ExtensionPeriod | ''
    Column("suppressed_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_id", "region", "name"),
)
Index("ix_alarm_metric", alarm.c.account_id, alarm.c.region, alarm.c.metric)
Index("ix_alarm_kind", alarm.c.kind, alarm.c.account_id, alarm.c.region, alarm.c.name)
Index("ix_alarm_suppressed_by", alarm.c.suppressed_by)

_ALARM = ["alarm.account_id", "alarm.region", "alarm.name"]

alarm_child = Table(  # what the rule of a composite alarm names
    "alarm_child",
    metadata,
    Column("account_id", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("parent", Text, nullable=False),
    Column("child", Text, nullable=False),
    PrimaryKeyConstraint("account_id", "region", "parent", "child"),
    ForeignKeyConstraint(["account_id", "region", "parent"], _ALARM, name="fk_alarm_child_parent_alarm"),
    ForeignKeyConstraint(["account_id", "region", "child"], _ALARM, name="fk_alarm_child_child_alarm"),
)
Index("ix_alarm_child_child", alarm_child.c.account_id, alarm_child.c.region, alarm_child.c.child)

alarm_history = Table(  # outlives its alarm
    "alarm_history",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account_id", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("item", Text, nullable=False),  # ConfigurationUpdate | StateUpdate | Action
    Column("summary", Text, nullable=False),
    Column("data", Text, nullable=False),  # JSON
)
Index("ix_alarm_history_name", alarm_history.c.account_id, alarm_history.c.region, alarm_history.c.name)
Index("ix_alarm_history_at", alarm_history.c.at)

dashboard = Table(
    "dashboard",
    metadata,
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("modified_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_id", "name"),
)

monitoring_tag = Table(  # of an alarm or a dashboard
    "monitoring_tag",
    metadata,
    Column("account_id", Text, nullable=False),
    Column("arn", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("value", Text, nullable=False),
    PrimaryKeyConstraint("account_id", "arn", "key"),
)
