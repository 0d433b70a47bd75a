"""What AWS has no name for, where a destination is at a peer: tags narrow what goes there, settings stay here."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from entrepot.core.replication import options, repairs
from entrepot.core.replication.options import Option
from entrepot.core.scanning.configuration import set_scan_on_push
from entrepot.db import peers, replication_steps
from entrepot.db.peer_records import Peer, Served
from entrepot.db.replication_records import Backlog
from entrepot.errors import ParameterInvalid
from tests.factories.callers import ACCOUNT, EPOCH
from tests.factories.core_database import CoreDatabase
from tests.unit.core.replication.test_engine import HOME, NEAR, SERVED, House

PEER = Peer(
    "far", "deployment", "https://far.example", "K" * 60, "", "", b"", (ACCOUNT,), (Served("", NEAR.region),), EPOCH
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    core = CoreDatabase(tmp_path)
    made = House(core)
    made.rules()
    yield made
    core.close()


def move(house: House) -> None:
    """From now on the destination is at a peer."""
    house.core.database.submit(lambda tx: peers.add(tx, PEER)).result()


def put(house: House, option: Option) -> None:
    house.core.write(options.put, HOME.registry, [option], SERVED, {})


def waiting(house: House) -> int:
    """Steps that are still to be done, here and elsewhere."""
    backlogs: Sequence[Backlog] = house.core.database.read(replication_steps.backlogs)
    return sum(each.steps for each in backlogs)


def test_images_go_to_a_peer_by_their_tags(house: House):
    move(house)
    put(house, Option(NEAR, (), ("v*",), ()))
    house.core.image(HOME, "dev")
    assert waiting(house) == 0
    house.core.image(HOME, "v1", layers=[b"another"])
    assert waiting(house) == 1


def test_settings_do_not_go_to_a_peer(house: House):
    option = Option(NEAR, (), (), ("SCAN_ON_PUSH",))
    put(house, option)
    house.core.write(set_scan_on_push, HOME, value=True)
    assert waiting(house) == 1
    move(house)
    house.core.write(set_scan_on_push, HOME, value=False)
    assert waiting(house) == 1
    with pytest.raises(ParameterInvalid, match="at the peer 'far', where settings do not go"):
        put(house, option)


def test_nothing_is_compared_with_a_peer(house: House):
    assert NEAR in house.core.read(repairs.destinations, HOME.registry)
    move(house)
    with pytest.raises(ParameterInvalid, match="another registry of this deployment"):
        house.core.read(repairs.destinations, HOME.registry)
    with pytest.raises(ParameterInvalid, match="a backfill brings what is missing there"):
        house.core.write(repairs.start, HOME.registry, NEAR, "", "00000000-0000-4000-8000-000000000001", dry=True)
