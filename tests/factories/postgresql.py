"""A PostgreSQL server of the tests' own: Debian's binaries, a cluster in a temporary directory, a loopback port."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg
import pytest

from entrepot.db.migrate import upgrade_postgresql
from tests.factories.processes import free_port
from tests.factories.waiting import comes_up

_PLACES = Path("/usr/lib/postgresql")
_USER = "postgres"  # the server refuses to run as root
_READY_SECONDS = 30.0
_TEMPLATE = "entrepot_template"


@dataclass(frozen=True)
class Cluster:
    """A running server; databases are copies of one that has been migrated once."""

    url: str
    numbers: Iterator[int]

    def database(self) -> str:
        """The address of a fresh database of the present schema."""
        name = f"entrepot_{next(self.numbers)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
        return f"{self.url}/{name}"

    def empty(self) -> str:
        """The address of a fresh database without a table."""
        name = f"entrepot_{next(self.numbers)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE template0")
        return f"{self.url}/{name}"

    def drop(self, address: str) -> None:
        """Remove a database and end who is connected to it."""
        self._run(f"DROP DATABASE {address.rpartition('/')[2]} WITH (FORCE)")

    def prepare(self) -> None:
        """Migrate the template."""
        self._run(f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0")
        upgrade_postgresql(f"{self.url}/{_TEMPLATE}")

    def _run(self, statement: str) -> None:
        with psycopg.connect(f"{self.url}/postgres", autocommit=True) as connection:
            connection.execute(statement)


@contextlib.contextmanager
def cluster(directory: Path, *, options: tuple[str, ...] = ()) -> Iterator[Cluster]:
    """A server over a new cluster in `directory`; ended by its pid."""
    programs = _programs()
    port = free_port()
    data = directory / "data"
    directory.mkdir(parents=True, exist_ok=True)
    user = _unprivileged(directory)
    command = [str(programs / "initdb"), "-D", str(data), "--auth=trust", "--username=entrepot", "--no-sync", "-EUTF8"]
    subprocess.run(command, check=True, user=user, cwd=directory, stdout=subprocess.DEVNULL)
    server = [str(programs / "postgres"), "-D", str(data), "-k", str(directory), "-h", "127.0.0.1", "-p", str(port)]
    with (directory / "server.log").open("wb") as log:
        process = subprocess.Popen([*server, *options], user=user, cwd=directory, stdout=log, stderr=log)
    try:
        url = f"postgresql://entrepot@127.0.0.1:{port}"
        _wait(process, f"{url}/postgres", directory / "server.log")
        yield Cluster(url, count())
    finally:
        process.send_signal(signal.SIGINT)  # ends its sessions and itself
        process.wait(30)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    """One PostgreSQL server for all tests of a process, with a migrated template to copy.

    Its directory is not below pytest's, which another run may clear while the server lives.
    """
    with tempfile.TemporaryDirectory(prefix="entrepot-postgresql-") as held, cluster(Path(held) / "cluster") as server:
        server.prepare()
        yield server


def _programs() -> Path:
    """The newest of Debian's installed versions; absent ones fail the test, for .ci/run installs them."""
    found = sorted(_PLACES.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise AssertionError("PostgreSQL is not installed: apt-get install postgresql")
    return found[-1].parent


def _unprivileged(directory: Path) -> str | None:
    """Whom the server runs as, who must reach its directory; None when the tests are not root's."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam(_USER)
    shutil.chown(directory, entry.pw_uid, entry.pw_gid)
    for parent in directory.parents:
        if parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o011)
    return _USER


def _wait(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    def is_ready() -> bool:
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(url).close()
            return True
        return False

    assert comes_up(process, is_ready, _READY_SECONDS), f"PostgreSQL did not start:\n{log.read_text()[-2000:]}"
