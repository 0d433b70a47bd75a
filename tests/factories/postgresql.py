"""A PostgreSQL server of the tests' own: Debian's binaries, a cluster in a temporary directory, a loopback port."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg
import pytest

from entrepot.db.migrate import METADATA, Chain, upgrade_postgresql
from tests.factories.processes import free_port
from tests.factories.waiting import comes_up

_PLACES = Path("/usr/lib/postgresql")
_USER = "postgres"  # the server refuses to run as root
_READY_SECONDS = 30.0


# every row of every table but those of Alembic, whatever refers to them, and every sequence at its beginning
_EMPTY = """
SET session_replication_role = replica;
DO $$
DECLARE found record;
BEGIN
  FOR found IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'alembic%' LOOP
    EXECUTE format('DELETE FROM %I', found.tablename);
  END LOOP;
  FOR found IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' LOOP
    EXECUTE format('ALTER SEQUENCE %I RESTART', found.sequencename);
  END LOOP;
END $$
"""


@dataclass(frozen=True)
class Cluster:
    """A running server; its databases are emptied and used again, for the files of new ones take the longest."""

    url: str
    numbers: Iterator[int]
    free: dict[Chain, list[str]] = field(default_factory=lambda: defaultdict(list))

    def database(self, chain: Chain = METADATA) -> str:
        """The address of an empty database of a chain's newest schema."""
        if self.free[chain]:
            return self.free[chain].pop()
        address = self.empty()
        upgrade_postgresql(address, chain)
        return address

    def give_back(self, address: str, chain: Chain = METADATA) -> None:
        """Empty what `database` gave, for the next one."""
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(_EMPTY)
        self.free[chain].append(address)

    def empty(self) -> str:
        """The address of a fresh database without a table."""
        name = f"entrepot_{next(self.numbers)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE template0")
        return f"{self.url}/{name}"

    def drop(self, address: str) -> None:
        """Remove a database and end who is connected to it."""
        self._run(f"DROP DATABASE {address.rpartition('/')[2]} WITH (FORCE)")

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
    """One PostgreSQL server for all tests of a process.

    Its directory is not below pytest's, which another run may clear while the server lives.
    """
    with tempfile.TemporaryDirectory(prefix="entrepot-postgresql-") as held, cluster(Path(held) / "cluster") as server:
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
