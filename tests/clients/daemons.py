"""Container engines of one's own: dockerd and containerd over a test's directory, without bridge, firewall or CRI."""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.clients.workplace import absent, needs_root
from tests.factories.waiting import comes_up

START_SECONDS = 45.0


@contextlib.contextmanager
def docker_engine(path: Path, variables: Mapping[str, str], *options: str) -> Iterator[str]:
    """A Docker engine over `path` with further options; yields its address for `docker --host`."""
    # names in exec-root become socket paths, which may have no more than 107 characters
    address = f"unix://{path / 'd.sock'}"
    command: list[str | Path] = [
        *("dockerd", "--host", address, "--data-root", path / "data", "--exec-root", path / "x"),
        *("--pidfile", path / "pid", "--bridge=none", "--iptables=false", "--ip6tables=false"),
        *("--storage-driver=vfs", "--insecure-registry=127.0.0.0/8", *options),
    ]
    with _daemon(command, path, variables, ["docker", "--host", address, "version"]):
        yield address


@contextlib.contextmanager
def containerd(path: Path, variables: Mapping[str, str]) -> Iterator[str]:
    """containerd over `path`; yields its address for `ctr --address`."""
    settings = path / "config.toml"
    settings.write_text('version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n')
    address = str(path / "c.sock")
    command: list[str | Path] = [
        *("containerd", "--config", settings, "--address", address),
        *("--root", path / "root", "--state", path / "state"),
    ]
    with _daemon(command, path, variables, ["ctr", "--address", address, "version"]):
        yield address


@contextlib.contextmanager
def _daemon(
    command: Sequence[str | Path], path: Path, variables: Mapping[str, str], ready: Sequence[str]
) -> Iterator[None]:
    needs_root()
    for program in (str(command[0]), ready[0]):
        if shutil.which(program) is None:
            absent(program)
    log = path / "daemon.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(part) for part in command], stdout=output, stderr=subprocess.STDOUT, env=dict(variables)
        )
    try:
        _wait(process, ready, log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], ready: Sequence[str], log: Path) -> None:
    def is_ready() -> bool:
        return subprocess.run(ready, capture_output=True, check=False).returncode == 0

    if comes_up(process, is_ready, START_SECONDS, pause=0.2):
        return
    said = log.read_text(errors="replace")[-3000:]
    if "Operation not permitted" in said or "permission denied" in said:
        pytest.skip(f"{ready[0]}: its daemon may not start here: {said[-300:]}")
    pytest.fail(f"{ready[0]}: its daemon did not start: {said}")
