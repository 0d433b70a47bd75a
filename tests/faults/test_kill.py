"""kill -9 at random moments of parallel pushes, mounts, deletes and collections: what was acknowledged stays."""

import json
import os
import random
import signal
from pathlib import Path

import pytest

from tests.factories import forks
from tests.factories.layouts import Image, contents
from tests.factories.processes import Server, free_port, serve
from tests.factories.registry import Registry
from tests.factories.waiting import wait
from tests.faults import clients
from tests.faults.clients import REPOSITORIES, working
from tests.faults.ledger import ABSENT, Ledger

COLLECTING = ["--workers", "2", "--gc-grace-seconds", "1", "--gc-interval-seconds", "0.2"]
KILLS, KILLS_FULL = 6, 200
SAMPLE = 20
LEAST = 5  # images are acknowledged before anything is killed


def kill(server: Server, whom: str) -> None:
    """SIGKILL to all of the server, or to some process of it that the rest must survive or follow."""
    supervisor = server.process.pid
    children = [int(pid) for pid in Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()]
    victims = {"all": [supervisor, *children], "supervisor": [supervisor], "api": children[:1], "worker": children[-1:]}
    for pid in victims[whom]:
        os.kill(pid, signal.SIGKILL)
    if whom in ("all", "supervisor"):
        server.process.wait(30)


def fsck(data: Path) -> dict[str, object]:
    done = forks.run(["fsck", "--data", str(data), "--output", "json"], timeout=120)
    assert done.stdout, done.stderr
    report: dict[str, object] = json.loads(done.stdout)
    return report


def check(server: Server, ledger: Ledger, chance: random.Random) -> None:
    """Every tag of this round and some older ones are what the ledger allows, down to the bytes."""
    registry = Registry(server)
    older = [key for key in ledger.possible if key not in ledger.touched]
    for repository, tag in [*ledger.touched, *chance.sample(older, min(SAMPLE, len(older)))]:
        allowed = ledger.possible[repository, tag]
        ledger.settle(repository, tag, found(registry, repository, tag, allowed))
    ledger.touched.clear()


def found(registry: Registry, repository: str, tag: str, allowed: tuple[Image | None, ...]) -> Image | None:
    answer = registry.request("HEAD", f"/v2/{repository}/manifests/{tag}")
    if answer.status == 404:
        assert ABSENT in allowed, f"{repository}:{tag} was acknowledged and is gone"
        return ABSENT
    assert answer.status == 200
    digest = answer.headers["Docker-Content-Digest"]
    image = next((image for image in allowed if image is not None and image.digest == digest), None)
    assert image is not None, f"{repository}:{tag} is {digest}, which it cannot be"
    assert registry.pull(repository, tag) == contents(image)
    return image


@pytest.mark.timeout(3600)
def test_no_acknowledged_image_is_lost_by_kill_9(tmp_path, full):
    ledger, chance, port = Ledger(), random.Random(9), free_port()
    for number in range(KILLS_FULL if full else KILLS):
        whom = ("all", "all", "supervisor", "api", "worker", "all")[number % 6]
        with serve(tmp_path, extra=COLLECTING, port=port) as server:
            if number == 0:
                for repository in REPOSITORIES:
                    server.client().create_repository(repositoryName=repository)
            check(server, ledger, chance)
            before = ledger.acknowledged
            with working(server, ledger, seed=number):
                wait(lambda: ledger.acknowledged > before + LEAST, 60)  # noqa: B023 - it is asked within the round
                clients.pause(chance.uniform(0.0, 0.9))
                kill(server, whom)
                if whom not in ("all", "supervisor"):
                    clients.pause(0.3)
            if whom not in ("all", "supervisor"):
                check(server, ledger, chance)
        report = fsck(tmp_path / "data")
        assert report["clean"] is True, (number, whom, report)
    with serve(tmp_path, extra=COLLECTING, port=port) as server:
        check(server, ledger, chance)
        everything = {key for key, states in ledger.possible.items() if states != (ABSENT,)}
        registry = Registry(server)
        assert {(name, tag) for name in REPOSITORIES for tag in all_tags(registry, name)} == everything
    assert ledger.acknowledged > LEAST * KILLS, "hardly anything was there to be lost"


def all_tags(registry: Registry, repository: str) -> list[str]:
    tags: list[str] = []
    while page := registry.tags(repository, n=1000, last=tags[-1] if tags else ""):
        tags += page
    return tags
