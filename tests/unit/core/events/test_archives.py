"""Archives keep what their pattern wants; a replay gives it again, in order, with its ids; retention forgets it."""

import json
from datetime import UTC, datetime, timedelta

from entrepot.core.events import archives, replays
from entrepot.core.events.retention import Retention
from entrepot.db import archived_events, event_deliveries
from tests.factories.event_world import EventWorld
from tests.factories.origins import Origin

HOUR = timedelta(hours=1)


def told(hook: Origin) -> list[dict]:
    return [json.loads(asked.body) for asked in hook.asked]


def size(world: EventWorld, archive_id: str) -> tuple[int, int]:
    return world.units.read(archived_events.size, archive_id)


async def test_a_replay_gives_the_same_events_again_with_its_name(world: EventWorld, hook: Origin):
    archive = world.archive("all")
    world.rule("all", world.webhook("hook", hook.url()))
    sent = [world.send({"n": number}, order_key="one") for number in range(10)]
    await world.settle()
    first = told(hook)
    assert [event["id"] for event in first] == sent
    now = datetime.now(UTC)
    world.replay("again", archive, now - HOUR, now + timedelta(seconds=1))
    await world.settle()
    again = told(hook)[10:]
    assert [event.pop("replay-name") for event in again] == ["again"] * 10
    assert again == first
    found = world.replayed("again")
    assert (found.state, found.last_at is not None, found.ended_at is not None) == ("COMPLETED", True, True)
    assert size(world, archive.id)[0] == 10  # what is replayed is not archived again


async def test_an_archive_keeps_what_its_pattern_wants(world: EventWorld):
    archive = world.archive("some", pattern='{"detail": {"n": [{"numeric": [">", 1]}]}}')
    for number in range(4):
        world.send({"n": number})
    await world.settle()
    events, characters = size(world, archive.id)
    assert events == 2
    assert characters > 100


async def test_a_replay_is_for_its_time_and_the_rules_that_it_names(world: EventWorld, hook: Origin):
    archive = world.archive("all")
    wanted = world.rule("a", world.webhook("a", hook.url()), pattern='{"detail": {"n": [1, 2]}}')
    world.rule("b", world.webhook("b", hook.url("/b")))
    start = datetime.now(UTC).replace(microsecond=0)
    for number in range(4):
        world.stop_clock(start + number * timedelta(seconds=1))
        world.send({"n": number})
    world.now = lambda: datetime.now(UTC)
    await world.settle()
    before = len(hook.asked)
    world.stop_clock(start + HOUR)
    world.replay("again", archive, start + timedelta(seconds=2), start + timedelta(seconds=10), wanted)
    await world.settle()
    assert [(asked.path, json.loads(asked.body)["detail"]["n"]) for asked in hook.asked[before:]] == [("/", 2)]


async def test_a_replay_that_was_interrupted_goes_on_where_it_was(world: EventWorld, hook: Origin):
    archive = world.archive("all")
    world.rule("all", world.webhook("hook", hook.url()))
    for number in range(1200):
        world.send({"n": number}, order_key="one")
    world.route()
    while rows := world.deliveries():
        world.units.write(event_deliveries.done, rows[0].lane, rows[-1].sequence)
    now = datetime.now(UTC)
    world.replay("again", archive, now - HOUR, now + HOUR)
    world.feeder().step(changed=True)  # one batch enters, and the process is gone
    assert world.replayed("again").state == "RUNNING"
    while world.replayed("again").state != "COMPLETED":
        world.feeder().step(changed=True)
    world.route()
    first = world.deliveries()
    rest = world.units.read(event_deliveries.page, first[-1].sequence, 1000)
    assert [json.loads(row.body)["detail"]["n"] for row in (*first, *rest)] == list(range(1200))


async def test_a_cancelled_replay_ends(world: EventWorld):
    archive = world.archive("all")
    world.send({"n": 1})
    world.route()
    now = datetime.now(UTC)
    world.replay("again", archive, now - HOUR, now + HOUR)
    world.core.write(replays.cancel, "again")
    world.route()
    world.feeder().step(changed=True)
    assert world.replayed("again").state == "CANCELLED"


async def test_a_replay_of_an_archive_that_is_gone_fails(world: EventWorld):
    archive = world.archive("all")
    now = datetime.now(UTC)
    world.replay("again", archive, now - HOUR, now)
    world.core.write(archives.delete, "all")
    world.archive("all")  # another one, under its name
    world.feeder().step(changed=True)
    assert world.replayed("again").state == "FAILED"


async def test_a_replay_of_nothing_completes(world: EventWorld):
    archive = world.archive("all")
    now = datetime.now(UTC)
    world.replay("again", archive, now - HOUR, now)
    world.feeder().step(changed=True)
    assert world.replayed("again").state == "COMPLETED"


async def test_what_is_older_than_its_archive_keeps_is_forgotten_and_the_rest_of_archives_that_are_gone(world):
    short, ever, gone = world.archive("short", retention_days=1), world.archive("ever"), world.archive("gone")
    now = datetime.now(UTC)
    for days in (3, 2, 0):
        world.stop_clock(now - timedelta(days=days))
        world.send({"days": days})
    world.now = lambda: datetime.now(UTC)
    world.route()
    world.core.write(archives.delete, "gone")
    assert [size(world, each.id)[0] for each in (short, ever, gone)] == [3, 3, 3]
    assert Retention(world.metadata_units, world.units).run(now) == 2 + 3
    assert [size(world, each.id)[0] for each in (short, ever, gone)] == [1, 3, 0]
    assert Retention(world.metadata_units, world.units).run(now) == 0
