"""Databases of the present schema, fresh and empty."""

import tempfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

from entrepot.core import identities
from entrepot.db.database import Database
from entrepot.db.migrate import METADATA, Chain, upgrade
from entrepot.db.postgresql import PostgresqlDatabase
from entrepot.db.sqlite import SqliteDatabase
from entrepot.seal import Seal
from tests.factories.callers import ACCOUNT, EPOCH, OTHER_ACCOUNT

SEAL = Seal(bytes(32))
Opening = Callable[[Chain], Database]  # makes an empty database


def fresh(path: Path, chain: Chain = METADATA) -> None:
    """A file with the newest schema of a chain: a copy, since migrating takes longer than most tests."""
    path.write_bytes(_migrated(chain))


@cache
def _migrated(chain: Chain) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "migrated.db"
        upgrade(path, chain)
        assert [found.name for found in Path(folder).iterdir()] == [path.name], "something is not in the file yet"
        return path.read_bytes()


def sqlite_database(directory: Path) -> SqliteDatabase:
    """A SQLite database in this directory, with the accounts of tests.factories.callers."""
    path = directory / "entrepot.db"
    fresh(path)
    database = SqliteDatabase(path)
    add_accounts(database)
    return database


def postgresql_database(address: str) -> PostgresqlDatabase:
    """A migrated PostgreSQL database, with the accounts of tests.factories.callers."""
    database = PostgresqlDatabase(address)
    add_accounts(database)
    return database


def add_accounts(database: Database) -> None:
    """The accounts of tests.factories.callers."""
    for account in (ACCOUNT, OTHER_ACCOUNT):
        add = partial(identities.create_account, seal=SEAL, credentials=identities.fresh_credentials(account))
        database.submit(partial(add, name="test", at=EPOCH)).result()
