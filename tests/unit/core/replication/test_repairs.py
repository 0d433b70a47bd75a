"""Repairs: whatever differs is found, told and closed, and what is to stay stays."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from entrepot.core import deletion, repositories
from entrepot.core.replication import options, repairs
from entrepot.core.replication.options import Option
from entrepot.core.replication.repairing import Repairing
from entrepot.db import blobs
from entrepot.errors import ParameterInvalid, QuotaExceeded, RepairNotFound
from entrepot.spec.reference import Tag
from entrepot.spec.repository import RepositoryKey
from tests.factories.callers import EPOCH, caller, image_manifest, index_manifest
from tests.factories.core_database import CoreDatabase
from tests.factories.dying import DyingDatabase, Killed
from tests.unit.core.replication.test_engine import AWAY, FOREIGN, HOME, LATER, NEAR, SERVED, House

ID = "00000000-0000-4000-8000-0000000000{:02}"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    core = CoreDatabase(tmp_path)
    yield House(core)
    core.close()


def repaired(house: House, number: int = 1, *, dry: bool = False, name: str = "") -> tuple[Any, list[tuple[Any, ...]]]:
    """How a repair came out, and what it found."""
    house.core.write(repairs.start, HOME.registry, NEAR, name, ID.format(number), dry=dry)
    Repairing(house.core.database).run(EPOCH)
    found, page = house.core.read(repairs.describe, HOME.registry, ID.format(number), 1000, 0)
    return found, [(item.difference, item.digest, item.tag, item.is_kept) for item in page.items]


def diverge(house: House) -> dict[str, Any]:
    """An image that is missing there, a tag that is elsewhere there, a tag and an image that are surplus there."""
    core = house.core
    made = {
        "missing": core.image(HOME, "missing", layers=[b"missing"]),
        "moved": core.image(HOME, "moved", layers=[b"moved"]),
        "other": core.image(HOME, "other", layers=[b"other"]),
    }
    house.rules()
    core.put(HOME, made["moved"], "again")
    core.put(HOME, made["other"], "same")
    house.run()
    core.put(AWAY, made["other"], "moved", "surplus")
    made["alien"] = core.image(AWAY, "alien", layers=[b"alien"])
    return made


def test_everything_that_differs_is_found_told_and_closed(house: House):
    made = diverge(house)
    expected = {
        ("MISSING", made["missing"].digest, "missing", False),
        ("MISSING", made["moved"].digest, "moved", False),
        ("MISSING", made["other"].digest, "other", False),
        ("EXTRA", made["other"].digest, "surplus", False),
        ("EXTRA", made["alien"].digest, "alien", False),
    }
    dry, found = repaired(house, dry=True)
    assert set(found) == expected
    assert (dry.is_dry, dry.status, dry.found, dry.kept, dry.compared) == (True, "COMPLETE", 5, 0, 10)
    assert house.waiting() == []
    done, found = repaired(house, 2)
    assert set(found) == expected
    assert done.ended_at == EPOCH
    assert house.status("missing") == [("IN_PROGRESS", "")]
    assert repaired(house, 3)[1] == []  # all of it is on its way
    assert house.run() == {"replicated": 3, "deleted": 2}
    assert house.held() == house.held(HOME)
    assert house.status("missing") == [("COMPLETE", "")]
    assert ("ECR Replication Action", "SUCCESS", "missing") in house.told()
    assert repaired(house, 4)[1] == []


def test_nothing_is_deleted_where_deletions_are_not_replicated(house: House):
    made = diverge(house)
    house.rules(deletes=False)
    done, found = repaired(house)
    assert (done.found, done.kept) == (5, 2)
    assert {each for each in found if each[3]} == {
        ("EXTRA", made["other"].digest, "surplus", True),
        ("EXTRA", made["alien"].digest, "alien", True),
    }
    house.run()
    held = house.held()
    assert held[made["alien"].digest] == ("alien",)
    assert held[made["other"].digest] == ("other", "same", "surplus")
    assert {digest: tags for digest, tags in house.held(HOME).items() if digest != made["other"].digest}.items() <= (
        held.items()
    )


def test_an_index_that_is_surplus_goes_with_its_images(house: House):
    house.rules()
    house.core.image(HOME, "v1")
    house.run()
    children = [house.core.image(AWAY, layers=[data]) for data in (b"arm", b"amd")]
    house.core.put(AWAY, index_manifest([image_manifest([data]) for data in (b"arm", b"amd")]), "index")
    assert {each.digest for each in children} < house.held().keys()
    repaired(house)
    for minutes in range(1, 6):
        house.run(LATER + timedelta(minutes=2 * minutes))
    assert house.held() == house.held(HOME)


def test_a_copy_whose_bytes_are_damaged_is_told_and_tried(house: House):
    house.rules()
    made = house.core.image(HOME, "v1", layers=[b"bad"])
    house.run()
    broken = house.core.blob(HOME, b"bad")
    house.core.write(lambda tx, _: blobs.damage(tx, broken.id, broken.location))
    assert repaired(house)[1] == [("DAMAGED", made.digest, "v1", False)]
    assert house.run() == {}
    house.core.write(lambda tx, _: blobs.restore(tx, broken.id, broken.location, EPOCH))
    assert house.run(LATER) == {"replicated": 1}


def test_settings_that_differ_are_told_and_brought(house: House):
    house.core.write(repositories.set_mutability, HOME, "IMMUTABLE", ())
    house.rules()
    house.core.image(HOME, "v1")
    house.run()
    house.core.write(options.put, HOME.registry, [Option(NEAR, (), (), ("IMAGE_TAG_MUTABILITY",))], SERVED, {})
    assert repaired(house)[1] == [("SETTINGS", "", "IMAGE_TAG_MUTABILITY", False)]
    assert house.run() == {"settled": 1}
    assert house.core.present(AWAY).mutability == "IMMUTABLE"
    assert repaired(house, 2)[1] == []


def test_tags_that_do_not_go_there_are_no_difference(house: House):
    wanted = house.core.image(HOME, "v1", "dev")
    house.core.image(HOME, "dev-2", layers=[b"two"])
    house.rules()
    house.core.write(options.put, HOME.registry, [Option(NEAR, (), ("v*",), ())], SERVED, {})
    own = house.core.image(house.core.repository("aside"), "x", layers=[b"own"])
    assert repaired(house, name=HOME.name)[1] == [("MISSING", wanted.digest, "v1", False)]
    house.run()
    house.core.image(AWAY, "dev", layers=[b"own"])
    assert repaired(house, 2, name=HOME.name)[1] == []
    assert house.held() == {wanted.digest: ("v1",), own.digest: ("dev",)}


def test_what_the_source_never_had_a_repository_of_is_left_alone(house: House):
    house.rules()
    key = RepositoryKey(AWAY.registry, "their/own")
    house.core.write(repositories.create, key, repositories.RepositoryDraft())
    house.core.image(key, "v1", layers=[b"own"])
    assert repaired(house)[1] == []
    house.run()
    assert house.held(key) != {}


@pytest.mark.parametrize("unheard", [False, True])
def test_a_repair_that_is_killed_anywhere_goes_on_and_finds_nothing_twice(house: House, unheard: bool):
    made = diverge(house)
    house.core.write(repairs.start, HOME.registry, NEAR, "", ID.format(1), dry=False)
    for _ in range(40):
        with suppress(Killed):
            Repairing(DyingDatabase(house.core.database, 1, unheard=unheard), page=2).run(EPOCH)
    found, page = house.core.read(repairs.describe, HOME.registry, ID.format(1), 100, 0)
    assert (found.status, found.found, len(page.items), len(house.waiting())) == ("COMPLETE", 5, 5, 5)
    house.run()
    assert house.held() == house.held(HOME)
    assert made["alien"].digest not in house.held()


def test_a_repair_is_of_what_the_rules_take_there_and_forgotten_in_time(house: House):
    house.rules()
    house.core.image(HOME, "v1")
    with pytest.raises(ParameterInvalid, match="not in the replication configuration"):
        house.core.write(repairs.start, HOME.registry, FOREIGN, "", ID.format(1), dry=False)
    house.core.write(deletion.delete, HOME, Tag("v1"))
    for number in range(10):
        house.core.write(repairs.start, HOME.registry, NEAR, "", ID.format(number), dry=True)
    with pytest.raises(QuotaExceeded):
        house.core.write(repairs.start, HOME.registry, NEAR, "", ID.format(10), dry=True)
    Repairing(house.core.database).run(EPOCH)
    after = EPOCH + timedelta(days=90, seconds=1)
    with pytest.raises(RepairNotFound):
        house.core.read(repairs.describe, HOME.registry, ID.format(1), 1, 0, who=caller(at=after))
    assert Repairing(house.core.database).run(after) == {"removed": 10}
