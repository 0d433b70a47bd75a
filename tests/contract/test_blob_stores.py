"""What every BlobStore keeps: spools held alone, blobs never overwritten nor changed, nothing left behind."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from entrepot.errors import BlobBytesMissing, UploadBusy
from entrepot.spec.digest import Digest
from entrepot.spec.ulid import new_ulid
from entrepot.store.blobs import BlobStore
from entrepot.store.filesystem import Filesystem
from tests.factories.memory_store import MemoryStore
from tests.factories.sealed_store import SealedStore

UPLOAD = "00000000-0000-4000-8000-000000000001"
OTHER = "00000000-0000-4000-8000-000000000002"
DATA = b"some bytes"
DIGEST = Digest.of(DATA)
HOSTILE = ["", ".", "..", "../x", "/etc/passwd", "a/b", UPLOAD + "/..", UPLOAD + "\n", "\0" * 36, "A" * 36]
HOSTILE_LOCATIONS = [
    "",
    "/etc/passwd",
    "../secret.key",
    "uploads/" + UPLOAD,
    f"blobs/sha256/../{DIGEST.hex}.{new_ulid()}",
    f"blobs/sha256/{DIGEST.hex[:2]}/{DIGEST.hex}",
    f"blobs/sha256/{DIGEST.hex[:2]}/{DIGEST.hex}.{new_ulid()}\n",
]


@pytest.fixture(params=["filesystem", "memory", "filesystem, sealed", "memory, sealed"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BlobStore]:
    """An empty store; a test removes what it made, so that nothing else is left by the end."""
    if request.param.startswith("memory"):
        made: BlobStore = MemoryStore()
    else:
        directory = Filesystem(tmp_path)
        directory.prepare()
        made = directory
    if request.param.endswith("sealed"):
        made = SealedStore(made)
    yield made
    for location, _ in list(made.locations()):
        made.remove(location)
    for upload_id, _ in list(made.spools()):
        made.discard(upload_id)
    assert list(made.locations()) == []
    assert list(made.spools()) == []
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def filled(store: BlobStore, data: bytes = DATA, upload_id: str = UPLOAD) -> None:
    with store.spool(upload_id, create=True) as spool:
        spool.write(data)


def adopted(store: BlobStore, data: bytes = DATA) -> str:
    filled(store, data)
    location = store.adopt(UPLOAD, Digest.of(data), new_ulid())
    store.discard(UPLOAD)
    return location


def content(store: BlobStore, location: str, size: int) -> bytes:
    with store.open_checked(location, size) as file:
        return file.read()


def test_a_spool_goes_on_where_it_stopped(store: BlobStore):
    filled(store, b"some ")
    with store.spool(UPLOAD, create=False) as spool:
        assert spool.size() == 5
        spool.write(b"bytes")
        assert spool.size() == 10
        assert spool.digest("sha256", 0, 10) == DIGEST.hex


def test_what_a_spool_holds_is_read_beside_whoever_writes_it(store: BlobStore):
    with pytest.raises(BlobBytesMissing):
        store.peek(UPLOAD)
    with store.spool(UPLOAD, create=True) as spool:
        spool.write(b"some ")
        spool.flush()
        with store.peek(UPLOAD) as beside:
            first = beside.read()
            spool.write(b"bytes")
            spool.flush()
            beside.seek(0)
            both = beside.read()
            spool.close()
            if not isinstance(store, SealedStore):  # of which it is ciphertext
                assert (first, both) == (b"some ", DATA)
                store.adopt(UPLOAD, DIGEST, new_ulid())
            store.discard(UPLOAD)
            beside.seek(0)
            assert beside.read() == both


def test_a_spool_is_held_by_one_at_a_time(store: BlobStore):
    with store.spool(UPLOAD, create=True), pytest.raises(UploadBusy):
        store.spool(UPLOAD, create=False)
    store.spool(UPLOAD, create=False).close()


def test_spools_of_two_uploads_do_not_wait_for_each_other(store: BlobStore):
    with store.spool(UPLOAD, create=True), store.spool(OTHER, create=True) as second:
        second.write(b"x")
    assert sorted(name for name, _ in store.spools()) == [UPLOAD, OTHER]


def test_closing_a_spool_twice_frees_it_once(store: BlobStore):
    first = store.spool(UPLOAD, create=True)
    first.close()
    with store.spool(UPLOAD, create=False):
        first.close()
        with pytest.raises(UploadBusy):
            store.spool(UPLOAD, create=False)


def test_an_absent_spool_is_missing_unless_it_is_made(store: BlobStore):
    with pytest.raises(BlobBytesMissing):
        store.spool(UPLOAD, create=False)


def test_a_truncated_spool_goes_on_from_the_cut(store: BlobStore):
    with store.spool(UPLOAD, create=True) as spool:
        spool.write(b"some excess")
        spool.truncate(5)
        assert spool.size() == 5
        spool.write(b"bytes")
        assert spool.digest("sha256", 0, spool.size()) == DIGEST.hex


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize(("start", "end"), [(0, 10), (0, 0), (3, 7), (5, 10), (4, 99)])
def test_the_digest_of_a_range_is_of_the_bytes_held_there(store: BlobStore, algorithm: str, start: int, end: int):
    filled(store)
    with store.spool(UPLOAD, create=False) as spool:
        assert spool.digest(algorithm, start, end) == hashlib.new(algorithm, DATA[start:end]).hexdigest()


def test_adopted_bytes_are_there_under_their_digest(store: BlobStore):
    location = adopted(store)
    assert content(store, location, len(DATA)) == DATA
    assert store.size(location) == len(DATA)
    assert store.digest(location, "sha256") == DIGEST.hex
    assert store.digest_of_location(location) == DIGEST
    assert [name for name, _ in store.locations()] == [location]


def test_an_adopted_spool_stays_until_it_is_discarded(store: BlobStore):
    filled(store)
    store.adopt(UPLOAD, DIGEST, new_ulid())
    assert [name for name, _ in store.spools()] == [UPLOAD]
    store.discard(UPLOAD)
    store.discard(UPLOAD)
    assert list(store.spools()) == []


def test_adopting_never_overwrites(store: BlobStore):
    generation = new_ulid()
    filled(store)
    location = store.adopt(UPLOAD, DIGEST, generation)
    filled(store, b"other bytes of the same name", OTHER)
    with pytest.raises(FileExistsError):
        store.adopt(OTHER, DIGEST, generation)
    assert content(store, location, len(DATA)) == DATA


def test_two_generations_of_one_digest_live_side_by_side(store: BlobStore):
    first, second = adopted(store), adopted(store)
    assert first != second
    store.remove(first)
    assert content(store, second, len(DATA)) == DATA


def test_adopting_an_absent_spool_is_refused(store: BlobStore):
    with pytest.raises(BlobBytesMissing):
        store.adopt(UPLOAD, DIGEST, new_ulid())
    assert list(store.locations()) == []


def append(store: BlobStore) -> None:
    with store.spool(UPLOAD, create=False) as spool:
        spool.write(b" and more")
        assert spool.digest("sha256", 0, spool.size()) == hashlib.sha256(DATA + b" and more").hexdigest()


def cut(store: BlobStore) -> None:
    with store.spool(UPLOAD, create=False) as spool:
        spool.truncate(3)
        assert spool.digest("sha256", 0, spool.size()) == hashlib.sha256(DATA[:3]).hexdigest()


@pytest.mark.parametrize("change", [append, cut])
def test_a_spool_that_goes_on_never_changes_adopted_bytes(store: BlobStore, change: Callable[[BlobStore], None]):
    filled(store)
    location = store.adopt(UPLOAD, DIGEST, new_ulid())
    change(store)
    assert content(store, location, len(DATA)) == DATA


@pytest.mark.parametrize("size", [0, len(DATA) - 1, len(DATA) + 1])
def test_bytes_of_another_length_are_missing(store: BlobStore, size: int):
    location = adopted(store)
    with pytest.raises(BlobBytesMissing):
        store.open_checked(location, size)


def test_an_empty_blob_is_a_blob(store: BlobStore):
    location = adopted(store, b"")
    assert store.size(location) == 0
    assert content(store, location, 0) == b""


def test_absent_bytes_are_absent_to_every_question(store: BlobStore):
    location = adopted(store)
    store.remove(location)
    store.remove(location)
    assert store.size(location) is None
    with pytest.raises(BlobBytesMissing):
        store.open_checked(location, len(DATA))
    with pytest.raises(BlobBytesMissing):
        store.digest(location, "sha256")


def test_who_has_removed_bytes_open_keeps_them(store: BlobStore):
    location = adopted(store)
    with store.open_checked(location, len(DATA)) as file:
        store.remove(location)
        assert file.read() == DATA


def test_there_is_room(store: BlobStore):
    assert store.free_bytes() > 0


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_that_is_no_upload_id_reaches_nothing(store: BlobStore, name: str):
    for attempt in (
        lambda: store.spool(name, create=True),
        lambda: store.adopt(name, DIGEST, new_ulid()),
        lambda: store.discard(name),
    ):
        with pytest.raises(ValueError, match="not an upload id"):
            attempt()


@pytest.mark.parametrize("location", HOSTILE_LOCATIONS)
def test_a_name_that_is_no_location_reaches_nothing(store: BlobStore, location: str):
    for attempt in (
        lambda: store.open_checked(location, 1),
        lambda: store.size(location),
        lambda: store.digest(location, "sha256"),
        lambda: store.digest_of_location(location),
        lambda: store.remove(location),
    ):
        with pytest.raises(ValueError, match="not a location"):
            attempt()
