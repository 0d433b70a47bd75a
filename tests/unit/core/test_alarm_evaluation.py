"""The job `alarms`: points make states, states are told, actions arrive; each once, and nothing from too few points."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from msgspec.structs import replace

from entrepot.core.metrics import alarm_listing, alarms
from entrepot.core.metrics.alarm_definitions import Dimension, MetricAlarm, MetricQuery, MetricStat
from entrepot.core.metrics.alarm_definitions import Metric as Named
from entrepot.core.metrics.alarm_evaluation import AlarmEvaluator
from entrepot.core.metrics.alarm_listing import Past
from entrepot.core.metrics.alarm_states import State
from entrepot.core.metrics.alarms import Draft
from entrepot.core.metrics.series import metric
from entrepot.db import alarm_history
from entrepot.db import alarms as rows
from entrepot.db.alarm_records import AlarmKey, AlarmRow
from entrepot.metrics import summaries
from tests.factories import alarm_cases
from tests.factories.alarm_cases import TOPIC
from tests.factories.callers import ACCOUNT, REGION, caller
from tests.factories.event_world import EventWorld
from tests.factories.metric_database import MetricDatabase, sqlite_metrics
from tests.factories.origins import Origin, body, origin

LOAD = metric("Demo", "Load", {"Host": "a"})
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:called:live"
PLAIN = replace(alarm_cases.PLAIN, evaluation_periods=2, threshold=10.0)


class House:
    """Alarms over points: minutes are counted from noon, and a run is at the tenth second after one."""

    def __init__(self, world: EventWorld, points: MetricDatabase) -> None:
        self.world, self.points = world, points
        self.evaluator = AlarmEvaluator(world.core.database, points.database, world.database)

    def put(self, definition: MetricAlarm = PLAIN, name: str = "load") -> None:
        draft = Draft(name, definition, enabled=True, tags=())
        self.world.core.write(alarms.put_metric, draft, frozenset({"sns", "lambda"}), who=caller(at=NOON))

    def point(self, minute: int, *values: float, **how: Any) -> None:
        found = summaries.of_values(values, [1.0] * len(values))
        self.points.put(int(NOON.timestamp()) + 60 * minute, found, LOAD, **how)

    def run(self, minute: int, seconds: int = 10) -> int:
        return self.evaluator.run(NOON + timedelta(minutes=minute, seconds=seconds))

    def row(self, name: str = "load") -> AlarmRow:
        found = self.world.core.row(rows.find, AlarmKey(ACCOUNT, REGION, name))
        assert isinstance(found, AlarmRow)
        return found

    @property
    def state(self) -> str:
        return self.row().state


@pytest.fixture
def hook(tmp_path: Path) -> Iterator[Origin]:
    with origin(tmp_path / "hook", tls=False) as made:
        made.answers["/"] = body(b"<taken/>")
        made.answers["/2015-03-31/functions/called/invocations?Qualifier=live"] = body(b"", 202)
        yield made


@pytest.fixture
def house(tmp_path: Path, hook: Origin) -> Iterator[House]:
    base = hook.url().rstrip("/")
    world, points = (
        EventWorld(tmp_path / "data", {"sns": base, "lambda": base}),
        MetricDatabase(sqlite_metrics(tmp_path)),
    )
    yield House(world, points)
    points.close()
    world.close()


def test_points_above_the_threshold_make_an_alarm_and_below_it_none(house: House):
    house.put()
    for minute, value in enumerate((20, 20, 20, 5)):
        house.point(minute, value)
    assert (house.run(2), house.state) == (1, "ALARM")
    assert house.row().reason == (
        "Threshold Crossed: 2 out of the last 2 datapoints [20.0 (01/01/26 12:01:00), 20.0 (01/01/26 12:00:00)] were "
        "greater than the threshold (10.0) (minimum 2 datapoints for INSUFFICIENT_DATA -> ALARM transition)."
    )
    told = json.loads(house.row().reason_data)
    assert (told["recentDatapoints"], told["threshold"], told["statistic"]) == ([20.0, 20.0], 10.0, "Average")
    assert told["startDate"] == "2026-01-01T12:00:00.000+0000"
    assert (house.run(3), house.state) == (0, "ALARM")
    assert (house.run(4), house.state) == (1, "OK")
    assert "were not greater than the threshold" in house.row().reason or "was not greater" in house.row().reason


def test_a_minute_that_is_not_over_is_not_looked_at(house: House):
    house.put(replace(PLAIN, evaluation_periods=1))
    house.point(0, 20)
    house.run(0)
    assert house.state == "INSUFFICIENT_DATA"
    house.run(1, seconds=4)  # its points may still be on their way
    assert house.state == "INSUFFICIENT_DATA"
    house.run(1, seconds=5)
    assert house.state == "ALARM"


def test_points_that_stop_coming_are_unknown_after_a_while(house: House):
    house.put()
    house.point(0, 5)
    house.point(1, 5)
    house.run(2)
    assert house.state == "OK"
    house.run(6)
    assert (house.state, house.row().reason) == ("INSUFFICIENT_DATA", "Insufficient Data: 2 datapoints were unknown.")


@pytest.mark.parametrize(
    ("treatment", "state"), [("breaching", "ALARM"), ("notBreaching", "OK"), ("ignore", "INSUFFICIENT_DATA")]
)
def test_points_that_never_came_are_treated_as_the_alarm_says(house: House, treatment: str, state: str):
    house.put(replace(PLAIN, treat_missing_data=treatment))
    house.run(2)
    assert house.state == state
    if treatment == "breaching":
        assert house.row().reason == (
            "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as "
            "[Breaching]."
        )


def test_a_period_of_five_minutes_slides_by_a_minute(house: House):
    house.put(replace(PLAIN, period=300, evaluation_periods=1))
    house.point(-1, 20)
    house.point(3, 20)
    house.run(4)
    assert house.state == "ALARM"
    assert "01/01/26 11:59:00" in house.row().reason


def test_an_expression_is_watched_over_its_metrics(house: House):
    def stat(name: str, of: str) -> MetricQuery:
        return MetricQuery(
            name, MetricStat(Named("Demo", "Load", (Dimension("Host", "a"),)), 60, of), return_data=False
        )

    ratio = MetricQuery("e1", expression="100 * high / total", label="share", return_data=True)
    definition = MetricAlarm(
        metrics=(ratio, stat("high", "Maximum"), stat("total", "Sum")),
        evaluation_periods=1,
        threshold=60.0,
        comparison_operator="GreaterThanThreshold",
    )
    house.put(definition)
    house.point(0, 1, 1, 3)
    house.run(1)
    assert house.state == "OK"
    assert "[60.0 (01/01/26 12:00:00)]" in house.row().reason
    house.point(1, 1, 5)
    house.run(2)
    assert house.state == "ALARM"


def test_a_percentile_of_few_samples_keeps_the_state(house: House):
    definition = replace(PLAIN, statistic=None, extended_statistic="p90", evaluation_periods=1)
    house.put(replace(definition, evaluate_low_sample_count_percentile="ignore"))
    house.put(definition, "always")
    house.point(0, *[20.0] * 99)
    house.run(1)
    assert (house.state, house.row("always").state) == ("INSUFFICIENT_DATA", "ALARM")
    house.point(1, *[20.0] * 100)
    house.run(2)
    assert house.state == "ALARM"


def test_a_state_that_was_set_lasts_until_the_next_run(house: House):
    house.put()
    house.point(0, 5)
    house.point(1, 5)
    house.run(2)
    house.world.core.write(alarms.set_state, "load", State("ALARM", "set"), who=caller(at=NOON + timedelta(minutes=2)))
    assert house.state == "ALARM"
    house.run(2, seconds=20)
    assert house.state == "OK"


def test_an_alarm_that_is_defined_anew_while_it_is_evaluated_keeps_its_state(house: House, monkeypatch):
    house.put()
    house.point(0, 20)
    house.point(1, 20)
    read = house.points.database.read

    def redefine_meanwhile(work):
        found = read(work)
        draft = Draft("load", replace(PLAIN, threshold=100.0), enabled=True, tags=())
        who = caller(at=NOON + timedelta(minutes=1))
        house.world.core.write(alarms.put_metric, draft, frozenset[str](), who=who)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(house.points.database, "read", redefine_meanwhile)
        house.run(2)
    assert house.state == "INSUFFICIENT_DATA"
    house.run(2, seconds=20)
    assert house.state == "OK"


def test_the_other_account_sees_its_own_metrics(house: House):
    house.put()
    house.point(0, 20)
    house.point(1, 20)
    draft = Draft("load", PLAIN, enabled=True, tags=())
    other = caller("111122223333", at=NOON)
    house.world.core.write(alarms.put_metric, draft, frozenset[str](), who=other)
    house.run(2)
    theirs = house.world.core.row(rows.find, AlarmKey("111122223333", REGION, "load"))
    assert (house.state, theirs.state) == ("ALARM", "INSUFFICIENT_DATA")


async def test_actions_arrive_where_they_are_sent_and_once(house: House, hook: Origin):
    house.put(replace(PLAIN, alarm_actions=(TOPIC, FUNCTION)))
    house.point(0, 20)
    house.point(1, 20)
    house.run(2)
    house.run(3)
    await house.world.settle()
    by_path: Mapping[str, Any] = {asked.path: asked for asked in hook.asked}
    published = parse_qs(by_path["/"].body.decode())
    assert published["TopicArn"] == [TOPIC]
    assert json.loads(published["Message"][0])["NewStateValue"] == "ALARM"
    (invoked,) = (json.loads(asked.body) for path, asked in by_path.items() if "functions" in path)
    assert invoked["alarmData"]["state"]["value"] == "ALARM"
    assert len(hook.asked) == 2
    past = house.world.core.read(alarm_listing.history, Past(item="Action"), 10, None)
    assert {each.summary for each in past.items} == {f"Action {arn} handed to delivery" for arn in (TOPIC, FUNCTION)}
    assert house.world.core.outbox("action") == []


async def test_an_action_that_was_handed_over_before_a_crash_is_not_queued_again(
    house: House, hook: Origin, monkeypatch: pytest.MonkeyPatch
):
    house.put(replace(PLAIN, alarm_actions=(TOPIC,)))
    house.point(0, 20)
    house.point(1, 20)
    write = house.world.core.database.submit
    failing: list[int] = []

    def crash(work, **how):
        if house.world.core.outbox("action") and not failing:
            failing.append(1)
            raise KeyboardInterrupt
        return write(work, **how)

    with monkeypatch.context() as crashing:
        crashing.setattr(house.world.core.database, "submit", crash)
        with pytest.raises(KeyboardInterrupt):
            house.run(2)
    house.run(3)
    await house.world.settle()
    assert len(hook.asked) == 1


async def test_a_change_of_state_is_an_event_for_rules(house: House, hook: Origin):
    pattern = '{"source": ["aws.cloudwatch"], "detail": {"state": {"value": ["ALARM"]}}}'
    house.world.rule("alarms", house.world.webhook("hook", hook.url()), pattern=pattern)
    house.put()
    house.point(0, 20)
    house.point(1, 20)
    house.run(2)
    await house.world.settle()
    (event,) = (json.loads(asked.body) for asked in hook.asked)
    assert event["detail-type"] == "CloudWatch Alarm State Change"
    assert event["resources"] == [f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:load"]
    assert event["detail"]["previousState"]["value"] == "INSUFFICIENT_DATA"


def test_history_is_kept_for_thirty_days(house: House):
    house.put()
    house.run(1)
    assert house.world.core.row(alarm_history.is_older, 2**60)
    house.evaluator.run(NOON + timedelta(days=31))
    assert house.world.core.read(alarm_listing.history, Past(item="ConfigurationUpdate"), 10, None).items == ()
