"""A lifecycle policy that a killed worker has carried out in part is carried out whole, and nothing is half done."""

import contextlib
import json
import os
import random
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.behaviour.looked_up import lookup
from tests.factories.layouts import Image, image, manifest
from tests.factories.lifecycle import rule, text
from tests.factories.processes import Server, serve
from tests.factories.registry import Registry
from tests.factories.waiting import wait
from tests.operation.commands import children

REPOSITORY = "killed/aging"
IMAGES, KILLS = 60, 3
pytestmark = pytest.mark.timeout(400)


def push(server: Server, count: int) -> dict[str, str]:
    """Images of one layer, each with a signature; the signature's digest by the image's."""
    registry, signatures = Registry(server), {}
    base = image(1, layers=1, size=64)
    for blob in base.blobs:
        registry.push_blob(REPOSITORY, blob)
    for number in range(count):
        made = annotated(base, number)
        registry.put_manifest(REPOSITORY, f"v{number}", made.manifest)
        signed = annotated(base, number, subject=made.manifest.descriptor())
        registry.put_manifest(REPOSITORY, signed.digest, signed.manifest)
        signatures[made.digest] = signed.digest
    return signatures


def annotated(base: Image, number: int, **more: Any) -> Image:
    content = manifest(base.config, base.layers, annotations={"number": str(number)}, **more)
    return Image(content, base.config, base.layers)


def digests(ecr: Any) -> set[str]:
    """All images, in one page: as they are together at one moment."""
    found = ecr.describe_images(repositoryName=REPOSITORY, maxResults=1000)["imageDetails"]
    return {each["imageDigest"] for each in found}


def told(server: Server) -> list[str]:
    """The images that audit records say have expired."""
    found = lookup(server.client("cloudtrail"), "EventName", "PolicyExecutionEvent")
    details = [json.loads(each["CloudTrailEvent"])["serviceEventDetails"] for each in found]
    return [each["lifecycleEventImage"]["digest"] for event in details for each in event["lifecycleEventImageActions"]]


def begin(ecr: Any, kept: int, chance: random.Random) -> None:
    """Have all but so many images expire, and wait until that has begun, or not."""
    before = len(digests(ecr))
    ecr.put_lifecycle_policy(repositoryName=REPOSITORY, lifecyclePolicyText=text(rule(1, kept)))
    wait(lambda: len(digests(ecr)) < before or chance.random() < 0.2, 60, "the first images to go")


def test_a_policy_is_carried_out_once_and_whole_under_kills(tmp_path: Path, full: bool):
    chance, signatures = random.Random(7), dict[str, str]()
    for round_ in range(KILLS * (5 if full else 1)):
        with serve(tmp_path) as server:
            ecr, whole = server.client(), len(children(server.process.pid))
            if not signatures:
                ecr.create_repository(repositoryName=REPOSITORY)
                signatures = push(server, IMAGES)
            kept = 1 + (IMAGES - 1) * (KILLS - 1 - min(round_, KILLS - 1)) // KILLS
            begin(ecr, kept, chance)
            below = children(server.process.pid)
            if round_ % 2 and len(below) == whole:  # the last one is the worker
                with contextlib.suppress(ProcessLookupError):
                    os.kill(below[-1], signal.SIGKILL)
            left = digests(ecr)
            assert all((signed in left) is (each in left) for each, signed in signatures.items())
            server.kill()
    with serve(tmp_path) as server:
        ecr = server.client()
        wait(lambda: len(digests(ecr)) == 2, 120, "the end of the policy", pause=0.3)
        gone = {*signatures, *signatures.values()} - digests(ecr)
        wait(lambda: len(told(server)) >= len(gone), 60, "the records of the policy", pause=0.3)
        assert sorted(told(server)) == sorted(gone)  # each once
