"""What a repository holds, counted over every engine: images, tags, bytes that it holds alone or with others, ages."""

from datetime import timedelta

from entrepot.core import deletion, images, repositories, uploads
from entrepot.core.images import OCI_RULES
from entrepot.core.repositories import RepositoryDraft
from entrepot.core.uploads import Bytes
from entrepot.db import gauges
from entrepot.db import repositories as repository_rows
from entrepot.db.gauges import Holding
from entrepot.db.records import Blob
from entrepot.spec.moments import micros
from entrepot.spec.reference import Tag
from entrepot.spec.repository import RepositoryKey
from tests.factories.callers import EPOCH, REGION, caller, image_manifest, repository
from tests.factories.rows import Rows, stored

ONE, TWO = repository("held/one"), repository("held/two")
CONFIG, SHARED, OWN = b"{}", b"shared", b"own layer"


def make(rows: Rows, key: RepositoryKey) -> str:
    rows.write(repositories.create, caller(), key, RepositoryDraft())
    return str(rows.read(repository_rows.find, key).id)


def hold(rows: Rows, key: RepositoryKey, blob: Blob) -> None:
    found = Bytes(blob.digest, blob.store, None, blob.location, None)
    assert rows.write(uploads.finish, caller(), key, None, found, refuse_held=False) is not None


def put(rows: Rows, key: RepositoryKey, tag: str, minutes: int, **extra: object) -> None:
    at = caller(at=EPOCH + timedelta(minutes=minutes))
    rows.write(images.put, at, key, Tag(tag), image_manifest([OWN], CONFIG, **extra), OCI_RULES)


def test_a_repository_is_counted_as_it_stands(rows: Rows):
    one, two = make(rows, ONE), make(rows, TWO)
    assert rows.read(gauges.holding, one) == Holding(0, 0, 0, 0, None, None)
    blobs = [stored(rows, data, number) for number, data in enumerate((CONFIG, SHARED, OWN))]
    for blob in blobs:
        hold(rows, ONE, blob)
    hold(rows, TWO, blobs[1])
    put(rows, ONE, "a", 1)
    put(rows, ONE, "b", 1)
    put(rows, ONE, "c", 5, annotations={"k": "v"})
    first, last = (micros(EPOCH + timedelta(minutes=minutes)) for minutes in (1, 5))
    size = len(CONFIG + SHARED + OWN)
    assert rows.read(gauges.holding, one) == Holding(2, 3, size, len(SHARED), first, last)
    assert rows.read(gauges.holding, two) == Holding(0, 0, len(SHARED), len(SHARED), None, None)
    assert rows.read(gauges.holding, one, 2) == Holding(2, 3, None, None, first, last)
    assert rows.read(gauges.holding, one, 1) == Holding(2, 3, None, None, None, None)
    rows.write(deletion.delete, caller(), ONE, image_manifest([OWN], CONFIG).digest)
    assert rows.read(gauges.holding, one) == Holding(1, 1, size, len(SHARED), last, last)


def test_only_repositories_that_are_there_are_listed(rows: Rows):
    one, two = make(rows, ONE), make(rows, TWO)
    found = rows.read(gauges.page, "", 10)
    assert [(row.id, row.region, row.kind, row.name, row.revision) for row in found] == [
        (of, REGION, "private", key.name, rows.read(repository_rows.find, key).revision)
        for of, key in sorted([(one, ONE), (two, TWO)])
    ]
    assert len(rows.read(gauges.page, "", 1)) == 1
    assert rows.read(gauges.page, max(one, two), 10) == []
    rows.write(repositories.delete, caller(), ONE, force=True)
    assert [row.id for row in rows.read(gauges.page, "", 10)] == [two]
