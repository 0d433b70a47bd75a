"""The servers that are measured: each started at its best settings with the same durability, ended by its pid.

Peers are those of benchmarks/peers/install. None of them checks credentials; this server does, and logs each request as
they do, and keeps its journal of reads.
"""

import base64
import contextlib
import json
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import cpu
from tests.factories.processes import EXECUTABLE, free_port, serve
from tests.factories.waiting import comes_up

ROOT = Path(__file__).parent.parent
PEERS = ROOT / "build" / "peers"
READY_SECONDS = 60.0
OURS, DISTRIBUTION, ZOT, NGINX, FLOOR = "entrepot", "distribution", "zot", "nginx", "floor"
SWITCHED = "switched"  # this server, whose journal of calls can be switched off
UNTOLD = "untold"  # what that costs then
_PROGRAMS = {OURS: [str(EXECUTABLE)], SWITCHED: [sys.executable, "-m", "benchmarks.switched"]}


@dataclass(frozen=True)
class Running:
    """A server under load: `data` is the directory that it keeps its bytes in."""

    name: str
    url: str
    pid: int
    data: Path
    authorization: str = field(default="", repr=False)

    def create(self, repository: str) -> None:
        """Make a repository, where pushing does not make it."""

    def usage(self) -> cpu.Usage:
        """CPU time so far."""
        return cpu.usage(self.pid)


@dataclass(frozen=True)
class Entrepot(Running):
    """This server."""

    client: Any = field(default=None, repr=False)

    def create(self, repository: str) -> None:
        """CreateRepository, unless it exists."""
        client = self.client
        with contextlib.suppress(client.exceptions.RepositoryAlreadyExistsException):
            client.create_repository(repositoryName=repository)


def missing(name: str) -> str:
    """Why a peer cannot be measured here; empty when it can."""
    if name == NGINX:
        return "" if shutil.which("nginx") else "nginx is not installed"
    programs = {DISTRIBUTION: PEERS / "registry", ZOT: PEERS / "zot"}
    if name in programs and not programs[name].exists():
        return f"{programs[name].relative_to(ROOT)} does not exist: run `make peers`"
    return ""


@contextlib.contextmanager
def start(name: str, directory: Path, *, workers: int | None = None, tls: bool = False) -> Iterator[Running]:
    """A server over a directory, which may hold data of an earlier run."""
    directory.mkdir(parents=True, exist_ok=True)
    if name in _PROGRAMS:
        with _entrepot(name, directory, workers, tls=tls) as running:
            yield running
        return
    port = free_port()
    command, environment = _COMMANDS[name](directory, port)
    with (directory / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **environment}
        )
    try:
        _wait(process, f"http://127.0.0.1:{port}", name)
        yield Running(name, f"http://127.0.0.1:{port}", process.pid, directory)
    finally:
        process.terminate()
        process.wait(30)


@contextlib.contextmanager
def _entrepot(name: str, directory: Path, workers: int | None, *, tls: bool) -> Iterator[Running]:
    extra = [] if workers is None else ["--workers", str(workers)]
    with serve(directory, tls=tls, extra=extra, program=_PROGRAMS[name]) as server:
        encoded = base64.b64encode(f"AWS:{server.token()}".encode()).decode()
        yield Entrepot(
            name, server.base_url, server.process.pid, server.data, f"Basic {encoded}", client=server.client()
        )


def _distribution(directory: Path, port: int) -> tuple[list[str], dict[str, str]]:
    """Distribution 3: filesystem driver, which syncs what it writes, and the descriptor cache in memory."""
    settings = {
        "version": 0.1,
        "log": {"level": "info", "accesslog": {"disabled": False}},
        "storage": {
            "filesystem": {"rootdirectory": str(directory / "data"), "maxthreads": 100},
            "cache": {"blobdescriptor": "inmemory"},
            "delete": {"enabled": True},
        },
        "http": {"addr": f"127.0.0.1:{port}", "secret": "benchmark"},
    }
    path = directory / "config.yml"
    path.write_text(json.dumps(settings))  # JSON is YAML
    return [str(PEERS / "registry"), "serve", str(path)], {"OTEL_TRACES_EXPORTER": "none"}


def _zot(directory: Path, port: int) -> tuple[list[str], dict[str, str]]:
    """zot: `commit` syncs what it writes; no collection meanwhile."""
    settings = {
        "distSpecVersion": "1.1.1",
        "storage": {"rootDirectory": str(directory / "data"), "commit": True, "dedupe": True, "gc": False},
        "http": {"address": "127.0.0.1", "port": str(port)},
        "log": {"level": "info"},
    }
    path = directory / "config.json"
    path.write_text(json.dumps(settings))
    return [str(PEERS / "zot"), "serve", str(path)], {}


def _nginx(directory: Path, port: int) -> tuple[list[str], dict[str, str]]:
    """Nginx with static files: the ceiling of pulls."""
    (directory / "data").mkdir(exist_ok=True)
    path = directory / "nginx.conf"
    path.write_text(f"""
user root; worker_processes 1; daemon off; pid {directory}/nginx.pid; error_log {directory}/error.log;
events {{ worker_connections 1024; }}
http {{
  sendfile on; tcp_nopush on; access_log {directory}/access.log; default_type application/octet-stream;
  server {{ listen 127.0.0.1:{port}; root {directory}/data; }}
}}
""")
    return ["nginx", "-p", str(directory), "-c", str(path)], {}


def _floor(directory: Path, port: int) -> tuple[list[str], dict[str, str]]:
    return [sys.executable, "-m", "benchmarks.floor", str(port), str(directory)], {"PYTHONPATH": str(ROOT)}


_COMMANDS = {DISTRIBUTION: _distribution, ZOT: _zot, NGINX: _nginx, FLOOR: _floor}


def _wait(process: "subprocess.Popen[bytes]", url: str, name: str) -> None:
    """Until the server answers anything."""

    def answers() -> bool:
        try:
            urllib.request.urlopen(f"{url}/v2/", data=b"" if name == FLOOR else None, timeout=5).close()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True

    if not comes_up(process, answers, READY_SECONDS):
        raise RuntimeError(f"{name} did not answer on {url}; its log is beside its data")
