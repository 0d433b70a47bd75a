"""What a server costs before anybody asks it for anything: CPU until the first answer, memory of a worker at rest.

CPU time and not wall time, the best of three, beside that of a server with no images: neither how fast the machine is
nor what else it does must decide.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from entrepot.db.sqlite import connect
from tests.factories.layouts import image
from tests.factories.processes import INSTALLED, Server, serve
from tests.factories.registry import Registry
from tests.operation.commands import children

IMAGES = 60_000
MOST_OF_EMPTY = 1.5  # a start reads nothing that grows with what is stored
MOST_OF_START = 1.0  # three pages cost no more than a start
MOST_PSS = 110 * 2**20
MOST_RSS = 150 * 2**20
STARTS = 3
TWO = ("--workers", "2")

pytestmark = pytest.mark.serial


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data of a repository with 60,000 images, each with its tag."""
    place = tmp_path_factory.mktemp("idle")
    with serve(place, extra=("--workers", "1")) as server:
        server.client().create_repository(repositoryName="large")
        Registry(server).push("large", image(101), "one")
    connection = connect(place / "data" / "entrepot.db")
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("BEGIN")
    multiply(connection, "manifest", digest="printf('sha256:%064x', n)", body="body || printf('%*c', 2000, ' ')")
    multiply(connection, "manifest_reference", manifest_digest="printf('sha256:%064x', n)")
    multiply(connection, "tag", name="printf('tag-%d', n)", digest="printf('sha256:%064x', n)")
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.close()
    return place


def multiply(connection, table: str, **changes: str) -> None:
    """Each row of a table once more for each image, with some columns computed from `n`."""
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})").fetchall()]
    chosen = ", ".join(changes.get(column, column) for column in columns)
    numbers = f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {IMAGES})"
    connection.execute(f"INSERT INTO {table} {numbers} SELECT {chosen} FROM {table}, numbers")


def family(server: Server) -> Iterator[int]:
    yield server.process.pid
    yield from children(server.process.pid)


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid: int, kind: str) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{kind}:"))


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> float:
    """CPU seconds until the first answer of a server with one image."""
    place = tmp_path_factory.mktemp("empty")
    with serve(place, extra=TWO, program=INSTALLED) as server:
        server.client().create_repository(repositoryName="large")
        Registry(server).push("large", image(101), "one")
    return min(starts(place))


def starts(place: Path) -> list[float]:
    """CPU seconds until the first answer, of some starts."""
    spent = []
    for _ in range(STARTS):
        with serve(place, extra=TWO, program=INSTALLED) as server:
            assert Registry(server).tags("large", n=1) == ["one"]
            spent.append(sum(map(cpu_seconds, family(server))))
    return spent


def test_the_first_answer_over_a_large_database_costs_what_it_costs_over_a_small_one(place, empty):
    assert (place / "data" / "entrepot.db").stat().st_size > 100 * 2**20
    spent = starts(place)
    assert min(spent) < MOST_OF_EMPTY * empty, (spent, empty)


def test_a_page_of_a_large_repository_reads_no_more_than_the_page(place, empty):
    """A statement that sorts or joins all 60,000 rows takes many times that."""
    with serve(place, extra=TWO, program=INSTALLED) as server:
        ecr, registry = server.client(), Registry(server)
        before = sum(map(cpu_seconds, family(server)))
        assert len(ecr.list_images(repositoryName="large", maxResults=1000)["imageIds"]) == 1000
        assert len(ecr.describe_images(repositoryName="large", maxResults=1000)["imageDetails"]) == 1000
        assert len(registry.tags("large", n=1000, last="tag-3")) == 1000
        spent = sum(map(cpu_seconds, family(server))) - before
    assert spent < MOST_OF_START * empty, (spent, empty)


def test_an_idle_worker_is_small(place):
    with serve(place, extra=TWO, program=INSTALLED) as server:
        registry = Registry(server)
        for _ in range(10):
            assert registry.request("GET", "/v2/").status == 200
        serving = children(server.process.pid)[:2]
        used = {kind: [memory(pid, kind) for pid in serving] for kind in ("Pss", "Rss")}
    assert max(used["Pss"]) < MOST_PSS, used
    assert max(used["Rss"]) < MOST_RSS, used
