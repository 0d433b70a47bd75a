"""fsck finds each kind of damage, says which images it meets, and mends what can be mended; a push mends the rest."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from entrepot.core.integrity import Integrity
from entrepot.db import blobs as blob_rows
from entrepot.db.sqlite import SqliteDatabase
from entrepot.spec.digest import Digest
from entrepot.spec.repository import RepositoryKey
from tests.factories.callers import index_manifest
from tests.faults.keeping import House

LAYER = b"layer"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.close()


@pytest.fixture
def key(house: House) -> RepositoryKey:
    """A repository with an image, an index over it, and another image beside them."""
    made = house.core.repository()
    image = house.push(made, "v1", layers=[LAYER])
    house.core.put(made, index_manifest([image]), "index")
    house.push(made, "other", layers=[b"other"])
    return made


def state(house: House, key: RepositoryKey, data: bytes) -> str | None:
    link = house.core.row(blob_rows.find_link, house.core.present(key).id, Digest.of(data))
    return None if link is None else str(link.blob.state)


def test_a_sound_registry_is_clean_and_stays_as_it_is(house: House, key: RepositoryKey):
    before = house.dump()
    report = house.fsck(repair=True)
    assert report.clean
    assert (report.manifests, report.resolvable, report.blobs, report.orphans, report.repaired) == (3, 3, 3, 0, 0)
    assert house.dump() == before
    assert state(house, key, LAYER) == "live"


@pytest.mark.parametrize("bytes_now", [None, b"", LAYER[:-1], LAYER + b"!"])
@pytest.mark.parametrize("deep", [True, False])
def test_bytes_that_are_missing_or_of_another_length_are_found_even_quickly(
    house: House, key: RepositoryKey, bytes_now: bytes | None, deep: bool
):
    location = house.location(LAYER)
    if bytes_now is None:
        house.store.remove(location)
    else:
        house.store.files[location] = bytes_now
    report = house.fsck(deep=deep)
    assert not report.clean
    (line,) = report.damaged
    assert Digest.of(LAYER) in line
    assert (report.manifests, report.resolvable) == (3, 2)
    (line,) = report.unresolvable
    assert line.startswith("000000000000/one sha256:")
    assert Digest.of(LAYER) in line
    assert state(house, key, LAYER) == "live", "without repair nothing changes"


def test_bytes_that_are_others_of_the_same_length_are_found_by_their_digest_alone(house: House, key: RepositoryKey):
    house.store.files[house.location(LAYER)] = b"L" + LAYER[1:]
    assert house.fsck(deep=False).clean
    assert not house.fsck().clean
    assert state(house, key, LAYER) == "live"


def test_repair_makes_damaged_bytes_absent_and_a_push_heals_them(house: House, key: RepositoryKey):
    house.store.files[house.location(LAYER)] = b"?????"
    bad = house.location(LAYER)
    assert not house.fsck(repair=True).clean
    assert state(house, key, LAYER) == "damaged"
    healed = house.core.blob(key, LAYER, bad=bad)
    house.store.files[healed.location] = LAYER
    house.store.remove(bad)
    report = house.fsck()
    assert (report.clean, report.resolvable) == (True, 3)
    assert state(house, key, LAYER) == "live"


def test_bytes_that_came_back_by_themselves_are_taken_back_by_repair(house: House, key: RepositoryKey):
    location = house.location(LAYER)
    del house.store.files[location]
    house.fsck(repair=True)
    house.store.files[location] = LAYER
    report = house.fsck(deep=False)
    assert (report.clean, report.resolvable) == (False, 2), "it is absent to clients still"
    assert "repair" in report.damaged[0]
    report = house.fsck(repair=True, deep=False)
    assert (report.clean, report.resolvable, report.repaired) == (True, 3, 1)
    assert state(house, key, LAYER) == "live"


def test_other_bytes_that_came_back_are_not_taken_back_even_quickly(house: House, key: RepositoryKey):
    location = house.location(LAYER)
    del house.store.files[location]
    house.fsck(repair=True)
    house.store.files[location] = b"?????"
    assert not house.fsck(repair=True, deep=False).clean
    assert state(house, key, LAYER) == "damaged"


def test_a_link_that_is_missing_is_found_by_the_manifest_s_bytes_and_made_again(house: House, key: RepositoryKey):
    house.execute("DELETE FROM repository_blob WHERE digest = ?", Digest.of(LAYER))
    house.execute("DELETE FROM manifest_reference WHERE digest = ?", Digest.of(LAYER))
    report = house.fsck()
    assert (report.clean, report.resolvable, report.damaged) == (False, 2, [])
    report = house.fsck(repair=True)
    assert (report.clean, report.resolvable, report.repaired) == (True, 3, 1)
    assert state(house, key, LAYER) == "live"


def test_a_link_to_bytes_that_are_going_is_turned_to_those_that_are_held(house: House, key: RepositoryKey):
    going = house.location(LAYER)
    other = house.core.repository("other")
    house.execute("UPDATE blob SET state = 'deleting', deleting_since = 0 WHERE location = ?", going)
    assert not house.fsck().clean
    house.push_blob(other, LAYER)
    report = house.fsck(repair=True)
    assert (report.clean, report.repaired) == (True, 1)
    house.store.remove(going)
    assert house.fsck().clean


def test_a_link_and_bytes_that_are_both_gone_cannot_be_mended_and_are_named(house: House, key: RepositoryKey):
    house.store.remove(house.location(LAYER))
    house.execute("DELETE FROM repository_blob WHERE digest = ?", Digest.of(LAYER))
    report = house.fsck(repair=True)
    assert (report.clean, report.repaired, report.resolvable) == (False, 0, 2)
    assert Digest.of(LAYER) in report.unresolvable[0]
    house.push_blob(key, LAYER)
    assert house.fsck().clean, "a push of the layer mends both"


def test_a_row_that_points_nowhere_is_a_fault_of_the_database(house: House, key: RepositoryKey):
    house.execute("DELETE FROM blob WHERE digest = ?", Digest.of(LAYER), foreign_keys=False)
    report = house.fsck()
    assert not report.clean
    assert "foreign key" in report.database[0]
    assert report.orphans == 1
    assert state(house, key, LAYER) is None


def test_a_page_of_the_database_that_is_broken_is_told_and_the_rest_is_checked(house: House, key: RepositoryKey):
    assert state(house, key, LAYER) == "live"
    house.break_page("ix_repository_blob_condemned_at")
    opened = SqliteDatabase(house.core.path)  # its cache holds no page of before
    report = Integrity(opened, house.store, "main").fsck(house.now, repair=False)
    opened.close()
    assert not report.clean
    assert report.database
    assert (report.manifests, report.resolvable) == (3, 3)


def test_bytes_without_a_row_are_counted_and_harm_nothing(house: House, key: RepositoryKey):
    digest = Digest.of(b"lost")
    house.store.files[lost := f"blobs/sha256/{digest.hex[:2]}/{digest.hex}.01JZZZZZZZZZZZZZZZZZZZZZZZ"] = b"lost"
    house.store.times[lost] = 0.0
    report = house.fsck(repair=True)
    assert (report.clean, report.orphans) == (True, 1)
    assert house.holds(b"lost"), "removing is the sweep's, after the grace"
    assert state(house, key, LAYER) == "live"


def test_progress_is_told_of_every_blob_and_manifest(house: House, key: RepositoryKey):
    seen: list[int] = []
    report = house.integrity.fsck(house.now, repair=False, progress=seen.append)
    assert sum(seen) == report.blobs + report.manifests == 6
    assert state(house, key, LAYER) == "live"
