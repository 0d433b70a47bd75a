"""Which images wait to be matched anew when something else is known: those with a package of which that is so."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from entrepot.core.scanning.rematch_plan import RematchPlan, knows_since
from entrepot.core.units import BlockingUnits
from entrepot.core.vulnerabilities.known import Known
from entrepot.db import inventories, rematches
from entrepot.db.rematches import Pass
from entrepot.spec.repository import RepositoryKey
from tests.factories.advisory_files import record
from tests.factories.callers import EPOCH
from tests.factories.core_database import CoreDatabase
from tests.factories.fleets import Fleet, languages, system

OPENSSL, ZLIB = system({"openssl": "1"}), system({"zlib": "1"})
FLASK = languages(flask="1")
LATER = EPOCH + timedelta(days=1)


@pytest.fixture
def fleet(core: CoreDatabase, tmp_path: Path) -> Iterator[Fleet]:
    made = Fleet(core, tmp_path)
    yield made
    made.close()


@pytest.fixture
def key(core: CoreDatabase) -> RepositoryKey:
    return core.repository()


def plan(fleet: Fleet, page: int = 2) -> RematchPlan:
    return RematchPlan(BlockingUnits(fleet.core.database), fleet.generations, lambda: EPOCH, page)


def planned(fleet: Fleet) -> set[str]:
    """Plan anew, as who has just begun would, and take what waits away; which images did."""
    plan(fleet).run()
    held = fleet.unit(rematches.claim, "x", LATER, LATER, 99)
    for each in held:
        assert fleet.unit(rematches.done, each)
    return {each.digest for each in held}


def test_what_is_not_known_yet_concerns_nobody(fleet: Fleet, key: RepositoryKey):
    fleet.image(key, OPENSSL)
    assert planned(fleet) == set()


def test_the_first_that_is_known_concerns_all_images_and_nothing_new_none(fleet: Fleet, key: RepositoryKey):
    images = {fleet.image(key, OPENSSL), fleet.image(key, ZLIB), fleet.image(key, ZLIB, FLASK)}
    generation = fleet.known(record("DSA-1", "openssl"))
    assert planned(fleet) == images
    assert fleet.core.row(rematches.find_pass) == Pass(generation)
    assert planned(fleet) == set()


def test_images_that_hold_a_package_of_which_something_else_is_known_are_concerned(fleet: Fleet, key: RepositoryKey):
    openssl, zlib, both = fleet.image(key, OPENSSL), fleet.image(key, ZLIB), fleet.image(key, ZLIB, FLASK)
    fleet.known(record("DSA-1", "openssl"))
    planned(fleet)
    fleet.known(record("DSA-2", "zlib"), record("DSA-3", "bash"))
    assert planned(fleet) == {zlib, both}
    fleet.known(record("PYSEC-1", "Flask", "PyPI"))
    assert planned(fleet) == {both}
    fleet.known(record("DSA-1", "openssl", fixed="9", modified="2024-02-01T00:00:00Z"))
    assert planned(fleet) == {openssl}
    fleet.known(record("DSA-1", "openssl", fixed="9", modified="2024-02-01T00:00:00Z"))
    assert planned(fleet) == set()


def test_an_image_of_which_a_layer_is_not_known_is_concerned_by_everything(fleet: Fleet, key: RepositoryKey):
    healed = fleet.image(key, OPENSSL)
    fleet.image(key, ZLIB)
    fleet.known(record("DSA-1", "bash"))
    planned(fleet)
    (layer,) = next(each.layers for each in fleet.core.row(rematches.watched, ("", ""), 9) if each.digest == healed)
    (blob,) = (blob for blob, digest, _ in fleet.core.row(inventories.marks, "", 9) if digest == layer)
    fleet.unit(inventories.remove, blob)
    fleet.known(record("DSA-2", "bash"))
    assert planned(fleet) == {healed}


def test_images_that_are_not_scanned_continuously_are_let_alone(fleet: Fleet, key: RepositoryKey):
    fleet.image(key, OPENSSL, status="COMPLETE")
    fleet.image(key, ZLIB, status="FAILED")
    fleet.known(record("DSA-1", "openssl"), record("DSA-2", "zlib"))
    assert planned(fleet) == set()


def test_who_is_killed_is_followed_by_one_who_goes_on(fleet: Fleet, key: RepositoryKey):
    images = [fleet.image(key, system({"openssl": str(number)})) for number in range(9)]
    generation = fleet.known(record("DSA-1", "openssl"))
    pages = plan(fleet)
    begun = Pass(0, generation)
    fleet.unit(rematches.move_pass, Pass(), begun)
    walking: Any = pages._pages(begun, lambda: True, lambda _: True)
    assert [next(walking), next(walking)] == [2, 2]
    walking.close()
    seen = fleet.unit(rematches.claim, "x", LATER, LATER, 99)
    assert len(seen) == 4
    for each in seen:
        fleet.unit(rematches.done, each)
    assert planned(fleet) == set(images) - {each.digest for each in seen}


def test_a_pass_that_was_overtaken_begins_anew_with_all_that_changed_since_the_last_whole_one(
    fleet: Fleet, key: RepositoryKey
):
    openssl, zlib = fleet.image(key, OPENSSL), fleet.image(key, ZLIB)
    first = fleet.known(record("DSA-0", "bash"))
    planned(fleet)
    second = fleet.known(record("DSA-1", "openssl"))
    fleet.unit(rematches.move_pass, Pass(first), Pass(first, second))
    third = fleet.known(record("DSA-2", "zlib"))
    assert planned(fleet) == {openssl, zlib}
    assert fleet.core.row(rematches.find_pass) == Pass(third)


def test_another_database_in_the_place_of_the_one_before_concerns_all_images(
    fleet: Fleet, key: RepositoryKey, tmp_path: Path
):
    images = {fleet.image(key, OPENSSL), fleet.image(key, ZLIB)}
    fleet.known(record("DSA-1", "openssl"), at=LATER)
    planned(fleet)
    other = Fleet(fleet.core, tmp_path / "other")
    other.known(record("DSA-2", "zlib"), at=LATER + timedelta(days=1))
    assert planned(other) == images
    assert planned(fleet) == images, "an older one than was matched with"
    other.close()


def test_what_is_told_of_exploits_concerns_all_images(fleet: Fleet, key: RepositoryKey, tmp_path: Path):
    images = {fleet.image(key, OPENSSL), fleet.image(key, ZLIB)}
    before = fleet.known(record("DSA-1", "openssl"))
    planned(fleet)
    scores = tmp_path / "epss_scores-current.csv"
    scores.write_text(
        "#model_version:v1,score_date:2026-01-01T00:00:00+0000\ncve,epss,percentile\nCVE-2024-1,0.1,0.2\n"
    )
    after = fleet.take(scores, at=LATER)
    with fleet.generations.reading() as file:
        assert file is not None
        assert knows_since(Known(file), after)
        assert not knows_since(Known(file), before)
    assert planned(fleet) == images
    assert planned(fleet) == set()
