"""Laws of programs: whatever their bytes are, reading them ends, in a fact or in packages that have names."""

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from entrepot.errors.scanning import FileMalformed
from entrepot.scan.packages import Package
from entrepot.scan.programs.reader import READERS
from tests.factories import executables as make
from tests.factories.layer_files import MemoryFile

WORDS = st.text(st.characters(codec="ascii", min_codepoint=33), min_size=1, max_size=40)
LINES = ["mod\texample.org/program\t(devel)\t", "dep\ta\tv1", "=>\tb\tv2", 'build\t-ldflags="-X main.version=1.0.0"']
PROGRAMS = [
    make.go("go1.22.3", LINES),
    make.elder_go("go1.16.3", LINES),
    make.elder_go("go1.14", LINES, order=">", wide=False),
    make.rust([{"name": "demo", "version": "1.0.0"}]),
    make.elf(b"\0OpenSSL 3.0.12 24 Oct 2023\x003.12.1\0", make.build_information("go1.20", LINES)),
]
PATHS = st.sampled_from(["usr/bin/python3.12", "usr/bin/openssl", "usr/bin/redis-server", "usr/sbin/mysqld", "x"])


@dataclass(frozen=True)
class CutFile(MemoryFile):
    """A file whose pieces have other lengths than those of a walker."""

    each: int = 1024

    def chunks(self) -> Iterator[bytes]:
        for at in range(0, self.size, self.each):
            yield self.data[at : at + self.each]


def read(data: bytes, path: str = "x", each: int = 1024 * 1024) -> list[Package]:
    return list(READERS[0].read(CutFile(path, data, executable=True, each=each)))


@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=8), st.integers(200, 9000))
def test_modules_are_told_as_they_were_written_however_the_file_is_cut(known: list[tuple[str, str]], each: int):
    lines = [f"dep\texample.org/{name}\tv{version}" for name, version in known]
    expected = [(f"example.org/{name}", f"v{version}") for name, version in known]
    for program in (make.go("go1.20", lines), make.elder_go("go1.17", lines, padding=each)):
        assert [(found.name, found.version) for found in read(program, each=each)][1:] == expected


@given(st.lists(st.tuples(WORDS, WORDS), max_size=8), st.integers(200, 9000), st.binary(max_size=300))
def test_crates_are_told_as_they_were_written_however_the_file_is_cut(
    known: list[tuple[str, str]], each: int, before: bytes
):
    crates: list[dict[str, object]] = [{"name": name, "version": version} for name, version in known]
    assert [(found.name, found.version) for found in read(make.rust(crates, before=before), each=each)] == known


@given(
    st.sampled_from(PROGRAMS),
    st.lists(st.tuples(st.integers(0, 2**20), st.binary(min_size=1, max_size=8)), max_size=12),
    st.integers(0, 20_000),
    PATHS,
)
def test_damage_is_a_fact_or_packages(program: bytes, damage: list[tuple[int, bytes]], length: int, path: str):
    data = bytearray(program)
    for place, value in damage:
        at = 4 + place % len(data)  # it stays a program
        data[at : at + len(value)] = value
    try:
        found = read(bytes(data[: length or None]), path)
    except FileMalformed:
        return
    assert all(each.name and each.path == path for each in found)


@given(st.binary(max_size=3000), PATHS)
def test_any_bytes_behind_the_head_of_a_program_are_read(rubbish: bytes, path: str):
    assert all(each.name for each in read(b"\x7fELF\x02\x01" + rubbish, path))


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), st.lists, max_leaves=6))
def test_any_json_as_a_list_of_crates_is_a_fact_or_crates(value: object):
    listed = zlib.compress(b'{"packages":' + json.dumps(value).encode() + b"}")
    try:
        assert read(make.elf(listed, b".dep-v0")) == []
    except FileMalformed:
        return
