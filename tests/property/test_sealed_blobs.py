"""Encrypted blobs: any range is what was written, however it came; no changed, moved or missing byte is ever read."""

import io
import os
import tempfile
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.errors import BlobBytesMissing
from entrepot.seal.chunks import ChunkCipher
from entrepot.spec.digest import Digest
from entrepot.spec.ulid import new_ulid
from entrepot.store import sealed
from entrepot.store.filesystem import Filesystem
from tests.factories.memory_store import MemoryStore

UPLOAD = "00000000-0000-4000-8000-000000000001"
CHUNK, MORE, END = sealed.CHUNK, 28, 68
CIPHER, OTHER = ChunkCipher(bytes(32)), ChunkCipher(bytes([1]) * 32)
SEED = os.urandom(4099)
# lengths around the edges of chunks
LENGTHS = st.one_of(
    st.integers(0, 200),
    st.builds(lambda chunks, more: max(0, chunks * CHUNK + more), st.integers(1, 3), st.integers(-30, 30)),
)


def content(length: int) -> bytes:
    return (SEED * (length // len(SEED) + 1))[:length]


def written(data: bytes, cuts: list[int], cipher: ChunkCipher = CIPHER) -> tuple[MemoryStore, str]:
    """A store with a blob whose upload came in pieces, each by a request of its own."""
    store, at = MemoryStore(), 0
    for end in [*sorted(cuts), len(data)]:
        with store.spool(UPLOAD, create=True, cipher=cipher) as spool:
            assert spool.size() == at
            spool.write(data[at:end])
            spool.flush()
        at = end
    digest = Digest.of(data)
    with store.spool(UPLOAD, create=False, cipher=cipher) as spool:
        assert spool.digest("sha256", 0, len(data)) == digest.hex
        spool.finish(digest)
    return store, store.adopt(UPLOAD, digest, new_ulid(), sealed=True)


def opened(store: MemoryStore, location: str, data: bytes, cipher: ChunkCipher = CIPHER) -> BinaryIO:
    return sealed.opened(store.open_checked(location, len(data)), cipher, Digest.of(data), len(data))


@given(LENGTHS, st.data())
def test_any_range_is_what_was_written(length: int, drawn: st.DataObject):
    data = content(length)
    store, location = written(data, drawn.draw(st.lists(st.integers(0, length), max_size=4)))
    assert store.size(location) == length
    assert len(store.files[location]) == sealed.stored_size(location, length)
    with opened(store, location, data) as file:
        for start, count in drawn.draw(st.lists(st.tuples(st.integers(0, length + 5), st.integers(0, length + 5)))):
            file.seek(start)
            assert file.read(count) == data[start : start + count]


@given(LENGTHS.filter(bool), st.data())
def test_no_changed_byte_is_read(length: int, drawn: st.DataObject):
    data = content(length)
    store, location = written(data, [])
    held = bytearray(store.files[location])
    at = drawn.draw(st.integers(0, len(held) - 1))
    held[at] ^= drawn.draw(st.integers(1, 255))
    store.files[location] = bytes(held)
    with pytest.raises(BlobBytesMissing), opened(store, location, data) as file:
        file.read()


@given(st.integers(0, 2), st.integers(0, 2))
def test_records_in_another_order_are_not_read(first: int, second: int):
    data = content(3 * CHUNK)
    store, location = written(data, [])
    held, size = store.files[location], CHUNK + MORE
    records = [held[at : at + size] for at in range(0, 3 * size, size)]
    records[first], records[second] = records[second], records[first]
    store.files[location] = b"".join(records) + held[3 * size :]
    with opened(store, location, data) as file:
        if first == second:
            assert file.read() == data
        else:
            with pytest.raises(BlobBytesMissing):
                file.read()


@pytest.mark.parametrize("length", [CHUNK, 2 * CHUNK, 2 * CHUNK + 1])
def test_what_is_cut_off_at_the_edge_of_a_record_is_not_a_shorter_blob(length: int):
    data = content(length)
    store, location = written(data, [])
    held, size = store.files[location], CHUNK + MORE
    shorter = (length - 1) // CHUNK * CHUNK
    store.files[location] = held[: shorter // CHUNK * size] + held[-END:]
    assert store.size(location) == shorter
    with pytest.raises(BlobBytesMissing):
        sealed.opened(store.open_checked(location, shorter), CIPHER, Digest.of(data), shorter)


def test_a_blob_in_the_place_of_another_is_not_read():
    one, other = content(100), content(101)[1:]
    (store, location), (second, elsewhere) = written(one, []), written(other, [])
    store.files[location] = second.files[elsewhere]
    with pytest.raises(BlobBytesMissing):
        opened(store, location, one)
    store.files[location] = written(one, [], OTHER)[0].files.popitem()[1]
    with pytest.raises(BlobBytesMissing):
        opened(store, location, one)


@given(st.integers(0, 3 * CHUNK), st.data())
def test_an_upload_goes_on_from_any_cut_whatever_was_written_beyond(length: int, drawn: st.DataObject):
    """What a request that was killed left behind: bytes beyond, the last record half written, or an end."""
    data, store = content(length), MemoryStore()
    cut = drawn.draw(st.integers(0, length))
    with store.spool(UPLOAD, create=True, cipher=CIPHER) as spool:
        spool.write(data[:cut])
        spool.flush()
        kept = len(store.spools_[UPLOAD]) // (CHUNK + MORE) * (CHUNK + MORE)
        match drawn.draw(st.sampled_from(["beyond", "finished", "torn"])):
            case "beyond":
                spool.write(content(drawn.draw(LENGTHS)))
                spool.flush()
            case "finished":
                spool.finish(Digest.of(data[:cut]))
            case "torn":
                spool.write(content(CHUNK))
                spool.flush()
                del store.spools_[UPLOAD][kept + CHUNK + MORE + drawn.draw(st.integers(0, 40)) :]
    with store.spool(UPLOAD, create=False, cipher=CIPHER) as spool:
        assert spool.size() >= cut
        spool.truncate(cut)
        spool.write(data[cut:])
        spool.finish(Digest.of(data))
    location = store.adopt(UPLOAD, Digest.of(data), new_ulid(), sealed=True)
    with opened(store, location, data) as file:
        assert file.read() == data


@given(LENGTHS)
def test_nothing_of_the_text_is_in_the_file_of_an_upload(length: int):
    data = content(length)
    with tempfile.TemporaryDirectory() as folder:
        store = Filesystem(Path(folder))
        store.prepare()
        with store.spool(UPLOAD, create=True, cipher=CIPHER) as spool:
            spool.write(data)
            spool.flush()
            held = (Path(folder) / "uploads" / UPLOAD).read_bytes()
        assert not any(data[at : at + 16] in held for at in range(0, length - 16, CHUNK // 3))


def test_what_is_decrypted_is_no_file_to_the_kernel():
    store, location = written(b"text", [])
    with opened(store, location, b"text") as file, pytest.raises(io.UnsupportedOperation):
        file.fileno()
