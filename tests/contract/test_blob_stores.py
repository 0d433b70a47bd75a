"""The BlobStore seam (store/blobs.py), over the file system and over the memory store that tests use."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from entrepot.errors import BlobBytesMissing, UploadBusy
from entrepot.spec.digest import Digest
from entrepot.spec.ulid import new_ulid
from entrepot.store.blobs import BlobStore
from entrepot.store.filesystem import Filesystem
from tests.factories.memory_store import MemoryStore

UPLOADS = [f"00000000-0000-4000-8000-{number:012d}" for number in range(5)]
DATA = bytes(range(256)) * 600


@pytest.fixture(params=["filesystem", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BlobStore]:
    """Whatever a test makes it must take away: files left behind fail it."""
    made: Filesystem | MemoryStore
    if request.param == "memory":
        made = MemoryStore()
    else:
        made = Filesystem(tmp_path / "data")
        made.prepare()
    yield made
    for location, _ in list(made.locations()):
        made.remove(location)
    assert list(made.spools()) == []
    if request.param == "filesystem":
        assert [path for path in (tmp_path / "data").rglob("*") if path.is_file()] == []


def keep(store: BlobStore, data: bytes, upload: str = UPLOADS[0], algorithm: str = "sha256") -> str:
    with store.spool(upload, create=True) as spool:
        spool.write(data)
        location = store.adopt(upload, Digest.of(data, algorithm), new_ulid())
    store.discard(upload)
    return location


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize("data", [b"", b"x", DATA])
def test_what_is_adopted_comes_back_byte_by_byte(store: BlobStore, data, algorithm):
    location = keep(store, data, algorithm=algorithm)
    with store.open_checked(location, len(data)) as file:
        assert file.read() == data
    assert store.size(location) == len(data)
    assert store.digest(location, algorithm) == Digest.of(data, algorithm).hex
    assert store.digest_of_location(location) == Digest.of(data, algorithm)
    assert [found for found, _ in store.locations()] == [location]


def test_a_digest_may_be_adopted_many_times_each_at_a_place_of_its_own(store: BlobStore):
    first, second = keep(store, b"same"), keep(store, b"same", UPLOADS[1])
    assert first != second
    store.remove(first)
    assert store.size(first) is None
    assert store.digest(second, "sha256") == Digest.of(b"same").hex


def test_a_generation_is_never_overwritten(store: BlobStore):
    generation, digest = new_ulid(), Digest.of(b"one")
    with store.spool(UPLOADS[0], create=True) as spool:
        spool.write(b"one")
        location = store.adopt(UPLOADS[0], digest, generation)
    with store.spool(UPLOADS[1], create=True) as spool:
        spool.write(b"two")
        with pytest.raises(FileExistsError):
            store.adopt(UPLOADS[1], digest, generation)
    for upload in UPLOADS[:2]:
        store.discard(upload)
    assert store.digest(location, "sha256") == digest.hex


def test_adopted_bytes_never_change_whatever_becomes_of_the_upload(store: BlobStore):
    with store.spool(UPLOADS[0], create=True) as spool:
        spool.write(b"kept")
        location = store.adopt(UPLOADS[0], Digest.of(b"kept"), new_ulid())
    with store.spool(UPLOADS[0], create=False) as spool:
        assert spool.size() == 4
        spool.truncate(2)
        spool.write(b"other")
        assert spool.digest("sha256", 0, 7) == Digest.of(b"keother").hex
    store.discard(UPLOADS[0])
    assert store.digest(location, "sha256") == Digest.of(b"kept").hex


def test_a_spool_grows_is_cut_and_tells_digests_of_its_parts(store: BlobStore):
    with store.spool(UPLOADS[0], create=True) as spool:
        spool.write(DATA)
        spool.write(b"tail")
        assert spool.size() == len(DATA) + 4
        assert spool.digest("sha256", 5, 99) == Digest.of(DATA[5:99]).hex
        spool.truncate(10)
        assert spool.digest("sha512", 0, 10) == Digest.of(DATA[:10], "sha512").hex
    with store.spool(UPLOADS[0], create=False) as spool:
        assert spool.size() == 10
    store.discard(UPLOADS[0])


def test_a_spool_belongs_to_one_request_at_a_time(store: BlobStore):
    with store.spool(UPLOADS[0], create=True), pytest.raises(UploadBusy):
        store.spool(UPLOADS[0], create=True)
    with store.spool(UPLOADS[0], create=False) as spool:
        assert spool.size() == 0
    store.discard(UPLOADS[0])


def test_an_absent_spool_is_made_only_when_asked_for_and_adopted_never(store: BlobStore):
    with pytest.raises(BlobBytesMissing):
        store.spool(UPLOADS[0], create=False)
    with pytest.raises(BlobBytesMissing):
        store.adopt(UPLOADS[0], Digest.of(b""), new_ulid())
    store.discard(UPLOADS[0])


def test_bytes_of_another_length_are_not_handed_out(store: BlobStore):
    location = keep(store, b"four")
    for size in (0, 3, 5):
        with pytest.raises(BlobBytesMissing):
            store.open_checked(location, size)


def test_removed_bytes_are_gone_for_all_but_those_who_have_them_open(store: BlobStore):
    location = keep(store, DATA)
    with store.open_checked(location, len(DATA)) as file:
        store.remove(location)
        store.remove(location)
        assert file.read() == DATA
    assert store.size(location) is None
    for look in (lambda: store.open_checked(location, len(DATA)), lambda: store.digest(location, "sha256")):
        with pytest.raises(BlobBytesMissing):
            look()


def test_spools_are_listed_until_they_are_discarded(store: BlobStore):
    for upload in UPLOADS[:3]:
        store.spool(upload, create=True).close()
    assert {upload for upload, _ in store.spools()} == set(UPLOADS[:3])
    for upload in UPLOADS[:3]:
        store.discard(upload)
        store.discard(upload)


@pytest.mark.parametrize(
    "name", ["../escape", "blobs/sha256/../../etc/passwd", "/etc/passwd", "", "blobs/sha256/aa/x", "a\0b"]
)
def test_a_name_that_is_none_reaches_nothing(store: BlobStore, name):
    for look in (store.size, store.remove, store.digest_of_location, store.discard):
        with pytest.raises(ValueError, match="not a"):
            look(name)


def test_free_bytes_are_told(store: BlobStore):
    assert store.free_bytes() > 0
