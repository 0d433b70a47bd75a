"""ARNs of EventBridge: written and read back, and nothing else read."""

import pytest

from entrepot.spec import event_arns
from entrepot.spec.event_arns import BusKey, EventKey

ACCOUNT, REGION = "000000000000", "us-east-1"
PLACE = f"arn:aws:events:{REGION}:{ACCOUNT}"


@pytest.mark.parametrize("bus", ["default", "orders", "a.b-c_d"])
def test_a_rule_is_read_back_with_its_bus(bus: str):
    arn = event_arns.rule_arn(ACCOUNT, REGION, bus, "shipped")
    assert arn == f"{PLACE}:rule/{'' if bus == 'default' else f'{bus}/'}shipped"
    key = event_arns.parse(arn)
    assert key is not None
    assert (key.arn, key.rule) == (arn, (bus, "shipped"))
    assert BusKey(ACCOUNT, REGION, bus).rule_arn("shipped") == arn


def test_a_bus_is_read_back():
    key = BusKey(ACCOUNT, REGION, "orders")
    assert event_arns.bus_of(key.arn) == key


def test_what_has_an_id_of_its_own_is_read_back():
    key = EventKey(ACCOUNT, REGION, "connection", "name/00000000-0000-4000-8000-000000000000")
    assert event_arns.parse(key.arn) == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "orders",
        f"{PLACE}:event-bus/",
        f"{PLACE}:event-bus/a b",
        f"{PLACE}:event-bus/{'x' * 257}",
        f"{PLACE}:rule/orders",
        f"arn:aws:events::{ACCOUNT}:event-bus/orders",
        f"arn:aws:events:{REGION}:1234:event-bus/orders",
        f"arn:aws:sqs:{REGION}:{ACCOUNT}:event-bus/orders",
        f"{PLACE}:event-bus/orders\n",
    ],
)
def test_what_is_no_bus_is_none(text: str):
    assert event_arns.bus_of(text) is None
