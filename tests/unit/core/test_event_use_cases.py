"""Use cases on EventBridge's configuration: a new stamp for a change; secrets are sealed and told nowhere."""

import pytest

from entrepot.db import event_buses
from tests.factories.callers import ACCOUNT, OTHER_ACCOUNT, REGION, caller
from tests.factories.event_cases import CASES, SECRET
from tests.factories.furnished import House


def stamp(house: House, account: str = ACCOUNT) -> int:
    return int(house.core.row(event_buses.stamp, account, REGION))


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.action])
def test_a_change_gives_its_account_a_new_stamp_and_no_other(house: House, name: str):
    before, others = stamp(house), stamp(house, OTHER_ACCOUNT)
    house.run(name, caller())
    assert stamp(house) != before
    assert stamp(house, OTHER_ACCOUNT) == others


def test_a_secret_is_told_to_nobody_and_is_sealed(house: House):
    for name in ("create", "update", "describe", "deauthorize"):
        assert SECRET not in str(house.run(f"events.connections.{name}", caller()))
    assert SECRET not in "".join(row.body for row in house.core.outbox("audit"))
    for path in house.core.path.parent.iterdir():
        assert SECRET.encode() not in path.read_bytes(), path
