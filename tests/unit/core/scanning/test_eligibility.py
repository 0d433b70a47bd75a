"""Which images are scanned continuously: pushed, pulled or used lately enough; what a sweep does about the others."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from entrepot.core.scanning import configuration, results
from entrepot.core.scanning.analysis import Analysis
from entrepot.core.scanning.configuration import CONTINUOUS, MANUAL, ON_PUSH, ScanningRule
from entrepot.core.scanning.coverage_statuses import (
    ACTIVE,
    COMPLETE,
    EXPIRED,
    FAILED,
    IS_OVER,
    LIMIT,
    NOT_SELECTED,
    PENDING,
    UNAVAILABLE,
    UNSUPPORTED,
    WAS_BEFORE,
)
from entrepot.core.scanning.coverage_sweep import CoverageSweep
from entrepot.core.scanning.eligibility import is_eligible, step, windows
from entrepot.core.scanning.enhanced_results import EnhancedReport
from entrepot.db import images, inspector_configuration
from entrepot.db.enhanced_scans import Swept
from entrepot.db.inspector_records import ImageKey
from entrepot.db.inspector_setting_records import RescanWindows
from entrepot.spec.moments import micros
from entrepot.spec.repository import RepositoryKey
from tests.factories.callers import EPOCH, image_manifest, registry
from tests.factories.core_database import CoreDatabase
from tests.factories.scanning import Literal, Scanning

DAY = timedelta(days=1)
DEFAULT = windows("DAYS_14", "DAYS_14", "LAST_IN_USE_AT")


def seen(
    status: str | None = ACTIVE,
    *,
    pushed: int = 0,
    pulled: int | None = None,
    used: int | None = None,
    description: str = "",
    waits: bool = False,
) -> Swept:
    """An image that was pushed, pulled and used so many days ago."""

    def ago(days: int | None) -> datetime | None:
        return None if days is None else EPOCH - days * DAY

    return Swept(
        ImageKey("R", "sha256:1"),
        EPOCH - pushed * DAY,
        ago(pulled),
        ago(used),
        status,
        description,
        EPOCH - 5 * DAY,
        waits,
    )


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (seen(pushed=13), True),
        (seen(pushed=14), False),
        (seen(pushed=99, used=13), True),
        (seen(pushed=99, pulled=1, used=14), False),
        (seen(pushed=99, pulled=13), True),  # it was never seen to run: nobody may report
        (seen(pushed=99, pulled=14), False),
    ],
)
def test_an_image_is_eligible_while_it_was_pushed_or_used_lately(image: Swept, expected: bool):
    assert is_eligible(image, DEFAULT, EPOCH) is expected


def test_windows_are_inspectors_words():
    by_pull = windows("DAYS_3", "DAYS_180", "LAST_PULL_DATE")
    assert is_eligible(seen(pushed=99, pulled=100, used=200), by_pull, EPOCH)
    assert not is_eligible(seen(pushed=4, used=1), by_pull, EPOCH)
    assert is_eligible(seen(pushed=9999), windows("LIFETIME", "DAYS_3", "LAST_PULL_DATE"), EPOCH)


@pytest.mark.parametrize(
    ("image", "frequency", "status"),
    [
        (seen(None, pushed=13), CONTINUOUS, PENDING),
        (seen(None, pushed=14), CONTINUOUS, EXPIRED),
        (seen(None, pushed=13), ON_PUSH, PENDING),
        (seen(None), MANUAL, None),
        (seen(ACTIVE), CONTINUOUS, None),
        (seen(ACTIVE, pushed=14), CONTINUOUS, EXPIRED),
        (seen(ACTIVE), ON_PUSH, COMPLETE),
        (seen(ACTIVE), MANUAL, COMPLETE),
        (seen(COMPLETE), CONTINUOUS, PENDING),
        (seen(COMPLETE, pushed=14), CONTINUOUS, EXPIRED),
        (seen(COMPLETE), ON_PUSH, None),
        (seen(COMPLETE, description=NOT_SELECTED), MANUAL, None),
        (seen(COMPLETE, description=NOT_SELECTED), ON_PUSH, PENDING),
        (seen(PENDING, waits=True), CONTINUOUS, None),
        (seen(PENDING), CONTINUOUS, PENDING),
        (seen(PENDING, waits=True), MANUAL, UNAVAILABLE),
        (seen(LIMIT), CONTINUOUS, PENDING),
        (seen(EXPIRED, pushed=20, description=IS_OVER), CONTINUOUS, None),
        (seen(EXPIRED, pushed=20, pulled=1, description=IS_OVER), CONTINUOUS, PENDING),
        (seen(EXPIRED, pushed=20, pulled=6, description=WAS_BEFORE), CONTINUOUS, None),
        (seen(EXPIRED, pushed=20, pulled=4, description=WAS_BEFORE), CONTINUOUS, PENDING),
        (seen(FAILED), CONTINUOUS, None),
        (seen(UNSUPPORTED), CONTINUOUS, None),
    ],
)
def test_what_a_sweep_does_follows_from_what_it_sees(image: Swept, frequency: str, status: str | None):
    following = step(image, frequency, DEFAULT, EPOCH)
    assert (None if following is None else following.status) == status


@pytest.fixture
def scanning(core: CoreDatabase) -> Iterator[Scanning]:
    made = Scanning(core, enhanced=Literal(Analysis(found=())))
    yield made
    made.close()


def status(scanning: Scanning, key: RepositoryKey) -> str:
    report = scanning.core.read(results.describe, key, None, "v1", 9)
    assert isinstance(report, EnhancedReport)
    return report.standing.status


def enable(scanning: Scanning, *rules: ScanningRule) -> None:
    scanning.core.write(configuration.put, registry(), "ENHANCED", rules)


def test_images_that_are_there_are_picked_up_when_enhanced_scanning_is_enabled(scanning: Scanning):
    key = scanning.core.repository()
    scanning.core.image(key, "v1")
    sweep = CoverageSweep(scanning.core.database)
    assert sweep.run(EPOCH) == {}
    enable(scanning)
    assert sweep.run(EPOCH + DAY) == {"changed": 1}
    assert status(scanning, key) == PENDING
    assert sweep.run(EPOCH + DAY) == {}
    scanning.now = EPOCH + DAY
    scanning.step()
    assert status(scanning, key) == ACTIVE


def test_images_that_were_pushed_too_long_ago_are_not(scanning: Scanning):
    key = scanning.core.repository()
    scanning.core.image(key, "v1")
    enable(scanning)
    CoverageSweep(scanning.core.database).run(EPOCH + 14 * DAY)
    assert status(scanning, key) == EXPIRED


def test_an_image_expires_and_is_revived_by_a_pull(scanning: Scanning):
    enable(scanning)
    key = scanning.core.repository()
    scanning.core.image(key, "v1")
    scanning.step()
    sweep = CoverageSweep(scanning.core.database)
    assert sweep.run(EPOCH + 14 * DAY) == {"changed": 1}
    assert status(scanning, key) == EXPIRED
    (coverage,) = [json.loads(row.body) for row in scanning.core.outbox(name="Inspector2 Coverage")][-1:]
    assert coverage["detail"]["scanStatus"] == {"reason": "SCAN_ELIGIBILITY_EXPIRED", "statusCodeValue": "INACTIVE"}
    digest = image_manifest([b"layer"]).digest
    at = micros(EPOCH + 15 * DAY)
    scanning.core.write(lambda tx, _: images.pulled(tx, scanning.core.present(key).id, digest, 1, at))
    assert sweep.run(EPOCH + 15 * DAY) == {"changed": 1}
    assert status(scanning, key) == PENDING


def test_a_window_that_is_set_counts_at_once(scanning: Scanning):
    enable(scanning)
    key = scanning.core.repository()
    scanning.core.image(key, "v1")
    scanning.step()
    sweep = CoverageSweep(scanning.core.database)
    sweep.run(EPOCH + 4 * DAY)
    assert status(scanning, key) == ACTIVE
    shorter = RescanWindows("DAYS_3", "DAYS_3", "LAST_PULL_DATE", EPOCH + 4 * DAY + timedelta(minutes=1))
    scanning.core.write(lambda tx, _: inspector_configuration.put(tx, registry(), shorter))
    assert sweep.run(EPOCH + 4 * DAY + timedelta(minutes=2)) == {"changed": 1}
    assert status(scanning, key) == EXPIRED


def test_a_sweep_of_many_pages_sees_each_image_once(scanning: Scanning):
    for number in range(7):
        key = scanning.core.repository(f"r{number}")
        scanning.core.image(key, "v1", layers=(b"%d" % number,))
    enable(scanning)
    assert CoverageSweep(scanning.core.database, page=3).run(EPOCH + DAY) == {"changed": 7}
