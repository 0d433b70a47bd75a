"""The queries of scans for another registry, over every engine: taken up and finished once, gone in time."""

from datetime import timedelta

from entrepot.db import adapter_scans as scans
from entrepot.db.adapter_scans import DONE, FAILED, WAITING, AdapterScan
from tests.factories.callers import EPOCH
from tests.factories.rows import Rows

MINUTE = timedelta(minutes=1)
LATER = EPOCH + MINUTE


def test_a_scan_is_taken_up_once_until_its_holder_falls_silent(rows: Rows):
    rows.write(scans.add, "a", b"sealed", EPOCH)
    assert rows.read(scans.find, "a") == AdapterScan("a", b"sealed", WAITING, "", 0)
    assert (rows.read(scans.due, EPOCH - MINUTE, 9), rows.read(scans.due, EPOCH, 9)) == ([], ["a"])
    first = rows.write(scans.claim, "a", EPOCH, LATER)
    assert first is not None
    assert rows.write(scans.claim, "a", EPOCH, LATER) is None
    assert rows.write(scans.hold, first, LATER + MINUTE) is True
    second = rows.write(scans.claim, "a", LATER + MINUTE, LATER + 2 * MINUTE)
    assert second is not None
    assert second.attempt == 2
    assert rows.write(scans.hold, first, LATER) is False
    assert rows.write(scans.finish, first, FAILED, "lost", {}, LATER) is False
    assert rows.write(scans.finish, second, DONE, "", {"": b"r", "form": b"s"}, LATER) is True
    assert rows.read(scans.find, "a") == AdapterScan("a", b"", DONE, "", 2)
    assert [rows.read(scans.report, "a", form) for form in ("", "form", "other")] == [b"r", b"s", None]
    assert rows.write(scans.finish, second, FAILED, "twice", {}, LATER) is False


def test_those_that_wait_are_counted_and_taken_up_in_order(rows: Rows):
    for number, name in enumerate("abc"):
        rows.write(scans.add, name, b"", EPOCH - number * MINUTE)
    assert rows.read(scans.waiting) == 3
    assert rows.read(scans.due, EPOCH, 2) == ["c", "b"]


def test_a_scan_that_has_ended_goes_with_its_reports(rows: Rows):
    for name in "abc":
        rows.write(scans.add, name, b"", EPOCH)
    for name, at in (("a", EPOCH), ("b", LATER)):
        held = rows.write(scans.claim, name, EPOCH, LATER)
        assert held is not None
        rows.write(scans.finish, held, DONE, "", {"": b"r"}, at)
    assert rows.read(scans.waiting) == 1
    assert rows.write(scans.expire, LATER, 9) == 1
    assert [rows.read(scans.find, name) is None for name in "abc"] == [True, False, False]
    assert rows.read(scans.report, "a", "") is None
