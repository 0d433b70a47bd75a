"""A scan that a push has asked for is done once, though the worker, or the whole server, is killed again and again."""

import contextlib
import os
import random
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.behaviour.looked_up import awaited, lookup
from tests.factories.layouts import image
from tests.factories.processes import Server, serve
from tests.factories.registry import Registry
from tests.factories.waiting import wait
from tests.operation.commands import children

KILLS, PUSHES = 4, 6
REPOSITORY = "killed/scanned"
pytestmark = pytest.mark.timeout(400)


def statuses(ecr: Any, digests: list[str]) -> list[str]:
    asked = ({"repositoryName": REPOSITORY, "imageId": {"imageDigest": each}} for each in digests)
    return [ecr.describe_image_scan_findings(**each)["imageScanStatus"]["status"] for each in asked]


def ended(server: Server) -> Counter[str]:
    """How often each end of a scan is in the audit trail."""
    found = lookup(server.client("cloudtrail"), "EventName", "ImageScanEvent")
    return Counter(str(each["CloudTrailEvent"]) for each in found)


def test_each_push_is_scanned_once_under_kills(tmp_path: Path, full: bool):
    chance, digests = random.Random(11), list[str]()
    for _ in range(KILLS * (10 if full else 1)):
        with serve(tmp_path) as server:
            ecr, whole = server.client(), len(children(server.process.pid))
            if not digests:
                ecr.create_repository(repositoryName=REPOSITORY, imageScanningConfiguration={"scanOnPush": True})
            for _ in range(PUSHES):
                made = image(len(digests) + 1, layers=1, size=64)
                Registry(server).push(REPOSITORY, made, f"v{len(digests)}")
                digests.append(made.digest)
                below = children(server.process.pid)
                if chance.random() < 0.2 and len(below) == whole:  # else the last one is no worker
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(below[-1], signal.SIGKILL)
            server.kill()
    with serve(tmp_path) as server:
        ecr = server.client()
        wait(lambda: set(statuses(ecr, digests)) == {"FAILED"}, 120, f"the end of {len(digests)} scans", pause=0.5)
        awaited(lambda: [{}] * ended(server).total(), len(digests))
        found = ended(server)
        assert (found.total(), len(found)) == (len(digests), len(digests))
