"""Servers of somebody else for tests of outbound requests: on loopback, with TLS or without, answering as a test says.

Owns no assertions. What was asked is kept, head and all.
"""

import contextlib
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from entrepot.app import certificates

HOST = "localhost"
NAMES = ("localhost", "127.0.0.1", "elsewhere.example", "other.example")


@dataclass(frozen=True)
class Asked:
    """One request that arrived."""

    path: str
    headers: Mapping[str, str]
    method: str = "GET"
    body: bytes = b""
    connection: tuple[str, int] = ("", 0)


Answering = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Origin:
    """A running server: `answers` by path, or by how paths begin (`prefixes`), what it was `asked`, the authority (PEM)
    of its certificate.
    """

    port: int
    scheme: str
    authority: Path
    answers: dict[str, Answering] = field(default_factory=dict)
    prefixes: dict[str, Answering] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str = "/", host: str = HOST) -> str:
        """The URL of a path of this server."""
        return f"{self.scheme}://{host}:{self.port}{path}"

    def paths(self) -> list[str]:
        """The paths that were asked for, in order."""
        return [each.path for each in self.asked]


@contextlib.contextmanager
def origin(folder: Path, *, tls: bool = True) -> Iterator[Origin]:
    """A server that answers 404 until it is told what to answer; its authority is made in `folder` once."""
    folder.mkdir(parents=True, exist_ok=True)
    files = certificates.self_signed(folder, NAMES)
    server = _Server(("127.0.0.1", 0), _Handler)
    made = Origin(server.server_address[1], "https" if tls else "http", folder / "ca.pem")
    server.origin = made
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)
        server.context = context
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


def body(content: bytes, status: int = 200, **headers: str) -> Answering:
    """Answers with these bytes; in `headers` an underscore stands for a hyphen."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content_Length": str(len(content)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(content)

    return answer


def redirect(location: str, status: int = 302) -> Answering:
    """Answers that it is elsewhere."""
    return body(b"", status, Location=location)


class _Server(ThreadingHTTPServer):
    """TLS is shaken hands on in the connection's own thread: a client that refuses disturbs nobody."""

    origin: Origin
    context: ssl.SSLContext | None = None
    daemon_threads = False

    def finish_request(self, request, client_address) -> None:
        with contextlib.suppress(OSError):
            if self.context is None:
                super().finish_request(request, client_address)
                return
            request.settimeout(10)
            with self.context.wrap_socket(request, server_side=True) as secured:
                super().finish_request(secured, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Connections stay open as HTTP/1.1 has it."""

    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = 5

    def _answer(self) -> None:
        told = self.server.origin
        length = int(self.headers.get("Content-Length", "0"))
        self.sent = sent = self.rfile.read(length)
        told.asked.append(Asked(self.path, dict(self.headers.items()), self.command, sent, self.client_address))
        known = told.answers.get(self.path)
        found = (each for prefix, each in told.prefixes.items() if self.path.startswith(prefix))
        (known or next(found, body(b"", 404)))(self)

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = do_PATCH = do_OPTIONS = _answer  # noqa: N815 - the library's names

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""
