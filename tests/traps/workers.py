"""One keep-alive connection to each serving process of a server: what one of them answers, and not any of them."""

import base64
import http.client
import socket
from dataclasses import dataclass
from pathlib import Path

from tests.factories.layouts import MANIFEST_TYPES
from tests.factories.processes import Server
from tests.operation.commands import children

SECONDS = 30.0
_MOST_CONNECTIONS = 100  # the kernel chooses by the client's port: three of three missed in a hundred is no chance


@dataclass(frozen=True)
class Said:
    """One answer."""

    status: int
    digest: str | None
    body: bytes


class Worker:
    """One process, through one connection that stays open."""

    def __init__(self, pid: int, connection: http.client.HTTPConnection) -> None:
        self.pid = pid
        self.connection = connection

    def ask(
        self,
        method: str,
        path: str,
        token: str | None = None,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Said:
        """One request by this connection; AssertionError when the server closed it."""
        opened = self.connection.sock
        lines = {"Accept": ", ".join(MANIFEST_TYPES), **(headers or {})}
        if token:
            lines["Authorization"] = "Basic " + base64.b64encode(f"AWS:{token}".encode()).decode()
        self.connection.request(method, path, body, lines)
        answer = self.connection.getresponse()
        said = Said(answer.status, answer.headers.get("Docker-Content-Digest"), answer.read())
        assert self.connection.sock is opened, "the server closed the connection, or another one was opened"
        return said


def one_of_each(server: Server, workers: int) -> list[Worker]:
    """A connection to each of the processes that serve; the last child is the one that works in the background."""
    serving = children(server.process.pid)[:workers]
    found: dict[int, Worker] = {}
    for _ in range(_MOST_CONNECTIONS):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=SECONDS)
        server.resources.callback(connection.close)
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        owner = next(pid for pid in serving if _inode(connection.sock, server.port) in _sockets(pid))
        if owner in found:
            connection.close()
        found.setdefault(owner, Worker(owner, connection))
        if len(found) == workers:
            return [found[pid] for pid in serving]
    raise AssertionError(f"{_MOST_CONNECTIONS} connections reached only {sorted(found)} of {serving}")


def _inode(sock: socket.socket, port: int) -> str:
    """The kernel's number of the server's end of a loopback connection."""
    ours = f"{sock.getsockname()[1]:04X}"
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1].endswith(f":{port:04X}") and fields[2].endswith(f":{ours}"):
            return fields[9]
    raise AssertionError("the connection is not in /proc/net/tcp")


def _sockets(pid: int) -> set[str]:
    """The kernel's numbers of the sockets that a process holds."""
    held = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(descriptor.readlink())
        except FileNotFoundError:  # closed meanwhile
            continue
        if target.startswith("socket:["):
            held.add(target[len("socket:[") : -1])
    return held
