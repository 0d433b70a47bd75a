"""kill -9 and a full audit database: a write's record is never lost nor told twice; a pull is never held up."""

import fcntl
import json
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.behaviour.looked_up import awaited, lookup
from tests.factories.layouts import image
from tests.factories.processes import Server, free_port, serve
from tests.factories.registry import Registry
from tests.faults import clients
from tests.faults.test_kill import kill

ROUNDS, ROUNDS_FULL = 5, 60


def made_in(server: Server, number: int, chance: random.Random, whom: str) -> list[str]:
    """Repositories whose creation was acknowledged before the processes were killed."""
    ecr, made = server.client(), []
    for each in range(chance.randrange(3, 12)):
        name = f"kept/r{number}-{each}"
        ecr.create_repository(repositoryName=name)
        made.append(name)
    clients.pause(chance.uniform(0, 1.5))
    kill(server, whom)
    return made


@pytest.mark.timeout(3600)
def test_a_writes_record_survives_kill_9_and_is_told_once(tmp_path: Path, full: bool):
    chance, port, made = random.Random(5), free_port(), []
    for number in range(ROUNDS_FULL if full else ROUNDS):
        with serve(tmp_path, extra=["--workers", "2"], port=port) as server:
            made += made_in(server, number, chance, ("all", "worker", "all", "supervisor", "api")[number % 5])
    with serve(tmp_path, port=port) as server:
        trail = server.client("cloudtrail")
        named = awaited(lambda: lookup(trail, "EventName", "CreateRepository"), len(made))
        clients.pause(4)  # what had waited for a journal has been told by now
        named = lookup(trail, "EventName", "CreateRepository")
        told = Counter(json.loads(each["CloudTrailEvent"])["requestParameters"]["repositoryName"] for each in named)
        assert told == Counter(made)
        assert len({each["EventId"] for each in named}) == len(named)


def test_reads_of_before_the_last_second_survive_kill_9(tmp_path: Path):
    port = free_port()
    with serve(tmp_path, extra=["--workers", "1"], port=port) as server:
        server.client().create_repository(repositoryName="read")
        registry = Registry(server)
        registry.push("read", image(1), "v1")
        for _ in range(20):
            assert registry.request("GET", "/v2/read/manifests/v1").status == 200
        clients.pause(1.0)
        kill(server, "all")
    with serve(tmp_path, port=port) as server:
        trail = server.client("cloudtrail")
        assert len(awaited(lambda: lookup(trail, "EventName", "BatchGetImage"), 20)) == 20


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Nobody else can write to this database: its turn is taken."""
    descriptor = os.open(path.with_name(f"{path.name}.turn"), os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)


def test_an_audit_database_that_takes_nothing_holds_up_neither_pulls_nor_pushes(tmp_path: Path):
    with serve(tmp_path, extra=["--workers", "1"]) as server:
        server.client().create_repository(repositoryName="free")
        registry = Registry(server)
        with held(server.data / "audit.db"):
            registry.push("free", image(1), "v1")
            started = time.monotonic()
            for _ in range(50):
                assert registry.request("GET", "/v2/free/manifests/v1").status == 200
            assert time.monotonic() - started < 10
            assert registry.request("GET", "/readyz").status == 200
            clients.pause(1.0)  # journals are flushed
            told = gauges(registry)
            assert told['entrepot_outbox_oldest_seconds{kind="audit"}'] > 0
            assert told['entrepot_journal_behind_bytes{database="audit"}'] > 0
        trail = server.client("cloudtrail")
        assert len(awaited(lambda: lookup(trail, "EventName", "BatchGetImage"), 50)) == 50
        assert len(awaited(lambda: lookup(trail, "EventName", "PutImage"))) == 1


def gauges(registry: Registry) -> dict[str, float]:
    """What /metrics says, by sample with its labels."""
    lines = registry.request("GET", "/metrics").data.decode().splitlines()
    pairs = [line.rpartition(" ") for line in lines if not line.startswith("#")]
    return {name: float(value) for name, _, value in pairs}
