"""Images that wait are matched anew: each by one worker, each finding told once, and the rest left alone."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from entrepot.core.pulse import Pulse
from entrepot.core.scanning import configuration, suppressions
from entrepot.core.scanning.kept_images import HELD_BY
from entrepot.core.scanning.rematch_plan import RematchPlan
from entrepot.core.scanning.rematcher import Rematcher, RematchPace
from entrepot.core.units import BlockingUnits, Units
from entrepot.db import blobs, image_inventories, inspector_findings, rematches, scans
from entrepot.db.inspector_records import FindingRecord, ImageKey
from entrepot.db.scan_records import ScanKey
from entrepot.db.sqlite import SqliteDatabase
from entrepot.spec.repository import RepositoryKey
from tests.factories.advisory_files import record
from tests.factories.callers import EPOCH, registry
from tests.factories.core_database import CoreDatabase
from tests.factories.fleets import Fleet, languages, system

OPENSSL, ZLIB, FLASK = system({"openssl": "1"}), system({"zlib": "1", "bash": "1"}), languages(flask="1")
TOO_LONG = 15


class Matching:
    """A fleet in a registry with enhanced scanning, and workers that match it."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.now = EPOCH
        self.scanned: list[ImageKey] = []
        self.pulse = Pulse()
        self._pools: list[ThreadPoolExecutor] = []
        fleet.core.write(configuration.put, registry(), "ENHANCED", [])

    def worker(self, database: SqliteDatabase, together: int = 32) -> Rematcher:
        async def scan(image: ImageKey) -> bool:
            self.scanned.append(image)
            return True

        self._pools.append(ThreadPoolExecutor(2))
        return Rematcher(
            Units(database, self._pools[-1]),
            self.fleet.generations,
            scan,
            (),
            self.pulse.of(database),
            lambda: self.now,
            RematchPace(together=together),
        )

    def step(self, together: int = 32) -> int:
        """Plan, and match all that waits."""
        database = self.fleet.core.database
        RematchPlan(BlockingUnits(database), self.fleet.generations, lambda: self.now).run()
        return asyncio.run(self.worker(database, together).step())

    def findings(self, key: RepositoryKey, digest: str) -> dict[str, FindingRecord]:
        image = ImageKey(self.fleet.core.present(key).id, digest)
        return {each.vulnerability: each for each in self.fleet.core.row(inspector_findings.of_image, image)}

    def told(self) -> list[tuple[str, str, str]]:
        """The image, vulnerability and status of each event of a finding."""
        details = [json.loads(row.body)["detail"] for row in self.fleet.core.outbox(name="Inspector2 Finding")]
        return [
            (
                each["resources"][0]["details"]["awsEcrContainerImage"]["imageHash"],
                each["packageVulnerabilityDetails"]["vulnerabilityId"],
                each["status"],
            )
            for each in details
        ]

    def close(self) -> None:
        self.pulse.close()
        for each in self._pools:
            each.shutdown()


@pytest.fixture
def matching(core: CoreDatabase, tmp_path: Path) -> Iterator[Matching]:
    fleet = Fleet(core, tmp_path)
    made = Matching(fleet)
    yield made
    made.close()
    fleet.close()


@pytest.fixture
def key(core: CoreDatabase) -> RepositoryKey:
    return core.repository()


def cve(number: int, package: str, fixed: str = "2", **fields: Any) -> Any:
    return record(f"DSA-{number}", package, fixed=fixed, related=[f"CVE-2024-{number:04d}"], **fields)


def test_two_workers_take_part_and_tell_each_finding_once(matching: Matching, key: RepositoryKey):
    fleet = matching.fleet
    images = [fleet.image(key, system({"openssl": "1", "x": str(number)})) for number in range(24)]
    fleet.known(cve(1, "openssl"), cve(2, "openssl"))
    database = fleet.core.database
    RematchPlan(BlockingUnits(database), fleet.generations, lambda: EPOCH).run()
    other = SqliteDatabase(fleet.core.path)
    first, second = matching.worker(database, 2), matching.worker(other, 2)

    async def both() -> tuple[int, int]:
        return await asyncio.wait_for(asyncio.gather(first.step(), second.step()), TOO_LONG)

    done = asyncio.run(both())
    other.close()
    assert sum(done) == len(images)
    assert min(done) > 0
    assert fleet.core.row(rematches.waiting) == 0
    names = ("CVE-2024-0001", "CVE-2024-0002")
    assert Counter(matching.told()) == Counter((each, name, "ACTIVE") for each in images for name in names)


def test_only_findings_of_packages_of_which_something_else_is_known_are_touched(matching: Matching, key: RepositoryKey):
    fleet = matching.fleet
    one, two = fleet.image(key, OPENSSL, FLASK), fleet.image(key, ZLIB)
    fleet.known(cve(1, "openssl"), record("PYSEC-1", "flask", "PyPI", aliases=["CVE-2024-0009"]), cve(2, "zlib"))
    assert matching.step() == 2
    matching.now += timedelta(hours=1)
    fleet.known(cve(3, "openssl"), cve(1, "openssl", "1", modified="2024-02-01T00:00:00Z"))
    before = matching.told()
    assert matching.step() == 1
    assert sorted(matching.told()[len(before) :]) == [
        (one, "CVE-2024-0001", "CLOSED"),
        (one, "CVE-2024-0003", "ACTIVE"),
    ]
    found = matching.findings(key, one)
    assert {name: each.status for name, each in found.items()} == {
        "CVE-2024-0001": "CLOSED",
        "CVE-2024-0003": "ACTIVE",
        "CVE-2024-0009": "ACTIVE",
    }
    assert found["CVE-2024-0009"].updated_at == EPOCH
    assert [each.status for each in matching.findings(key, two).values()] == ["ACTIVE"]
    scan = fleet.core.row(scans.find, ScanKey(fleet.core.present(key).id, one, "ENHANCED"))
    assert dict(scan.severities) == {"UNDEFINED": 2}
    assert scan.result == ""


def test_what_changes_nothing_tells_nothing_and_the_same_once_more_is_the_same(matching: Matching, key: RepositoryKey):
    fleet = matching.fleet
    image = fleet.image(key, OPENSSL)
    fleet.known(cve(1, "openssl"))
    matching.step()
    told, found = matching.told(), matching.findings(key, image)
    matching.now += timedelta(hours=1)
    fleet.known(cve(2, "openssl", "1"))
    assert matching.step() == 1
    assert matching.told() == told
    assert [each.updated_at for each in matching.findings(key, image).values()] == [
        each.updated_at for each in found.values()
    ]
    database = fleet.core.database
    fleet.unit(rematches.queue, [(fleet.core.present(key).id, image)], 0, EPOCH)
    assert asyncio.run(matching.worker(database).step()) == 1
    assert matching.told() == told


def test_an_image_of_which_nothing_is_kept_is_looked_at(matching: Matching, key: RepositoryKey):
    fleet = matching.fleet
    image = fleet.image(key, OPENSSL, kept=False)
    fleet.known(cve(1, "openssl"))
    assert matching.step() == 1
    assert [each.digest for each in matching.scanned] == [image]
    assert fleet.core.row(rematches.waiting) == 0


def test_an_image_with_which_something_is_wrong_waits_and_concerns_no_other(matching: Matching, key: RepositoryKey):
    fleet = matching.fleet
    images = [fleet.image(key, system({"openssl": "1", "x": str(number)})) for number in range(3)]
    of = fleet.core.present(key).id
    good = fleet.core.row(image_inventories.find, of, images[0], HELD_BY)
    fleet.unit(image_inventories.put, of, images[1], HELD_BY, b"broken")
    fleet.known(cve(1, "openssl"))
    assert matching.step() == 2
    assert fleet.core.row(rematches.waiting) == 1
    assert {image for image, *_ in matching.told()} == {images[0], images[2]}
    fleet.unit(image_inventories.put, of, images[1], HELD_BY, good)
    matching.now += timedelta(hours=1)
    assert matching.step() == 1
    assert fleet.core.row(rematches.waiting) == 0


def test_findings_that_somebody_suppresses_count_as_before(matching: Matching, key: RepositoryKey):
    fleet = matching.fleet
    image = fleet.image(key, OPENSSL)
    fleet.known(cve(1, "openssl"))
    matching.step()

    def source(*_: Any) -> Any:
        return lambda told, _: suppressions.Suppression("arn:x", "why") if told.vulnerability.endswith("2") else None

    matching.now += timedelta(hours=1)
    fleet.known(cve(2, "openssl"))
    database = fleet.core.database
    RematchPlan(BlockingUnits(database), fleet.generations, lambda: EPOCH).run()
    worker = matching.worker(database)
    worker._sources = (source,)
    assert asyncio.run(worker.step()) == 1
    assert {name: each.status for name, each in matching.findings(key, image).items()} == {
        "CVE-2024-0001": "ACTIVE",
        "CVE-2024-0002": "SUPPRESSED",
    }


def test_what_an_image_holds_is_forgotten_with_bytes_that_were_not_what_they_should_be(
    matching: Matching, key: RepositoryKey
):
    fleet = matching.fleet
    image, other = fleet.image(key, OPENSSL), fleet.image(key, ZLIB)
    of = fleet.core.present(key).id
    held = fleet.core.blob(key, repr(OPENSSL).encode())
    assert fleet.unit(blobs.damage, held.id, held.location)
    assert fleet.core.row(image_inventories.find, of, image, HELD_BY) is None
    assert fleet.core.row(image_inventories.find, of, other, HELD_BY) is not None
