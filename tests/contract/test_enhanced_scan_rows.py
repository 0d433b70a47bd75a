"""The rows of enhanced scans, over every engine: what was found stays, the last who took a scan up keeps it, sweeps."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from entrepot.db import (
    enhanced_scans,
    finding_texts,
    images,
    images_in_use,
    inspector_configuration,
    registry_scanning,
    repositories,
)
from entrepot.db.enhanced_scans import RegistryPlace
from entrepot.db.finding_texts import FindingText
from entrepot.db.inspector_records import ImageKey
from entrepot.db.inspector_setting_records import RescanWindows
from entrepot.db.records import Repository
from entrepot.db.scan_records import RegistryScanning
from entrepot.spec.moments import micros
from tests.factories.callers import (
    ACCOUNT,
    EPOCH,
    OTHER_ACCOUNT,
    REGION,
    image_manifest,
    index_manifest,
    registry,
    repository,
)
from tests.factories.rows import Rows

OF = "R0000000000000000000000000"
ONE, TWO = image_manifest([b"one"]), image_manifest([b"two"])
IMAGE = ImageKey(OF, ONE.digest)
PLACE = RegistryPlace(ACCOUNT, REGION)
HOUR = timedelta(hours=1)
NOWHERE = ImageKey("", "")


@pytest.fixture
def held(rows: Rows) -> Rows:
    """A repository with two images and an index."""
    rows.write(repositories.add, Repository(OF, repository("one"), "MUTABLE", (), False, {}, 0, 1, EPOCH))
    for each in (ONE, TWO, index_manifest([ONE])):
        rows.write(images.add, OF, each.digest, each, 5, EPOCH)
    return rows


def queue(held: Rows, scan_id: str, **given: bool) -> None:
    held.write(lambda tx: enhanced_scans.queue(tx, IMAGE, scan_id, "PENDING", "", EPOCH, **given))


def test_what_was_found_stays_while_an_image_is_scanned_anew(held: Rows):
    queue(held, "1")
    scan = held.read(enhanced_scans.find, IMAGE)
    ended = replace(scan, status="ACTIVE", completed_at=EPOCH + HOUR, severities={"HIGH": 1}, result="hash")
    assert held.write(enhanced_scans.keep, ended)
    queue(held, "2")
    again = held.read(enhanced_scans.find, IMAGE)
    assert (again.id, again.status, again.completed_at, again.result) == ("2", "PENDING", EPOCH + HOUR, "hash")
    assert again.severities == {"HIGH": 1}
    assert not held.write(enhanced_scans.keep, ended)  # somebody has asked again since
    held.write(enhanced_scans.count, replace(again, severities={"LOW": 2}))
    assert held.read(enhanced_scans.find, IMAGE).severities == {"LOW": 2}


def test_a_sweep_sees_every_image_once_and_no_index(held: Rows):
    queue(held, "1", pushed=True)
    held.write(images.pulled, OF, ONE.digest, 1, micros(EPOCH + HOUR))
    held.write(images_in_use.put, OF, ONE.digest, "cluster", 2, EPOCH + 2 * HOUR)
    seen = held.read(enhanced_scans.sweep, PLACE, NOWHERE, 9)
    assert [each.image.digest for each in seen] == sorted([ONE.digest, TWO.digest])
    first = held.read(enhanced_scans.sweep, PLACE, NOWHERE, 1)
    assert [*first, *held.read(enhanced_scans.sweep, PLACE, first[0].image, 9)] == seen
    known = {each.image.digest: each for each in seen}
    one, two = known[ONE.digest], known[TWO.digest]
    assert (one.status, one.waits, one.last_pulled_at, one.last_in_use_at) == (
        "PENDING",
        True,
        EPOCH + HOUR,
        EPOCH + 2 * HOUR,
    )
    assert (two.status, two.waits, two.last_pulled_at, two.queued_at) == (None, False, None, None)
    assert held.read(enhanced_scans.sweep, RegistryPlace("999999999999", REGION), NOWHERE, 9) == []


def test_an_image_that_is_pushed_once_more_counts_as_pushed_then(held: Rows):
    queue(held, "1", pushed=True)
    held.write(enhanced_scans.pushed, IMAGE, EPOCH + HOUR)
    queue(held, "2")
    (seen,) = [each for each in held.read(enhanced_scans.sweep, PLACE, NOWHERE, 9) if each.image == IMAGE]
    assert seen.pushed_at == EPOCH + HOUR


def due_sweeps(held: Rows, at: datetime) -> Any:
    return held.read(enhanced_scans.due_sweeps, at - HOUR, 9)


def test_a_registry_is_swept_when_it_is_time_and_when_something_is_set(held: Rows):
    due = partial(due_sweeps, held)
    held.write(registry_scanning.put, registry(), RegistryScanning("BASIC", ()), EPOCH)
    assert due(EPOCH) == []
    held.write(registry_scanning.put, registry(), RegistryScanning("ENHANCED", ()), EPOCH)
    assert due(EPOCH) == [PLACE]
    later = EPOCH + timedelta(minutes=1)
    held.write(enhanced_scans.swept, PLACE, later)
    assert due(later) == []
    assert due(later + HOUR + timedelta(seconds=1)) == [PLACE]
    new = RescanWindows("LIFETIME", "DAYS_3", "LAST_PULL_DATE", later + timedelta(seconds=1))
    held.write(inspector_configuration.put, registry(), new)
    assert due(later) == [PLACE]


def test_a_scan_that_stands_waits_no_more(held: Rows):
    queue(held, "1")
    held.write(enhanced_scans.stand, IMAGE, "SCAN_ELIGIBILITY_EXPIRED", "over")
    (seen,) = [each for each in held.read(enhanced_scans.sweep, PLACE, NOWHERE, 9) if each.image == IMAGE]
    assert (seen.status, seen.description, seen.waits) == ("SCAN_ELIGIBILITY_EXPIRED", "over", False)


def test_texts_are_kept_once_for_a_registry_while_it_has_findings_of_them(held: Rows):
    text = FindingText("CVE-1", "DSA-1", "long", ("https://t.test",))
    for each in (text, text._replace(description="longer")):
        held.write(finding_texts.put, registry(), [each, text._replace(advisory="DSA-2")])
        assert held.read(finding_texts.find, registry(), "CVE-1", "DSA-1") == each
    assert held.read(finding_texts.find, registry(account=OTHER_ACCOUNT), "CVE-1", "DSA-1") is None
    assert held.write(finding_texts.forget) == 2
    assert held.read(finding_texts.find, registry(), "CVE-1", "DSA-1") is None
