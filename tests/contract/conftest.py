"""Both implementations of the metadata seam, each over a fresh database; and of what has a database of its own."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from entrepot.db.database import Database
from entrepot.db.migrate import Chain
from entrepot.db.postgresql import PostgresqlDatabase
from entrepot.db.sqlite import SqliteDatabase
from tests.factories.databases import Opening, fresh, postgresql_database, sqlite_database
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


@pytest.fixture(params=["sqlite", "postgresql"])
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opening]:
    """Makes an empty database of a chain, of either engine."""
    with contextlib.ExitStack() as opened:

        def of(chain: Chain) -> Database:
            if request.param == "sqlite":
                path = tmp_path / f"{chain.table}.db"
                fresh(path, chain)
                made: Database = SqliteDatabase(path)
            else:
                server: Cluster = request.getfixturevalue("postgresql")
                address = server.database(chain)
                opened.callback(server.give_back, address, chain)
                made = PostgresqlDatabase(address)
            opened.callback(made.close)
            return made

        yield of
