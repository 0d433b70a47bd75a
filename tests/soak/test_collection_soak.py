"""Collection always on, a short grace, and clients that push, mount, ask and reuse, tag, pull and delete without pause.

What a client was told is there is there: no manifest is refused for want of a blob that was said to be held a moment
ago, no pull is broken, and bytes are freed meanwhile.
"""

import http.client
import json
import multiprocessing
import random
import time
from base64 import b64encode
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.factories.layouts import OCI_CONFIG, OCI_LAYER, Content, Image, manifest
from tests.factories.processes import Server, serve
from tests.factories.waiting import wait
from tests.faults.test_kill import fsck

GRACE_SECONDS = 5.0
TRUSTED_SECONDS = GRACE_SECONDS * 0.8  # for how long a client relies on what it was told
EVENTS, EVENTS_FULL = 3_000, 100_000
CLIENTS = 4
REPOSITORIES = tuple(f"soak/r{number}" for number in range(4))
COMMON = [Content(OCI_LAYER, random.Random(number).randbytes(2000 + number)) for number in range(24)]
TYPE = "application/vnd.oci.image.manifest.v1+json"


@dataclass
class Told:
    """What one client counted: events by kind, blobs that were unknown against the server's word, other faults."""

    events: Counter[str] = field(default_factory=Counter)
    unknown: int = 0
    late: int = 0
    faults: list[str] = field(default_factory=list)


class Answer(NamedTuple):
    status: int
    data: bytes


class Soaker:
    """One client, in a process of its own, over one connection that it keeps."""

    def __init__(self, port: int, token: str, number: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._authorization = f"Basic {b64encode(f'AWS:{token}'.encode()).decode()}"
        self._number = number
        self._chance = random.Random(number)
        self._images: dict[tuple[str, str], Image] = {}
        self._serial = 0
        self.told = Told()

    def run(self, events: int) -> Told:
        """So many events, then what was counted."""
        actions = [self._push] * 5 + [self._delete] * 4 + [self._pull] * 3 + [self._tag]
        while self.told.events.total() < events and not self.told.faults:
            self._chance.choice(actions)()
        self._connection.close()
        return self.told

    def _call(self, method: str, path: str, body: bytes = b"", kind: str = "") -> Answer:
        headers = {"Authorization": self._authorization} | ({"Content-Type": kind} if kind else {})
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        return Answer(response.status, response.read())

    def _expect(self, event: str, status: int, answer: Answer) -> bool:
        self.told.events[event] += 1
        if answer.status != status:
            self.told.faults.append(f"{event}: {answer.status} instead of {status}: {answer.data[:200]!r}")
        return answer.status == status

    def _push(self) -> None:
        """New images mostly of common layers: ask, then reuse, mount or send."""
        self._serial += 1
        repository = self._chance.choice(REPOSITORIES)
        config = Content(OCI_CONFIG, b'{"client":%d,"serial":%d}' % (self._number, self._serial))
        layers = tuple(self._chance.sample(COMMON, 3))
        image = Image(manifest(config, layers), config, layers)
        oldest = time.monotonic()
        for blob in image.blobs:
            self._bring(repository, blob)
        tag = f"c{self._number}-{self._serial}"
        answer = self._call("PUT", f"/v2/{repository}/manifests/{tag}", image.manifest.data, TYPE)
        self.told.events["put"] += 1
        if answer.status == 201:
            self._images[repository, tag] = image
        elif answer.status == 404 and time.monotonic() - oldest < TRUSTED_SECONDS:
            self.told.unknown += 1
        elif answer.status == 404:
            self.told.late += 1
        else:
            self.told.faults.append(f"put: {answer.status}")

    def _bring(self, repository: str, blob: Content) -> None:
        self.told.events["ask"] += 1
        if self._call("HEAD", f"/v2/{repository}/blobs/{blob.digest}").status == 200:
            return
        if blob in COMMON and self._chance.random() < 0.5:
            source = self._chance.choice(REPOSITORIES)
            mounted = self._call("POST", f"/v2/{repository}/blobs/uploads/?mount={blob.digest}&from={source}")
            self.told.events["mount"] += 1
            if mounted.status == 201:
                return
        self._expect(
            "upload", 201, self._call("POST", f"/v2/{repository}/blobs/uploads/?digest={blob.digest}", blob.data)
        )

    def _delete(self) -> None:
        if self._images:
            repository, tag = self._chance.choice(list(self._images))
            del self._images[repository, tag]
            self._expect("delete", 202, self._call("DELETE", f"/v2/{repository}/manifests/{tag}"))

    def _pull(self) -> None:
        if not self._images:
            return
        (repository, tag), image = self._chance.choice(list(self._images.items()))
        answer = self._call("GET", f"/v2/{repository}/manifests/{tag}")
        if not self._expect("pull", 200, answer) or answer.data != image.manifest.data:
            self.told.faults.append(f"pull of {tag}: another manifest")
            return
        blob = self._chance.choice(image.blobs)
        answer = self._call("GET", f"/v2/{repository}/blobs/{blob.digest}")
        if not self._expect("pull blob", 200, answer) or answer.data != blob.data:
            self.told.faults.append(f"pull of {blob.digest}: other bytes")

    def _tag(self) -> None:
        """The same image under another tag of its repository."""
        if self._images:
            (repository, _), image = self._chance.choice(list(self._images.items()))
            self._serial += 1
            tag = f"c{self._number}-{self._serial}"
            answer = self._call("PUT", f"/v2/{repository}/manifests/{tag}", image.manifest.data, TYPE)
            if self._expect("tag", 201, answer):
                self._images[repository, tag] = image


def soak(port: int, token: str, number: int, events: int) -> Told:
    return Soaker(port, token, number).run(events)


def collected(server: Server) -> Counter[str]:
    """What the collector says in the server's log that it did."""
    done: Counter[str] = Counter()
    for line in server.log.read_text().splitlines():
        if '"collect"' in line and '"job done"' in line:
            said: dict[str, Any] = json.loads(line)
            done.update({name: said[name] for name in ("condemned", "unlinked", "removed_blobs", "removed_bytes")})
    return done


def after_the_grace(server: Server, before: Counter[str]) -> Counter[str]:
    """Wait for one more collection of bytes: what the last deletes left is condemned, then unlinked, then removed."""
    done = before["removed_bytes"]
    wait(lambda: collected(server)["removed_bytes"] > done, 6 * GRACE_SECONDS, "a collection", pause=0.2)
    return collected(server)


@pytest.mark.timeout(7200)
def test_no_blob_is_unknown_that_was_said_to_be_there_while_bytes_are_collected(tmp_path: Path, full):
    events = EVENTS_FULL if full else EVENTS
    extra = ["--gc-grace-seconds", str(GRACE_SECONDS), "--gc-interval-seconds", "0.2", "--workers", "2"]
    with serve(tmp_path, extra=extra) as server:
        for repository in REPOSITORIES:
            server.client().create_repository(repositoryName=repository)
        token = server.token()
        with multiprocessing.get_context("spawn").Pool(CLIENTS) as pool:
            work = [(server.port, token, number, events // CLIENTS) for number in range(CLIENTS)]
            told = pool.starmap(soak, work)
        done = after_the_grace(server, Counter() if not full else collected(server))
    total = sum((each.events for each in told), Counter[str]())
    print({"events": dict(total), "collected": dict(done), "late": sum(each.late for each in told)})  # noqa: T201 - the soak's report
    assert [fault for each in told for fault in each.faults] == []
    assert sum(each.unknown for each in told) == 0
    assert total.total() >= events
    assert done["removed_bytes"] > 0
    report = fsck(tmp_path / "data")
    assert report["clean"] is True, report
