"""Lines that break and processes that are killed lose nothing, and what was sent is not sent again."""

import contextlib
import random
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.behaviour.identities import ACCOUNT
from tests.behaviour.replicated import There, replicating, rule
from tests.factories import peers
from tests.factories.layouts import Image, contents, image, manifest
from tests.factories.lines import Line, line
from tests.factories.peers import AWAY, FAR, HOME, deployment, done, introduce, registry
from tests.factories.processes import Server, free_port
from tests.factories.registry import Registry
from tests.factories.waiting import wait

LARGE = 6 * 1024 * 1024
SLOW = 2 * 1024 * 1024  # bytes a second
pytestmark = pytest.mark.timeout(300)


def far(region: str) -> dict[str, str]:
    return {"region": region, "registryId": ACCOUNT}


def has_passed(over: Line, count: int) -> bool:
    return over.passed > count


def status(server: Server) -> Any:
    return done(server, "replication", "status")


def test_a_destination_that_was_down_loses_nothing_and_the_reason_is_told(tmp_path: Path):
    port, base = free_port(), image(4301)
    made = [manifest(base.config, base.layers, annotations={"n": str(number)}) for number in range(12)]
    with deployment(tmp_path / "here", HOME) as here, contextlib.ExitStack() as stack:
        there = stack.enter_context(deployment(tmp_path / "there", AWAY, port=port))
        introduce(here, there, AWAY)
        stack.close()
        here.client().create_repository(repositoryName="down/app")
        with replicating(here, rule("down/", far(AWAY))) as ecr:
            for number, each in enumerate(made):
                Registry(here).push("down/app", Image(each, base.config, base.layers), f"v{number}")
            shown = wait(lambda: [each for each in status(here)["failures"] if each["attempts"] > 2], 30)
            assert "there cannot be used now" in shown[0]["reason"]
            (destination,) = status(here)["destinations"]
            assert (destination["waiting"], destination["failed"]) == (len(made), 0)
            named = {"repositoryName": "down/app", "imageId": {"imageTag": "v0"}}
            (told,) = ecr.describe_image_replication_status(**named)["replicationStatuses"]
            assert (told["status"], told["failureCode"]) == ("IN_PROGRESS", "PeerUnavailable")
            with deployment(tmp_path / "there", AWAY, port=port) as again:
                There(again, "down/app").comes_to(*((each.digest, f"v{number}") for number, each in enumerate(made)))
                assert wait(lambda: not status(here)["failures"], 10)


@contextlib.contextmanager
def slowly(tmp_path: Path, port: int) -> Iterator[tuple[Server, Line]]:
    """A deployment at home whose line to another one, at a port, is slow."""
    with (
        deployment(tmp_path / "there", AWAY, port=port) as there,
        deployment(tmp_path / "here", HOME) as here,
        line(port) as slow,
    ):
        slow.rate = SLOW
        introduce(here, there, AWAY, url=slow.url)
        here.client().create_repository(repositoryName="large/app")
        here.client().put_replication_configuration(replicationConfiguration={"rules": [rule("large/", far(AWAY))]})
        yield here, slow


def test_a_receiver_that_is_killed_in_the_middle_of_a_blob_goes_on_there(tmp_path: Path):
    port, made = free_port(), image(4302, layers=1, size=LARGE)
    with slowly(tmp_path, port) as (here, slow):
        Registry(here).push("large/app", made, "v1")
        wait(partial(has_passed, slow, LARGE // 2), 30, "half of it")
        peers.running(port).kill()
        with deployment(tmp_path / "there", AWAY, port=port) as again:
            There(again, "large/app").comes_to((made.digest, "v1"))
            assert registry(again).pull("large/app", "v1") == contents(made)
            assert slow.passed < 1.5 * LARGE


def test_a_sender_that_is_killed_in_the_middle_of_a_blob_goes_on_there(tmp_path: Path):
    port, made = free_port(), image(4303, layers=1, size=LARGE)
    with slowly(tmp_path, port) as (here, slow):
        Registry(here).push("large/app", made, "v1")
        wait(partial(has_passed, slow, LARGE // 2), 30, "half of it")
        here.kill()
        with deployment(tmp_path / "here", HOME):
            there = peers.running(port)
            There(there, "large/app").comes_to((made.digest, "v1"))
            assert registry(there).pull("large/app", "v1") == contents(made)
        assert slow.passed < 1.5 * LARGE


def test_a_line_that_breaks_again_and_again_brings_each_byte_hardly_more_than_once(tmp_path: Path):
    port, made = free_port(), image(4304, layers=2, size=LARGE // 2)
    with slowly(tmp_path, port) as (here, slow):
        Registry(here).push("large/app", made, "v1")
        for part in (1, 2, 3):
            wait(partial(has_passed, slow, part * LARGE // 4), 30, f"{part} quarters")
            slow.cut()
            slow.mend()
        there = peers.running(port)
        There(there, "large/app").comes_to((made.digest, "v1"))
        assert registry(there).pull("large/app", "v1") == contents(made)
        assert slow.passed < 2 * LARGE


def test_no_more_goes_than_the_bandwidth_allows(tmp_path: Path):
    made, limit = image(4305, layers=2, size=1024 * 1024), 1024 * 1024
    with (
        deployment(tmp_path / "there", AWAY) as there,
        deployment(tmp_path / "here", HOME, {"ENTREPOT_REPLICATION_BANDWIDTH": "1MiB"}) as here,
    ):
        introduce(here, there, AWAY)
        here.client().create_repository(repositoryName="limited/app")
        with replicating(here, rule("limited/", far(AWAY))):
            Registry(here).push("limited/app", made, "v1")
            began = time.monotonic()
            There(there, "limited/app").comes_to((made.digest, "v1"))
            seconds = time.monotonic() - began
    size = sum(len(each.data) for each in made.blobs)
    assert size / limit * 0.8 < seconds + 0.3 < size / limit + 5


@pytest.mark.parametrize("deletes", [True, False], ids=["with deletions", "without deletions"])
def test_three_deployments_become_equal_whatever_is_cut_and_killed(tmp_path: Path, full: bool, deletes: bool):
    chance, base, ports = random.Random(7), image(4306, layers=1, size=4096), {AWAY: free_port(), FAR: free_port()}
    with contextlib.ExitStack() as stack:
        others = {region: _start(stack, tmp_path, region, port) for region, port in ports.items()}
        here = stack.enter_context(deployment(tmp_path / HOME, HOME))
        lines = {region: stack.enter_context(line(port)) for region, port in ports.items()}
        for region, server in others.items():
            introduce(here, server, region, url=lines[region].url, names=(region, "home"))
        here.client().create_repository(repositoryName="three/app")
        rules = [rule("three/", far(AWAY), far(FAR), deletes=deletes)]
        here.client().put_replication_configuration(replicationConfiguration={"rules": rules})
        seen: dict[str, set[str]] = {AWAY: set(), FAR: set()}
        for number in range(1000 if full else 45):
            region = chance.choice([AWAY, FAR])
            _change(here, base, number, chance)
            lines[region].delay = chance.choice([0.0, 0.0, 0.01])
            chance.choice([lines[region].cut, lines[region].mend, lines[region].mend])()
            if number % 15 == 7:
                seen[region] |= {digest for digest, _ in There(others[region], "three/app", region).images()}
                others[region].kill()
                others[region] = _start(stack, tmp_path, region, ports[region])
        for each in lines.values():
            each.mend()
        _become_equal(here, others, seen, deletes=deletes)


def _become_equal(here: Server, others: dict[str, Server], seen: dict[str, set[str]], *, deletes: bool) -> None:
    home = There(here, "three/app", HOME).images()
    assert wait(lambda: all(not each["waiting"] for each in status(here)["destinations"]), 60, pause=0.3)
    for region, server in others.items():
        found = There(server, "three/app", region).images()
        if deletes:
            assert found == home, region
        else:
            assert seen[region] <= {digest for digest, _ in found}, region  # what has come stays
            assert {each for each in home if each[1]} <= found, region
        for tag in {tag for _, tag in found if tag}:
            assert registry(server, region).pull("three/app", tag)
    assert [each["failed"] for each in status(here)["destinations"]] == [0, 0]


def _change(here: Server, base: Image, number: int, chance: random.Random) -> None:
    """Push an image under a tag that moves, and now and then delete one."""
    content = manifest(base.config, base.layers, annotations={"n": str(number)})
    tag = f"t{chance.randrange(6)}"
    Registry(here).push("three/app", Image(content, base.config, base.layers), tag)
    if number % 5 == 4:
        gone = chance.choice([{"imageDigest": content.digest}, {"imageTag": f"t{chance.randrange(6)}"}])
        here.client().batch_delete_image(repositoryName="three/app", imageIds=[gone])


def _start(stack: contextlib.ExitStack, tmp_path: Path, region: str, port: int) -> Server:
    return stack.enter_context(deployment(tmp_path / region, region, port=port))
