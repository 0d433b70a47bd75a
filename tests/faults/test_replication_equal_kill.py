"""Pushes, moved tags and deletions, while servers and workers are killed: another Region and another account have in
the end what the source has, image by image and byte by byte; where deletions stay at home, nothing was removed there.
"""

import contextlib
import hashlib
import json
import os
import random
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import urllib3
from botocore.exceptions import BotoCoreError, ClientError

from tests.behaviour.callers import allow, policy
from tests.behaviour.identities import ACCOUNT
from tests.behaviour.looked_up import awaited, lookup
from tests.behaviour.replicated import ABROAD, HERE, HOME, There, rule
from tests.factories.layouts import Image, image
from tests.factories.processes import Credentials, Server, create_account, serve
from tests.factories.registry import Registry
from tests.factories.waiting import wait
from tests.operation.commands import children, entrepot

TENANT = "777788887777"
EQUAL, KEPT = "killed/equal", "killed/kept"
REGIONS = {"ENTREPOT_REGIONS": f"{HOME},{ABROAD}"}
CHANGES, CHANGES_FULL, OF_A_ROUND, TAGS = 100, 1000, 50, 12
ARCHIVE = "replicated"
pytestmark = pytest.mark.timeout(1200)
Pairs = set[tuple[str, str]]


class Making:
    """What changes the two repositories; it is given a server that may die, and goes on with the next."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.made: list[Image] = []

    def change(self, server: Server, repository: str) -> None:
        """Push an image, move a tag to one of those that there are, or delete one by its digest or a tag."""
        kind, tag = self.chance.choices(("push", "retag", "delete"), (5, 3, 2))[0], f"t{self.chance.randrange(TAGS)}"
        if kind == "push" or not self.made:
            self.made.append(image(len(self.made), layers=1, size=256))
            Registry(server).push(repository, self.made[-1], tag)
        elif kind == "retag":
            Registry(server).push(repository, self.chance.choice(self.made[-20:]), tag)
        else:
            named = self.chance.choice([{"imageTag": tag}, {"imageDigest": self.chance.choice(self.made).digest}])
            server.client().batch_delete_image(repositoryName=repository, imageIds=[named])


def kill_one(server: Server, chance: random.Random) -> None:
    """End one of the processes that serve or work, at once; the supervisor makes another."""
    below = children(server.process.pid)
    with contextlib.suppress(ProcessLookupError, IndexError):
        os.kill(below[-1] if chance.random() < 0.6 else chance.choice(below), signal.SIGKILL)


def work(server: Server, making: Making, count: int) -> None:
    """So many changes, of each repository in turn, with processes killed meanwhile."""
    for number in range(count):
        if number % 10 == 5:
            kill_one(server, making.chance)
        for _ in range(20):
            with contextlib.suppress(urllib3.exceptions.HTTPError, BotoCoreError, ClientError, AssertionError):
                making.change(server, (EQUAL, KEPT)[number % 2])
                break
            wait(lambda: is_alive(server), 20, "a server that answers again")


def is_alive(server: Server) -> bool:
    try:
        return urllib3.request("GET", f"{server.base_url}/readyz", retries=False, timeout=2).status == 200
    except urllib3.exceptions.HTTPError:
        return False


def begin(server: Server) -> Credentials:
    """Rules to another Region and another account, which allows it; an archive of what is told there."""
    tenant = create_account(server, TENANT)
    source = {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}
    resource = f"arn:aws:ecr:{HOME}:{TENANT}:repository/*"
    text = policy(allow(["ecr:ReplicateImage", "ecr:CreateRepository"], resource, **source))
    server.client(credentials=tenant).put_registry_policy(policyText=text)
    bus = f"arn:aws:events:{ABROAD}:{ACCOUNT}:event-bus/default"
    pattern = json.dumps({"detail-type": ["ECR Replication Action"]})
    server.client("events", region=ABROAD).create_archive(ArchiveName=ARCHIVE, EventSourceArn=bus, EventPattern=pattern)
    ecr, there = server.client(), (HERE, {"region": HOME, "registryId": TENANT})
    for name in (EQUAL, KEPT):
        ecr.create_repository(repositoryName=name)
    rules = [rule(EQUAL, *there, deletes=True), rule(KEPT, *there)]
    ecr.put_replication_configuration(replicationConfiguration={"rules": rules})
    return tenant


def pairs(server: Server, name: str, tenant: Credentials) -> tuple[Pairs, Pairs, Pairs]:
    """What the source, the other Region and the other account have."""
    here, there = There(server, name, HOME), There(server, name)
    return here.images(), there.images(), There(server, name, HOME, tenant).images()


def bytes_of(server: Server, path: str, ecr: Any, repository: str, found: Pairs) -> dict[str, bytes]:
    """Every manifest and every blob behind it, by digest; each is what its digest says."""
    registry, held = Registry(server, token=None if ecr is None else server.token(ecr)), {}
    for digest in {digest for digest, _ in found}:
        made = registry.pull_manifest(f"{path}{repository}", digest)
        held[digest] = made.data
        read = json.loads(made.data)
        for blob in (read["config"], *read["layers"]):
            held[blob["digest"]] = registry.pull_blob(f"{path}{repository}", blob["digest"])
    for digest, data in held.items():
        assert digest == f"sha256:{hashlib.sha256(data).hexdigest()}"
    return held


def statuses(server: Server, name: str, found: Pairs) -> Iterator[str]:
    """How each image under each tag stands at each destination."""
    for digest, tag in found:
        named = {"imageTag": tag} if tag else {"imageDigest": digest}
        answer = server.client().describe_image_replication_status(repositoryName=name, imageId=named)
        told = answer["replicationStatuses"]
        assert {(each["region"], each["registryId"]) for each in told} == {(ABROAD, ACCOUNT), (HOME, TENANT)}
        yield from (each["status"] for each in told)


def told(server: Server) -> list[dict[str, Any]]:
    """The audit records of what replication did in the other Region."""
    trail = server.client("cloudtrail", region=ABROAD)
    found = [each for name in ("ReplicateImage", "BatchDeleteImage") for each in lookup(trail, "EventName", name)]
    return [json.loads(each["CloudTrailEvent"]) for each in found]


def test_both_sides_are_equal_in_the_end_and_nothing_is_removed_where_deletions_stay(tmp_path: Path, full: bool):
    making, tenant = Making(23), None
    seen: tuple[set[str], set[str]] = (set(), set())  # of the other Region, of the other account
    count = CHANGES_FULL if full else CHANGES
    for _ in range(count // OF_A_ROUND):
        with serve(tmp_path, environment=REGIONS) as server:
            tenant = tenant or begin(server)
            work(server, making, OF_A_ROUND)
            wait(lambda: is_alive(server), 20, "a server that answers again")
            for known, now in zip(seen, pairs(server, KEPT, tenant)[1:], strict=True):
                known |= {digest for digest, _ in now}
            server.kill()
    assert tenant is not None
    with serve(tmp_path, environment=REGIONS) as server:
        ended = entrepot("replication", "status", "--wait", "--data", server.data, "--output", "json")
        assert ended.status == 0, ended
        assert {each["waiting"] for each in ended.result["destinations"]} == {0}
        here, there, foreign = pairs(server, EQUAL, tenant)
        assert here == there == foreign
        assert len(here) > TAGS
        own = bytes_of(server, "", None, EQUAL, here)
        assert own == bytes_of(server, f"{ACCOUNT}/{ABROAD}/", None, EQUAL, there)
        assert own == bytes_of(server, f"{TENANT}/{HOME}/", tenant, EQUAL, foreign)
        here, there, foreign = pairs(server, KEPT, tenant)
        for known, now in zip(seen, (there, foreign), strict=True):
            assert known <= {digest for digest, _ in now}
            assert {pair for pair in here if pair[1]} <= now
            assert {digest for digest, _ in here} <= {digest for digest, _ in now}
        for name, found in ((EQUAL, pairs(server, EQUAL, tenant)[0]), (KEPT, here)):
            assert set(statuses(server, name, found)) == {"COMPLETE"}
        records = told(server)
        assert len({record["eventID"] for record in records}) == len(records)
        events = server.client("events", region=ABROAD)
        wait(lambda: events.describe_archive(ArchiveName=ARCHIVE)["EventCount"] >= len(records), 30, "every event told")


def test_a_backfill_that_is_killed_brings_everything_once(tmp_path: Path):
    name, number, killed_at = "killed/backfill", 150, []
    with serve(tmp_path, environment=REGIONS) as server:
        ecr, registry, base = server.client(), Registry(server), image(7, layers=1, size=64)
        ecr.create_repository(repositoryName=name)
        for each in range(number):
            registry.push(name, base, f"v{each}")
        ecr.put_replication_configuration(replicationConfiguration={"rules": [rule(name)]})
        begun = ecr.start_replication_backfill(destination=HERE)["replicationBackfillId"]
        server.kill()
    for least in (number // 4, number // 2):
        with serve(tmp_path, environment=REGIONS) as server:
            killed_at.append(wait(partial(dealt, server, begun, least), 30, "a part of it", pause=0.01))
            server.kill()
    assert killed_at[0] < number
    with serve(tmp_path, environment=REGIONS) as server:
        found = wait(lambda: ended(server, begun), 60, "a backfill that has ended")
        assert (found["status"], found["progress"]["completedReplicationCount"]) == ("COMPLETE", number)
        assert There(server, name).images() == {(base.digest, f"v{each}") for each in range(number)}
        trail = server.client("cloudtrail", region=ABROAD)
        records = awaited(lambda: lookup(trail, "EventName", "ReplicateImage"), number)
        requests = {json.loads(each["CloudTrailEvent"])["requestID"] for each in records}
        assert len(records) == len(requests) == number


def shown(server: Server, backfill: str) -> dict[str, Any]:
    found: dict[str, Any] = server.client().describe_replication_backfill_results(replicationBackfillId=backfill)
    return found


def dealt(server: Server, backfill: str, least: int) -> int:
    """How many images of a backfill were brought, once so many were."""
    done = int(shown(server, backfill).get("progress", {}).get("completedReplicationCount", 0))
    return done if done >= least else 0


def ended(server: Server, backfill: str) -> dict[str, Any]:
    """A backfill, once it has ended."""
    found = shown(server, backfill)
    return found if "endedAt" in found else {}
