"""Zip archives, as they are and as nobody should write them."""

import io
import struct
import zipfile

import pytest

from entrepot.scan.languages.zips import LARGEST_DIRECTORY, Archive, Budget, Entry, Part, ZipRefused
from tests.factories.language_files import Content, archive

CONTENT: dict[str, Content] = {"a.txt": b"alpha" * 1000, "b/ü.txt": b"", "c": b"\0" * 100_000}


def opened(data: bytes) -> Archive:
    return Archive(Part(io.BytesIO(data), 0, len(data)), Budget())


def entries(data: bytes) -> dict[str, Entry]:
    return {each.name: each for each in opened(data).entries(lambda _: True)}


def contents(data: bytes) -> dict[str, bytes]:
    return {name: opened(data).read(entry, 1_000_000) for name, entry in entries(data).items()}


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("before", [b"", b"#!/bin/sh\nPK\5\6\n" * 10])
@pytest.mark.parametrize("comment", [b"", b"PK\5\6 a comment", b"x" * 0xFFFF])
def test_entries_are_what_was_written(compression, before, comment):
    written = io.BytesIO(archive(CONTENT, compression))
    with zipfile.ZipFile(written, "a") as made:
        made.comment = comment
    assert contents(before + written.getvalue()) == CONTENT


def test_what_a_stream_wrote_is_read_by_the_directorys_lengths():
    class Stream(io.RawIOBase):
        def __init__(self) -> None:
            self.data = b""

        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            self.data += bytes(data)  # type: ignore[call-overload]  # whatever has bytes
            return len(memoryview(data))  # type: ignore[arg-type]  # whatever has bytes

    stream = Stream()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a", b"alpha" * 100)
    assert contents(stream.data) == {"a": b"alpha" * 100}


def test_large_archives_have_their_lengths_elsewhere():
    """As zip64 has them: in the entry's extra field, and before the end."""
    data = archive({"a": b"alpha"}, zipfile.ZIP_STORED)
    start, end = data.index(b"PK\1\2"), data.index(b"PK\5\6")
    header = bytearray(data[start:end])
    header[20:28] = b"\xff" * 8
    header[42:46] = b"\xff" * 4
    header[30:32] = struct.pack("<H", 28)
    directory = bytes(header) + struct.pack("<2H3Q", 1, 24, 5, 5, 0)
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, len(directory), start)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, start + len(directory), 1)
    last = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    large = data[:start] + directory + record + locator + last
    assert contents(large) == {"a": b"alpha"}
    assert contents(b"before" + large) == {"a": b"alpha"}
    with pytest.raises(ZipRefused):
        contents(large.replace(b"PK\6\6", b"PK\6\0"))


def test_only_what_is_wanted_is_told():
    found = opened(archive(CONTENT)).entries(lambda name: name == b"c")
    assert [each.name for each in found] == ["c"]


def test_a_beginning_is_read_without_the_rest():
    data = archive(CONTENT)
    assert opened(data).beginning(entries(data)["a.txt"], 7) == b"alphaal"
    assert opened(data).beginning(entries(data)["b/ü.txt"], 7) == b""


def test_what_an_entry_says_of_itself_is_held_to():
    data = archive(CONTENT)
    entry = entries(data)["a.txt"]
    for wrong in (
        entry._replace(size=6000),
        entry._replace(at=1),
        entry._replace(at=10**12),
        entry._replace(at=-1),
        entry._replace(packed=3),
        entry._replace(method=12),
        entry._replace(flags=1),
        entry._replace(size=1_000_001),
    ):
        with pytest.raises(ZipRefused):
            opened(data).read(wrong, 1_000_000)
    assert opened(data).read(entry._replace(size=10), 100) == b"alphaalpha"


def test_a_deflated_entry_that_is_none_is_refused():
    data = archive({"a": b"\xff" * 1000}, zipfile.ZIP_STORED)
    with pytest.raises(ZipRefused, match="compressed wrongly"):
        opened(data).read(entries(data)["a"]._replace(method=8), 1_000_000)


def test_a_directory_that_is_very_long_or_lies_elsewhere_is_refused():
    end = struct.Struct("<4s4H2LH")
    for size, place in ((LARGEST_DIRECTORY + 1, 0), (100, 0), (0, 100), (22, 0xFFFFFFF0)):
        with pytest.raises(ZipRefused):
            opened(end.pack(b"PK\5\6", 0, 0, 1, 1, size, place, 0))
    with pytest.raises(ZipRefused, match="directory is broken"):
        entries(b"x" * 46 + end.pack(b"PK\5\6", 0, 0, 1, 1, 46, 0, 0))


def test_names_are_text_and_those_that_are_very_long_are_not_told():
    assert list(entries(archive({"n" * 1024: "", "m" * 1025: "", "a\nb\u202e": ""}))) == ["n" * 1024, "a\ufffdb\ufffd"]
