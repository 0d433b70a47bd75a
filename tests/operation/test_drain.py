"""SIGTERM lets running requests finish and refuses new ones; a second one forces; a crash or a kill leaves no trace."""

import contextlib
import http.client
import os
import signal
import socket
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

from urllib3.exceptions import HTTPError

from tests.factories.layouts import Content
from tests.factories.processes import Server, free_port, serve
from tests.factories.registry import Registry
from tests.factories.waiting import wait
from tests.operation.commands import children

LARGE = 64 * 1024 * 1024
ONE = ("--workers", "1")


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except ConnectionRefusedError:
        return True
    return False


def headers(server: Server) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"AWS:{server.token()}".encode()).decode()}


def with_blob(server: Server, content: Content) -> str:
    server.client().create_repository(repositoryName="drained")
    Registry(server).push_blob("drained", content)
    return f"/v2/drained/blobs/{content.digest}"


@contextlib.contextmanager
def begun_pull(server: Server, path: str) -> Iterator[http.client.HTTPResponse]:
    """A download of which the first byte has come, and which stands still because nobody reads on."""
    with contextlib.closing(http.client.HTTPConnection(server.host, timeout=30)) as connection:
        connection.request("GET", path, headers=headers(server))
        with connection.getresponse() as answer:
            assert (answer.status, answer.read(1)) == (200, b"\0")
            yield answer


@contextlib.contextmanager
def begun_push(server: Server) -> Iterator[socket.socket]:
    """An upload that the server has agreed to take, of which half the body has been sent."""
    opened = Registry(server).request("POST", "/v2/drained/blobs/uploads/", b"")
    lines = {**headers(server), "Host": server.host, "Content-Length": "10", "Expect": "100-continue"}
    path = opened.headers["Location"].removeprefix(server.base_url)
    head = f"PATCH {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(head.encode() + b"\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"first")
        yield connection


def test_a_drain_finishes_a_pull_and_a_push_and_refuses_new_connections(tmp_path):
    content = Content("application/octet-stream", bytes(LARGE))
    with serve(tmp_path, extra=("--workers", "2")) as server:
        with begun_pull(server, with_blob(server, content)) as pull, begun_push(server) as push:
            server.process.terminate()
            wait(lambda: refuses(server.port))
            assert server.process.poll() is None
            for byte in b"other":  # a client that is slower than connections are closed
                push.sendall(bytes([byte]))
                time.sleep(0.4)
            answer = http.client.HTTPResponse(push)
            answer.begin()
            assert (answer.status, answer.headers["Range"], answer.headers["Connection"]) == (202, "0-9", "close")
            answer.close()
            assert len(pull.read()) == LARGE - 1
        assert server.process.wait(10) == 0
        log = server.log.read_text()
        assert '"event":"draining"' in log
        assert '"event":"stopped"' in log


def test_what_is_not_done_within_drain_seconds_is_cut_off(tmp_path):
    with serve(tmp_path, extra=(*ONE, "--drain-seconds", "0.2")) as server:
        with_blob(server, Content("application/octet-stream", b"small"))
        with begun_push(server):
            server.process.terminate()
            assert server.process.wait(10) == 0
        assert "drain ended with requests under way" in server.log.read_text()


def test_a_second_signal_forces(tmp_path):
    with serve(tmp_path, extra=ONE) as server:
        with_blob(server, Content("application/octet-stream", b"small"))
        with begun_push(server):
            server.process.terminate()
            wait(lambda: refuses(server.port))
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(5) == 1


def test_a_crashed_worker_starts_again_and_the_counters_go_on(tmp_path):
    with serve(tmp_path, extra=ONE) as server:
        registry = Registry(server)
        for _ in range(5):
            assert registry.request("GET", "/v2/").status == 200
        before = counted(server)
        for child in children(server.process.pid):
            os.kill(child, signal.SIGKILL)
        wait(lambda: answers(server))
        assert counted(server) >= before > 5
        assert server.log.read_text().count('"event":"process ended"') == 2
        assert registry.request("GET", "/v2/").status == 200


def answers(server: Server) -> bool:
    try:
        return Registry(server, "").request("GET", "/healthz").status == 200
    except (OSError, HTTPError):
        return False


def counted(server: Server) -> float:
    lines = Registry(server, "").request("GET", "/metrics").data.decode().splitlines()
    return sum(
        float(line.rpartition(" ")[2]) for line in lines if line.startswith("entrepot_http_request_seconds_count")
    )


def test_one_ended_worker_alone_does_not_close_the_port(tmp_path):
    with serve(tmp_path, extra=ONE) as server:
        os.kill(children(server.process.pid)[0], signal.SIGTERM)
        wait(lambda: "process ended" in server.log.read_text())
        assert not refuses(server.port)
        wait(lambda: answers(server))


def test_a_killed_supervisor_leaves_no_orphan_and_frees_the_port_at_once(tmp_path):
    port = free_port()
    with serve(tmp_path, extra=("--workers", "2"), port=port) as server:
        server.client().create_repository(repositoryName="kept")
        family = children(server.process.pid)
        assert len(family) == 3
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
        wait(lambda: not any(is_alive(child) for child in family), seconds=2)
        wait(lambda: refuses(port), seconds=1)
        with serve(tmp_path, extra=("--workers", "2"), port=port) as again:
            assert again.client().describe_repositories()["repositories"][0]["repositoryName"] == "kept"


def test_readers_that_wait_are_served_by_the_worker_that_comes_back(tmp_path):
    """A connection made while the only worker is gone waits in the socket that the supervisor keeps."""
    with serve(tmp_path, extra=ONE) as server:
        api = children(server.process.pid)[0]
        os.kill(api, signal.SIGSTOP)
        found: list[int] = []
        asking = threading.Thread(target=lambda: found.append(ask_healthz(server)))
        asking.start()
        wait(lambda: bool(waiting_connections(server.port)))
        os.kill(api, signal.SIGKILL)
        asking.join(10)
        assert found == [200]


def ask_healthz(server: Server) -> int:
    connection = http.client.HTTPConnection(server.host, timeout=10)
    connection.request("GET", "/healthz")
    status = connection.getresponse().status
    connection.close()
    return status


def waiting_connections(port: int) -> list[str]:
    """Established connections to this port that no process has accepted yet: they belong to no inode."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [row[1] for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "01" and row[9] == "0"]
