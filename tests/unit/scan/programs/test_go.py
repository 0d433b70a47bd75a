"""Go programs tell what they are built of: in the form of each age, wherever in the file, and nothing else does."""

from collections.abc import Iterator

import pytest

from entrepot.scan.packages import Package
from entrepot.scan.programs.reader import READERS
from tests.factories import executables as make
from tests.factories.layer_files import MemoryFile

LINES = [
    "path\texample.org/program/cmd/serve",
    "mod\texample.org/program\tv1.4.0\th1:abc=",
    "dep\tgolang.org/x/sys\tv0.1.0\th1:def=",
    "dep\texample.org/forked\tv1.0.0",
    "=>\texample.org/fork\tv1.0.1\th1:ghi=",
    "dep\texample.org/local\tv0.0.0",
    "=>\t./staging/local\t(devel)\t",
    "build\t-compiler=gc",
]
EXPECTED = [
    ("stdlib", "v1.22.3"),
    ("golang.org/x/sys", "v0.1.0"),
    ("example.org/fork", "v1.0.1"),
    ("example.org/local", ""),
    ("example.org/program", "v1.4.0"),
]


def packages(data: bytes, path: str = "usr/bin/serve") -> list[Package]:
    return list(READERS[0].read(MemoryFile(path, data, executable=True)))


def modules(data: bytes) -> list[tuple[str, str]]:
    return [(each.name, each.version) for each in packages(data)]


def main(*lines: str) -> str:
    found = dict(modules(make.go("go1.22.3", ["path\tp", *lines])))
    return found["example.org/program"]


def test_a_program_tells_its_modules_and_the_standard_library():
    found = packages(make.go("go1.22.3", LINES))
    assert [(each.name, each.version) for each in found] == EXPECTED
    assert {(each.type, each.path) for each in found} == {("golang", "usr/bin/serve")}


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("wide", [True, False])
def test_a_program_of_an_elder_go_tells_the_same(order: str, wide: bool):
    expected = [("stdlib", "v1.16.3"), *EXPECTED[1:]]
    assert modules(make.elder_go("go1.16.3", LINES, order=order, wide=wide)) == expected


def test_what_pointers_name_is_found_in_any_piece_of_the_file():
    for padding in (1024 * 1024 - 4096 - 20, 1024 * 1024 - 4096 - 5 - 20, 2 * 1024 * 1024 + 17):
        assert modules(make.elder_go("go1.16.3", LINES, padding=padding))[0] == ("stdlib", "v1.16.3")
        assert len(modules(make.elder_go("go1.16.3", LINES, padding=padding))) == len(EXPECTED)


def test_build_information_is_whole_however_the_file_is_cut():
    long = [*LINES[:2], *(f"dep\texample.org/module-{number}\tv1.0.0" for number in range(40_000))]
    for before in (0, 1024 * 1024 - 4096 - 4096, 1024 * 1024 - 4096 - 16, 3 * 1024 * 1024):
        assert len(modules(make.go("go1.22.3", long, before=b"x" * before))) == 40_002


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ("go1.22.3", "v1.22.3"),
        ("go1.22.3 X:boringcrypto", "v1.22.3"),
        ("go1.24.4 (Red Hat 1.24.4-1.el9)", "v1.24.4"),
        ("go1.23rc1", "v1.23rc1"),
    ],
)
def test_the_standard_library_has_the_version_of_go(version: str, told: str):
    assert modules(make.go(version)) == [("stdlib", told)]


def test_a_go_of_no_release_has_no_version():
    assert modules(make.go("devel go1.23-a1b2c3 Mon Jan 1", LINES)) == EXPECTED[1:]


def test_a_program_inside_a_program_is_not_the_program():
    inner = make.go("go1.2.3", ["path\tp", "mod\texample.org/inner\tv9.9.9\t"])
    outer = make.go("go1.22.3", LINES, before=inner)
    assert modules(outer) == EXPECTED


def test_the_words_that_programs_about_programs_hold_are_no_build_information():
    words = b"\xff Go buildinf:\x08\x02".ljust(32, b"\0") + b"\x05hello" + b"\xff Go buildinf:not an executable"
    assert modules(make.go("go1.22.3", LINES, before=words)) == EXPECTED
    assert modules(make.elf(words, words)) == []


def test_other_formats_than_elf_are_read():
    for head in (b"MZ", b"\xcf\xfa\xed\xfe"):
        assert modules(head.ljust(512, b"\0") + make.build_information("go1.22.3", LINES)) == EXPECTED


def test_an_unstamped_main_module_has_the_version_that_the_linker_set():
    unknown = "mod\texample.org/program\t(devel)\t"
    assert main(unknown) == ""
    assert main(unknown, "build\t-ldflags=-s -w -X main.version=1.2.3") == "1.2.3"
    assert main(unknown, 'build\t-ldflags="-X \'main.version=v1.2.3\' -extldflags \\"-static\\""') == "v1.2.3"
    assert main(unknown, "build\t-ldflags=-X=example.org/program/pkg/version.gitVersion=v1.2.3") == "v1.2.3"
    assert main(unknown, "build\t-ldflags=-X main.version=nightly") == ""
    assert main(unknown, "build\t-ldflags=-X main.commit=1.2.3") == ""
    assert main(unknown, "build\t-ldflags=-X 'main.version=1.2.3") == ""


def test_the_variable_that_tells_most_wins_and_two_that_differ_tell_nothing():
    unknown = "mod\texample.org/program\t(devel)\t"
    flags = "build\t-ldflags=-X example.org/other.Version=9.9.9 -X main.version=1.2.3"
    assert main(unknown, flags) == "1.2.3"
    assert main(unknown, flags + " -X example.org/program/cmd/a/b.version=4.5.6") == "4.5.6"
    assert main(unknown, flags + " -X cmd.version=3.2.1") == ""
    assert main(unknown, flags + " -X cmd.version=1.2.3") == "1.2.3"


def test_a_stamp_wins_over_the_linker_unless_it_is_of_no_release():
    flags = "build\t-ldflags=-X main.version=1.2.3"
    assert main("mod\texample.org/program\tv2.0.0\t", flags) == "v2.0.0"
    assert main("mod\texample.org/program\tv0.0.0-20250422202024-9eeb4a7a08b6+dirty\t", flags) == "1.2.3"
    assert main("mod\texample.org/program\tv0.0.0-20250422202024-9eeb4a7a08b6\t").startswith("v0.0.0-2025")


def test_lines_that_are_cut_off_tell_nothing():
    assert modules(make.go("go1.22.3", ["mod", "dep\tonly", "=>\tx\tv1", "dep\t\t(devel)", "", "build"])) == [
        ("stdlib", "v1.22.3")
    ]


def test_what_is_known_early_ends_the_reading():
    class Counted(MemoryFile):
        def chunks(self) -> Iterator[bytes]:
            for chunk in super().chunks():
                read.append(len(chunk))
                yield chunk

    read: list[int] = []
    data = make.go("go1.22.3", LINES) + b"\0" * 5 * 1024 * 1024
    assert len(list(READERS[0].read(Counted("usr/bin/serve", data, executable=True)))) == len(EXPECTED)
    assert len(read) == 1


def test_a_file_that_is_no_program_is_not_read():
    assert packages(b"#!/bin/sh\n" + make.build_information("go1.22.3")) == []
