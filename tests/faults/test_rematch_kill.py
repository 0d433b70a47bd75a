"""A database that is swapped under load and under kill -9 loses and duplicates no event: each finding of each image
opens and closes in turn, and stands at the end as a fresh match says.
"""

import contextlib
import json
import os
import random
import signal
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from entrepot.core.vulnerabilities.importing import Importing
from entrepot.db.sqlite import connect
from entrepot.db.vulnerability_generations import Generations
from tests.behaviour.test_ecr_enhanced_scanning import BASE, findings, names
from tests.factories.advisory_files import folder, record
from tests.factories.layouts import archive, image_of
from tests.factories.processes import Server, serve, stop
from tests.factories.registry import Registry
from tests.factories.waiting import wait
from tests.operation.commands import children

ROUNDS, PUSHES = 4, 3
REPOSITORY = "killed/matched"
PATTERN = {"source": ["aws.inspector2"], "detail-type": ["Inspector2 Finding"]}
FIXED = {"open": "9", "closed": "1"}  # 3.0.9 is installed
pytestmark = pytest.mark.timeout(500)


class Told:
    """What is told of vulnerabilities: another generation each time, in which one opens, and an older one changes."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._chance = random.Random(5)
        self._imports = 0
        self._stands: dict[int, str] = {}

    def next(self, server: Server) -> None:
        self._imports += 1
        number = self._imports
        changed = {number: "open"}
        if self._stands:
            other = self._chance.choice(sorted(self._stands))
            changed[other] = "closed" if self._stands[other] == "open" else "open"
        self._stands |= changed
        records = [
            record(
                f"DSA-{each}",
                "openssl",
                fixed=FIXED[state],
                related=[f"CVE-2024-{each:04d}"],
                modified=f"2024-01-{number:02d}T00:00:00Z",
            )
            for each, state in changed.items()
        ]
        generations = Generations(server.data / "vulndb")
        brought = folder(self._directory / str(number), records)
        Importing(generations, datetime.now(UTC), False, (), lambda _: None).run([brought])
        generations.close()

    def open(self) -> list[str]:
        return [f"CVE-2024-{each:04d}" for each, state in sorted(self._stands.items()) if state == "open"]


def kill(server: Server, chance: random.Random) -> None:
    """At some moment of what the import has set off: the worker, or all."""
    time.sleep(chance.random())  # not waited for: the moment is what is tried
    if chance.random() < 0.5:
        with contextlib.suppress(ProcessLookupError):
            os.kill(children(server.process.pid)[-1], signal.SIGKILL)
        time.sleep(chance.random())
    server.kill()


def events(data: Path) -> dict[tuple[str, str], list[str]]:
    """The statuses of each finding, by image and vulnerability, in the order in which rules saw them; an event that was
    seen twice has one id.
    """
    connection = connect(data / "events.db", query_only=True)
    rows = connection.execute("SELECT event_id, body FROM archived_event ORDER BY sequence").fetchall()
    connection.close()
    told: dict[str, tuple[tuple[str, str], str]] = {}
    for event_id, body in rows:
        detail = json.loads(body)["detail"]
        image = detail["resources"][0]["details"]["awsEcrContainerImage"]["imageHash"]
        told.setdefault(event_id, ((image, detail["packageVulnerabilityDetails"]["vulnerabilityId"]), detail["status"]))
    found = defaultdict(list)
    for finding, status in told.values():
        found[finding].append(status)
    return found


def settled(server: Server, digests: Sequence[str], expected: list[str]) -> bool:
    told = [findings(server, REPOSITORY, each) for each in digests]
    return all(
        each["imageScanStatus"]["status"] == "ACTIVE" and sorted(names(each)) == sorted(expected) for each in told
    )


def test_a_database_that_is_swapped_under_kills_loses_and_duplicates_no_event(tmp_path: Path, full: bool):
    chance, told, digests = random.Random(3), Told(tmp_path), list[str]()
    for turn in range(ROUNDS * (5 if full else 1)):
        with serve(tmp_path / "server") as server:
            if turn == 0:
                bus = server.client("events").describe_event_bus()["Arn"]
                pattern = json.dumps(PATTERN)
                server.client("events").create_archive(ArchiveName="all", EventSourceArn=bus, EventPattern=pattern)
                server.client().put_registry_scanning_configuration(scanType="ENHANCED", rules=[])
                server.client().create_repository(repositoryName=REPOSITORY)
            told.next(server)
            for _ in range(PUSHES):
                made = image_of(BASE, archive({"opt/x": b"%d" % len(digests)}))
                Registry(server).push(REPOSITORY, made, f"v{len(digests)}")
                digests.append(made.digest)
            told.next(server)
            kill(server, chance)
    with serve(tmp_path / "server") as server:
        expected = told.open()
        wait(lambda: settled(server, digests, expected), 180, f"what a fresh match says: {expected}", pause=1)
        open_ones = {(digest, name) for digest in digests for name in expected}

        def stand() -> set[tuple[str, str]]:
            return {finding for finding, statuses in events(server.data).items() if statuses[-1] == "ACTIVE"}

        wait(lambda: stand() == open_ones, 60, "the events of all findings", pause=0.5)
        stop(server)
    for finding, statuses in events(tmp_path / "server" / "data").items():
        turns = ["ACTIVE", "CLOSED"] * len(statuses)
        assert statuses == turns[: len(statuses)], finding
