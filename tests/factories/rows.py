"""Rows written by the functions of db/, each in a unit of its own."""

from typing import Any

from entrepot.db import blobs, event_inbox, repositories
from entrepot.db.database import Database
from entrepot.db.records import Blob, Repository
from entrepot.spec.digest import Digest
from tests.factories.callers import ACCOUNT, EPOCH, repository


class Rows:
    """One unit a call: `rows.write(function, …)`, `rows.read(function, …)`."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def write(self, work: Any, *args: Any, **kwargs: Any) -> Any:
        return self.database.submit(lambda tx: work(tx, *args, **kwargs)).result()

    def read(self, work: Any, *args: Any, **kwargs: Any) -> Any:
        return self.database.read(lambda tx: work(tx, *args, **kwargs))


def made(rows: Rows, name: str, number: int = 0, account: str = ACCOUNT) -> Repository:
    """A repository's row, numbered for a known order of ids."""
    new = Repository(
        id=f"R{number:025d}",
        key=repository(name, account),
        mutability="MUTABLE",
        exclusion_filters=("v*", "é"),
        scan_on_push=True,
        encryption={"encryptionType": "AES256"},
        revision=0,
        stamp=2**63 - 1,
        created_at=EPOCH,
    )
    rows.write(repositories.add, new)
    return new


def stored(rows: Rows, data: bytes, number: int, at: Any = EPOCH) -> Blob:
    """A live blob's row, numbered for a known order of ids."""
    digest = Digest.of(data)
    new = Blob(f"B{number:025d}", "main", digest, f"blobs/{number}", len(data), "live")
    assert rows.write(blobs.add, new, at)
    return new


def taken_in(rows: Rows, event_id: str, at: int) -> None:
    """The row of an event that waits to be routed."""
    where = {"account": ACCOUNT, "region": "r", "bus": "default", "order_key": "k"}
    rows.write(event_inbox.add, event_id=event_id, hops=0, only="", replay="", at=at, body="{}", **where)
