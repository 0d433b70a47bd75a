"""Collection where others have lost images: shared children, referrers, two repositories, holds, orphans, crashes."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from entrepot.core import repositories
from entrepot.errors import ImageReferenced
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Manifest
from entrepot.spec.moments import micros
from entrepot.spec.ulid import new_ulid
from tests.factories.callers import EPOCH, index_manifest
from tests.faults.keeping import DRAIN, GRACE, STEP, House

SECOND = timedelta(seconds=1)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.close()


def subject(manifest: Manifest) -> dict[str, Any]:
    return {"subject": {"mediaType": manifest.media_type, "digest": manifest.digest, "size": len(manifest.payload)}}


def test_a_child_that_two_indexes_share_stays_until_both_are_gone(house: House):
    key = house.core.repository()
    shared = house.push(key, layers=[b"shared"])
    own = house.push(key, layers=[b"own"])
    inner = index_manifest([shared])
    outer = index_manifest([inner, shared, own])
    house.core.put(key, inner, "inner")
    house.core.put(key, outer, "outer")
    house.delete(key, outer)
    house.delete(key, own)
    with pytest.raises(ImageReferenced):
        house.delete(key, shared)
    house.collect()
    assert house.holds(b"shared")
    assert not house.holds(b"own")
    assert house.fsck().clean
    house.delete(key, inner)
    house.collect()
    assert house.holds(b"shared"), "the image is there by its digest, tagged or not"
    house.delete(key, shared)
    house.collect()
    assert house.store.files == {}
    assert house.fsck().clean


def test_a_nested_index_keeps_everything_below_it(house: House):
    key = house.core.repository()
    leaf = house.push(key, layers=[b"leaf"])
    inner = index_manifest([leaf])
    house.core.put(key, inner)
    house.core.put(key, index_manifest([inner]), "top")
    for image in (leaf, inner):
        with pytest.raises(ImageReferenced):
            house.delete(key, image)
    house.collect()
    report = house.fsck()
    assert (report.clean, report.resolvable) == (True, 3)
    assert house.holds(b"leaf")


def test_referrers_of_a_child_and_their_own_referrers_keep_their_blobs(house: House):
    key = house.core.repository()
    child = house.push(key, layers=[b"layer"])
    index = index_manifest([child])
    house.core.put(key, index, "v1")
    signature = house.push(key, layers=[b"signature"], **subject(child))
    countersigned = house.push(key, layers=[b"countersigned"], **subject(signature))
    house.delete(key, index)
    house.delete(key, child)
    house.collect()
    assert not house.holds(b"layer")
    assert house.holds(b"signature")
    assert house.holds(b"countersigned")
    assert house.fsck().clean
    house.delete(key, signature)
    house.collect()
    assert not house.holds(b"signature")
    assert house.holds(b"countersigned")
    house.delete(key, countersigned)
    house.collect()
    assert house.store.files == {}


def test_an_image_in_two_repositories_keeps_its_bytes_until_both_have_deleted_it(house: House):
    one, two = house.core.repository("one"), house.core.repository("two")
    image = house.push(one, "v1")
    house.push(two, "v1")
    assert len(house.store.files) == 2, "each blob once: config and layer"
    house.delete(one, image)
    house.collect()
    assert len(house.store.files) == 2
    assert (house.fsck().clean, house.fsck().resolvable) == (True, 1)
    house.delete(two, image)
    house.collect()
    assert house.store.files == {}


def test_a_layer_that_two_images_of_a_repository_share_stays_for_the_other(house: House):
    key = house.core.repository()
    first = house.push(key, "a", layers=[b"base", b"first"])
    house.push(key, "b", layers=[b"base", b"second"])
    house.delete(key, first)
    house.collect()
    assert (house.holds(b"base"), house.holds(b"first"), house.holds(b"second")) == (True, False, True)
    assert house.fsck().clean


def test_each_step_waits_its_whole_period(house: House):
    key = house.core.repository()
    house.push_blob(key, b"loose")
    assert house.later(GRACE).condemned == 0
    assert house.later(SECOND).condemned == 1
    assert house.later(GRACE).unlinked == 0
    done = house.later(SECOND)
    assert (done.unlinked, done.released, done.removed_blobs) == (1, 1, 0)
    assert house.later(DRAIN).removed_blobs == 0
    assert house.holds(b"loose")
    done = house.later(SECOND)
    assert (done.removed_blobs, done.removed_bytes) == (1, len(b"loose"))
    assert not house.holds(b"loose")
    last = house.later()
    assert (last.condemned, last.unlinked, last.released, last.removed_blobs) == (0, 0, 0, 0)


def test_a_manifest_takes_its_condemned_blobs_back(house: House):
    key = house.core.repository()
    image = house.push(key, "v1")
    house.delete(key, image)
    assert house.later().condemned == 2
    house.core.put(key, image, "v2")
    house.collect()
    assert house.fsck().clean
    assert house.holds(b"layer")


def test_a_push_while_the_old_bytes_drain_brings_bytes_of_its_own(house: House):
    key = house.core.repository()
    house.push_blob(key, b"again")
    house.later()
    assert house.later().released == 1
    draining = house.location(b"again")
    house.push(key, "v1", layers=[b"again"])
    assert len(house.store.files) == 3
    house.collect()
    assert draining not in house.store.files
    assert house.location(b"again") != draining
    assert house.fsck().clean


def test_a_deleted_repository_is_emptied_and_what_others_hold_stays(house: House):
    one, two = house.core.repository("one"), house.core.repository("two")
    house.push(one, "v1", layers=[b"shared", b"own"])
    house.push(two, "v1", layers=[b"shared"])
    house.core.write(repositories.delete, one, force=True)
    assert house.later().emptied_repositories == 1
    house.collect()
    assert (house.holds(b"shared"), house.holds(b"own")) == (True, False)
    assert house.fsck().clean
    house.push(house.core.repository("one"), "v1", layers=[b"own"])
    house.collect()
    assert house.fsck().clean


def test_a_crash_between_bytes_and_row_is_finished_by_the_next_run(house: House):
    key = house.core.repository()
    house.push_blob(key, b"loose")
    house.later()
    house.later()
    house.store.remove(house.location(b"loose"))
    assert house.later().removed_blobs == 1
    assert house.later().removed_blobs == 0


# -- holds


def hold(house: House, until: timedelta) -> None:
    house.execute("INSERT INTO gc_hold VALUES ('h', 'backup', ?)", micros(house.now + until))


def test_a_hold_pauses_every_step_and_an_expired_one_none(house: House):
    key = house.core.repository()
    house.push_blob(key, b"loose")
    lost = orphan(house, b"lost")
    house.now += STEP
    hold(house, timedelta(days=30))
    before = house.dump()
    for _ in range(4):
        done = house.later()
        assert (done.on_hold, done.condemned, done.removed_blobs) == (True, 0, 0)
        assert house.collector.sweep(house.now) == 0
        assert house.collector.preview(house.now).on_hold
    assert house.dump() == before
    assert lost in house.store.files
    house.now += timedelta(days=30)
    assert house.later().on_hold is False
    house.collector.sweep(house.now)
    house.collect()
    assert house.store.files == {}


def test_a_hold_that_begins_in_the_middle_keeps_what_was_about_to_go(house: House):
    key = house.core.repository()
    house.push_blob(key, b"loose")
    house.later()
    house.later()
    hold(house, timedelta(days=30))
    house.collect()
    assert house.holds(b"loose")


# -- orphans


def orphan(house: House, data: bytes, age: timedelta = timedelta(0)) -> str:
    """Bytes without a row, as a crash between the two leaves them."""
    digest = Digest.of(data)
    location = f"blobs/sha256/{digest.hex[:2]}/{digest.hex}.{new_ulid()}"
    house.store.files[location] = data
    house.store.times[location] = (house.now - age).timestamp()
    return location


def test_orphans_older_than_the_grace_are_claimed_and_removed_and_younger_ones_are_not(house: House):
    key = house.core.repository()
    house.push(key, "v1")
    old = [orphan(house, bytes([number]), GRACE + SECOND) for number in range(3)]
    young = orphan(house, b"young", GRACE)
    assert house.fsck().orphans == 4
    assert house.collector.sweep(house.now) == 3
    assert house.collector.sweep(house.now) == 0, "claimed once"
    assert house.collector.run(house.now).removed_blobs == 0, "not before the drain"
    done = house.later(DRAIN + SECOND)
    assert (done.removed_blobs, done.removed_bytes) == (3, 3)
    assert young in house.store.files
    assert not set(old) & set(house.store.files)
    assert house.fsck().clean
    assert len(house.store.files) == 3


def test_an_orphan_of_a_digest_that_is_held_goes_alone(house: House):
    key = house.core.repository()
    house.push(key, "v1", layers=[b"twice"])
    held = house.location(b"twice")
    lost = orphan(house, b"twice", STEP)
    assert house.collector.sweep(house.now) == 1
    house.later(DRAIN + SECOND)
    assert held in house.store.files
    assert lost not in house.store.files
    assert house.fsck().clean


# -- a dry run


def test_a_dry_run_changes_nothing_and_says_what_the_run_then_does(house: House):
    key = house.core.repository()
    house.push(key, "kept", layers=[b"kept"])
    image = house.push(key, layers=[b"gone"], config=b"[]")
    house.delete(key, image)
    for _ in range(5):
        house.now += STEP
        rows, files = house.dump(), dict(house.store.files)
        said = house.collector.preview(house.now)
        assert (house.dump(), house.store.files) == (rows, files)
        done = house.collector.run(house.now)
        assert said.condemned == len(said.candidates) == done.condemned
        assert said.unlinked == done.unlinked
        assert said.released <= done.released, "what was unlinked a moment ago is released in the same run"
        assert (said.removed_blobs, said.removed_bytes) == (done.removed_blobs, done.removed_bytes)
    assert not house.holds(b"gone")
    assert house.holds(b"kept")
    assert house.now > EPOCH
