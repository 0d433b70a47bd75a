"""Alarms of the first account for tests of core, made and moved by use cases."""

from datetime import timedelta
from typing import Any

from entrepot.core.metrics import alarm_listing, alarm_states, alarms
from entrepot.core.metrics.alarm_definitions import CompositeAlarm, Dimension, MetricAlarm, MetricQuery, MetricStat
from entrepot.core.metrics.alarm_definitions import Metric as Named
from entrepot.core.metrics.alarm_listing import Past
from entrepot.core.metrics.alarm_states import Moment, State
from entrepot.core.metrics.alarms import Draft
from entrepot.db import alarms as rows
from entrepot.db.alarm_records import AlarmKey, AlarmRow
from entrepot.spec.moments import micros
from tests.factories.callers import ACCOUNT, EPOCH, REGION, caller
from tests.factories.core_database import CoreDatabase

TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:told"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:called"
SERVICES = frozenset({"sns", "lambda"})
PLAIN = MetricAlarm(
    namespace="Demo",
    metric_name="Load",
    dimensions=(Dimension("Host", "a"),),
    statistic="Average",
    period=60,
    evaluation_periods=3,
    threshold=1.0,
    comparison_operator="GreaterThanThreshold",
)
STAT = MetricStat(Named("Demo", "Load"), 60, "Sum")
MATH = MetricAlarm(
    metrics=(MetricQuery("m1", STAT, return_data=False), MetricQuery("e1", expression="m1 * 2", return_data=True)),
    evaluation_periods=1,
    threshold=1.0,
    comparison_operator="LessThanThreshold",
)


def key(name: str) -> AlarmKey:
    return AlarmKey(ACCOUNT, REGION, name)


def put(core: CoreDatabase, name: str, definition: MetricAlarm | CompositeAlarm = PLAIN, **more: Any) -> None:
    use_case = alarms.put_metric if isinstance(definition, MetricAlarm) else alarms.put_composite
    core.write(use_case, Draft(name, definition, enabled=more.pop("enabled", True), tags=()), SERVICES, **more)


def row(core: CoreDatabase, name: str) -> AlarmRow:
    found = core.row(rows.find, key(name))
    assert isinstance(found, AlarmRow)
    return found


def set_state(core: CoreDatabase, name: str, value: str, seconds: int = 0) -> None:
    core.write(alarms.set_state, name, State(value, "set"), who=caller(at=EPOCH + timedelta(seconds=seconds)))


def release(core: CoreDatabase, name: str, seconds: int) -> None:
    now = Moment(micros(EPOCH + timedelta(seconds=seconds)), f"release {seconds}")
    core.database.submit(lambda tx: alarm_states.release(tx, key(name), now)).result()


def actions(core: CoreDatabase) -> list[str]:
    return [told.name for told in core.outbox("action")]


def history(core: CoreDatabase, **past: Any) -> list[tuple[str, str]]:
    page = core.read(alarm_listing.history, Past(newest=False, **past), 100, None)
    return [(each.item, each.summary) for each in page.items]
