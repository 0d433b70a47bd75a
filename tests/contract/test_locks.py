"""Row locks on PostgreSQL: what waits, what passes and what is skipped."""

from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest

from entrepot.core import blobs as blob_cases
from entrepot.core import repositories as use_cases
from entrepot.core import uploads
from entrepot.core.reads import mark_damaged
from entrepot.core.repositories import RepositoryDraft
from entrepot.core.uploads import Bytes
from entrepot.db import blobs, repositories
from entrepot.db import collection as rows
from entrepot.db.database import Database, Transaction
from entrepot.db.postgresql import PostgresqlDatabase
from entrepot.db.records import Blob
from entrepot.spec.digest import Digest
from entrepot.spec.moments import micros
from entrepot.spec.ulid import new_ulid
from tests.factories.callers import EPOCH, caller, repository
from tests.factories.databases import postgresql_database
from tests.factories.postgresql import Cluster
from tests.factories.threads import SECONDS

KEY = repository("one")
LAYER = b"layer"


def write(database: Database, work: Any, *args: Any, **kwargs: Any) -> Any:
    who = caller()
    return database.submit(lambda tx: work(tx, who, *args, **kwargs)).result(SECONDS)


def create(database: Database, **settings: Any) -> str:
    write(database, use_cases.create, KEY, RepositoryDraft(**settings))
    found = database.read(lambda tx: repositories.find(tx, KEY))
    assert found is not None
    return found.id


def fresh(data: bytes) -> Blob:
    digest, generation = Digest.of(data), new_ulid()
    return Blob(generation, "main", digest, f"blobs/{digest.hex}.{generation}", len(data), "live")


def push(database: Database, data: bytes) -> Blob:
    new = fresh(data)
    held = write(database, uploads.finish, KEY, None, Bytes(new.digest, "main", new, None, None), refuse_held=False)
    assert isinstance(held, Blob)
    return held


@pytest.fixture
def server(postgresql: Cluster) -> Iterator[PostgresqlDatabase]:
    """A PostgreSQL database with one repository, link and blob."""
    address = postgresql.database()
    opened = postgresql_database(address)
    yield opened
    opened.close()
    postgresql.give_back(address)


def test_a_collector_skips_what_another_unit_shares(server: PostgresqlDatabase):
    repository_id, held = create(server), push(server, LAYER)

    def sharing(tx: Transaction) -> tuple[object, object]:
        assert blobs.share_link(tx, repository_id, held.digest) is not None
        link = server.submit(lambda other: rows.lock_link(other, rows.LinkKey(repository_id, held.digest)))
        blob = server.submit(lambda other: rows.lock_blob(other, held.id))
        return link.result(SECONDS), blob.result(SECONDS)

    assert server.submit(sharing).result(SECONDS) == (None, None)
    key = rows.LinkKey(repository_id, held.digest)
    assert server.submit(lambda tx: rows.lock_link(tx, key)).result(SECONDS) == (micros(EPOCH), None)


def test_changes_of_one_repository_wait_for_each_other_and_shares_do_not(server: PostgresqlDatabase):
    create(server)

    def changing(tx: Transaction) -> "Future[Any]":
        assert repositories.lock(tx, KEY) is not None
        assert server.submit(lambda other: repositories.share(other, KEY)).result(SECONDS) is not None
        waiting = server.submit(lambda other: repositories.lock(other, KEY))
        with pytest.raises(TimeoutError):
            waiting.result(0.3)
        return waiting

    assert server.submit(changing).result(SECONDS).result(SECONDS) is not None


def test_damage_locks_repositories_before_the_blob_and_bumps_who_linked_it_meanwhile(server: PostgresqlDatabase):
    repository_id, held = create(server), push(server, LAYER)
    other = repository("other")
    write(server, use_cases.create, other, RepositoryDraft())

    def changing(tx: Transaction) -> tuple[object, int, "Future[Any]"]:
        assert repositories.lock(tx, KEY) is not None
        damaging = server.submit(lambda waiting: mark_damaged(waiting, held))
        with pytest.raises(TimeoutError):
            damaging.result(0.3)
        assert write(server, blob_cases.mount, other, KEY, held.digest)
        linked = server.submit(lambda reading: repositories.find(reading, other)).result(SECONDS)
        assert linked is not None
        return rows.lock_blob(tx, held.id), linked.stamp, damaging

    state, stamp, damaging = server.submit(changing).result(SECONDS)
    assert state == "live", "the blob was locked before the repository"
    assert damaging.result(SECONDS) is True
    link = server.read(lambda tx: blobs.find_link(tx, repository_id, held.digest))
    assert link is not None
    assert link.blob.state == "damaged"
    after = server.read(lambda tx: repositories.find(tx, other))
    assert after is not None
    assert after.stamp != stamp, "its caches would say for ever that the blob is there"
