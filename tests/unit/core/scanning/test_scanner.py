"""The job of scanning: what is found is kept with its event and audit record; nobody's end loses a scan."""

import asyncio
import json
from typing import Any

import pytest

from entrepot.core import deletion, repositories
from entrepot.core.claiming import Pace
from entrepot.core.scanning import work
from entrepot.core.scanning.analysis import FAILED, UNSUPPORTED, Analysis, Content
from entrepot.core.scanning.scanner import MOST_ATTEMPTS
from entrepot.errors import ImageScanned, ScanNotFound
from entrepot.spec.reference import Tag
from tests.factories.callers import ACCOUNT, EPOCH, REGION
from tests.factories.core_database import CoreDatabase
from tests.factories.scanning import FOUND, OPENSSL, SOURCE_AT, ZLIB, Literal, NoDatabase, Scanning, pushed


def scan_events(core: CoreDatabase) -> list[dict[str, Any]]:
    return [json.loads(row.body) for row in core.outbox(name="ECR Image Scan")]


def test_a_scan_ends_with_what_the_analyst_has_found_the_worst_first(scanning: Scanning):
    key = pushed(scanning)
    scanning.later(seconds=3)
    assert scanning.step() == 1
    report = scanning.report(key)
    assert (report.scan.status, report.scan.description) == ("COMPLETE", "The scan was completed successfully.")
    assert report.findings == [OPENSSL, ZLIB]
    assert report.scan.severities == {"HIGH": 1, "LOW": 1}
    assert (report.scan.source_updated_at, report.scan.completed_at) == (SOURCE_AT, scanning.now)
    assert report.after is None


def test_the_analyst_is_given_the_image_and_its_layers_from_the_lowest(scanning: Scanning):
    key = pushed(scanning, layers=(b"base", b"top"))
    scanning.step()
    assert isinstance(scanning.analyst, Literal)
    (content,) = scanning.analyst.seen
    assert (content.repository, content.manifest.digest) == (key, content.digest)
    sizes = [layer.blob.size for layer in content.layers if layer.blob is not None]
    assert sizes == [len(b"base"), len(b"top")]


def test_the_end_of_a_scan_is_told_as_eventbridge_tells_it(scanning: Scanning):
    key = pushed(scanning, "v1", "v2")
    scanning.step()
    (event,) = scan_events(scanning.core)
    assert (event["source"], event["resources"]) == ("aws.ecr", [key.arn])
    assert event["detail"] == {
        "scan-status": "COMPLETE",
        "repository-name": "one",
        "finding-severity-counts": {"HIGH": 1, "LOW": 1},
        "image-digest": scanning.report(key).digest,
        "image-tags": ["v1", "v2"],
    }


def test_the_end_of_a_scan_is_a_service_event_of_the_audit(scanning: Scanning):
    key = pushed(scanning)
    scanning.step()
    (call,) = scanning.core.calls("ImageScanEvent")
    assert (call.common.door, call.common.account, call.common.region, call.common.repository) == (
        "worker",
        ACCOUNT,
        REGION,
        key.name,
    )
    assert call.parameters == {
        "repositoryName": "one",
        "imageDigest": scanning.report(key).digest,
        "scanType": "BASIC",
        "scanStatus": "COMPLETE",
        "findingSeverityCounts": {"HIGH": 1, "LOW": 1},
    }


def test_events_of_a_repository_are_in_the_order_in_which_things_happened(scanning: Scanning):
    key = pushed(scanning)
    scanning.step()
    scanning.core.image(key, "v2", layers=[b"other"])
    assert [row.name for row in scanning.core.outbox()] == ["ECR Image Action", "ECR Image Scan", "ECR Image Action"]


def test_what_cannot_be_scanned_has_failed_with_its_reason_and_without_findings(scanning: Scanning):
    scanning.analyst = Literal(Analysis(FAILED, UNSUPPORTED))
    other = Scanning(scanning.core, scanning.analyst)
    key = pushed(scanning)
    assert other.step() == 1
    report = other.report(key)
    assert (report.scan.status, report.scan.description, report.findings) == (FAILED, UNSUPPORTED, [])
    assert scan_events(scanning.core)[0]["detail"]["scan-status"] == "FAILED"
    other.close()


def test_without_a_database_a_scan_fails_at_once_and_says_what_to_do(core: CoreDatabase):
    scanning = Scanning(core, NoDatabase())
    key = pushed(scanning)
    assert scanning.step() == 1
    report = scanning.report(key)
    assert (report.scan.status, report.findings, report.scan.severities) == (FAILED, [], {})
    assert "`entrepot vulndb import`" in report.scan.description
    with pytest.raises(ImageScanned):
        scanning.start(key)
    scanning.close()


def test_what_failed_without_a_database_is_scanned_again_when_there_is_one(core: CoreDatabase):
    before, after = Scanning(core, NoDatabase()), Scanning(core)
    key = pushed(before)
    before.step()
    after.later(minutes=1)
    assert after.step() == 1
    assert after.report(key).scan.status == "COMPLETE"
    assert after.start(key).status == "IN_PROGRESS", "the image's 24 hours had not begun"
    for each in (before, after):
        each.close()


def test_what_the_same_database_cannot_answer_is_not_scanned_again_and_again(core: CoreDatabase):
    scanning = Scanning(core, Literal(Analysis(FAILED, "nothing is known", lacking=True)))
    pushed(scanning)
    assert [scanning.step() for _ in range(4)] == [1, 1, 0, 0], "once more, for what was on its way"
    scanning.close()


def test_a_fault_of_the_servers_is_tried_again_later_and_later_and_then_given_up(core: CoreDatabase):
    scanning = Scanning(core, Literal(OSError("disk")))
    key = pushed(scanning)
    assert isinstance(scanning.analyst, Literal)
    for attempt in range(1, MOST_ATTEMPTS):
        assert scanning.step() == 0
        assert scanning.step() == 0, "not before its time"
        assert len(scanning.analyst.seen) == attempt
        assert scanning.report(key).scan.status == "IN_PROGRESS"
        scanning.later(minutes=5)
    assert scanning.step() == 1
    report = scanning.report(key)
    assert (report.scan.status, report.findings) == (FAILED, [])
    assert "given up after 5 attempts" in report.scan.description
    assert scanning.start(key).status == "IN_PROGRESS", "no fault of this server's uses up the image's day"
    scanning.close()


def test_a_fault_with_one_image_holds_up_no_other(core: CoreDatabase):
    key = core.repository(scan_on_push=True)
    bad, good = core.image(key, "bad", layers=[b"bad"]), core.image(key, "good", layers=[b"good"])
    scanning = Scanning(core, Literal(answers={bad.digest: ValueError("bad")}))
    assert scanning.step() == 1
    assert scanning.report(key, None, digest=good.digest).scan.status == "COMPLETE"
    assert scanning.report(key, None, digest=bad.digest).scan.status == "IN_PROGRESS"
    scanning.close()


def take(scanning: Scanning) -> work.Taken:
    until = scanning.now + Pace().hold
    (taken,) = scanning.core.database.submit(lambda tx: work.take(tx, scanning.now, until, 10)).result()
    return taken


def finish(scanning: Scanning, taken: work.Taken) -> bool:
    outcome = work.outcome_of(FOUND)
    return scanning.core.database.submit(lambda tx: work.finish(tx, taken.scan, outcome, scanning.now)).result()


def test_a_scan_whose_holder_was_killed_is_due_again_and_counts_once(scanning: Scanning):
    key = pushed(scanning)
    killed = take(scanning)
    assert scanning.step() == 0, "somebody holds it"
    scanning.later(minutes=1)
    assert scanning.step() == 1
    assert finish(scanning, killed) is False, "who lost it does not finish it"
    assert len(scan_events(scanning.core)) == 1
    assert scanning.report(key).scan.status == "COMPLETE"


def test_a_server_that_starts_alone_takes_up_what_a_killed_one_held(scanning: Scanning):
    pushed(scanning)
    take(scanning)
    scanning.core.database.submit(work.free).result()
    assert scanning.step() == 1


def test_an_image_that_kills_its_worker_each_time_is_given_up(scanning: Scanning):
    key = pushed(scanning)
    for _ in range(MOST_ATTEMPTS):
        take(scanning)
        scanning.later(minutes=1)
    assert scanning.step() == 1
    assert isinstance(scanning.analyst, Literal)
    assert scanning.analyst.seen == []
    assert scanning.report(key).scan.status == FAILED


def test_a_scan_whose_image_goes_meanwhile_ends_in_silence(scanning: Scanning):
    key = pushed(scanning)
    taken = take(scanning)
    scanning.core.write(deletion.delete, key, Tag("v1"))
    assert finish(scanning, taken) is False
    assert scan_events(scanning.core) == []


def test_a_scan_whose_repository_goes_meanwhile_ends_in_silence(scanning: Scanning):
    key = pushed(scanning)
    taken = take(scanning)
    scanning.core.write(repositories.delete, key, force=True)
    assert finish(scanning, taken) is False
    scanning.later(minutes=2)
    assert scanning.step() == 0
    assert scan_events(scanning.core) == []


def test_an_image_that_is_pushed_again_after_it_went_is_another(scanning: Scanning):
    key = pushed(scanning)
    taken = take(scanning)
    scanning.core.write(deletion.delete, key, Tag("v1"))
    scanning.core.image(key, "v1")
    assert finish(scanning, taken) is False
    assert scanning.report(key).scan.status == "IN_PROGRESS"


def test_a_scan_again_takes_the_place_of_the_last(scanning: Scanning):
    key = pushed(scanning)
    scanning.step()
    scanning.later(hours=25)
    scanning.start(key)
    report = scanning.report(key)
    assert (report.scan.status, report.findings, report.has_ended) == ("IN_PROGRESS", [], False)


def test_scans_are_measured(scanning: Scanning):
    pushed(scanning)
    scanning.later(seconds=2)
    scanning.step()
    told = {
        point.name: (point.namespace, dict(point.dimensions), dict(point.values)) for point in scanning.meter.points
    }
    assert told == {
        "ScanCount": ("Entrepot", {"ScanStatus": "COMPLETE", "ScanType": "BASIC"}, {1.0: 1}),
        "ScanDuration": ("Entrepot", {"ScanType": "BASIC"}, {0.0: 1}),
        "ScanLag": ("Entrepot", {"ScanType": "BASIC"}, {2000.0: 1}),
    }


class Waiting:
    """An analyst that answers when it is let, and counts who waits."""

    generation = "1"

    def __init__(self) -> None:
        self.go, self.one, self.two = (asyncio.Event() for _ in range(3))
        self.waiting = self.most = 0

    async def analyse(self, content: Content) -> Analysis:
        """In time."""
        assert content.layers
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        (self.one if self.waiting == 1 else self.two).set()
        await self.go.wait()
        self.waiting -= 1
        return FOUND


def test_a_turn_takes_up_what_comes_and_so_many_at_once(core: CoreDatabase):
    key = core.repository(scan_on_push=True)

    async def turn() -> tuple[Any, int]:
        analyst = Waiting()
        scanning = Scanning(core, analyst, Pace(at_once=2, turn=Pace().turn / 50))
        running = asyncio.create_task(scanning.scanner.run(EPOCH))
        await asyncio.sleep(0)
        for number in range(3):
            await asyncio.to_thread(core.image, key, f"v{number}", layers=[b"%d" % number])
        async with asyncio.timeout(20):
            await analyst.two.wait()
        analyst.go.set()
        done = await running
        scanning.close()
        return done, analyst.most

    assert asyncio.run(turn()) == ({"scanned": 3}, 2)


def test_a_scanner_that_is_stopped_leaves_what_it_held_to_the_next(core: CoreDatabase):
    key = core.repository(scan_on_push=True)
    core.image(key, "v1")

    async def stopped() -> None:
        analyst = Waiting()
        scanning = Scanning(core, analyst)
        running = asyncio.create_task(scanning.scanner.run(EPOCH))
        async with asyncio.timeout(20):
            await analyst.one.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        scanning.close()

    asyncio.run(stopped())
    after = Scanning(core)
    after.later(minutes=1)
    assert after.step() == 1
    after.close()


def test_nothing_is_scanned_that_nobody_asked_for(scanning: Scanning):
    key = scanning.core.repository()
    scanning.core.image(key, "v1")
    assert scanning.step() == 0
    with pytest.raises(ScanNotFound):
        scanning.report(key)
