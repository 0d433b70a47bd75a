"""What is pushed, moved and deleted while servers are killed comes to the destination whole, each image told once."""

import contextlib
import json
import os
import random
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.behaviour.looked_up import lookup
from tests.behaviour.replicated import There, rule
from tests.factories.layouts import Image, image, manifest
from tests.factories.processes import Server, serve
from tests.factories.registry import Registry
from tests.factories.waiting import wait
from tests.operation.commands import children

REPOSITORY = "killed/copied"
REGIONS = {"ENTREPOT_REGIONS": "us-east-1,eu-west-1"}
ROUNDS, EACH, TAGS = 3, 25, 6
pytestmark = pytest.mark.timeout(400)


def changed(server: Server, round_: int, chance: random.Random) -> None:
    """Push images of one layer, under few tags that move; delete some of them."""
    registry, ecr, base = Registry(server), server.client(), image(1, layers=1, size=64)
    for blob in base.blobs:
        registry.push_blob(REPOSITORY, blob)
    for number in range(EACH):
        content = manifest(base.config, base.layers, annotations={"number": f"{round_}/{number}"})
        registry.put_manifest(
            REPOSITORY, f"t{chance.randrange(TAGS)}", Image(content, base.config, base.layers).manifest
        )
        if number % 5 == 4:
            named = chance.choice([{"imageDigest": content.digest}, {"imageTag": f"t{chance.randrange(TAGS)}"}])
            ecr.batch_delete_image(repositoryName=REPOSITORY, imageIds=[named])


def told(server: Server) -> list[str]:
    """Digest and tag of the images that the audit says were replicated, the ids of their requests."""
    found = lookup(server.client("cloudtrail", region="eu-west-1"), "EventName", "ReplicateImage")
    return [json.loads(each["CloudTrailEvent"])["requestID"] for each in found]


def test_nothing_is_lost_or_done_twice_under_kills(tmp_path: Path, full: bool):
    chance = random.Random(11)
    for round_ in range(ROUNDS * (5 if full else 1)):
        with serve(tmp_path, environment=REGIONS) as server:
            whole = len(children(server.process.pid))
            if not round_:
                begin(server.client())
            changed(server, round_, chance)
            below = children(server.process.pid)
            if round_ % 2 and len(below) == whole:  # the last one is the worker
                with contextlib.suppress(ProcessLookupError):
                    os.kill(below[-1], signal.SIGKILL)
            server.kill()
    with serve(tmp_path, environment=REGIONS) as server:
        here, there = There(server, REPOSITORY, "us-east-1"), There(server, REPOSITORY)
        assert here.images()
        wait(lambda: here.images() == there.images(), 60, "an equal destination", pause=0.3)
        requests = told(server)
        assert len(set(requests)) == len(requests)


def begin(ecr: Any) -> None:
    """A repository that is replicated, with its deletions."""
    ecr.create_repository(repositoryName=REPOSITORY)
    rules = [rule(REPOSITORY, deletes=True)]
    ecr.put_replication_configuration(replicationConfiguration={"rules": rules})
