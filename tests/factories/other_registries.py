"""Registries of other make, run for real on loopback: Distribution with a token service of its own, zot with Basic
credentials. Owns no assertions.

Distribution is built by Go from the pinned module where it is not there; zot comes from `make peers`.
"""

import asyncio
import base64
import contextlib
import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from entrepot.outbound import Destinations, Outbound
from entrepot.outbound.registries import Place, Repository
from entrepot.outbound.registry_logins import Login
from entrepot.spec.digest import Digest
from entrepot.spec.reference import Tag
from tests.factories.go_programs import built
from tests.factories.issuers import token
from tests.factories.layouts import Content, Image, Index
from tests.factories.origins import body, origin
from tests.factories.processes import free_port
from tests.factories.waiting import comes_up

_ROOT = Path(__file__).parent.parent.parent
_PEERS = _ROOT / "build" / "peers"
_PACKAGE = "github.com/distribution/distribution/v3/cmd/registry"
_READY_SECONDS = 60.0
_BLOWFISH = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"  # a published vector of bcrypt: U*U
LOGIN = Login("puller", "U*U")
_LOGGED = {  # what a line says of a request that was answered, and that it was answered well
    "distribution": ("response completed", "http.response.status=200"),
    "zot": ("HTTP API", '"statusCode":200'),
}


@dataclass(frozen=True)
class OtherRegistry:
    """A running registry: where, and who may do everything there."""

    name: str
    url: str
    process: "subprocess.Popen[bytes]"
    log: Path
    login: Login = LOGIN

    @property
    def host(self) -> str:
        """How rules name it."""
        return self.url.removeprefix("http://")

    def requests(self) -> list[str]:
        """The lines of its log."""
        return self.log.read_text(errors="replace").splitlines()

    def given(self, path: str) -> int:
        """How often it gave what is at a path below /v2/, by its log."""
        done, status = _LOGGED[self.name]
        return sum(
            done in line and status in line and f"/v2/{path}" in line and "GET" in line for line in self.requests()
        )

    def put(self, name: str, content: Image | Index, *tags: str) -> None:
        """Have an image, or an index and its children."""
        asyncio.run(_put(self._client(name), content, *tags))

    def put_manifest(self, name: str, tag: str, manifest: Content) -> None:
        """Have a manifest under a tag."""
        asyncio.run(self._client(name).put_manifest(Tag(tag), manifest.media_type, manifest.data))

    def _client(self, name: str) -> Repository:
        return Repository(Outbound(Destinations(["127.0.0.1"])), Place.parse(f"{self.url}/{name}"), self.login)


@contextlib.contextmanager
def distribution(directory: Path) -> Iterator[OtherRegistry]:
    """Distribution, whose token service is at another port of the same host."""
    with origin(directory / "tokens", tls=False) as tokens:
        service = _TokenService()
        tokens.prefixes["/token"] = service.answer
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "issuer.pem").write_bytes(service.certificate.public_bytes(Encoding.PEM))
        port = free_port()
        settings = {
            "version": 0.1,
            "log": {"level": "info"},
            "storage": {"filesystem": {"rootdirectory": str(directory / "data")}, "delete": {"enabled": True}},
            "http": {"addr": f"127.0.0.1:{port}", "secret": "of no use elsewhere"},
            "auth": {
                "token": {
                    "realm": tokens.url("/token", host="127.0.0.1"),
                    "service": "distribution",
                    "issuer": "tokens",
                    "rootcertbundle": str(directory / "issuer.pem"),
                    "signingalgorithms": ["ES256"],
                }
            },
        }
        path = directory / "config.yml"
        path.write_text(json.dumps(settings))  # JSON is YAML
        with _running("distribution", [_distribution(), "serve", path], directory, port) as registry:
            yield registry


@contextlib.contextmanager
def zot(directory: Path) -> Iterator[OtherRegistry]:
    """zot, which wants Basic credentials."""
    program = _PEERS / "zot"
    if not program.exists():
        pytest.skip(f"{program.relative_to(_ROOT)} does not exist: run `make peers`")  # listed in tests/PRIVILEGED
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "htpasswd").write_text(f"{LOGIN.username}:{_BLOWFISH}\n")
    port = free_port()
    settings = {
        "distSpecVersion": "1.1.1",
        "storage": {"rootDirectory": str(directory / "data"), "gc": False},
        "http": {
            "address": "127.0.0.1",
            "port": str(port),
            "auth": {"htpasswd": {"path": str(directory / "htpasswd")}, "failDelay": 0},
        },
        "log": {"level": "info"},
    }
    path = directory / "config.json"
    path.write_text(json.dumps(settings))
    with _running("zot", [program, "serve", path], directory, port) as registry:
        yield registry


class _TokenService:
    """Issues tokens to who has the password, for whatever scope is asked."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tokens")])
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self._key.public_key())
        builder = builder.serial_number(1).not_valid_before(now - timedelta(days=1))
        builder = builder.not_valid_after(now + timedelta(days=1))
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.certificate = builder.sign(self._key, hashes.SHA256())

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        if handler.headers.get("Authorization") != LOGIN.basic:
            body(b"{}", 401)(handler)
            return
        query = parse_qs(urlsplit(handler.path).query)
        now = int(time.time())
        claims = {"iss": "tokens", "sub": LOGIN.username, "aud": query["service"][0], "iat": now, "nbf": now - 10,
                  "exp": now + 300, "access": [_access(scope) for scope in query["scope"]]}  # fmt: skip
        chain = [base64.b64encode(self.certificate.public_bytes(Encoding.DER)).decode()]
        issued = token(self._key, claims, alg="ES256", x5c=chain)
        body(json.dumps({"token": issued, "expires_in": 300}).encode())(handler)


def _access(scope: str) -> Mapping[str, Any]:
    kind, name, actions = scope.split(":")
    return {"type": kind, "name": name, "actions": actions.split(",")}


@contextlib.contextmanager
def _running(name: str, command: list[str | Path], directory: Path, port: int) -> Iterator[OtherRegistry]:
    log, url = directory / f"{name}.log", f"http://127.0.0.1:{port}"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(each) for each in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, "OTEL_TRACES_EXPORTER": "none"},
        )
    try:
        assert comes_up(process, lambda: _answers(url), _READY_SECONDS), log.read_text()[-3000:]
        yield OtherRegistry(name, url, process, log)
    finally:
        process.kill()
        process.wait()


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(f"{url}/v2/", timeout=5).close()
    except urllib.error.HTTPError as refused:
        refused.close()
        return True
    except OSError:
        return False
    return True


def pieces(data: bytes) -> Callable[[int], AsyncIterator[bytes]]:
    """What gives bytes from an offset on."""

    async def made(offset: int) -> AsyncIterator[bytes]:
        for start in range(offset, len(data), 1 << 20):
            yield data[start : start + (1 << 20)]

    return made


async def pushed(client: Repository, content: Image, *tags: str) -> None:
    """Push an image's blobs, and the image under tags."""
    for blob in content.blobs:
        await client.push_blob(Digest(blob.digest), len(blob.data), pieces(blob.data))
    for tag in tags:
        await client.put_manifest(Tag(tag), content.manifest.media_type, content.manifest.data)


async def _put(client: Repository, content: Image | Index, *tags: str) -> None:
    for child in content.children if isinstance(content, Index) else (content,):
        await pushed(client, child)
        await client.put_manifest(Digest(child.digest), child.manifest.media_type, child.manifest.data)
    for tag in tags:
        await client.put_manifest(Tag(tag), content.manifest.media_type, content.manifest.data)


def _distribution() -> Path:
    """The program of Distribution, built when absent at the version that benchmarks/peers pins."""
    pinned = (_ROOT / "benchmarks" / "peers" / "versions").read_text().splitlines()
    version = next(line.split()[1] for line in pinned if line.startswith("distribution "))
    return built(_PEERS, "registry", _PACKAGE, version)
