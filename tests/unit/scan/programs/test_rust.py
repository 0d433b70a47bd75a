"""Crates of programs that cargo-auditable built."""

import json
import zlib

import pytest

from entrepot.errors.scanning import FileMalformed
from entrepot.scan.packages import Package
from entrepot.scan.programs.reader import READERS
from tests.factories import executables as make
from tests.factories.layer_files import MemoryFile

CRATES: list[dict[str, object]] = [
    {"name": "demo", "version": "0.1.0", "source": "local", "root": True, "dependencies": [1]},
    {"name": "itoa", "version": "1.0.9", "source": "crates.io"},
    {"name": "ryu", "version": "1.0.5", "source": "registry", "kind": "runtime"},
    {"name": "cfg-if", "version": "1.0.0", "source": "crates.io", "kind": "build"},
]
EXPECTED = [("demo", "0.1.0"), ("itoa", "1.0.9"), ("ryu", "1.0.5")]


def packages(data: bytes) -> list[Package]:
    return list(READERS[0].read(MemoryFile("usr/bin/demo", data, executable=True)))


def crates(data: bytes) -> list[tuple[str, str]]:
    return [(each.name, each.version) for each in packages(data)]


def test_crates_that_are_in_the_program_are_told():
    found = packages(make.rust(CRATES))
    assert [(each.name, each.version) for each in found] == EXPECTED
    assert {(each.type, each.path) for each in found} == {("cargo", "usr/bin/demo")}


def test_the_list_is_whole_however_the_file_is_cut():
    many: list[dict[str, object]] = [
        {"name": f"crate-{number}", "version": f"{number}.0.{number * 7919 % 1000}"} for number in range(20_000)
    ]
    for before in (0, 1024 * 1024 - 4096 - 5, 1024 * 1024 - 4096 - 600, 2 * 1024 * 1024):
        assert len(crates(make.rust(many, before=b"\0" * before))) == 20_000


def test_a_list_without_the_name_of_its_section_is_other_data():
    assert crates(make.rust(CRATES, named=False)) == []


def test_formats_that_name_their_sections_first_are_read():
    listed = zlib.compress(json.dumps({"packages": CRATES}, separators=(",", ":")).encode())
    assert crates(b"MZ" + b"\0" * 100 + b".dep-v0\0" + b"\0" * 5000 + listed) == EXPECTED


@pytest.mark.parametrize("listed", [b'{"packages":[{"name":1}]}', b'{"packages":[', b'{"packages":' + b"[" * 5000])
def test_a_list_that_is_none_is_refused(listed: bytes):
    with pytest.raises(FileMalformed, match="list of crates"):
        packages(make.elf(zlib.compress(listed), b"\0.dep-v0\0"))


def test_a_list_longer_than_may_be_is_left_out():
    bomb = zlib.compress(b'{"packages":[' + b" " * 9 * 1024 * 1024)
    assert crates(make.elf(bomb, b"\0.dep-v0\0")) == []
    assert crates(make.elf(bomb[:-20] + b"\0" * 3 * 1024 * 1024, b"\0.dep-v0\0")) == []
