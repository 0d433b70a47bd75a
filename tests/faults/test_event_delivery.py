"""kill -9 of every process at random while images are tagged and a webhook fails at random: each event of what was
acknowledged arrives at least once, under one id, in the order of its repository; a replay gives the same again.
"""

import contextlib
import functools
import os
import random
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.factories.event_targets import ALLOW_OUTBOUND, invoking_role, rule, webhook_target
from tests.factories.layouts import Content, Image, image, manifest
from tests.factories.processes import Server, free_port, serve
from tests.factories.registry import Registry
from tests.factories.threads import at_work
from tests.factories.unreliable import Unreliable, unreliable
from tests.factories.waiting import wait

EVENTS, EVENTS_FULL = 1500, 100_000
KILLS, KILLS_FULL = 4, 60
REPOSITORIES = 8
VICTIMS = ("worker", "all", "api", "worker", "supervisor")
EXTRA = ["--workers", "2"]
IMAGE = image(3)
MOST_TAGS = 900  # of one image: ECR's quota is 1,000


@functools.cache
def variant(number: int) -> Content:
    """A manifest of its own over the blobs of the image."""
    return manifest(IMAGE.config, IMAGE.layers, annotations={"variant": str(number)})


class Tagger:
    """Puts one tag after another into its repository: each acknowledged one is an event."""

    def __init__(self, name: str) -> None:
        self.repository = name
        self.acknowledged: list[str] = []
        self._number = 0

    def run(self, server: Server, token: str, number: int, stop: threading.Event) -> None:
        """Until so many are acknowledged in all, the server is gone, or told to stop."""
        registry = Registry(server, token)
        with contextlib.suppress(urllib3.exceptions.HTTPError, ConnectionError):
            while len(self.acknowledged) < number and not stop.is_set():
                tag = f"t{self._number:06d}"
                self._number += 1  # of one that was not acknowledged nothing is known: it is not used again
                if registry.put_manifest(self.repository, tag, variant(self._number // MOST_TAGS)).status == 201:
                    self.acknowledged.append(tag)


def children(server: Server) -> list[int]:
    supervisor = server.process.pid
    return [int(pid) for pid in Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()]


def kill(server: Server, whom: str) -> None:
    """SIGKILL to all of the server, or to some process of it."""
    below, supervisor = children(server), server.process.pid
    victims = {"all": [supervisor, *below], "supervisor": [supervisor], "api": below[:1], "worker": below[-1:]}
    for pid in victims[whom]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    if whom in ("all", "supervisor"):
        server.process.wait(30)


def tagging(server: Server, taggers: Sequence[Tagger], each: int) -> contextlib.AbstractContextManager[None]:
    token = server.token()
    return at_work(functools.partial(tagger.run, server, token, each) for tagger in taggers)


def prepare(server: Server, taggers: Sequence[Tagger], hook: Unreliable) -> None:
    """Repositories with an image, an archive, and a rule for tags that are pushed."""
    events, registry = server.client("events"), Registry(server)
    events.create_archive(ArchiveName="all", EventSourceArn=events.describe_event_bus()["Arn"])
    target = webhook_target(server, "hook", hook.url, invoking_role(server))
    pattern = {"source": ["aws.ecr"], "detail": {"action-type": ["PUSH"], "image-tag": [{"prefix": "t"}]}}
    rule(server, "pushed", pattern, target)
    for tagger in taggers:
        server.client().create_repository(repositoryName=tagger.repository)
        push(registry, tagger.repository, IMAGE)


def push(registry: Registry, repository: str, made: Image) -> None:
    for blob in made.blobs:
        registry.push_blob(repository, blob)


def progress(hook: Unreliable, more: int, seconds: float) -> bool:
    """Wait until so many more events were taken; whether they were."""
    wanted, deadline = len(hook.taken) + more, time.monotonic() + seconds
    while len(hook.taken) < wanted and time.monotonic() < deadline:
        time.sleep(0.02)
    return len(hook.taken) >= wanted


def arrived(taken: Sequence[dict[str, Any]]) -> dict[tuple[str, str], set[str]]:
    """The ids under which each tag of each repository was told."""
    found = defaultdict[tuple[str, str], set[str]](set)
    for event in taken:
        found[event["detail"]["repository-name"], event["detail"]["image-tag"]].add(event["id"])
    return found


def check(taken: Sequence[dict[str, Any]], taggers: Sequence[Tagger]) -> None:
    """Everything that was acknowledged, each under one id, first told in the order of its repository."""
    found = arrived(taken)
    for tagger in taggers:
        missing = [tag for tag in tagger.acknowledged if (tagger.repository, tag) not in found]
        assert missing == [], (tagger.repository, missing[:5], len(missing))
    assert {key: ids for key, ids in found.items() if len(ids) != 1} == {}
    first = defaultdict[str, list[str]](list)
    seen: set[str] = set()
    for event in taken:
        if event["id"] not in seen:
            seen.add(event["id"])
            first[event["detail"]["repository-name"]].append(event["detail"]["image-tag"])
    assert {name: tags for name, tags in first.items() if tags != sorted(tags)} == {}


def everything_arrived(taken: Sequence[dict[str, Any]], taggers: Sequence[Tagger]) -> bool:
    told = arrived(list(taken)).keys()
    return all((tagger.repository, tag) in told for tagger in taggers for tag in tagger.acknowledged)


@pytest.mark.serial
@pytest.mark.timeout(7200)
def test_each_event_arrives_in_order_under_one_id_though_every_process_is_killed(tmp_path, full):
    number, kills = (EVENTS_FULL, KILLS_FULL) if full else (EVENTS, KILLS)
    each, chance, port = number // REPOSITORIES, random.Random(5), free_port()
    taggers = [Tagger(f"told/r{each_}") for each_ in range(REPOSITORIES)]
    started = time.time()
    with unreliable() as hook:
        for round_ in range(kills):
            with serve(tmp_path, extra=EXTRA, port=port, environment=ALLOW_OUTBOUND) as server:
                if round_ == 0:
                    prepare(server, taggers, hook)
                part = each * (round_ + 1) // kills
                with tagging(server, taggers, part):
                    progress(hook, chance.randint(20, max(number // kills // 2, 21)), 60)
                    kill(server, VICTIMS[round_ % len(VICTIMS)])
        with serve(tmp_path, extra=EXTRA, port=port, environment=ALLOW_OUTBOUND) as server:
            with tagging(server, taggers, each):
                wait(lambda: all(len(tagger.acknowledged) >= each for tagger in taggers), number / 50 + 60)
            wait(lambda: everything_arrived(hook.taken, taggers), number / 50 + 120)
            before = list(hook.taken)
            check(before, taggers)
            replay(server, started)
            ids = {event["id"] for event in before}
            wait(lambda: len({event["id"] for event in again(hook)}) >= len(ids), number / 50 + 120)
        check(again(hook), taggers)
        assert {event["id"] for event in again(hook)} == ids
        assert sum(len(tagger.acknowledged) for tagger in taggers) >= number - REPOSITORIES
        told = {event["id"]: event for event in before}
        for event in again(hook):
            assert {name: value for name, value in event.items() if name != "replay-name"} == told[event["id"]]


def again(hook: Unreliable) -> list[dict[str, Any]]:
    return [event for event in list(hook.taken) if event.get("replay-name") == "again"]


def replay(server: Server, started: float) -> None:
    events = server.client("events")
    events.start_replay(
        ReplayName="again",
        EventSourceArn=events.describe_archive(ArchiveName="all")["ArchiveArn"],
        EventStartTime=started - 60,
        EventEndTime=time.time() + 60,
        Destination={"Arn": events.describe_event_bus()["Arn"]},
    )
