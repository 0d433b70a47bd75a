"""Every change that was acknowledged is in the files of a trail, once, though the worker is killed again and again; and
the files are proved.
"""

import contextlib
import gzip
import json
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.behaviour.test_trails import ACCOUNT, SETTINGS, verify
from tests.factories.processes import REGION, Server, serve
from tests.factories.waiting import wait
from tests.operation.commands import children

KILLS, SECONDS_BETWEEN = 6, 1.5
QUICK = {**SETTINGS, "ENTREPOT_TRAIL_SECONDS": "0.1"}
pytestmark = pytest.mark.timeout(400)


def records(server: Server) -> list[dict[str, Any]]:
    folder: Path = server.data / "trails" / "entrepot" / "AWSLogs" / ACCOUNT / "CloudTrail" / REGION
    files = sorted(folder.rglob("*.json.gz"))
    return [record for path in files for record in json.loads(gzip.decompress(path.read_bytes()))["Records"]]


def created(found: list[dict[str, Any]]) -> Counter[str]:
    """How often each repository was told to be made."""
    return Counter(
        each["requestParameters"]["repositoryName"] for each in found if each["eventName"] == "CreateRepository"
    )


def test_each_change_is_delivered_once_under_kills(tmp_path: Path, full: bool):
    chance = random.Random(7)
    with serve(tmp_path, environment=QUICK) as server:
        cloudtrail, ecr = server.client("cloudtrail"), server.client()
        cloudtrail.create_trail(Name="main", S3BucketName="entrepot", EnableLogFileValidation=True)
        cloudtrail.start_logging(Name="main")
        made: list[str] = []
        for _ in range(KILLS * (10 if full else 1)):
            until = time.monotonic() + SECONDS_BETWEEN * (0.5 + chance.random())
            while time.monotonic() < until:
                made.append(f"killed/r{len(made)}")
                ecr.create_repository(repositoryName=made[-1])
            with contextlib.suppress(ProcessLookupError):
                os.kill(children(server.process.pid)[-1], signal.SIGKILL)
        wait(lambda: set(made) <= set(created(records(server))), 120, f"{len(made)} records", pause=0.5)
        found = records(server)
        names = created(found)
        assert {name: count for name, count in names.items() if count > 1} == {}
        ids = Counter(each["eventID"] for each in found)
        assert max(ids.values()) == 1
        cloudtrail.stop_logging(Name="main")
        status, report = verify(server)
        assert (status, report["faults"]) == (0, [])
        assert report["log_files"] > 0
