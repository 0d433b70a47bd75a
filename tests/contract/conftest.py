"""Both implementations of the metadata seam, each over a fresh database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from entrepot.db.database import Database
from tests.factories.databases import postgresql_database, sqlite_database
from tests.factories.postgresql import Cluster, postgresql
from tests.factories.rows import Rows

__all__ = ["postgresql"]


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
    server.give_back(address)


@pytest.fixture
def rows(database: Database) -> Rows:
    """The functions of db/ over either engine."""
    return Rows(database)
