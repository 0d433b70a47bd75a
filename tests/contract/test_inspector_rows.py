"""The rows of what is set and asked for at Inspector, and findings in its orders, over every engine."""

from dataclasses import replace

import pytest

from entrepot.db import (
    inspector_configuration,
    inspector_exports,
    inspector_filters,
    inspector_findings,
    inspector_images,
    inspector_listing,
    inspector_suppressing,
    tags,
)
from entrepot.db.inspector_listing import ORDERS, After
from entrepot.db.inspector_setting_records import Destination, FilterRecord, ReportRecord, RescanWindows
from entrepot.db.inspector_suppressing import Walk
from entrepot.spec.reference import Tag
from tests.contract.test_inspector_finding_rows import DAY, IMAGE, MANIFEST, OF, finding, held
from tests.factories.callers import EPOCH, OTHER_ACCOUNT, registry
from tests.factories.rows import Rows

__all__ = ["held"]
OTHER = registry(OTHER_ACCOUNT)
FILTER = FilterRecord("f1", registry(), "one", "SUPPRESS", "d", "r", "{}", {"k": "v"}, "me", EPOCH, EPOCH)
REPORT = ReportRecord("r1", registry(), "IN_PROGRESS", "CSV", "{}", Destination("b", "p", "k", "o"), EPOCH)


def test_windows_are_those_that_were_set_last(rows: Rows):
    assert rows.read(inspector_configuration.find, registry()) == inspector_configuration.NOTHING_SET
    for duration in ("LIFETIME", "DAYS_3"):
        new = RescanWindows(duration, "DAYS_7", "LAST_PULL_DATE", EPOCH)
        rows.write(inspector_configuration.put, registry(), new)
        assert rows.read(inspector_configuration.find, registry()) == new
    assert rows.read(inspector_configuration.find, OTHER) == inspector_configuration.NOTHING_SET


def test_a_filter_comes_back_as_it_was_put(rows: Rows):
    second = replace(FILTER, id="f2", name="two", action="NONE")
    rows.write(inspector_filters.add, FILTER)
    rows.write(inspector_filters.add, second)
    assert rows.read(inspector_filters.find, registry(), "f1") == FILTER
    assert rows.read(inspector_filters.find, OTHER, "f1") is None
    assert rows.read(inspector_filters.named, registry(), "two") == second
    assert rows.read(inspector_filters.suppressing, registry()) == [FILTER]
    assert rows.read(inspector_filters.page, registry(), "f1", 10) == [second]
    assert rows.read(inspector_filters.count, registry()) == 2
    changed = replace(FILTER, name="new", criteria='{"a": 1}', tags={}, updated_at=EPOCH + DAY)
    rows.write(inspector_filters.put, changed)
    assert rows.read(inspector_filters.find, registry(), "f1") == changed
    rows.write(inspector_filters.remove, "f1")
    assert rows.read(inspector_filters.page, registry(), "", 10) == [second]


def test_a_walk_that_was_begun_anew_is_not_ended_by_the_one_before(rows: Rows):
    rows.write(inspector_suppressing.begin, registry(), EPOCH)
    first = rows.read(inspector_suppressing.find, registry())
    assert first == rows.read(inspector_suppressing.first) == Walk(registry(), 1, "", "", EPOCH)
    rows.write(inspector_suppressing.advance, first, OF, "d")
    assert rows.read(inspector_suppressing.find, registry()) == Walk(registry(), 1, OF, "d", EPOCH)
    rows.write(inspector_suppressing.begin, registry(), EPOCH + DAY)
    again = Walk(registry(), 2, "", "", EPOCH + DAY)
    rows.write(inspector_suppressing.advance, first, OF, "e")
    rows.write(inspector_suppressing.end, first)
    assert rows.read(inspector_suppressing.find, registry()) == again
    rows.write(inspector_suppressing.end, again)
    assert rows.read(inspector_suppressing.first) is None


def test_a_report_is_held_and_ends_once(rows: Rows):
    rows.write(inspector_exports.add, REPORT)
    assert rows.read(inspector_exports.find, registry(), "r1") == REPORT
    assert rows.read(inspector_exports.find, OTHER, "r1") is None
    assert rows.read(inspector_exports.last, registry(), frozenset({"CSV", "JSON"})) == REPORT
    assert rows.read(inspector_exports.last, registry(), frozenset({"SPDX_2_3", "CYCLONEDX_1_4"})) is None
    assert rows.read(inspector_exports.due, EPOCH, 10) == [REPORT]
    assert rows.write(inspector_exports.hold, "r1", EPOCH + DAY)
    assert rows.read(inspector_exports.due, EPOCH, 10) == []
    assert rows.read(inspector_exports.waiting, registry()) == 1
    assert rows.write(inspector_exports.end, "r1", "FAILED", "INTERNAL_ERROR", "why")
    assert not rows.write(inspector_exports.end, "r1", "CANCELLED")
    assert not rows.write(inspector_exports.hold, "r1", EPOCH + DAY)
    ended = replace(REPORT, status="FAILED", error_code="INTERNAL_ERROR", error_message="why")
    assert rows.read(inspector_exports.find, registry(), "r1") == ended
    assert rows.write(inspector_exports.forget, EPOCH) == 0
    assert rows.write(inspector_exports.forget, EPOCH + DAY) == 1


FINDINGS = [
    finding(1, "LOW", score=1.0, epss=0.5),
    finding(2, "CRITICAL", score=9.0, epss=0.1, updated_at=EPOCH + DAY),
    finding(3, "CRITICAL", score=9.5, epss=0.1, status="SUPPRESSED"),
    finding(4, "UNTRIAGED", score=0.0, epss=0.0, first_observed_at=EPOCH - DAY),
]


@pytest.mark.parametrize("order", ["", *ORDERS, *(f"-{field}" for field in ORDERS)])
def test_findings_are_in_each_order_a_page_after_another(held: Rows, order: str):
    held.write(inspector_findings.put, FINDINGS)
    whole = held.read(inspector_listing.page, registry(), order, After(), {}, 10)
    after, found = After(), []
    while page := held.read(inspector_listing.page, registry(), order, after, {}, 3):
        found += page
        after = page[-1].place
    assert found == whole
    assert sorted(each.record.id for each in found) == [each.id for each in FINDINGS]


def test_the_worst_findings_are_first(held: Rows):
    held.write(inspector_findings.put, FINDINGS)

    def ids(order: str, **narrowed: str) -> list[int]:
        page = held.read(inspector_listing.page, registry(), order, After(), narrowed, 10)
        return [int(each.record.id, 16) for each in page]

    assert ids("-SEVERITY") == [3, 2, 1, 4]
    assert ids("SEVERITY") == [4, 1, 2, 3]
    assert ids("-INSPECTOR_SCORE") == [3, 2, 1, 4]
    assert ids("-EPSS_SCORE")[0] == 1
    assert ids("EPSS_SCORE") == ids("-EPSS_SCORE")[::-1]
    assert ids("-LAST_OBSERVED_AT")[0] == 2
    assert ids("FIRST_OBSERVED_AT")[0] == 4
    assert ids("", severity="CRITICAL") == [2, 3]
    assert ids("", severity="CRITICAL", findingStatus="ACTIVE", ecrImageHash=IMAGE.digest) == [2]
    assert ids("", vulnerabilityId="CVE-4", ecrImageRepositoryName="one") == [4]
    assert held.read(inspector_listing.page, OTHER, "", After(), {}, 10) == []


def test_what_is_told_of_an_image_is_of_this_moment(held: Rows):
    assert held.read(inspector_images.tags, IMAGE) == []
    assert held.read(inspector_images.use, IMAGE) == inspector_images.Use()
    held.write(tags.point, OF, Tag("v1"), MANIFEST.digest, EPOCH)
    assert held.read(inspector_images.tags, IMAGE) == ["v1"]
    assert held.read(inspector_images.covered, registry(), ("", ""), 10) == []
