"""What the trash keeps and lets go, over either engine: scans of a repository, its tags, its end to the microsecond."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from entrepot.core import repositories, resource_tags, restoring, trash
from entrepot.core.collection import Collector, Periods
from entrepot.core.repositories import RepositoryDraft
from entrepot.db import enhanced_scans, images
from entrepot.db import repositories as repository_rows
from entrepot.db.database import Database, Transaction
from entrepot.db.enhanced_scans import RegistryPlace
from entrepot.db.inspector_records import ImageKey
from entrepot.db.schema import repository as repository_table
from entrepot.db.schema import resource_tag
from entrepot.errors import TrashedNotFound
from tests.factories.callers import ACCOUNT, EPOCH, REGION, caller, image_manifest, registry, repository
from tests.factories.memory_store import MemoryStore

KEY = repository("one")
GRACE = timedelta(seconds=60)
IMAGE = image_manifest([b"layer"])
ANYWHERE = ImageKey("", "")


def run(database: Database, work: Callable[..., Any], *args: Any, at: datetime = EPOCH, **kwargs: Any) -> Any:
    who = msgspec.structs.replace(caller(at=at), request_id=str(uuid.uuid4()))
    return database.submit(lambda tx: work(tx, who, *args, **kwargs)).result()


@pytest.fixture
def collect(database: Database) -> Callable[[datetime], Any]:
    return Collector(database, MemoryStore(), "main", Periods(timedelta(0), timedelta(0))).run


@pytest.fixture
def deleted(database: Database) -> str:
    """The id of a repository with an image that was deleted a moment ago."""
    run(database, trash.put_grace, registry(), int(GRACE.total_seconds()))
    made = run(database, repositories.create, KEY, RepositoryDraft())
    run(database, resource_tags.put, KEY, [("team", "one")])
    image = ImageKey(made.id, IMAGE.digest)

    def push(tx: Transaction) -> None:
        images.add(tx, made.id, IMAGE.digest, IMAGE, 5, EPOCH)
        enhanced_scans.queue(tx, image, "S", "ACTIVE", "", EPOCH, due=False)

    database.submit(push).result()
    run(database, repositories.delete, KEY, force=True)
    return str(made.id)


def test_a_repository_in_the_trash_is_watched_no_more_and_is_seen_anew_when_it_is_back(database, collect, deleted):
    collect(EPOCH)
    assert database.read(lambda tx: enhanced_scans.find(tx, ImageKey(deleted, IMAGE.digest))) is None
    assert database.read(lambda tx: images.known(tx, deleted, IMAGE.digest))
    run(database, restoring.restore_repository, KEY)
    seen = database.read(lambda tx: enhanced_scans.sweep(tx, RegistryPlace(ACCOUNT, REGION), ANYWHERE, 10))
    assert [(each.image.digest, each.status) for each in seen] == [(IMAGE.digest, None)]


def test_a_grace_ends_to_the_microsecond_and_takes_everything_along(database, collect, deleted):
    last = EPOCH + GRACE - timedelta(microseconds=1)
    assert collect(last).expired == 0
    with pytest.raises(TrashedNotFound):
        run(database, restoring.restore_repository, KEY, at=EPOCH + GRACE)
    assert len(run(database, trash.list_of, registry(), 10, "", at=last).items) == 1
    assert run(database, trash.list_of, registry(), 10, "", at=EPOCH + GRACE).items == ()
    done = collect(EPOCH + GRACE)
    assert (done.expired, done.emptied_repositories) == (1, 1)
    for table in (repository_table, resource_tag):
        assert database.read(lambda tx, table=table: tx.all(table.select())) == []


def test_what_is_deleted_after_the_grace_was_taken_back_is_gone_at_once(database, collect, deleted):
    run(database, restoring.restore_repository, KEY)
    run(database, trash.put_grace, registry(), 0)
    run(database, repositories.delete, KEY, force=True)
    assert collect(EPOCH).emptied_repositories == 1
    with pytest.raises(TrashedNotFound):
        run(database, restoring.restore_repository, KEY)
    assert database.read(lambda tx: repository_rows.tombstones(tx, 10)) == []
