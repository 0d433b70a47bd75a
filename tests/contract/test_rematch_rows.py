"""The queries of matching anew, over every engine: queued once, claimed by one, gone with the image."""

from datetime import timedelta

import pytest

from entrepot.db import blobs, collection, images, rematches, repositories, scans
from entrepot.db.records import Repository
from entrepot.db.rematches import Held, Pass
from entrepot.db.scan_records import Scan, ScanKey
from entrepot.spec.moments import micros
from tests.factories.callers import EPOCH, image_manifest, index_manifest, repository
from tests.factories.rows import Rows, stored

OF = "R0000000000000000000000000"
MINUTE = timedelta(minutes=1)
LAYERS = [b"base", b"one", b"two"]
OLD, NEW, OTHER = (image_manifest([b"base", each]) for each in [*LAYERS[1:], b"three"])
INDEX = index_manifest([OLD])


@pytest.fixture
def held(rows: Rows) -> Rows:
    """Images with continuous scans, and an index."""
    rows.write(repositories.add, Repository(OF, repository("one"), "MUTABLE", (), False, {}, 0, 1, EPOCH))
    for number, data in enumerate(LAYERS):
        blob = stored(rows, data, number)
        rows.write(blobs.link, OF, blob.digest, blob.id, EPOCH)
    for number, each in enumerate((OLD, NEW, OTHER, INDEX)):
        rows.write(images.add, OF, each.digest, each, 5, EPOCH + number * MINUTE)
        key = ScanKey(OF, each.digest, "ENHANCED")
        rows.write(scans.put, Scan(key, "1", "ACTIVE", "", EPOCH, severities={}), due=False)
    return rows


def queued(held: Rows, *made: object, since: int = 5) -> list[str]:
    """Queue images; the digests of all that are watched."""
    found = held.read(rematches.watched, ("", ""), 9)
    held.write(
        rematches.queue, [each[:2] for each in found if each.layers and (not made or each.digest in made)], since, EPOCH
    )
    return [each.digest for each in found]


def test_images_that_are_scanned_continuously_are_found_page_by_page_with_their_layers(held: Rows):
    found = held.read(rematches.watched, ("", ""), 9)
    assert [each.digest for each in found] == sorted(each.digest for each in (OLD, NEW, OTHER, INDEX))
    for each in (OLD, NEW, OTHER, INDEX):
        (layers,) = (sorted(of.layers) for of in found if of.digest == each.digest)
        assert layers == sorted(layer.digest for layer in each.layers or ())
    first = held.read(rematches.watched, ("", ""), 1)
    assert [*first, *held.read(rematches.watched, (OF, first[0].digest), 9)] == found
    for status, kind in (("COMPLETE", "ENHANCED"), ("ACTIVE", "BASIC")):
        held.write(scans.remove, OF, OLD.digest)
        scan = Scan(ScanKey(OF, OLD.digest, kind), "1", status, "", EPOCH, severities={})
        held.write(scans.put, scan, due=False)
        assert len(held.read(rematches.watched, ("", ""), 9)) == 3


def test_the_newest_image_is_claimed_first_and_by_one(held: Rows):
    queued(held)
    (first,) = held.write(rematches.claim, "a", EPOCH, EPOCH + MINUTE, 1)
    assert first == Held(OF, OTHER.digest, "a", 1, 5)
    second = held.write(rematches.claim, "b", EPOCH, EPOCH + MINUTE, 9)
    assert [each.digest for each in second] == [NEW.digest, OLD.digest]
    assert held.write(rematches.claim, "c", EPOCH, EPOCH + MINUTE, 9) == []
    assert held.read(rematches.next_due) == micros(EPOCH + MINUTE)
    again = held.write(rematches.claim, "d", EPOCH + MINUTE, EPOCH + 2 * MINUTE, 1)
    assert again == [Held(OF, OTHER.digest, "d", 2, 5)]
    assert held.write(rematches.done, first) is False, "somebody else has it"
    assert held.write(rematches.done, again[0]) is True
    assert held.read(rematches.waiting) == 2
    held.write(rematches.put_back, second[0], EPOCH)
    assert [each.digest for each in held.write(rematches.claim, "e", EPOCH, EPOCH + MINUTE, 9)] == [NEW.digest]
    held.write(rematches.free)
    assert len(held.write(rematches.claim, "f", EPOCH, EPOCH + MINUTE, 9)) == 2


def test_an_image_that_is_queued_while_it_is_held_is_matched_once_more(held: Rows):
    queued(held, OLD.digest)
    (mine,) = held.write(rematches.claim, "a", EPOCH, EPOCH + MINUTE, 9)
    queued(held, OLD.digest)
    assert held.write(rematches.done, mine) is False
    assert held.read(rematches.are_due, EPOCH) is True


def test_an_image_that_waits_is_matched_with_all_that_changed_since_it_first_did(held: Rows):
    for since in (5, 3, 7):
        queued(held, OLD.digest, since=since)
    (mine,) = held.write(rematches.claim, "a", EPOCH, EPOCH + MINUTE, 9)
    assert mine.since == 3


def test_a_scan_that_ends_with_less_than_a_pass_knows_is_matched_once_more(held: Rows):
    assert held.write(rematches.queue_if_overtaken, OF, OLD.digest, 0, EPOCH) is False
    assert held.write(rematches.move_pass, Pass(), Pass(3, 7, "x")) is True
    assert held.write(rematches.move_pass, Pass(3, 6), Pass(9)) is False, "another pass has begun"
    assert held.read(rematches.find_pass) == Pass(3, 7, "x")
    assert held.write(rematches.queue_if_overtaken, OF, OLD.digest, 7, EPOCH) is False
    assert held.write(rematches.queue_if_overtaken, OF, OLD.digest, 6, EPOCH) is True
    assert held.write(rematches.move_pass, Pass(3, 7), Pass(8, 0, "")) is True
    assert held.write(rematches.queue_if_overtaken, OF, NEW.digest, 7, EPOCH) is True
    assert held.read(rematches.waiting) == 2


def test_what_waits_goes_with_its_image_and_with_its_repository(held: Rows):
    queued(held)
    assert held.write(images.remove, OF, OLD.digest) is True
    assert held.read(rematches.waiting) == 2
    while held.write(collection.drop_some, OF, 9):
        pass
    assert held.read(rematches.waiting) == 0
    assert held.read(rematches.next_due) is None
    held.write(rematches.queue, [(OF, OLD.digest)], 0, EPOCH)
    assert held.read(rematches.waiting) == 0, "it is gone"


def test_a_scan_of_another_kind_does_not_hide_one(held: Rows):
    scan = Scan(ScanKey(OF, OLD.digest, "BASIC"), "1", "COMPLETE", "", EPOCH, severities={})
    held.write(scans.put, scan, due=False)
    assert len(held.read(rematches.watched, ("", ""), 9)) == 4
