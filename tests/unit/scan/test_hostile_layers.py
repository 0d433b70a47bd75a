"""Layers made to hurt are stopped, and what stops them says why. Nothing takes long, or much room."""

import bz2
import gzip
import itertools
import lzma
import tarfile
import tracemalloc
from collections.abc import Callable, Iterator

import pytest
import zstandard

from entrepot.errors.scanning import BudgetExceeded, LayerMalformed
from entrepot.scan.budgets import Budgets, Meter
from entrepot.scan.decompression import unpacked
from entrepot.scan.pieces import Pieces
from entrepot.scan.tar import walk
from tests.factories.tars import clock, file, layer, link, made, said, symlink, tar

MIB = 1024 * 1024


def header(path: str, kind: bytes = tarfile.REGTYPE, size: int = 0) -> bytes:
    info, _ = made(path, kind)
    info.size = size
    return info.tobuf(tarfile.GNU_FORMAT)


def peak(work: Callable[[], object]) -> int:
    """The most bytes that were held at once."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def count(chunks: Iterator[bytes], budgets: Budgets | None = None) -> int:
    meter = Meter(budgets or Budgets(), clock())
    return sum(1 for _ in walk(Pieces(unpacked(chunks, meter)), meter))


def test_more_entries_than_two_million_are_too_many(full):
    most = Budgets().entries if full else 50_000
    many = header("a") * 1000
    with pytest.raises(BudgetExceeded, match=f"entries than the {most}"):
        count(itertools.repeat(many), Budgets(entries=most))
    assert Budgets().entries == 2_000_000


def test_entries_without_end_take_no_room():
    many = header("some/folder/file") * 1000
    assert peak(lambda: count(itertools.repeat(many, 5))) < MIB


def test_extended_headers_have_a_longest():
    for kind in (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK):
        with pytest.raises(BudgetExceeded, match="extended header than the 1048576"):
            count(iter([header("x", kind, MIB + 1)]))


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_extended_headers_without_end_are_stopped(kind):
    record = b"11 path=aa\n"
    extended = header("x", kind, len(record)) + record.ljust(512, b"\0")
    with pytest.raises(BudgetExceeded, match="entries"):
        count(itertools.repeat(extended * 100), Budgets(entries=20_000))


def test_a_large_extended_header_is_read_once_from_front_to_back():
    records = b"7 a=bc\n" * (MIB // 7)
    data = header("x", tarfile.XHDTYPE, len(records)) + records + bytes(-len(records) % 512) + header("a")
    assert count(iter([data])) == 1


def test_a_map_of_a_sparse_file_without_end_is_stopped():
    start = bytearray(header("s", tarfile.GNUTYPE_SPARSE))
    start[482] = 1
    start[148:156] = b" " * 8
    start[148:156] = b"%06o\0 " % sum(start)
    more = (b"%011o\0%011o\0" % (1, 1) * 21).ljust(504, b"\0") + b"\1" + bytes(7)
    with pytest.raises(BudgetExceeded, match="entries"):
        count(itertools.chain([bytes(start)], itertools.repeat(more * 100)), Budgets(entries=20_000))


def test_a_file_that_claims_more_than_there_is_takes_no_room():
    claims = header("list", size=8 * 1024**3 - 1)

    def read() -> None:
        with pytest.raises(LayerMalformed, match="middle of an entry"):
            count(iter([claims, b"x"]))

    assert peak(read) < MIB


def test_a_file_that_is_read_is_held_once():
    large = [header("list", size=40 * MIB), *itertools.repeat(bytes(MIB // 4), 160)]

    def read() -> None:
        meter = Meter(Budgets(), clock())
        for entry in walk(Pieces(unpacked(iter(large), meter)), meter):
            assert len(entry.read(64 * MIB)) == 40 * MIB

    assert peak(read) < 60 * MIB


def test_a_bomb_is_stopped_before_the_file_in_it_ends():
    for pack in (gzip.compress, bz2.compress, lzma.compress, zstandard.compress):
        bomb = pack(header("list", size=8 * 1024**3 - 1)) + pack(bytes(MIB)) * 200
        with pytest.raises(BudgetExceeded, match="for each packed one"):
            layer(bomb)


def test_what_follows_the_end_counts_too():
    zeros = gzip.compress(bytes(MIB))
    with pytest.raises(BudgetExceeded, match="for each packed one"):
        layer(gzip.compress(tar(file("a"))) + zeros * 200)
    with pytest.raises(LayerMalformed, match="cut short"):
        layer(gzip.compress(tar(file("a")))[:-3])


def test_links_in_a_circle_end():
    names = [f"folder/{each}/list" for each in range(2000)]
    circle = tar(*(link(name, names[place - 1]) for place, name in enumerate(names)))
    found = layer(circle)
    assert found.packages == []
    assert set(found.unread) == set(names)


def test_many_links_to_one_file_are_read_in_one_more_pass():
    names = [f"folder/{each}/list" for each in range(500)]
    found = layer(tar(file("store", "x 1"), *(link(name, "store") for name in names)))
    assert said(found) == {name: ["x 1"] for name in names}


def test_paths_that_try_to_leave_are_nowhere():
    found = layer(
        tar(
            file("../../etc/list", "x 1"),
            file("/etc/list", "y 1"),
            file("a/../../list", "x 1"),
            symlink("out", "/etc"),
            file("out/list", "z 1"),
            link("b/list", "/etc/passwd"),
            link("c/list", "../../etc/passwd"),
            file("../.wh.list"),
        )
    )
    assert said(found) == {"etc/list": ["y 1"], "out/list": ["z 1"]}
    assert set(found.unread) == {"../../etc/list", "a/../../list", "../.wh.list", "b/list", "c/list"}
    assert found.removed == []


def test_folders_without_end_take_no_room():
    deep = tar(
        *(file(f"{'d/' * 2000}{each}/list") for each in range(3)),
        *(file(f"{each}{'/d' * 2000}/list") for each in range(30)),
    )
    with pytest.raises(BudgetExceeded, match="characters of inventory"):
        layer(deep)
