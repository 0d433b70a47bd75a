"""What a client can make a worker hold: little, however large blobs, bodies, heads and pages are, however many read."""

import contextlib
import hashlib
import http.client
import json
import socket
import sys
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from tests.factories.layouts import image
from tests.factories.processes import INSTALLED, Server, serve
from tests.factories.registry import Registry, error_codes, with_query
from tests.operation.commands import children
from tests.traps.door import credential, fresh
from tests.traps.wire import head, send

MIB = 2**20
MOST_GROWTH = 64 * MIB
PULLS, PULLED = 32, 16 * MIB
STALLED = 16
MOST_TAGS = 1000


@pytest.fixture(scope="module", params=["plain", "tls"])
def one_worker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    tls = request.param == "tls"
    with serve(
        tmp_path_factory.mktemp(f"limits-{request.param}"), tls=tls, extra=("--workers", "1"), program=INSTALLED
    ) as running:
        yield running


@pytest.fixture(scope="session")
def size(full: bool) -> int:
    """Bytes of a large blob: so many that a worker that kept them would be seen."""
    return 512 * MIB if full else 128 * MIB


class Large:
    """A blob of `size` bytes that nobody holds in memory; each is another one."""

    def __init__(self, size: int) -> None:
        self._block = uuid.uuid4().bytes * (MIB // 16)
        self.size = size
        digest = hashlib.sha256()
        for block in self.blocks():
            digest.update(block)
        self.digest = f"sha256:{digest.hexdigest()}"

    def blocks(self) -> Iterator[bytes]:
        for _ in range(self.size // MIB):
            yield self._block


class Growth:
    """How far the memory of a server's processes rose above what they held; the process that grew most."""

    def __init__(self, server: Server) -> None:
        self._before = {pid: self._reset(pid) for pid in (server.process.pid, *children(server.process.pid))}

    def most(self) -> int:
        """Bytes."""
        return max(_status(pid, "VmHWM") - before for pid, before in self._before.items())

    @staticmethod
    def _reset(pid: int) -> int:
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak starts anew from what is resident
        return _status(pid, "VmRSS")


def _status(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def assert_small(grown: dict[str, int]) -> None:
    sys.stdout.write(f"{ {what: round(many / MIB, 1) for what, many in grown.items()} } MiB\n")  # shown with -s
    assert max(grown.values()) <= MOST_GROWTH


@contextlib.contextmanager
def connection(server: Server) -> Iterator[http.client.HTTPConnection]:
    if server.ca:
        made: http.client.HTTPConnection = http.client.HTTPSConnection(
            "127.0.0.1", server.port, timeout=60, context=server.context()
        )
    else:
        made = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    with contextlib.closing(made):
        yield made


def authorized(token: str) -> dict[str, str]:
    name, _, value = credential(token).partition(": ")
    return {name: value}


def push(server: Server, repository: str, blob: Large, *, chunked: bool) -> None:
    """POST, one streamed PATCH, PUT."""
    headers = authorized(server.token())
    framing = {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": str(blob.size)}
    with connection(server) as client:
        client.request("POST", f"/v2/{repository}/blobs/uploads/", headers=headers)
        location = answered(client, 202).headers["Location"]
        path = urlsplit(location).path
        client.request("PATCH", path, blob.blocks(), headers | framing, encode_chunked=chunked)
        answered(client, 202)
        client.request("PUT", with_query(path, digest=blob.digest), headers=headers | {"Content-Length": "0"})
        assert answered(client, 201).headers["Docker-Content-Digest"] == blob.digest


def answered(client: http.client.HTTPConnection, status: int) -> http.client.HTTPResponse:
    answer = client.getresponse()
    said = answer.read()
    assert answer.status == status, said
    return answer


def pull(server: Server, token: str, repository: str, digest: str) -> None:
    with connection(server) as client:
        client.request("GET", f"/v2/{repository}/blobs/{digest}", headers=authorized(token))
        answer = client.getresponse()
        hashed = hashlib.sha256()
        while block := answer.read(MIB):
            hashed.update(block)
        assert f"sha256:{hashed.hexdigest()}" == digest


@pytest.mark.serial
def test_a_large_blob_passes_through_in_pieces(one_worker: Server, size: int) -> None:
    """Pushed with a length, pushed in chunks, pulled: a worker holds a part of it only."""
    repository = fresh(one_worker)
    pull(one_worker, one_worker.token(), repository, warmed(one_worker, repository))
    grown: dict[str, int] = {}
    for chunked in (False, True):
        blob, growth = Large(size), Growth(one_worker)
        push(one_worker, repository, blob, chunked=chunked)
        grown[f"push, chunked={chunked}"] = growth.most()
        growth = Growth(one_worker)
        pull(one_worker, one_worker.token(), repository, blob.digest)
        grown[f"pull, chunked={chunked}"] = growth.most()
    assert_small(grown)


def warmed(server: Server, repository: str) -> str:
    """A first blob, after which a worker has loaded what it needs."""
    blob = Large(MIB)
    push(server, repository, blob, chunked=True)
    return blob.digest


@pytest.mark.serial
def test_many_pulls_at_once_share_little_memory(one_worker: Server) -> None:
    repository, blob, token = fresh(one_worker), Large(PULLED), one_worker.token()
    push(one_worker, repository, blob, chunked=False)
    pull(one_worker, token, repository, blob.digest)
    growth = Growth(one_worker)
    with ThreadPoolExecutor(PULLS) as pool:
        list(pool.map(partial(pull, one_worker, token, repository), [blob.digest] * PULLS))
    assert_small({"pulls at once": growth.most()})


@pytest.mark.serial
def test_readers_that_do_not_read_hold_no_memory(one_worker: Server) -> None:
    repository, blob, token = fresh(one_worker), Large(PULLED), one_worker.token()
    push(one_worker, repository, blob, chunked=False)
    growth = Growth(one_worker)
    request = head("GET", f"/v2/{repository}/blobs/{blob.digest}", credential(token))
    with contextlib.ExitStack() as stack:
        for _ in range(STALLED):
            client = stack.enter_context(stalled(one_worker))
            client.sendall(request)
            assert client.recv(9) == b"HTTP/1.1 "
        pull(one_worker, token, repository, blob.digest)  # who reads is not held up by those who do not
        assert_small({"stalled readers": growth.most()})


@contextlib.contextmanager
def stalled(server: Server) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as plain:
        if not server.ca:
            yield plain
            return
        with server.context().wrap_socket(plain, server_hostname="127.0.0.1") as secure:
            yield secure


@pytest.mark.serial
def test_a_body_of_an_aws_call_has_thirty_mebibytes_at_most(one_worker: Server) -> None:
    client, repository = one_worker.client(), fresh(one_worker)
    upload = client.initiate_layer_upload(repositoryName=repository)["uploadId"]
    growth, part = Growth(one_worker), bytes(10 * MIB)  # the largest that a layer may have
    with pytest.raises(ClientError) as refused:
        client.upload_layer_part(
            repositoryName=repository,
            uploadId=upload,
            partFirstByte=0,
            partLastByte=24 * MIB - 1,
            layerPartBlob=bytes(24 * MIB),
        )
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] in {400, 413}
    assert_small({"refused body": growth.most()})
    taken = client.upload_layer_part(
        repositoryName=repository,
        uploadId=upload,
        partFirstByte=0,
        partLastByte=len(part) - 1,
        layerPartBlob=part,
    )
    assert taken["lastByteReceived"] == len(part) - 1


@pytest.mark.parametrize("path", ["/v2/a/tags/list", "/", "/healthz"])
@pytest.mark.parametrize(
    "lines",
    [
        ["X: " + "y" * 17_000],
        ["X" * 17_000 + ": y"],
        ["X: y"] * 3000,
        [f"X-{number}: y" for number in range(3000)],
        ["Cookie: " + "a=b; " * 4000],
        ["X: y\x00z"],
    ],
)
def test_a_head_beyond_the_limits_is_refused(server: Server, path: str, lines: list[str]) -> None:
    before = server.log.stat().st_size
    answer = send(server, head("GET", path, *lines))
    assert answer.split(b" ")[1] in {b"400", b"431"}, answer
    assert b"Traceback" not in server.log.read_bytes()[before:]


@pytest.mark.parametrize("length", [300, 4000, 15_000])
@pytest.mark.parametrize("form", ["{}/manifests/a", "a/manifests/{}", "a/blobs/sha256:{}", "{}", "a/tags/list?last={}"])
def test_a_very_long_path_is_an_error_of_the_specification(server: Server, length: int, form: str) -> None:
    answer = Registry(server).request("GET", "/v2/" + form.format("y" * length))
    assert answer.status in {400, 404}, answer.data
    assert error_codes(answer)


@pytest.mark.parametrize("length", [17_000, 200_000])
def test_a_target_beyond_the_limits_is_refused(server: Server, length: int) -> None:
    assert send(server, head("GET", "/v2/" + "y" * length)).split(b" ")[1] in {b"400", b"414"}


@pytest.mark.parametrize("n", ["1000000", "99999999999999999999", "9" * 5000])
@pytest.mark.parametrize("listing", ["{}/tags/list", "_catalog"])
def test_a_page_is_bounded_whatever_was_asked_for(server: Server, listing: str, n: str) -> None:
    repository = fresh(server)
    registry = Registry(server)
    registry.push(repository, image(7), "one")
    answer = registry.request("GET", f"/v2/{listing.format(repository)}?n={n}")
    if answer.status == 400:
        assert error_codes(answer) == ["PAGINATION_NUMBER_INVALID"]
        return
    assert answer.status == 200, answer.data
    assert 0 < len(json.loads(answer.data)["tags" if "tags" in listing else "repositories"]) <= MOST_TAGS
