"""What anyone can send or leave undone writes no more than a line of the access log; targets in absolute form."""

import contextlib
import socket
import struct
from collections.abc import Iterator

import pytest

from tests.factories.layouts import OCI_LAYER, Content
from tests.factories.processes import Server, serve
from tests.factories.registry import Registry
from tests.traps.door import blob, credential, fresh
from tests.traps.wire import SECONDS, head, send

MIB = 2**20
TIMES = 4
RESET = struct.pack("ii", 1, 0)  # closing sends a reset and forgets what was not read
MALFORMED = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
    b"GET /v2/ HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n",
    b"PUT /v2/a/manifests/b HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
]


@pytest.fixture(scope="module", params=["plain", "tls"])
def listening(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    place = tmp_path_factory.mktemp(f"quiet-{request.param}")
    with serve(place, tls=request.param == "tls", extra=("--workers", "1")) as running:
        yield running


@contextlib.contextmanager
def abrupt(server: Server) -> Iterator[socket.socket]:
    """A connection that the client resets in the end."""
    plain = socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS)
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    spoken = server.context().wrap_socket(plain, server_hostname="127.0.0.1") if server.ca else plain
    with contextlib.closing(spoken):
        yield spoken


@contextlib.contextmanager
def quiet(server: Server) -> Iterator[None]:
    """No traceback and no warning comes into the log meanwhile."""
    before = server.log.stat().st_size
    yield
    assert Registry(server, "").request("GET", "/v2/").status == 401  # the worker has come so far
    said = server.log.read_bytes()[before:]
    for word in (b"Traceback", b"warning", b"error", b"internal"):
        assert word not in said, said.decode(errors="replace")


@pytest.mark.parametrize("request_bytes", MALFORMED)
def test_bytes_that_are_no_request_leave_no_trace(listening: Server, request_bytes: bytes) -> None:
    with quiet(listening), abrupt(listening) as client:
        client.sendall(request_bytes)
        assert client.recv(65536).startswith(b"HTTP/1.")


def test_what_is_no_tls_leaves_no_trace(listening: Server) -> None:
    for spoken in (b"GET / HTTP/1.1\r\n\r\n", bytes(300), b""):
        with quiet(listening), socket.create_connection(("127.0.0.1", listening.port), timeout=SECONDS) as client:
            client.sendall(spoken)
            client.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionError):
                while client.recv(65536):
                    pass


@pytest.mark.parametrize("framing", ["Content-Length: 1000000", "Transfer-Encoding: chunked"])
def test_a_push_that_breaks_off_leaves_no_trace(listening: Server, framing: str) -> None:
    name, token, registry = fresh(listening), listening.token(), Registry(listening)
    with quiet(listening):
        for _ in range(TIMES):
            location = registry.request("POST", f"/v2/{name}/blobs/uploads/", b"").headers["Location"]
            with abrupt(listening) as client:
                path = location.removeprefix(listening.base_url)
                client.sendall(head("PATCH", path, framing, credential(token)) + b"5\r\nabcde\r\n")


def test_a_pull_that_breaks_off_leaves_no_trace(listening: Server) -> None:
    name, token = fresh(listening), listening.token()
    large = Content(OCI_LAYER, blob("large").data * (16 * MIB // 16))
    Registry(listening).push_blob(name, large)
    with quiet(listening):
        for _ in range(TIMES):
            with abrupt(listening) as client:
                client.sendall(head("GET", f"/v2/{name}/blobs/{large.digest}", credential(token)))
                assert client.recv(9) == b"HTTP/1.1 "


@pytest.mark.parametrize("origin", ["http://localhost", "https://elsewhere:1", "HTTP://localhost:80"])
def test_a_target_in_absolute_form_is_authorised_and_answered_by_its_path(server: Server, origin: str) -> None:
    """RFC 9112, 3.2.2: a server accepts it though only proxies are sent it."""
    name, token = fresh(server), server.token()
    registry = Registry(server)
    layer = blob("layer")
    registry.push_blob(name, layer)
    path, last = f"{origin}/v2/{name}/blobs/{layer.digest}", "Connection: close"
    assert send(server, head("GET", path, last)).startswith(b"HTTP/1.1 401 ")
    answer = send(server, head("GET", path, last, credential(token)))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"\r\n\r\n" + layer.data)
    assert send(server, head("GET", f"{origin}/healthz", last)).startswith(b"HTTP/1.1 200 ")


def test_a_client_that_has_finished_sending_gets_its_answer(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS) as client:
        client.sendall(head("GET", "/healthz") + head("GET", "/healthz"))
        client.shutdown(socket.SHUT_WR)
        answer = b""
        while data := client.recv(65536):
            answer += data
    assert answer.count(b"HTTP/1.1 200 ") == 2
