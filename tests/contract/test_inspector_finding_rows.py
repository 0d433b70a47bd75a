"""The rows of findings, over every engine: by image, by registry, closed and removed."""

from dataclasses import replace
from datetime import timedelta

import pytest

from entrepot.db import images as manifests
from entrepot.db import inspector_counting as counting
from entrepot.db import inspector_findings, inspector_listing, repositories, scans
from entrepot.db.inspector_listing import After, Placed
from entrepot.db.inspector_records import FindingRecord, ImageKey
from entrepot.db.records import Repository
from entrepot.db.scan_records import Scan, ScanKey
from tests.factories.callers import EPOCH, OTHER_ACCOUNT, image_manifest, registry, repository
from tests.factories.rows import Rows

OF = "R0000000000000000000000000"
MANIFEST = image_manifest([b"layer"])
IMAGE = ImageKey(OF, MANIFEST.digest)
DAY = timedelta(days=1)


def finding(number: int, severity: str = "HIGH", **changed: object) -> FindingRecord:
    """An active finding of the image."""
    made = FindingRecord(
        f"{number:032x}",
        registry(),
        IMAGE,
        "one",
        f"CVE-{number}",
        "ACTIVE",
        severity,
        9.8,
        0.123456,
        "YES",
        "NO",
        EPOCH,
        EPOCH,
        None,
        "",
        "",
        b"body",
    )
    return replace(made, **changed)  # type: ignore[arg-type]  # keywords of several types


@pytest.fixture
def held(rows: Rows) -> Rows:
    """A repository with an image."""
    rows.write(repositories.add, Repository(OF, repository("one"), "MUTABLE", (), False, {}, 0, 1, EPOCH))
    rows.write(manifests.add, OF, MANIFEST.digest, MANIFEST, 5, EPOCH)
    return rows


def test_a_finding_comes_back_as_it_was_put(held: Rows):
    held.write(inspector_findings.put, [finding(1), finding(2, "LOW")])
    held.write(inspector_findings.put, [finding(2, "UNTRIAGED", status="SUPPRESSED", suppressed_by="arn", body=b"new")])
    second = finding(2, "UNTRIAGED", status="SUPPRESSED", suppressed_by="arn", body=b"new")
    assert held.read(inspector_findings.of_image, IMAGE) == [finding(1), second]
    assert held.read(inspector_findings.find, registry(), f"{2:032x}") == second
    assert held.read(inspector_findings.find, registry(OTHER_ACCOUNT), f"{2:032x}") is None
    assert held.read(inspector_findings.counts, IMAGE) == {"HIGH": 1}
    assert [each[1:] for each in held.read(inspector_findings.open_of_image, IMAGE)] == [
        ("HIGH", "CVE-1"),
        ("UNTRIAGED", "CVE-2"),
    ]


def test_a_registry_lists_its_own_page_by_page(held: Rows):
    held.write(inspector_findings.put, [finding(number) for number in range(5)])
    first = held.read(inspector_findings.page, registry(), "", 3)
    rest = held.read(inspector_findings.page, registry(), first[-1].id, 3)
    assert [each.vulnerability for each in (*first, *rest)] == [f"CVE-{number}" for number in range(5)]
    assert held.read(inspector_findings.page, registry(OTHER_ACCOUNT), "", 3) == []
    assert held.read(inspector_findings.images, registry(), ImageKey("", ""), 9) == [IMAGE]
    assert held.read(inspector_findings.images, registry(), IMAGE, 9) == []


def test_a_finding_was_observed_when_its_image_was_scanned(held: Rows):
    held.write(inspector_findings.put, [finding(1)])
    at = EPOCH + DAY
    for kind, completed in (("ENHANCED", at), ("BASIC", at + DAY)):
        scan = Scan(ScanKey(*IMAGE, kind), kind, "ACTIVE", "", EPOCH, completed_at=completed)
        held.write(scans.put, scan, due=False)
    (one,) = held.read(inspector_findings.of_image, IMAGE)
    assert (one.observed_at, one.last_observed_at) == (at, at)


def test_what_is_closed_stays_for_a_while_and_is_counted_no_more(held: Rows):
    held.write(inspector_findings.put, [finding(1), finding(2, status="SUPPRESSED", suppressed_by="arn")])
    at = EPOCH + DAY
    held.write(inspector_findings.close, [f"{2:032x}"], at)
    two = held.read(inspector_findings.find, registry(), f"{2:032x}")
    assert (two.status, two.closed_at, two.updated_at, two.suppressed_by) == ("CLOSED", at, at, "")
    assert held.write(inspector_findings.remove_closed, at, 9) == 0
    assert held.write(inspector_findings.remove_closed, at + DAY, 9) == 1
    assert [each.id for each in held.read(inspector_findings.page, registry(), "", 9)] == [f"{1:032x}"]


def test_rows_are_told_briefly_and_some_of_them_as_records(held: Rows):
    second = finding(2, status="SUPPRESSED", suppressed_by="arn")
    held.write(inspector_findings.put, [finding(1), second, finding(3)])
    briefs = held.read(inspector_findings.briefly, IMAGE)
    said = inspector_findings.said("HIGH", 9.8, 0.123456, "YES", "NO", b"body")
    assert [inspector_findings.said_by(each) for each in briefs] == [said] * 3
    told = [(each.vulnerability, each.status, each.suppressed_by, each.title) for each in briefs]
    assert told == [
        ("CVE-1", "ACTIVE", "", second.title),
        ("CVE-2", "SUPPRESSED", "arn", second.title),
        ("CVE-3", "ACTIVE", "", second.title),
    ]
    assert held.read(inspector_findings.those, IMAGE, briefs[1:]) == [second, finding(3)]


@pytest.mark.parametrize("order", ["SEVERITY", "-SEVERITY", "VENDOR_SEVERITY", "-VULNERABILITY_SOURCE", "-EPSS_SCORE"])
def test_pages_of_an_order_are_the_whole_of_it(held: Rows, order: str):
    words = ("LOW", "HIGH", "CRITICAL")
    records = [
        finding(number, words[number % 3], vendor_severity=f"v{number % 2}", source=f"s{number % 4}")
        for number in range(1, 12)
    ]
    held.write(inspector_findings.put, records)
    whole = held.read(inspector_listing.page, registry(), order, After(), {}, 100)
    found: list[Placed] = []
    after = After()
    while page := held.read(inspector_listing.page, registry(), order, after, {}, 3):
        found += page
        after = page[-1].place
    assert found == list(whole)
    assert len({each.record.id for each in found}) == len(records)
    places = [int(each.place.value) if order.lstrip("-") == "SEVERITY" else each.place.value for each in found]
    assert places == sorted(places, reverse=order.startswith("-"))


def test_findings_are_counted_by_image_as_one_by_one(held: Rows):
    held.write(inspector_findings.put, [finding(1), finding(2, "LOW"), finding(3, title="t")])
    (high, low) = sorted(held.read(lambda tx: list(counting.by_image(tx, registry(), {}))))
    assert (high.number, low.number) == (2, 1)
    wanted = {"severity": "HIGH"}
    with_bodies = held.read(lambda tx: list(counting.one_by_one(tx, registry(), wanted, bodies=True)))
    without = held.read(lambda tx: list(counting.one_by_one(tx, registry(), wanted, bodies=False)))
    assert [(each.vulnerability, each.title, each.body) for each in with_bodies] == [
        ("CVE-1", "", b"body"),
        ("CVE-3", "t", b"body"),
    ]
    assert without == [each._replace(body=b"") for each in with_bodies]
