"""The pull-through cache for tests: an upstream on loopback whose requests are counted, and a server that may ask it.

Owns no assertions.
"""

import contextlib
import io
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from tests.factories.layouts import Content, Image, Index
from tests.factories.origins import Answering, Origin, body, origin
from tests.factories.processes import Server, serve


@dataclass
class Upstream:
    """A registry of somebody else that holds what is put there, without a log-in."""

    origin: Origin
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def host(self) -> str:
        """How rules name it."""
        return f"127.0.0.1:{self.origin.port}"

    def put(self, repository: str, content: Image | Index, *tags: str) -> None:
        """Hold an image, all that it names, and its tags."""
        for each in content.children if isinstance(content, Index) else (content,):
            for blob in each.blobs:
                self.answer(repository, f"blobs/{blob.digest}", body(blob.data))
            self.put_manifest(repository, each.manifest, each.digest)
        self.put_manifest(repository, content.manifest, content.digest, *tags)

    def put_manifest(self, repository: str, manifest: Content, *references: str) -> None:
        """Hold a manifest under these names."""
        answering = body(manifest.data, Content_Type=manifest.media_type, Docker_Content_Digest=manifest.digest)
        for reference in references:
            self.answer(repository, f"manifests/{reference}", answering)

    def answer(self, repository: str, rest: str, answering: Answering) -> None:
        """Answer as told."""
        self.origin.answers[f"/v2/{repository}/{rest}"] = _headless(answering)

    def drop(self, repository: str, rest: str) -> None:
        """Have it no more."""
        self.origin.answers.pop(f"/v2/{repository}/{rest}", None)

    def asked(self, repository: str, rest: str, method: str = "GET") -> int:
        """How often this was asked for."""
        path = f"/v2/{repository}/{rest}"
        return sum(each.path == path and each.method == method for each in list(self.origin.asked))


def stopping(blob: Content, after: int, reached: threading.Event, go_on: threading.Event) -> Answering:
    """Gives so many bytes, and the rest when it is told to."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(blob.data)))
        handler.end_headers()
        handler.wfile.write(blob.data[:after])
        handler.wfile.flush()
        reached.set()
        go_on.wait(30)
        handler.wfile.write(blob.data[after:])

    return answer


class _Nowhere(io.BytesIO):
    """Takes what nobody is to have."""


def _headless(answering: Answering) -> Answering:
    """The same, without a body for HEAD."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.command == "HEAD":
            out, handler.wfile = handler.wfile, _Nowhere()
            try:
                answering(handler)
                head = handler.wfile.getvalue().partition(b"\r\n\r\n")[0]
            finally:
                handler.wfile = out
            out.write(head + b"\r\n\r\n")
        else:
            answering(handler)

    return answer


@contextlib.contextmanager
def upstream(folder: Path) -> Iterator[Upstream]:
    """A running upstream without TLS."""
    with origin(folder, tls=False) as running:
        made = Upstream(running)
        running.answers["/v2/"] = body(b"{}")
        yield made


@contextlib.contextmanager
def caching(folder: Path, *hosts: str, **settings: str) -> Iterator[Server]:
    """A server that may ask these hosts without TLS."""
    with serve(folder, environment=settings_for(*hosts) | settings) as running:
        yield running


def settings_for(*hosts: str) -> dict[str, str]:
    """What lets a server ask these hosts without TLS."""
    return {
        "ENTREPOT_PULL_THROUGH_ALLOW": ",".join(f"http://{host}" for host in hosts),
        "ENTREPOT_OUTBOUND_ALLOW": "127.0.0.1",
    }


def rule(server: Server, prefix: str, host: str, **more: Any) -> None:
    """A rule of the root's registry."""
    server.client().create_pull_through_cache_rule(ecrRepositoryPrefix=prefix, upstreamRegistryUrl=host, **more)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    """An upstream of the tests of one module."""
    with upstream(tmp_path_factory.mktemp("hub")) as running:
        yield running


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory, hub: Upstream) -> Iterator[Server]:
    """A server with a rule `hub` for it."""
    with caching(tmp_path_factory.mktemp("cache"), hub.host) as running:
        rule(running, "hub", hub.host)
        yield running
