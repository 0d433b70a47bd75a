"""Scheduled rules: their ticks, what is missed, and that a tick is told once."""

import json
from datetime import UTC, datetime, timedelta

from entrepot.core.events import rules
from tests.factories.event_world import EventWorld
from tests.factories.origins import Origin

START = datetime(2026, 11, 26, 10, 0, 30, tzinfo=UTC)


def fired(hook: Origin) -> list[dict]:
    return [json.loads(asked.body) for asked in hook.asked]


async def test_a_scheduled_event_has_the_documented_shape_and_goes_to_its_rule_alone(world: EventWorld, hook: Origin):
    arn = world.rule("tick", world.webhook("hook", hook.url()), pattern=None, schedule="rate(5 minutes)")
    world.rule("other", world.webhook("other", hook.url("/other")))
    world.stop_clock(START)
    await world.settle()
    assert fired(hook) == []
    world.stop_clock(START + timedelta(minutes=5))
    await world.settle()
    (event,) = fired(hook)
    assert event["detail-type"] == "Scheduled Event"
    assert event["source"] == "aws.events"
    assert event["resources"] == [arn]
    assert event["detail"] == {}
    assert event["time"] == "2026-11-26T10:05:30Z"


async def test_what_was_missed_fires_once_and_counts_on_from_now(world: EventWorld, hook: Origin):
    world.rule("tick", world.webhook("hook", hook.url()), pattern=None, schedule="cron(0/10 * * * ? *)")
    world.stop_clock(START)
    world.route()
    world.stop_clock(START + timedelta(hours=5))
    await world.settle()
    await world.settle()
    assert [event["time"] for event in fired(hook)] == ["2026-11-26T10:10:00Z"]
    world.stop_clock(START + timedelta(hours=5, minutes=10))
    await world.settle()
    assert [event["time"] for event in fired(hook)][1:] == ["2026-11-26T15:10:00Z"]


async def test_a_disabled_rule_does_not_fire_and_a_changed_one_counts_anew(world: EventWorld, hook: Origin):
    target = world.webhook("hook", hook.url())
    world.rule("tick", target, pattern=None, schedule="rate(5 minutes)")
    world.stop_clock(START)
    world.route()
    world.core.write(rules.disable, "default", "tick")
    world.stop_clock(START + timedelta(minutes=6))
    await world.settle()
    assert fired(hook) == []
    world.core.write(rules.enable, "default", "tick")
    world.rule("tick", pattern=None, schedule="rate(1 hour)")
    world.stop_clock(START + timedelta(minutes=12))
    await world.settle()
    assert fired(hook) == []
    world.stop_clock(START + timedelta(minutes=73))
    await world.settle()
    assert len(fired(hook)) == 1


async def test_a_tick_that_is_told_twice_has_one_id(world: EventWorld, hook: Origin):
    world.rule("tick", world.webhook("hook", hook.url()), pattern=None, schedule="rate(1 minute)")
    world.stop_clock(START)
    world.feeder().step(changed=True)
    world.stop_clock(START + timedelta(minutes=1))
    world.feeder().step(changed=True)
    world.feeder().step(changed=True)
    await world.settle()
    assert len(fired(hook)) == 1
