"""The queries of scanning, over every engine: taken up and held by compare-and-set, gone with image and blob."""

from dataclasses import replace
from datetime import timedelta

import pytest

from entrepot.db import blobs, collection, images, inventories, registry_scanning, repositories, scans, standing
from entrepot.db.records import Blob, Repository
from entrepot.db.scan_records import RegistryScanning, Scan, ScanKey, ScanningRule
from entrepot.db.standing import Waiting
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Manifest
from entrepot.spec.moments import micros
from tests.factories.callers import ACCOUNT, EPOCH, OTHER_ACCOUNT, image_manifest, index_manifest, registry, repository
from tests.factories.rows import Rows

OF = "R0000000000000000000000000"
CHILD = image_manifest([b"layer"])
INDEX = index_manifest([CHILD])
MINUTE = timedelta(minutes=1)
NONE = Waiting(0, None)


def key_of(manifest: Manifest) -> ScanKey:
    return ScanKey(OF, manifest.digest, "BASIC")


CHILD_KEY, INDEX_KEY = key_of(CHILD), key_of(INDEX)
QUEUED = Scan(CHILD_KEY, "1", "IN_PROGRESS", "", EPOCH, counted_at=EPOCH, severities={})


@pytest.fixture
def held(rows: Rows) -> Rows:
    """A repository with an image and an index of it."""
    rows.write(repositories.add, Repository(OF, repository("one"), "MUTABLE", (), False, {}, 0, 1, EPOCH))
    for each in (CHILD, INDEX):
        rows.write(images.add, OF, each.digest, each, 5, EPOCH)
    return rows


def test_what_is_set_for_a_registry_is_its_own(rows: Rows):
    rows.write(
        registry_scanning.put, registry(), RegistryScanning("BASIC", (ScanningRule("SCAN_ON_PUSH", ("a",)),)), EPOCH
    )
    new = RegistryScanning("BASIC", (ScanningRule("SCAN_ON_PUSH", ("b", "c*")),))
    rows.write(registry_scanning.put, registry(), new, EPOCH)
    assert rows.read(registry_scanning.find, registry()) == new
    assert rows.read(registry_scanning.find, registry(OTHER_ACCOUNT)) == registry_scanning.NOTHING_SET


def test_scans_are_counted_over_the_24_hours_that_end_with_one(rows: Rows):
    for hour in (100, 100, 123, 124):
        rows.write(registry_scanning.add, registry(), hour)
    rows.write(registry_scanning.add, registry(OTHER_ACCOUNT), 124)
    counted = [rows.read(registry_scanning.count, registry(), hour) for hour in (123, 124, 148)]
    assert counted == [4, 2, 0]
    rows.write(registry_scanning.forget, 124)
    assert rows.read(registry_scanning.count, registry(), 123) == 2


def test_a_scan_is_taken_up_once_until_its_holder_falls_silent(held: Rows):
    held.write(scans.put, QUEUED, due=True)
    assert held.read(scans.find, CHILD_KEY) == QUEUED
    assert held.read(scans.due, EPOCH - MINUTE, 9) == []
    assert held.read(scans.due, EPOCH, 9) == [CHILD_KEY]
    first = held.write(scans.claim, CHILD_KEY, EPOCH, EPOCH + MINUTE)
    assert (first.attempt, first.tries) == (1, 1)
    assert held.write(scans.claim, CHILD_KEY, EPOCH, EPOCH + MINUTE) is None
    assert held.write(scans.renew, first, EPOCH + 2 * MINUTE) is True
    assert held.read(scans.next_due) == EPOCH + 2 * MINUTE
    later = EPOCH + 2 * MINUTE
    second = held.write(scans.claim, CHILD_KEY, later, later + MINUTE)
    assert (second.attempt, second.tries) == (2, 2)
    for work in (scans.renew, scans.put_back, scans.wait):
        assert held.write(work, first, later + MINUTE) is False
    assert held.write(scans.finish, first) is False
    held.write(scans.start, second, later)
    held.write(scans.start, second, later + MINUTE)
    done = replace(
        second, status="COMPLETE", description="d", completed_at=later, source_updated_at=EPOCH, severities={"LOW": 2}
    )
    assert held.write(scans.finish, done) is True
    assert held.write(scans.finish, done) is False
    assert held.read(scans.find, CHILD_KEY) == replace(done, started_at=later)
    assert held.read(scans.next_due) is None


def test_a_scan_that_is_let_go_of_counts_its_tries_unless_it_waited(held: Rows):
    held.write(scans.put, QUEUED, due=True)
    for let_go, tries in ((scans.put_back, 1), (scans.put_back, 2), (scans.wait, 0)):
        mine = held.write(scans.claim, CHILD_KEY, EPOCH, EPOCH + MINUTE)
        assert held.write(let_go, mine, EPOCH) is True
        assert held.read(scans.find, CHILD_KEY).tries == tries


def test_when_nobody_is_left_every_scan_that_is_held_is_due(held: Rows):
    held.write(scans.put, QUEUED, due=True)
    held.write(scans.claim, CHILD_KEY, EPOCH, EPOCH + MINUTE)
    held.write(scans.free)
    assert held.read(scans.due, EPOCH, 9) == [CHILD_KEY]


def test_the_end_of_an_image_wakes_the_indexes_that_wait_for_it(held: Rows):
    held.write(scans.put, replace(QUEUED, key=INDEX_KEY), due=True)
    mine = held.write(scans.claim, INDEX_KEY, EPOCH, EPOCH + MINUTE)
    held.write(scans.wake, OF, CHILD.digest, EPOCH)
    assert held.read(scans.due, EPOCH, 9) == [], "somebody works on it"
    held.write(scans.wait, mine, EPOCH + MINUTE)
    held.write(scans.wake, OF, INDEX.digest, EPOCH)
    assert held.read(scans.due, EPOCH, 9) == []
    held.write(scans.wake, OF, CHILD.digest, EPOCH)
    assert held.read(scans.due, EPOCH, 9) == [INDEX_KEY]


def test_what_failed_for_want_of_knowledge_is_found_page_by_page(held: Rows):
    keys = sorted((CHILD_KEY, INDEX_KEY))
    for key in keys:
        held.write(scans.put, replace(QUEUED, key=key), due=True)
        mine = held.write(scans.claim, key, EPOCH, EPOCH + MINUTE)
        held.write(scans.finish, replace(mine, status="FAILED", lacking=True))
    assert held.read(scans.lacking, ScanKey("", "", ""), 1) == keys[:1]
    assert held.read(scans.lacking, keys[0], 9) == keys[1:]
    held.write(scans.put, QUEUED, due=True)
    assert held.read(scans.lacking, ScanKey("", "", ""), 9) == [INDEX_KEY]


def test_a_scan_in_the_place_of_another_has_none_of_its_findings_and_nobody_holds_it(held: Rows):
    held.write(scans.put, QUEUED, due=True)
    mine = held.write(scans.claim, CHILD_KEY, EPOCH, EPOCH + MINUTE)
    held.write(scans.add_findings, CHILD_KEY, 0, b"part")
    assert held.read(scans.findings, CHILD_KEY, 0) == b"part"
    held.write(scans.put, replace(QUEUED, id="2"), due=True)
    assert held.read(scans.findings, CHILD_KEY, 0) is None
    assert held.write(scans.finish, mine) is False


def test_scans_go_with_their_image_and_with_their_repository(held: Rows):
    for key in (CHILD_KEY, INDEX_KEY):
        held.write(scans.put, replace(QUEUED, key=key), due=True)
        held.write(scans.add_findings, key, 0, b"part")
    assert held.write(images.remove, OF, INDEX.digest) is True
    assert held.read(scans.find, INDEX_KEY) is None
    while held.write(collection.drop_some, OF, 9):
        pass
    assert held.read(scans.find, CHILD_KEY) is None
    assert held.read(scans.findings, CHILD_KEY, 0) is None


def test_scans_are_counted_where_they_wait(held: Rows):
    assert held.read(standing.scans_waiting) == {"waiting": NONE, "running": NONE, "matching": NONE}
    held.write(scans.put, QUEUED, due=True)
    held.write(scans.put, replace(QUEUED, key=INDEX_KEY, queued_at=EPOCH + MINUTE), due=True)
    held.write(scans.claim, CHILD_KEY, EPOCH, EPOCH + MINUTE)
    assert held.read(standing.scans_waiting) == {
        "waiting": Waiting(1, micros(EPOCH + MINUTE)),
        "running": Waiting(1, micros(EPOCH)),
        "matching": NONE,
    }


def test_the_inventory_of_a_layer_goes_in_the_transaction_that_removes_its_blob(rows: Rows):
    layer = Blob("B1", "main", Digest.of(b"layer"), "blobs/1", 5, "live")
    rows.write(blobs.add, layer, EPOCH)
    assert rows.write(inventories.put, "B1", "elsewhere", "1", b"body", b"marks") is False
    assert rows.write(inventories.put, "B1", layer.location, "1", b"body", b"marks") is True
    assert rows.write(inventories.put, "B1", layer.location, "2", b"newer", b"more") is True
    assert rows.read(inventories.find, ["B1", "B2"], "1") == {}
    assert rows.read(inventories.find, ["B1", "B2"], "2") == {"B1": b"newer"}
    assert rows.read(inventories.marks, "", 9) == [("B1", layer.digest, b"more")]
    assert rows.write(collection.forget, "B1") is False
    assert rows.read(inventories.find, ["B1"], "2") == {"B1": b"newer"}
    rows.write(collection.mark_deleting, "B1", micros(EPOCH))
    assert rows.write(inventories.put, "B1", layer.location, "2", b"late", b"late") is False
    assert rows.write(collection.forget, "B1") is True
    assert rows.read(inventories.find, ["B1"], "2") == {}
    assert rows.read(inventories.marks, "", 9) == []


def test_a_repository_is_found_by_its_id_as_long_as_it_lives(held: Rows):
    for find in (repositories.find_live, repositories.lock_live):
        assert held.write(find, OF).key.registry.account == ACCOUNT
    held.write(repositories.set_scan_on_push, OF, value=True)
    assert held.read(repositories.find_live, OF).scan_on_push is True
    held.write(repositories.entomb, OF, EPOCH)
    for find in (repositories.find_live, repositories.lock_live):
        assert held.write(find, OF) is None
    assert held.read(images.kind, OF, INDEX.digest) == "index"
    assert held.read(images.kind, OF, "sha256:none") is None
