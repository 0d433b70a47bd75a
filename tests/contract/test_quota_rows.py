"""Bytes that are held and reserved, and credit, over either engine: against a model, and with many at once."""

import random
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec
import pytest

from entrepot.core import blobs as mounts
from entrepot.core import repositories
from entrepot.core.quotas import bytes as byte_quotas
from entrepot.core.quotas import settings
from entrepot.core.quotas.limits import require_image, require_repository
from entrepot.core.repositories import RepositoryDraft
from entrepot.db import blobs, byte_usage, collection, images, quotas
from entrepot.db import repositories as repository_rows
from entrepot.db.collection import LinkKey
from entrepot.db.database import Database, Transaction
from entrepot.db.records import Blob, Repository
from entrepot.errors import BytesTooMany, ImagesTooMany, RepositoriesTooMany
from entrepot.spec.digest import Digest
from tests.factories.callers import EPOCH, caller, image_manifest, registry, repository
from tests.factories.threads import SECONDS, together

SCOPE = quotas.scope_of(registry())
STORE = "main"
STEPS, EXAMPLES = 60, 4
THREADS = 12


def run(database: Database, work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    who = msgspec.structs.replace(caller(), request_id=str(uuid.uuid4()))
    return database.submit(lambda tx: work(tx, who, *args, **kwargs)).result()


def write(database: Database, work: Callable[..., Any], *args: Any) -> Any:
    return database.submit(lambda tx: work(tx, *args)).result()


def look(database: Database, work: Callable[..., Any], *args: Any) -> Any:
    return database.read(lambda tx: work(tx, *args))


def made(database: Database, name: str) -> Repository:
    found: Repository = run(database, repositories.create, repository(name), RepositoryDraft())
    return found


def blob(number: int) -> Blob:
    digest = Digest.of(str(number).encode())
    return Blob(f"B{number}", STORE, digest, f"blobs/{number}", 10**number, "live")


def held(database: Database, *repositories: Repository) -> list[int]:
    of_each = [look(database, byte_usage.of_repository, each.id) for each in repositories]
    return [*of_each, look(database, byte_usage.of_registry, SCOPE)]


@pytest.mark.parametrize("seed", range(EXAMPLES))
def test_what_is_held_is_the_sum_of_what_is_linked_whatever_happens(database: Database, seed: int):
    chance = random.Random(seed)
    one, two = made(database, "one"), made(database, "two")
    kept = [blob(number) for number in range(6)]
    for each in kept:
        write(database, blobs.add, each, EPOCH)
    linked: dict[str, set[str]] = {one.id: set(), two.id: set()}
    for _ in range(STEPS):
        of, each = chance.choice((one.id, two.id)), chance.choice(kept)
        if chance.random() < 0.6:
            write(database, blobs.link, of, each.digest, each.id, EPOCH)
            linked[of].add(each.digest)
        elif chance.random() < 0.5:
            gone = write(database, blobs.unlink, of, each.digest)
            assert gone is (each.digest in linked[of])
            linked[of].discard(each.digest)
        else:
            key = LinkKey(of, each.digest)
            write(database, collection.unlink, key)
            linked[of].discard(each.digest)
        sizes = [sum(b.size for b in kept if b.digest in linked[of]) for of in (one.id, two.id)]
        assert held(database, one, two) == [*sizes, sum(sizes)]


def test_a_repository_that_is_emptied_gives_all_back(database: Database):
    one, two = made(database, "one"), made(database, "two")
    for each in (one, two):
        write(database, blobs.add, blob(3), EPOCH)
        write(database, blobs.link, each.id, blob(3).digest, blob(3).id, EPOCH)
    run(database, repositories.delete, repository("one"), force=True)
    assert held(database, one, two) == [1000, 1000, 2000]
    while write(database, collection.drop_some, one.id, 100):
        pass
    write(database, collection.remove_tombstone, one.id)
    assert held(database, one, two) == [0, 1000, 1000]


def test_the_same_blob_that_many_send_at_once_counts_once(database: Database):
    one = made(database, "one")
    write(database, blobs.add, blob(3), EPOCH)
    start = threading.Barrier(THREADS)

    def send(_: int) -> None:
        start.wait()
        write(database, blobs.link, one.id, blob(3).digest, blob(3).id, EPOCH)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(send, range(THREADS)))
    assert held(database, one) == [1000, 1000]


def test_prefixes_cover_what_they_say_and_nothing_beside(database: Database):
    for number, name in enumerate(("team", "team/app", "team/app/sub", "team-b", "teal/app")):
        found = made(database, name)
        write(database, blobs.add, blob(number), EPOCH)
        write(database, blobs.link, found.id, blob(number).digest, blob(number).id, EPOCH)
    sums = {"team/": 110, "team/app": 10, "team/app/": 100, "team": 1, "te/": 0, "teal/": 10_000}
    for prefix, expected in sums.items():
        assert look(database, byte_usage.below, registry(), prefix) == (expected, 0), prefix
        covered = [
            each
            for each in ("team", "team/app", "team/app/sub", "team-b", "teal/app")
            if quotas.ByteQuota(prefix, 0).covers(each)
        ]
        numbers = [("team", "team/app", "team/app/sub", "team-b", "teal/app").index(each) for each in covered]
        assert sum(10**number for number in numbers) == expected


def _reserve(database: Database, of: Repository, upload: str, size: int) -> bool:
    """As core/quotas/bytes.py does it: in one unit, and the look in another."""
    write(database, byte_usage.reserve, upload, of.id, SCOPE, size, EPOCH)
    try:
        look(database, byte_quotas.require_room, of.key, 0)
    except BytesTooMany:
        write(database, byte_usage.release, upload)
        return False
    return True


def test_many_who_reserve_at_once_never_have_more_than_there_is(database: Database):
    one = made(database, "one")
    run(database, settings.put_bytes, registry(), "", 500)
    start = threading.Barrier(THREADS)

    def send(number: int) -> bool:
        start.wait()
        return _reserve(database, one, f"u{number}", 100)

    with ThreadPoolExecutor(THREADS) as pool:
        admitted = sum(pool.map(send, range(THREADS)))
    assert admitted <= 5
    assert look(database, byte_usage.reserved_in, SCOPE) == admitted * 100
    while _reserve(database, one, str(uuid.uuid4()), 100):
        admitted += 1
    assert admitted == 5


def held_apart(database: Database) -> tuple[Repository, Repository, list[Blob]]:
    """A repository that holds blobs of 100 bytes, and one that shall have them."""
    one, two = made(database, "one"), made(database, "two")
    kept = [replace(blob(number), size=100) for number in range(THREADS)]
    for each in kept:
        write(database, blobs.add, each, EPOCH)
        write(database, blobs.link, one.id, each.digest, each.id, EPOCH)
    return one, two, kept


def test_many_who_mount_at_once_never_hold_more_than_they_may(database: Database):
    one, two, kept = held_apart(database)
    run(database, settings.put_bytes, registry(), two.key.name, 500)
    start = threading.Barrier(THREADS)

    def mount(each: Blob) -> bool:
        start.wait()
        try:
            return bool(run(database, mounts.mount, two.key, one.key, each.digest))
        except BytesTooMany:
            return False

    with ThreadPoolExecutor(THREADS) as pool:
        assert sum(pool.map(mount, kept)) == 5
    assert held(database, two)[0] == 500


def test_uploads_and_mounts_that_meet_exceed_a_quota_by_one_mount_at_most(database: Database):
    one, two, kept = held_apart(database)
    run(database, settings.put_bytes, registry(), two.key.name, 500)
    start = threading.Barrier(2 * THREADS)

    def mount(each: Blob) -> bool:
        start.wait()
        try:
            return bool(run(database, mounts.mount, two.key, one.key, each.digest))
        except BytesTooMany:
            return False

    def send(number: int) -> bool:
        start.wait()
        return _reserve(database, two, f"u{number}", 100)

    with ThreadPoolExecutor(2 * THREADS) as pool:
        mounted, sent = (
            [pool.submit(mount, each) for each in kept],
            [pool.submit(send, each) for each in range(THREADS)],
        )
        admitted = sum(each.result() for each in (*mounted, *sent))
    assert 100 * admitted == sum(look(database, byte_usage.below, registry(), two.key.name)) <= 600


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)  # units of SQLite take turns whatever they do
def test_a_mount_waits_for_another_one_and_an_upload_does_not(database: Database):
    one, two, kept = held_apart(database)
    run(database, settings.put_bytes, registry(), "", 100 * len(kept) + 250)

    mounted, looked = threading.Event(), threading.Event()

    def mount(tx: Transaction, number: int) -> None:
        who = msgspec.structs.replace(caller(), request_id=str(uuid.uuid4()))
        assert mounts.mount(tx, who, two.key, one.key, kept[number].digest)
        mounted.set()
        assert looked.wait(SECONDS)

    first = database.submit(lambda tx: mount(tx, 0))
    assert mounted.wait(SECONDS)
    others = [database.submit(partial(mount, number=number)) for number in (1, 2)]
    assert _reserve(database, two, "beside", 50)
    with pytest.raises(TimeoutError):
        others[0].result(0.3)
    looked.set()
    ended = [each.exception(SECONDS) for each in (first, *others)]
    assert [type(each) for each in ended].count(BytesTooMany) == 1
    assert held(database, two)[0] == 200


def test_threads_write_different_shards(database: Database):
    one = made(database, "one")
    together(THREADS, lambda _: database.submit(lambda tx: byte_usage.add(tx, one.id, 1)).result())
    shards = set()

    def look_at(_: int) -> None:
        shards.add(byte_usage._shard())

    together(THREADS, look_at)
    assert len(shards) > 1
    assert held(database, one)[0] == THREADS


def test_a_reservation_without_a_session_is_released_when_it_is_old(database: Database):
    one = made(database, "one")
    _reserve(database, one, "killed", 100)
    assert write(database, byte_usage.release_stale, EPOCH) == 0
    assert write(database, byte_usage.release_stale, EPOCH + timedelta(seconds=1)) == 1
    assert look(database, byte_usage.reserved_in, SCOPE) == 0


def test_credit_admits_as_many_images_as_there_may_be_however_they_come_and_go(database: Database):
    one, chance, there = made(database, "one"), random.Random(1), set[Digest]()
    run(database, settings.put, registry(), "ImagesPerRepository", 5)

    def push(tx: Transaction, number: int) -> Digest:
        repository_rows.lock_by_id(tx, one.id)
        manifest = image_manifest([str(number).encode()])
        require_image(tx, one, manifest.digest)
        images.add(tx, one.id, manifest.digest, manifest, 1, EPOCH)
        return manifest.digest

    for number in range(60):
        if number == 40:
            run(database, settings.put, registry(), "ImagesPerRepository", 3)
        most = 5 if number < 40 else 3
        if there and chance.random() < 0.4:
            gone = there.pop()
            write(database, images.remove, one.id, gone)
        elif len(there) >= most:
            with pytest.raises(ImagesTooMany):
                write(database, push, number)
        else:
            there.add(write(database, push, number))


def test_many_who_create_at_once_never_make_more_than_there_may_be(database: Database):
    run(database, settings.put, registry(), "Repositories", 5)
    start = threading.Barrier(THREADS)

    def create(number: int) -> bool:
        start.wait()
        try:
            made(database, f"r{number}")
        except RepositoriesTooMany:
            return False
        return True

    with ThreadPoolExecutor(THREADS) as pool:
        assert sum(pool.map(create, range(THREADS))) == 5
    with pytest.raises(RepositoriesTooMany):
        write(database, require_repository, repository("one-more"))
