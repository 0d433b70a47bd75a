"""A scan that ends while an exception is being added does not miss it, whichever is first: two connections."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import timedelta
from typing import Any

import pytest

from entrepot.core.scanning import exceptions, findings, standings, work
from entrepot.core.scanning.exceptions import Acceptance
from entrepot.core.scanning.work import Outcome
from entrepot.db import image_standings, images, repositories, scans
from entrepot.db.database import Database, Transaction
from entrepot.db.exception_records import Standing
from entrepot.db.postgresql import PostgresqlDatabase
from entrepot.db.records import Repository
from entrepot.db.scan_records import Scan, ScanKey
from tests.factories.callers import EPOCH, caller, image_manifest, registry, repository
from tests.factories.databases import postgresql_database
from tests.factories.postgresql import Cluster
from tests.factories.scanning import OPENSSL
from tests.factories.threads import SECONDS

OF = "R0000000000000000000000000"
ONE = Repository(OF, repository("one"), "MUTABLE", (), False, {}, 0, 1, EPOCH)
IMAGE = image_manifest([b"layer"])
KEY = ScanKey(OF, str(IMAGE.digest), "BASIC")
LATER = EPOCH + timedelta(hours=1)
RISK = Acceptance("one", OPENSSL.name, "not reachable", "them", EPOCH + timedelta(days=30))
OUTCOME = Outcome(
    "COMPLETE", "", {"HIGH": 1}, EPOCH, lacking=False, counted=True, parts=tuple(findings.packed([OPENSSL]))
)


@pytest.fixture
def server(postgresql: Cluster) -> Iterator[PostgresqlDatabase]:
    """A PostgreSQL database with an image that is being scanned."""
    address = postgresql.database()
    opened = postgresql_database(address)
    run(opened, lambda tx: repositories.add(tx, ONE))
    run(opened, lambda tx: images.add(tx, OF, IMAGE.digest, IMAGE, 5, EPOCH))
    run(opened, lambda tx: scans.put(tx, Scan(KEY, "S", "IN_PROGRESS", "", EPOCH), due=True))
    yield opened
    opened.close()
    postgresql.give_back(address)


def run(database: Database, work: Callable[[Transaction], Any]) -> Any:
    return database.submit(work).result(SECONDS)


def end(tx: Transaction) -> bool:
    """Have the scan end."""
    scan = scans.claim(tx, KEY, LATER, LATER + timedelta(hours=1)) or scans.find(tx, KEY)
    assert scan is not None
    scans.start(tx, scan, LATER)
    ended = scans.find(tx, KEY)
    assert ended is not None
    return work.finish(tx, ended, OUTCOME, LATER)


def accept(tx: Transaction) -> object:
    return exceptions.add(tx, caller(), registry(), RISK)


def standing(server: PostgresqlDatabase, at: Any) -> Standing:
    row = server.read(lambda tx: image_standings.find(tx, KEY))
    assert row is not None
    return server.read(lambda tx: standings.present(tx, ONE, row, at))


@pytest.mark.parametrize("scanned_before", [False, True])
@pytest.mark.parametrize(("first", "second"), [(accept, end), (end, accept)])
def test_what_is_added_while_a_scan_ends_counts(
    server: PostgresqlDatabase,
    first: Callable[[Transaction], Any],
    second: Callable[[Transaction], Any],
    *,
    scanned_before: bool,
):
    if scanned_before:
        assert run(server, end)
        run(server, lambda tx: scans.put(tx, Scan(KEY, "T", "IN_PROGRESS", "", EPOCH), due=True))
    waiting: list[Future[Any]] = []

    def both(tx: Transaction) -> None:
        first(tx)
        waiting.append(server.submit(second))
        with pytest.raises(TimeoutError):  # the other one waits for this unit to commit
            waiting[0].result(0.5)

    run(server, both)
    waiting[0].result(SECONDS)
    assert standing(server, LATER + timedelta(minutes=1)).effective == {}
