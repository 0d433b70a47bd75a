"""Quotas of bytes under load and under kill -9: pushes that share layers do not fail each other, the count is that of
what is held, and no reservation outlives whoever made it.
"""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from entrepot.app.opened import read_as_root, write_as_root
from entrepot.core.quotas import settings
from entrepot.settings import load
from entrepot.spec.repository import RegistryKey
from tests.factories.layouts import Content, sha256
from tests.factories.processes import REGION, Server, serve
from tests.factories.registry import Registry
from tests.factories.waiting import wait

HERE = RegistryKey("private", "000000000000", REGION)
REPOSITORIES = ("one", "two", "three", "four")
PUSHES, PUSHES_FULL = 60, 200
BASE = tuple(Content("", bytes([number]) * 50_000) for number in range(3))
OWN = 1000  # bytes of what each push has for itself
FAST = ("--workers", "2", "--upload-expiry-seconds", "1", "--gc-interval-seconds", "0.2")


def limit(data: Path, prefix: str, value: int) -> None:
    write_as_root(load({"data": str(data)}, {}), HERE, settings.put_bytes, HERE, prefix, value)


def used(data: Path) -> settings.Used:
    return read_as_root(load({"data": str(data)}, {}), HERE, settings.usage, HERE)[0]


def own(number: int) -> Content:
    return Content("", number.to_bytes(4, "big") * (OWN // 4))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serve(tmp_path, extra=("--workers", "2")) as running:
        for name in REPOSITORIES:
            running.client().create_repository(repositoryName=name)
        yield running


def send(registry: Registry, repository: str, blob: Content) -> int:
    """Send a blob as docker does, in a session: the status of the request that ended it."""
    opened = registry.request("POST", f"/v2/{repository}/blobs/uploads/", b"")
    assert opened.status == 202, opened.data
    sent = registry.request("PATCH", opened.headers["Location"], blob.data)
    if sent.status != 202:
        return sent.status
    return registry.request("PUT", f"{sent.headers['Location']}?digest={blob.digest}").status


@pytest.mark.timeout(600)
def test_many_pushes_at_once_that_share_layers_all_succeed_and_count_what_they_hold(server: Server, full: bool):
    pushes = PUSHES_FULL if full else PUSHES
    expected = sum(len(each.data) for each in BASE) * len(REPOSITORIES) + OWN * pushes
    limit(server.data, "", 1 << 40)
    registry, start = Registry(server), threading.Barrier(pushes)

    def push(number: int) -> list[int]:
        start.wait()
        return [send(registry, REPOSITORIES[number % len(REPOSITORIES)], each) for each in (*BASE, own(number))]

    with ThreadPoolExecutor(pushes) as pool:
        ended = [status for statuses in pool.map(push, range(pushes)) for status in statuses]
    assert set(ended) == {201}
    found = used(server.data)
    assert (found.held, found.reserved) == (expected, 0)


@pytest.mark.timeout(600)
def test_many_pushes_at_once_never_hold_more_than_they_may(server: Server):
    room, tries = 10, 30
    limit(server.data, "", OWN * room)
    registry, start = Registry(server), threading.Barrier(tries)

    def push(number: int) -> int:
        start.wait()
        return send(registry, REPOSITORIES[number % len(REPOSITORIES)], own(number))

    with ThreadPoolExecutor(tries) as pool:
        ended = list(pool.map(push, range(tries)))
    assert set(ended) <= {201, 403}
    found = used(server.data)
    assert (found.held, found.reserved) == (OWN * ended.count(201), 0)
    assert found.held <= OWN * room


@pytest.mark.timeout(600)
def test_after_kill_9_no_reservation_stays_and_what_was_acknowledged_is_counted(tmp_path: Path):
    with serve(tmp_path, extra=FAST) as server:
        server.client().create_repository(repositoryName="one")
        limit(server.data, "", 100 * OWN)
        registry = Registry(server)
        for number in range(5):
            assert send(registry, "one", own(number)) == 201
        for _ in range(3):
            opened = registry.request("POST", "/v2/one/blobs/uploads/", b"")
            assert registry.request("PATCH", opened.headers["Location"], b"x" * OWN).status == 202
        assert used(server.data).reserved >= 3 * OWN
        server.kill()
    with serve(tmp_path, extra=FAST) as server:
        wait(lambda: used(server.data).reserved == 0, what="the reservations of who was killed to go")
        assert used(server.data).held == 5 * OWN
        registry = Registry(server)
        whole = Content("", b"y" * 95 * OWN)
        assert send(registry, "one", whole) == 201
        assert registry.pull_blob("one", sha256(whole.data)) == whole.data
