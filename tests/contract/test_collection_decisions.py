"""What a collector found is decided anew under the lock: a push between finding and deciding is never undone."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from entrepot.core import blobs, collection, images, repositories, uploads
from entrepot.core.collection import Collector, Periods
from entrepot.core.images import OCI_RULES
from entrepot.core.repositories import RepositoryDraft
from entrepot.core.uploads import Bytes
from entrepot.db import blobs as blob_rows
from entrepot.db import collection as rows_of_collection
from entrepot.db import repositories as repository_rows
from entrepot.db.collection import LinkKey
from entrepot.db.records import Blob
from entrepot.db.schema import gc_hold
from entrepot.spec.digest import Digest
from entrepot.spec.moments import micros
from entrepot.spec.reference import Tag
from entrepot.spec.repository import RepositoryKey
from entrepot.spec.ulid import new_ulid
from tests.factories.callers import EPOCH, caller, image_manifest, repository
from tests.factories.memory_store import MemoryStore
from tests.factories.rows import Rows, stored

GRACE = timedelta(seconds=10)
LATER = EPOCH + timedelta(hours=1)
LAST = LATER + timedelta(hours=1)
KEY = repository("decided/one")
CONFIG, LAYER = b"{}", b"layer"
UPLOAD = "00000000-0000-4000-8000-000000000000"
ANYWHERE = LinkKey("", "")


@pytest.fixture
def one(rows: Rows) -> str:
    """The id of a repository that holds two blobs which no manifest names."""
    rows.write(repositories.create, caller(), KEY, RepositoryDraft())
    for number, data in enumerate((CONFIG, LAYER)):
        hold(rows, KEY, stored(rows, data, number))
    found = rows.read(repository_rows.find, KEY)
    return str(found.id)


def hold(rows: Rows, key: RepositoryKey, blob: Blob) -> None:
    found = Bytes(blob.digest, blob.store, None, blob.location, None)
    assert rows.write(uploads.finish, caller(), key, None, found, refuse_held=False) is not None


def number_of(number: int) -> str:
    """The id of a blob of tests.factories.rows."""
    return f"B{number:025d}"


def put(rows: Rows) -> None:
    rows.write(images.put, caller(at=LATER), KEY, Tag("t"), image_manifest([LAYER], CONFIG), OCI_RULES)


def stamp(rows: Rows) -> int:
    return int(rows.read(repository_rows.find, KEY).stamp)


def to_condemn(rows: Rows) -> list[LinkKey]:
    before = micros(LATER - GRACE)
    return list(rows.read(rows_of_collection.to_condemn, before, ANYWHERE, 10))


def decided(rows: Rows, step: Any, keys: Sequence[Any], *arguments: Any) -> list[bool]:
    return [rows.write(step, key, *arguments) for key in keys]


def test_what_nobody_names_goes_step_by_step_and_each_step_gives_a_new_stamp(rows: Rows, one: str):
    stamps = [stamp(rows)]
    assert decided(rows, collection.condemn, to_condemn(rows), LATER, GRACE) == [True, True]
    stamps.append(stamp(rows))
    found = rows.read(rows_of_collection.to_unlink, micros(LAST - GRACE), 10)
    assert decided(rows, collection.unlink, found, LAST, GRACE) == [True, True]
    stamps.append(stamp(rows))
    assert len(set(stamps)) == 3
    unheld = rows.read(rows_of_collection.unheld, "main", micros(LAST), 10)
    assert decided(rows, collection.release, [blob.id for blob in unheld], LAST) == [True, True]
    assert rows.read(blob_rows.find_link, one, Digest.of(LAYER)) is None


def test_a_link_that_a_manifest_took_after_it_was_found_is_not_condemned(rows: Rows, one: str):
    found = to_condemn(rows)
    put(rows)
    assert (len(found), decided(rows, collection.condemn, found, LATER, GRACE)) == (2, [False, False])


def test_a_link_that_was_pushed_again_after_it_was_found_is_not_condemned(rows: Rows, one: str):
    link = LinkKey(one, Digest.of(LAYER))
    assert link in to_condemn(rows)
    rows.write(blob_rows.link, one, link.digest, number_of(1), LATER)
    assert rows.write(collection.condemn, link, LATER, GRACE) is False


def test_a_condemned_link_that_was_taken_back_after_it_was_found_is_not_removed(rows: Rows, one: str):
    decided(rows, collection.condemn, to_condemn(rows), LATER, GRACE)
    found = rows.read(rows_of_collection.to_unlink, micros(LAST - GRACE), 10)
    put(rows)
    assert (len(found), decided(rows, collection.unlink, found, LAST, GRACE)) == (2, [False, False])


def test_a_link_that_a_manifest_names_is_not_removed_whatever_its_row_says(rows: Rows, one: str):
    put(rows)
    link = LinkKey(one, Digest.of(LAYER))
    rows.write(rows_of_collection.condemn, link, micros(LATER))
    assert rows.write(collection.unlink, link, LAST, GRACE) is False


def test_a_link_is_not_removed_before_its_grace_is_over(rows: Rows, one: str):
    found = to_condemn(rows)
    decided(rows, collection.condemn, found, LATER, GRACE)
    assert decided(rows, collection.unlink, found, LATER + GRACE, GRACE) == [False, False]


def test_a_blob_that_somebody_held_after_it_was_found_is_not_released(rows: Rows, one: str):
    blob = stored(rows, b"unheld", 7)
    assert blob in rows.read(rows_of_collection.unheld, "main", micros(LATER), 10)
    hold(rows, KEY, blob)
    assert rows.write(collection.release, blob.id, LATER) is False
    assert rows.read(blob_rows.find_link, one, blob.digest).blob.state == "live"


def orphaned(at: datetime) -> MemoryStore:
    """A store that holds bytes, since `at`, which no row names."""
    store = MemoryStore()
    store.now = at.timestamp()
    with store.spool(UPLOAD, create=True) as spool:
        spool.write(b"imported")
    store.adopt(UPLOAD, Digest.of(b"imported"), new_ulid())
    return store


def test_bytes_without_a_row_are_claimed_only_when_they_are_older_than_the_grace(rows: Rows):
    collector = Collector(rows.database, orphaned(LATER), "main", Periods(GRACE, GRACE))
    assert (collector.sweep(LATER + GRACE), collector.sweep(LATER + GRACE * 2)) == (0, 1)
    assert collector.sweep(LAST) == 0


def test_bytes_that_nobody_holds_stay_for_the_drain_and_their_rows_as_long(rows: Rows):
    store = orphaned(EPOCH)
    collector = Collector(rows.database, store, "main", Periods(GRACE, GRACE * 5))
    assert collector.sweep(LATER) == 1
    assert (collector.run(LATER + GRACE * 5).removed_blobs, len(store.files)) == (0, 1)
    assert (collector.run(LATER + GRACE * 6).removed_blobs, len(store.files)) == (1, 0)


def test_a_hold_stops_every_step_and_the_sweep_until_it_expires(rows: Rows, one: str):
    expires = insert(gc_hold).values(id="import", reason="import", expires_at=micros(LAST))
    rows.write(lambda tx: tx.run(expires))
    collector = Collector(rows.database, orphaned(EPOCH), "main", Periods(GRACE, GRACE))
    done = collector.run(LATER)
    assert (done.on_hold, done.condemned, collector.sweep(LATER)) == (True, 0, 0)
    after = LAST + GRACE
    assert (collector.run(after).condemned, collector.sweep(after)) == (2, 1)


@pytest.mark.parametrize("spoil", ["condemned", "damaged"])
def test_what_is_absent_to_clients_of_the_source_is_not_mounted(rows: Rows, one: str, spoil: str):
    other, link = repository("decided/two"), LinkKey(one, Digest.of(LAYER))
    rows.write(repositories.create, caller(), other, RepositoryDraft())
    if spoil == "condemned":
        assert rows.write(collection.condemn, link, LATER, GRACE)
    else:
        assert rows.write(blob_rows.damage, number_of(1), "blobs/1")
    assert rows.write(blobs.mount, caller(), other, KEY, link.digest) is False
    assert rows.write(blobs.mount, caller(), other, KEY, Digest.of(CONFIG)) is True
