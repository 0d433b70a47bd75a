"""Findings open, change and close with the scans of their image, each told once; the same result changes nothing."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from entrepot.core import deletion, repositories
from entrepot.core.scanning import configuration, enhanced_work, requests, results
from entrepot.core.scanning.analysis import Analysis
from entrepot.core.scanning.configuration import ScanningRule
from entrepot.core.scanning.coverage_sweep import CoverageSweep
from entrepot.core.scanning.enhanced_changes import Of, changes
from entrepot.core.scanning.enhanced_findings import Cvss, Details, Facts, Found, made
from entrepot.core.scanning.enhanced_results import EnhancedReport
from entrepot.core.scanning.enhanced_scanner import EnhancedScans
from entrepot.core.scanning.suppressions import Suppression
from entrepot.core.units import Units
from entrepot.db import finding_texts, inspector_findings
from entrepot.db.inspector_records import ImageKey
from entrepot.errors import ManualScanUnavailable, PageTokenInvalid, ScanNotFound
from entrepot.spec.reference import Tag
from entrepot.spec.repository import RepositoryKey
from tests.factories.callers import EPOCH, caller, registry
from tests.factories.core_database import CoreDatabase
from tests.factories.scanning import Literal, Scanning

CHANGED = ("status", "updatedAt", "lastObservedAt")
HOUR = timedelta(hours=1)


def found(name: str, severity: str = "HIGH", score: float = 7.5, epss: float = 0.1) -> Found:
    """A vulnerability of an image."""
    details = Details(
        f"{name} - p",
        f"DSA-{name}",
        "DEBIAN_CVE",
        "https://t.test",
        Facts(),
        (),
        cvss=(Cvss(score, "v", "3.1", "NVD"),),
    )
    return made(name, severity, score, epss, details, fix_available="YES", exploit_available="NO")


ONE, TWO = found("CVE-1"), found("CVE-2", "UNTRIAGED", 0.0)
BOTH = Analysis(found=(ONE, TWO))


@pytest.fixture
def enhanced(core: CoreDatabase) -> Iterator[Scanning]:
    """A registry with enhanced scanning, and an analyst that finds two things in every image."""
    made = Scanning(core, enhanced=Literal(BOTH))
    core.write(configuration.put, registry(), "ENHANCED", [])
    yield made
    made.close()


def pushed(scanning: Scanning, name: str = "one") -> RepositoryKey:
    key = scanning.core.repository(name)
    scanning.core.image(key, "v1")
    return key


def report(
    scanning: Scanning, key: RepositoryKey, limit: int = 100, after: tuple[str, str] = results.START
) -> EnhancedReport:
    told = scanning.core.read(results.describe, key, None, "v1", limit, after)
    assert isinstance(told, EnhancedReport)
    return told


def statuses(scanning: Scanning, key: RepositoryKey) -> dict[str, str]:
    """Every finding of the image, closed ones too."""
    records = scanning.core.row(inspector_findings.of_image, image_key(scanning, key))
    return {each.vulnerability: each.status for each in records}


def image_key(scanning: Scanning, key: RepositoryKey) -> ImageKey:
    digest = report(scanning, key).digest
    return ImageKey(scanning.core.present(key).id, digest)


def told(core: CoreDatabase, name: str) -> list[dict[str, Any]]:
    return [json.loads(row.body)["detail"] for row in core.outbox(name=name)]


def match_anew(scanning: Scanning, key: RepositoryKey, *sources: Any) -> bool:
    """Look at the image again, as when something else is known."""
    analyst = scanning.enhanced
    units = Units(scanning.core.database, scanning.pool)
    scans = EnhancedScans(units, analyst, scanning.meter, lambda: scanning.now, sources)
    return asyncio.run(scans.match_anew(image_key(scanning, key)))


def test_an_image_waits_and_is_then_scanned_continuously(enhanced: Scanning):
    key = pushed(enhanced)
    assert report(enhanced, key).standing.status == "PENDING"
    enhanced.later(seconds=1)
    assert enhanced.step() == 1
    standing = report(enhanced, key).standing
    assert (standing.status, standing.description) == ("ACTIVE", "Continuous scan is selected for image.")
    assert standing.severities == {"HIGH": 1, "UNDEFINED": 1}
    assert statuses(enhanced, key) == {"CVE-1": "ACTIVE", "CVE-2": "ACTIVE"}


def test_a_first_scan_is_told_as_inspector_tells_it(enhanced: Scanning):
    key = pushed(enhanced)
    enhanced.step()
    (scan,) = told(enhanced.core, "Inspector2 Scan")
    assert scan == {
        "scan-status": "INITIAL_SCAN_COMPLETE",
        "repository-name": key.arn,
        "finding-severity-counts": {"HIGH": 1, "UNTRIAGED": 1, "TOTAL": 2},
        "image-digest": report(enhanced, key).digest,
        "image-tags": ["v1"],
        "version": "1.0",
    }
    (coverage,) = told(enhanced.core, "Inspector2 Coverage")
    assert coverage["scanStatus"] == {"reason": "SUCCESSFUL", "statusCodeValue": "ACTIVE"}
    first, second = told(enhanced.core, "Inspector2 Finding")
    assert (first["status"], first["description"], first["firstObservedAt"]) == (
        "ACTIVE",
        "About DSA-CVE-1.",
        "Jan 1, 2026, 12:00:00 AM",
    )
    assert (second["severity"], "score" in second) == ("UNTRIAGED", False)
    assert [each.common.operation for each in enhanced.core.calls("ImageScanEvent")] == ["ImageScanEvent"]


def test_the_same_result_writes_no_finding_and_tells_nothing(enhanced: Scanning):
    key = pushed(enhanced)
    enhanced.step()
    rows, before = len(enhanced.core.outbox()), report(enhanced, key)
    enhanced.later(hours=1)
    assert match_anew(enhanced, key)
    after = report(enhanced, key)
    assert len(enhanced.core.outbox()) == rows
    assert [each.updated_at for each in after.findings] == [each.updated_at for each in before.findings]
    assert {each.last_observed_at for each in after.findings} == {enhanced.now}


def test_what_vanishes_is_closed_and_what_comes_back_is_the_same_finding(enhanced: Scanning):
    key = pushed(enhanced)
    enhanced.step()
    analyst = enhanced.enhanced
    assert isinstance(analyst, Literal)
    ids = [each.id for each in report(enhanced, key).findings]
    enhanced.later(hours=1)
    analyst.otherwise = Analysis(found=(TWO,))
    match_anew(enhanced, key)
    assert statuses(enhanced, key) == {"CVE-1": "CLOSED", "CVE-2": "ACTIVE"}
    assert report(enhanced, key).standing.severities == {"UNDEFINED": 1}
    assert told(enhanced.core, "Inspector2 Finding")[-1]["status"] == "CLOSED"
    enhanced.later(hours=1)
    analyst.otherwise = BOTH
    match_anew(enhanced, key)
    again = report(enhanced, key).findings
    assert [each.id for each in again] == ids
    assert again[0].first_observed_at == EPOCH
    assert told(enhanced.core, "Inspector2 Finding")[-1]["status"] == "ACTIVE"


def test_a_severity_that_changes_is_told_and_how_probable_an_exploit_is_is_not(enhanced: Scanning):
    key = pushed(enhanced)
    enhanced.step()
    analyst = enhanced.enhanced
    assert isinstance(analyst, Literal)
    events = len(told(enhanced.core, "Inspector2 Finding"))
    enhanced.later(hours=1)
    analyst.otherwise = Analysis(found=(found("CVE-1", epss=0.9), TWO))
    match_anew(enhanced, key)
    assert len(told(enhanced.core, "Inspector2 Finding")) == events
    assert report(enhanced, key).findings[0].epss == 0.9
    enhanced.later(hours=1)
    analyst.otherwise = Analysis(found=(found("CVE-1", "CRITICAL"), TWO))
    match_anew(enhanced, key)
    changed = told(enhanced.core, "Inspector2 Finding")[events:]
    assert [(each["severity"], each["status"]) for each in changed] == [("CRITICAL", "ACTIVE")]
    assert report(enhanced, key).findings[0].updated_at == enhanced.now


def test_a_scan_that_could_not_look_closes_nothing(enhanced: Scanning):
    key = pushed(enhanced)
    enhanced.step()
    analyst = enhanced.enhanced
    assert isinstance(analyst, Literal)
    enhanced.later(hours=1)
    analyst.otherwise = Analysis("FAILED", "no layer")
    match_anew(enhanced, key)
    assert report(enhanced, key).standing.status == "FAILED"
    assert statuses(enhanced, key) == {"CVE-1": "ACTIVE", "CVE-2": "ACTIVE"}


def test_what_is_suppressed_is_shown_and_does_not_count(enhanced: Scanning):
    key = pushed(enhanced)
    enhanced.step()

    def source(*_: Any) -> Any:
        return lambda record, _: Suppression("arn", "not used") if record.vulnerability == "CVE-1" else None

    def suppress(sources: Any) -> int:
        image = image_key(enhanced, key)
        work = lambda tx, _: enhanced_work.suppress(tx, image, enhanced.now, "seed", {}, sources)  # noqa: E731 - a unit
        changed = enhanced.core.write(work)
        assert isinstance(changed, int)
        return changed

    enhanced.later(hours=1)
    assert suppress([source]) == 1
    assert suppress([source]) == 0
    assert statuses(enhanced, key) == {"CVE-1": "SUPPRESSED", "CVE-2": "ACTIVE"}
    shown = report(enhanced, key)
    assert shown.standing.severities == {"UNDEFINED": 1}
    assert (shown.findings[0].suppressed_by, shown.findings[0].justification) == ("arn", "not used")
    assert told(enhanced.core, "Inspector2 Finding")[-1]["status"] == "SUPPRESSED"
    enhanced.later(hours=1)
    assert suppress([]) == 1
    assert statuses(enhanced, key) == {"CVE-1": "ACTIVE", "CVE-2": "ACTIVE"}


@pytest.mark.parametrize(("frequency", "status"), [("CONTINUOUS_SCAN", "ACTIVE"), ("SCAN_ON_PUSH", "COMPLETE")])
def test_scans_are_counted_by_the_status_that_they_are_shown_with(enhanced: Scanning, frequency: str, status: str):
    enhanced.core.write(configuration.put, registry(), "ENHANCED", [ScanningRule(frequency, ("*",))])
    key = pushed(enhanced)
    enhanced.step()
    counted = [dict(point.dimensions) for point in enhanced.meter.points if point.name == "ScanCount"]
    assert counted == [{"ScanStatus": status, "ScanType": "ENHANCED"}]
    assert report(enhanced, key).standing.status == status


def test_an_image_that_is_deleted_closes_its_findings_which_stay_three_days(enhanced: Scanning):
    key = pushed(enhanced)
    enhanced.step()
    image = image_key(enhanced, key)
    enhanced.core.write(deletion.delete, key, Tag("v1"), who=caller(at=EPOCH + HOUR))
    records = enhanced.core.row(inspector_findings.of_image, image)
    assert {(each.status, each.closed_at) for each in records} == {("CLOSED", EPOCH + HOUR)}
    events = told(enhanced.core, "Inspector2 Finding")
    assert [each["status"] for each in events] == ["ACTIVE", "ACTIVE", "CLOSED", "CLOSED"]
    for before, after in zip(events[:2], events[2:], strict=True):  # tags, title and all else as they were
        assert after | dict.fromkeys(CHANGED) == before | dict.fromkeys(CHANGED)
        assert after["resources"][0]["details"]["awsEcrContainerImage"]["imageTags"] == ["v1"]
    sweep = CoverageSweep(enhanced.core.database)
    sweep.run(EPOCH + timedelta(days=3))
    assert len(enhanced.core.row(inspector_findings.of_image, image)) == 2
    of = (registry(), "CVE-1", "DSA-CVE-1")
    assert enhanced.core.row(finding_texts.find, *of).description == "About DSA-CVE-1."
    assert sweep.run(EPOCH + timedelta(days=3) + 2 * HOUR) == {"forgotten": 2}
    assert enhanced.core.row(finding_texts.find, *of) is None
    assert enhanced.core.row(inspector_findings.of_image, image) == []


def test_a_repository_that_is_removed_closes_the_findings_of_its_images(enhanced: Scanning):
    key = pushed(enhanced)
    enhanced.step()
    image = image_key(enhanced, key)
    enhanced.core.write(repositories.delete, key, force=True)
    work = lambda tx, _: enhanced_work.close_some(tx, image.repository_id, 1, EPOCH + HOUR)  # noqa: E731 - a unit
    assert [enhanced.core.write(work) for _ in range(3)] == [1, 1, 0]
    closed = told(enhanced.core, "Inspector2 Finding")[2:]
    assert [each["status"] for each in closed] == ["CLOSED", "CLOSED"]
    for each in closed:
        assert each["resources"][0]["details"]["awsEcrContainerImage"]["imageTags"] == ["v1"]
        assert each["description"].startswith("About DSA-")


def test_pages_show_the_worst_first_and_each_finding_once(enhanced: Scanning):
    key = pushed(enhanced)
    enhanced.step()
    first = report(enhanced, key, 1)
    second = report(enhanced, key, 1, first.after or ("", ""))
    assert [each.vulnerability for each in (*first.findings, *second.findings)] == ["CVE-1", "CVE-2"]
    assert second.after is None
    with pytest.raises(PageTokenInvalid):
        report(enhanced, key, 1, ("x", "y"))


def test_nobody_starts_a_scan_and_a_repository_that_no_rule_selects_has_none(enhanced: Scanning):
    key = pushed(enhanced)
    with pytest.raises(ManualScanUnavailable):
        enhanced.core.write(requests.start, key, None, "v1")
    enhanced.core.write(configuration.put, registry(), "ENHANCED", [ScanningRule("CONTINUOUS_SCAN", ("prod",))])
    other = pushed(enhanced, "dev")
    with pytest.raises(ScanNotFound):
        report(enhanced, other)


def test_what_is_scanned_on_push_is_complete(enhanced: Scanning):
    enhanced.core.write(configuration.put, registry(), "ENHANCED", [ScanningRule("SCAN_ON_PUSH", ("*",))])
    key = pushed(enhanced)
    enhanced.step()
    assert report(enhanced, key).standing.status == "COMPLETE"


def test_replaying_a_result_changes_nothing_whatever_it_is():
    of = Of(RepositoryKey(registry(), "one"), ImageKey("R", "sha256:1"), EPOCH)
    for result in ((), (ONE,), (ONE, TWO)):
        first = changes(of, (), result, lambda *_: None)
        again = changes(of._replace(at=EPOCH + HOUR), first.told, result, lambda *_: None)
        assert (again.told, again.quiet) == ([], [])
        gone = changes(of._replace(at=EPOCH + HOUR), first.told, (), lambda *_: None)
        assert changes(of, gone.told, (), lambda *_: None).told == []
        assert [replace(each, closed_at=None) for each in gone.told if each.status != "CLOSED"] == []
