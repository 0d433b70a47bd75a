"""kill -9 while images are copied, and while they go into the archive and out of it: whole or not at all, and what was
acknowledged stays.
"""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import HTTPClientError

from tests.behaviour.test_referrers_wire import artifact, put
from tests.factories.layouts import Index, contents, image, index
from tests.factories.processes import Server, serve
from tests.factories.registry import Registry
from tests.factories.threads import at_work
from tests.factories.waiting import wait
from tests.faults import clients
from tests.faults.test_kill import fsck

SOURCE, TARGET = "killed/source", "killed/target"
KILLS, KILLS_FULL = 3, 40
ARCHITECTURES = ("amd64", "arm64", "s390x", "riscv64")
pytestmark = pytest.mark.timeout(1200)


@contextmanager
def until_killed(work: Callable[[], None]) -> Iterator[None]:
    """Do something again and again beside the test, until the server is gone."""

    def repeat(stop: threading.Event) -> None:
        try:
            while not stop.is_set():
                work()
        except HTTPClientError:
            return

    with at_work([repeat]):
        yield


def kill_in_a_while(server: Server, chance: random.Random, begun: Callable[[], bool]) -> None:
    wait(begun, 60)
    clients.pause(chance.uniform(0.0, 0.2))
    server.kill()


class Copies:
    """A client that copies an image under one tag after the other."""

    def __init__(self) -> None:
        self.begun = 0
        self.acknowledged = 0

    def copy(self, api: Any) -> None:
        self.begun += 1
        tag = f"copy-{self.begun}"
        told = {"sourceRepositoryName": SOURCE, "sourceImageId": {"imageTag": f"v{self.begun}"}}
        api.copy_image(**told, repositoryName=TARGET, imageTag=tag, includeReferrers=True)
        self.acknowledged = self.begun


def source_of(server: Server, number: int) -> Index:
    """An index of images of its own, with a tag."""
    made = index(number + 1, ARCHITECTURES)
    Registry(server).push(SOURCE, made, f"v{number}")
    return made


def test_a_copy_under_kills_is_whole_wherever_its_tag_is(tmp_path: Path, full: bool):
    chance, copies, made = random.Random(5), Copies(), dict[int, Index]()
    for round_ in range(KILLS_FULL if full else KILLS):
        with serve(tmp_path) as server:
            if round_ == 0:
                for name in (SOURCE, TARGET):
                    server.client().create_repository(repositoryName=name)
            for number in range(copies.begun + 1, copies.begun + 9):
                made.setdefault(number, source_of(server, number))
            api, last = server.client("entrepot"), copies.begun + 8

            def work(api: Any = api, last: int = last) -> None:
                if copies.begun < last:
                    copies.copy(api)
                else:
                    clients.pause(0.01)

            before = copies.begun
            with until_killed(work):
                kill_in_a_while(server, chance, lambda: copies.begun > before)  # noqa: B023 - within the round
        assert fsck(tmp_path / "data")["clean"] is True
        with serve(tmp_path) as server:
            for tag in Registry(server).tags(TARGET):  # of a copy that was not acknowledged, too
                assert Registry(server).pull(TARGET, tag) == contents(made[int(tag.removeprefix("copy-"))])
            check(server, copies, made)


def check(server: Server, copies: Copies, made: dict[int, Index]) -> None:
    """Every tag stands for a whole image; the copy that was interrupted is finished by copying again."""
    registry = Registry(server)
    if copies.begun > copies.acknowledged:
        copies.begun = copies.acknowledged
        copies.copy(server.client("entrepot"))
    tags = set(registry.tags(TARGET))
    assert {f"copy-{number}" for number in range(1, copies.acknowledged + 1)} == tags
    for tag in tags:
        assert registry.pull(TARGET, tag) == contents(made[int(tag.removeprefix("copy-"))])


def test_an_image_and_its_referrers_are_archived_and_restored_together_under_kills(tmp_path: Path, full: bool):
    chance, acknowledged, changes = random.Random(6), list[str](), [0]
    subject = image(31)
    signatures = [artifact(subject.manifest, number) for number in range(3)]
    for round_ in range(KILLS_FULL if full else KILLS):
        with serve(tmp_path) as server:
            ecr = server.client()
            if round_ == 0:
                ecr.create_repository(repositoryName=SOURCE)
                Registry(server).push(SOURCE, subject, "v1")
                put(Registry(server), SOURCE, *signatures)

            def change(ecr: Any = ecr) -> None:
                target = "ARCHIVE" if changes[0] % 2 == 0 else "STANDARD"
                changes[0] += 1
                told = ecr.update_image_storage_class(
                    repositoryName=SOURCE, imageId={"imageDigest": subject.digest}, targetStorageClass=target
                )
                acknowledged.append(told["imageStatus"])

            before = changes[0]
            with until_killed(change):
                kill_in_a_while(server, chance, lambda: changes[0] > before + 3)  # noqa: B023 - within the round
        with serve(tmp_path) as server:
            found = statuses(server)
            assert len(found) == 1 + len(signatures)
            assert len(set(found.values())) == 1  # together
            status = found[subject.digest]
            if changes[0] == len(acknowledged):
                assert status in {acknowledged[-1], "ACTIVE" if acknowledged[-1] == "ACTIVATING" else ""}
            if status == "ACTIVATING":
                wait(lambda: set(statuses(server).values()) == {"ACTIVE"}, 60)
            handed_out = Registry(server).request("GET", f"/v2/{SOURCE}/manifests/v1").status == 200
            assert handed_out is (statuses(server)[subject.digest] == "ACTIVE")
            changes[0] = len(acknowledged)


def statuses(server: Server) -> dict[str, str]:
    found = server.client().describe_images(repositoryName=SOURCE, filter={"imageStatus": "ANY"})["imageDetails"]
    return {each["imageDigest"]: each["imageStatus"] for each in found}
