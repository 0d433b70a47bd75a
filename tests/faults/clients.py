"""Clients that push, mount, tag, delete and pull without pause until their server is gone, and write the ledger."""

import contextlib
import random
import threading
import time
from collections.abc import Iterator
from functools import partial

import urllib3

from tests.factories.layouts import OCI_CONFIG, Content, Image, image, manifest
from tests.factories.processes import Server
from tests.factories.registry import Registry, with_query
from tests.factories.threads import at_work
from tests.faults.ledger import ABSENT, Ledger

REPOSITORIES = ("crash/one", "crash/two")
SHARED = image(7, layers=6, size=3000).layers  # layers that everybody's images have in common


class Refused(Exception):
    """The server answered what it must not answer."""


class Client:
    """One client, with tags and images of its own; deterministic but for the interleaving."""

    def __init__(self, server: Server, token: str, number: int, seed: int, ledger: Ledger) -> None:
        self._registry = Registry(server, token)
        self._number = number
        self._chance = random.Random(seed * 1000 + number)
        self._serial = 0
        self._seed = seed
        self._ledger = ledger

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop, or until the connection breaks."""
        with contextlib.suppress(urllib3.exceptions.HTTPError, ConnectionError):
            while not stop.is_set():
                self._chance.choice((self._push, self._push, self._push, self._move, self._delete))()

    def _own(self) -> list[tuple[str, str, Image]]:
        mine = f"c{self._number}-"
        return [
            (repository, tag, states[0])
            for (repository, tag), states in list(self._ledger.possible.items())
            if tag.startswith(mine) and len(states) == 1 and states[0] is not None
        ]

    def _push(self) -> None:
        self._serial += 1
        repository = self._chance.choice(REPOSITORIES)
        self._put(repository, f"c{self._number}-{self._seed}-{self._serial}", self._image())

    def _move(self) -> None:
        if own := self._own():
            repository, tag, _ = self._chance.choice(own)
            self._put(repository, tag, self._image())

    def _delete(self) -> None:
        if own := self._own():
            repository, tag, _ = self._chance.choice(own)
            self._ledger.begin(repository, tag, ABSENT)
            answer = self._registry.request("DELETE", f"/v2/{repository}/manifests/{tag}")
            self._require(answer, 202)
            self._ledger.acknowledge(repository, tag, ABSENT)

    def _image(self) -> Image:
        config = Content(OCI_CONFIG, b'{"client":%d,"nonce":%d}' % (self._number, self._chance.getrandbits(60)))
        own = Content(SHARED[0].media_type, self._chance.randbytes(self._chance.choice((1, 5000, 80_000))))
        layers = (*self._chance.sample(SHARED, 2), own)
        return Image(manifest(config, layers), config, layers)

    def _put(self, repository: str, tag: str, made: Image) -> None:
        """As clients do: ask for each blob, mount or send it, then the manifest; again when a blob was collected."""
        for _ in range(20):
            for blob in made.blobs:
                self._bring(repository, blob)
            self._ledger.begin(repository, tag, made)
            answer = self._registry.put_manifest(repository, tag, made.manifest)
            if answer.status == 404:
                continue
            self._require(answer, 201)
            self._ledger.acknowledge(repository, tag, made)
            return
        raise Refused(f"{tag}: its blobs were collected again and again")

    def _bring(self, repository: str, blob: Content) -> None:
        there = self._registry.request("HEAD", f"/v2/{repository}/blobs/{blob.digest}")
        if there.status == 200:
            return
        self._require(there, 404)
        path = f"/v2/{repository}/blobs/uploads/"
        if blob in SHARED:
            other = next(name for name in REPOSITORIES if name != repository)
            path = with_query(path, mount=blob.digest, **{"from": other})
        opened = self._registry.request("POST", path, b"")
        if opened.status == 201:
            return
        self._require(opened, 202)
        location = opened.headers["Location"]
        if self._chance.random() < 0.5:
            half = len(blob.data) // 2
            sent = self._registry.request("PATCH", location, blob.data[:half])
            self._require(sent, 202)
            closed = self._registry.request("PUT", with_query(location, digest=blob.digest), blob.data[half:])
        else:
            closed = self._registry.request("PUT", with_query(location, digest=blob.digest), blob.data)
        self._require(closed, 201)

    @staticmethod
    def _require(answer: urllib3.BaseHTTPResponse, status: int) -> None:
        if answer.status != status:
            raise Refused(f"{answer.status} instead of {status}: {answer.data[:300]!r}")


@contextlib.contextmanager
def working(server: Server, ledger: Ledger, seed: int, count: int = 4) -> Iterator[None]:
    """Clients at work while the body runs; what one of them was wrongly refused fails the test."""
    token = server.token()
    refusals: list[BaseException] = []

    def work(number: int, stop: threading.Event) -> None:
        try:
            Client(server, token, number, seed, ledger).run(stop)
        except Refused as refusal:
            refusals.append(refusal)

    with at_work(partial(work, number) for number in range(count)):
        yield
    assert [str(refusal) for refusal in refusals] == []


def pause(seconds: float) -> None:
    """Let the clients work for so long: when the kill comes must not depend on what they do."""
    time.sleep(seconds)
