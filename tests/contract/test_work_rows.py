"""The queries of work under way, over every engine: uploads, the outbox, jobs, journals, orphans."""

from datetime import timedelta

import pytest

from entrepot.db import collection, journals, leases, outbox, repositories, uploads
from entrepot.db.database import Conflict
from entrepot.db.records import Blob, Repository, Upload
from entrepot.spec.digest import Digest
from entrepot.spec.moments import micros
from tests.factories.callers import ACCOUNT, EPOCH, repository
from tests.factories.rows import Rows

LATER = EPOCH + timedelta(hours=1)


def test_an_upload_advances_by_compare_and_set(rows: Rows):
    of = "R0000000000000000000000000"
    key = repository("one")
    new = Repository(of, key, "MUTABLE", (), False, {}, 0, 1, EPOCH)
    rows.write(repositories.add, new)
    begun = Upload("u1", of, ACCOUNT, "sha256", 0, 0, "", "boot", 0, None, None, EPOCH)
    rows.write(uploads.add, begun)
    assert rows.read(uploads.find, "u1") == begun
    after = Upload("u1", of, ACCOUNT, "sha256", 2**40, 2**40, "ff", "boot", 1, 9, 3, EPOCH)
    assert rows.write(uploads.advance, after, 0, LATER) is True
    assert rows.write(uploads.advance, after, 0, LATER) is False
    assert rows.read(uploads.find, "u1") == after
    assert rows.read(uploads.idle, LATER, 9) == []
    assert rows.read(uploads.idle, LATER + timedelta(seconds=1), 9) == ["u1"]
    assert rows.write(uploads.remove_idle, "u1", LATER) is False
    assert rows.write(uploads.remove, "u1") is True
    assert rows.write(uploads.remove, "u1") is False


def test_the_outbox_keeps_records_once(rows: Rows):
    record = {"kind": "event", "account": ACCOUNT, "region": "r", "repository_id": "", "revision": 1, "ordinal": 0}
    for name in ("b", "a"):
        rows.write(outbox.add, id=name, name=name, body="{}", at=EPOCH, **record)
    with pytest.raises(Conflict):
        rows.write(outbox.add, id="a", name="a", body="{}", at=EPOCH, **record)
    assert [row.id for row in rows.read(outbox.page, "event", 9)] == ["a", "b"]
    assert rows.read(outbox.page, "audit", 9) == []
    rows.write(outbox.remove, "a")
    assert [row.id for row in rows.read(outbox.page, "event", 9)] == ["b"]


def test_a_job_has_one_holder_until_its_lease_expires(rows: Rows):
    rows.write(leases.add, "job", 10, 10)
    rows.write(leases.add, "job", 99, 99)
    assert rows.write(leases.claim, "job", "one", 9, 20) is False
    assert rows.write(leases.claim, "job", "one", 10, 20) is True
    assert rows.write(leases.claim, "job", "two", 15, 25) is False
    assert rows.write(leases.renew, "job", "one", 30) is True
    assert rows.write(leases.renew, "job", "two", 30) is False
    assert rows.write(leases.claim, "job", "two", 30, 40) is True
    assert rows.write(leases.finish, "job", "one", 50, "{}") is False
    assert rows.write(leases.finish, "job", "two", 50, '{"done":1}') is True
    (row,) = rows.read(leases.list_all)
    assert (row.holder, row.due_at, row.result) == ("", 50, '{"done":1}')


def test_a_journal_is_folded_from_where_it_stands(rows: Rows):
    assert rows.write(journals.advance, "j", 0, 100) is True
    assert rows.write(journals.advance, "j", 0, 100) is False
    assert rows.write(journals.advance, "j", 50, 200) is False
    assert rows.write(journals.advance, "j", 100, 2**40) is True
    assert rows.read(journals.offsets) == {"j": 2**40}
    rows.write(journals.forget, "j")
    assert rows.read(journals.offsets) == {}


def test_an_orphan_is_claimed_once(rows: Rows):
    orphan = Blob("B1", "main", Digest.of(b"x"), "blobs/lost", 1, "deleting")
    assert rows.write(collection.add_orphan, orphan, micros(EPOCH)) is True
    again = Blob("B2", "main", Digest.of(b"x"), "blobs/lost", 1, "deleting")
    assert rows.write(collection.add_orphan, again, micros(EPOCH)) is False
    assert rows.write(collection.lock_blob, "B1") == "deleting"
    assert rows.read(collection.is_held, "B1") is False
    assert rows.read(collection.is_on_hold, micros(EPOCH)) is False
