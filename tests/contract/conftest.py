"""Both implementations of the metadata seam, each over a fresh database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from entrepot.db.database import Database
from tests.factories.databases import postgresql_database, sqlite_database
from tests.factories.postgresql import Cluster, cluster
from tests.factories.rows import Rows


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One PostgreSQL server for all tests of a process, with a migrated template to copy."""
    with cluster(tmp_path_factory.mktemp("postgresql") / "cluster") as server:
        server.prepare()
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database of the present schema with the accounts of tests.factories.callers."""
    if request.param == "sqlite":
        opened: Database = sqlite_database(tmp_path)
        yield opened
        opened.close()
        return
    server: Cluster = request.getfixturevalue("postgresql")
    address = server.database()
    opened = postgresql_database(address)
    yield opened
    opened.close()
    server.drop(address)


@pytest.fixture
def rows(database: Database) -> Rows:
    return Rows(database)
