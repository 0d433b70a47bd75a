"""One database of each engine, with the accounts of tests.factories.callers: what a contract suite runs over."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from entrepot.core import identities
from entrepot.db.database import Database
from entrepot.db.postgresql import PostgresqlDatabase
from tests.factories.callers import ACCOUNT, EPOCH, OTHER_ACCOUNT
from tests.factories.databases import SEAL, sqlite_database
from tests.factories.postgresql import Cluster

ENGINES = ("sqlite", "postgresql")


@contextlib.contextmanager
def fresh(engine: str, directory: Path, cluster: Callable[[], Cluster]) -> Iterator[Database]:
    """A fresh database of an engine, gone afterwards; the cluster is started only where it is needed."""
    if engine == "sqlite":
        opened = sqlite_database(directory)
        try:
            yield opened
        finally:
            opened.close()
        return
    address = cluster().database()
    database = PostgresqlDatabase(address)
    try:
        for account in (ACCOUNT, OTHER_ACCOUNT):
            keys = identities.fresh_credentials(account)
            database.submit(
                lambda tx, own=keys: identities.create_account(tx, SEAL, own, "test", EPOCH)  # type: ignore[misc]
            ).result()
        yield database
    finally:
        database.close()
        cluster().drop(address)
