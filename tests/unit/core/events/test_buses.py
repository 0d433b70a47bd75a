"""Events go on to other buses: with their ids, by the bus's policy, and never round in circles."""

import json
from datetime import UTC, datetime

import pytest

from entrepot.core.events import bus_policies, buses
from entrepot.db.event_records import Target
from entrepot.spec.event_arns import BusKey
from tests.factories.callers import ACCOUNT, OTHER_ACCOUNT, REGION, caller
from tests.factories.event_world import EventWorld
from tests.factories.origins import Origin


def to_bus(key: BusKey, role: str | None = None) -> Target:
    return Target("", "bus", key.arn, role_arn=role)


async def test_an_event_goes_on_to_a_bus_of_the_account_as_it_is(world: EventWorld, hook: Origin):
    key = world.bus("second")
    world.rule("on", to_bus(key))
    world.rule("there", world.webhook("hook", hook.url()), bus="second")
    sent = [world.send({"n": number}, order_key="one") for number in range(5)]
    await world.settle()
    assert [json.loads(asked.body)["id"] for asked in hook.asked] == sent


async def test_buses_in_a_circle_see_an_event_once_each(world: EventWorld, hook: Origin):
    first, second = world.bus("first"), world.bus("second")
    world.rule("a", to_bus(first))
    world.rule("b", to_bus(second), world.webhook("hook", hook.url()), bus="first")
    world.rule("c", to_bus(first), bus="second")
    world.send({"n": 1})
    await world.settle()
    assert len(hook.asked) == 1


async def test_a_long_chain_of_buses_ends(world: EventWorld):
    names = [f"bus-{number}" for number in range(7)]
    keys = [world.bus(name) for name in names]
    world.rule("start", to_bus(keys[0]))
    for name, following in zip(names, keys[1:], strict=False):
        world.rule("on", to_bus(following), bus=name)
    world.send({"n": 1})
    await world.settle()
    (row,) = world.failures()
    assert row.hops == 5
    assert "sent on" in row.error_message


@pytest.mark.parametrize("permitted", [True, False])
async def test_a_bus_of_another_account_takes_what_its_policy_allows(world, permitted):
    theirs = BusKey(OTHER_ACCOUNT, REGION, "default")
    role = world.role("sender", "events:PutEvents")
    world.rule("on", to_bus(theirs, role))
    if permitted:
        grant = bus_policies.Grant("us", ACCOUNT, None)
        world.core.write(bus_policies.grant, "default", grant, who=caller(OTHER_ACCOUNT))
    world.send({"n": 1})
    await world.settle()
    codes = [row.error_code for row in world.failures()]
    assert codes == ([] if permitted else ["NO_PERMISSIONS"])


async def test_the_policy_of_a_bus_reads_the_event(world: EventWorld):
    theirs = BusKey(OTHER_ACCOUNT, REGION, "default")
    world.rule("on", to_bus(theirs, world.role("sender", "events:PutEvents")))
    grant = bus_policies.Grant("us", ACCOUNT, ("StringEquals", "events:source", "wanted"))
    world.core.write(bus_policies.grant, "default", grant, who=caller(OTHER_ACCOUNT))
    world.send({"n": 1}, source="wanted")
    refused = world.send({"n": 2}, source="unwanted")
    await world.settle()
    assert [row.event_id for row in world.failures()] == [refused]


async def test_a_bus_that_is_gone_is_told(world: EventWorld):
    key = world.bus("second")
    world.rule("on", to_bus(key))
    world.core.write(buses.delete, "second", who=caller(at=datetime.now(UTC)))
    world.send({"n": 1})
    await world.settle()
    assert [row.error_code for row in world.failures()] == ["NO_RESOURCE"]
