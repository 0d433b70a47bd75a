"""What is decided under concurrency (pushing, collecting, finishing uploads), over every engine with real threads."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import timedelta
from functools import partial
from typing import Any

from entrepot.core import blobs, collection, deletion, images, repositories, uploads
from entrepot.core.collection import Collector, Periods
from entrepot.core.images import OCI_RULES
from entrepot.core.repositories import RepositoryDraft
from entrepot.core.uploads import Bytes
from entrepot.db import blobs as blob_rows
from entrepot.db import collection as rows
from entrepot.db import integrity
from entrepot.db import repositories as repository_rows
from entrepot.db.collection import LinkKey
from entrepot.db.database import Database, Transaction
from entrepot.db.records import Blob
from entrepot.errors import BlobsNotFound, Fact, ImageNotFound, ImageReferenced, TagImmutable
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Manifest
from entrepot.spec.moments import micros
from entrepot.spec.reference import Tag
from entrepot.spec.repository import RepositoryKey
from entrepot.spec.ulid import new_ulid
from tests.factories.callers import EPOCH, caller, image_manifest, index_manifest, repository
from tests.factories.memory_store import MemoryStore
from tests.factories.rows import Rows

GRACE = timedelta(seconds=10)
LATER = EPOCH + timedelta(hours=1)
CONFIG = b"{}"


def write(database: Database, work: Any, *args: Any, at: Any = EPOCH, **kwargs: Any) -> "Future[Any]":
    who = caller(at=at)
    return database.submit(lambda tx: work(tx, who, *args, **kwargs))


def made(database: Database, name: str, mutability: str = "MUTABLE") -> RepositoryKey:
    key = repository(name)
    write(database, repositories.create, key, RepositoryDraft(mutability=mutability)).result()
    return key


def blob(data: bytes) -> Blob:
    generation, digest = new_ulid(), Digest.of(data)
    return Blob(
        generation, "main", digest, f"blobs/sha256/{digest.hex[:2]}/{digest.hex}.{generation}", len(data), "live"
    )


def finish(database: Database, key: RepositoryKey, data: bytes, at: Any = EPOCH) -> "Future[Any]":
    """What a finisher does that has adopted its bytes."""
    found = Bytes(Digest.of(data), "main", blob(data), None, None)
    return write(database, uploads.finish, key, None, found, refuse_held=False, at=at)


def put(database: Database, key: RepositoryKey, manifest: Manifest, tag: str, at: Any = EPOCH) -> "Future[Any]":
    return write(database, images.put, key, Tag(tag), manifest, OCI_RULES, at=at)


def errors(futures: list["Future[Any]"]) -> list[BaseException]:
    wait(futures)
    return [error for future in futures if (error := future.exception()) is not None]


def unresolvable(database: Database) -> list[str]:
    def missing(tx: Transaction) -> list[str]:
        gone: list[str] = []
        for key in integrity.manifests(tx, ("", ""), 10_000):
            gone += integrity.unlinked(tx, key, ())
        return gone

    return database.read(missing)


def test_of_two_first_pushes_of_an_immutable_tag_one_is_acknowledged(database: Database):
    for number in range(20):
        key = made(database, f"immutable/r{number}", "IMMUTABLE")
        manifests = [image_manifest([], b"config %d" % each) for each in range(4)]
        for each in range(4):
            finish(database, key, b"config %d" % each).result()
        refused = errors([put(database, key, manifest, "first") for manifest in manifests])
        assert [type(error) for error in refused] == [TagImmutable] * 3


def test_many_finishers_of_one_digest_make_one_blob(database: Database):
    keys = [made(database, f"finish/r{number}") for number in range(3)]
    futures = [finish(database, keys[number % 3], b"same") for number in range(48)]
    assert errors(futures) == []
    held = database.read(lambda tx: blob_rows.page(tx, "main", "", 100))
    assert len(held) == 1
    assert {future.result().location for future in futures} == {held[0].location}


def test_a_blob_that_is_being_released_is_not_lost_to_a_finisher(database: Database):
    key = made(database, "release/one")
    links = Rows(database)
    identifier = links.read(_id, key)
    for number in range(30):
        data = b"data %d" % number
        stored = finish(database, key, data).result()
        links.write(blob_rows.unlink, identifier, stored.digest)
        release = database.submit(partial(collection.release, blob_id=stored.id, now=LATER))
        finishing = finish(database, key, data)
        wait([release, finishing])
        link = links.read(blob_rows.find_link, identifier, stored.digest)
        assert link is not None
        assert link.blob.state == "live"


def test_what_is_put_while_it_is_collected_stays_resolvable(database: Database):
    key = made(database, "collect/one")
    digest = Digest.of(b"layer")
    for number in range(40):
        finish(database, key, CONFIG).result()
        finish(database, key, b"layer").result()
        identifier = database.read(lambda tx: _id(tx, key))
        link = LinkKey(identifier, digest)
        at = EPOCH + timedelta(hours=1)
        steps: list[Callable[[Transaction], object]] = [
            partial(collection.condemn, key=link, now=at, grace=GRACE),
            partial(collection.unlink, key=link, now=at + GRACE * 2, grace=GRACE),
        ]
        futures: list[Future[Any]] = [database.submit(step) for step in steps]
        putting = put(database, key, image_manifest([b"layer"], CONFIG), f"t{number}", at=at)
        refused = errors([*futures, putting])
        assert all(isinstance(error, BlobsNotFound) for error in refused)
        assert unresolvable(database) == []
        if not refused:
            write(database, deletion.delete, key, Tag(f"t{number}")).result()


def test_collection_beside_pushes_mounts_and_deletes_never_takes_what_is_needed(database: Database):
    one, two = made(database, "busy/one"), made(database, "busy/two")
    layers = [b"layer %d" % number for number in range(6)]
    collector = Collector(database, MemoryStore(), "main", Periods(timedelta(0), timedelta(0)))
    unknown: list[str] = []

    def push(number: int) -> None:
        key, other = (one, two) if number % 2 else (two, one)
        chosen = [layers[number % 6], layers[(number * 5 + 1) % 6]]
        for data in (*chosen, CONFIG):
            if not write(database, blobs.mount, key, other, Digest.of(data)).result():
                finish(database, key, data).result()
        try:
            put(database, key, image_manifest(chosen, CONFIG), f"t{number % 4}").result()
        except BlobsNotFound as fact:
            unknown.append(str(fact))
        if number % 3 == 0:
            try:
                write(database, deletion.delete, key, Tag(f"t{number % 4}")).result()
            except (ImageNotFound, ImageReferenced):
                return

    with ThreadPoolExecutor(4) as pool:
        pushing = [pool.submit(push, number) for number in range(120)]
        while not all(future.done() for future in pushing):
            collector.run(LATER)
            assert unresolvable(database) == []
    assert errors(list(pushing)) == []
    assert unresolvable(database) == []


def test_a_child_that_is_deleted_while_an_index_takes_it_is_there_or_the_index_knows(database: Database):
    key = made(database, "index/one")
    for number in range(20):
        config = b"child %d" % number
        finish(database, key, config).result()
        child = image_manifest([], config)
        put(database, key, child, f"child{number}").result()
        index = index_manifest([child])
        deleting = write(database, deletion.delete, key, child.digest)
        indexing = write(database, images.put, key, Tag(f"index{number}"), index, images.AWS_RULES)
        refused = errors([deleting, indexing])
        assert all(isinstance(error, Fact) for error in refused)
        assert len(refused) == 1, "one of the two must have seen the other"


def test_a_link_that_somebody_holds_is_passed_over_by_the_collector(database: Database):
    key = made(database, "held/one")
    finish(database, key, b"held").result()
    link = LinkKey(database.read(lambda tx: _id(tx, key)), Digest.of(b"held"))
    seen = database.submit(lambda tx: rows.lock_link(tx, link)).result()
    assert seen == (micros(EPOCH), None)


def _id(tx: Transaction, key: RepositoryKey) -> str:
    found = repository_rows.find(tx, key)
    assert found is not None
    return found.id
