"""Archives of every form are read as they were written, and what runtimes refuse is refused."""

import io
import tarfile

import pytest

from entrepot.errors.scanning import BudgetExceeded, FileMalformed, FileTooLarge, LayerMalformed
from entrepot.scan.budgets import Budgets
from entrepot.scan.tar_headers import number
from tests.factories import tars
from tests.factories.tars import contents, entries, file, tar

FORMS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]
LONG = "/".join(["a-folder-with-a-name"] * 20 + ["file"])


def header(path: bytes = b"a", size: bytes = b"0", flag: bytes = b"0", rest: bytes = b"", magic: bytes = b"") -> bytes:
    """A header made by hand: `magic` from 257, `rest` from 345."""
    block = bytearray(512)
    block[: len(path)] = path
    block[100:108] = b"0000644\0"
    block[124 : 124 + len(size)] = size
    block[148:156] = b" " * 8
    block[156:157] = flag
    block[257 : 257 + len(magic)] = magic
    block[345 : 345 + len(rest)] = rest
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 512)


@pytest.mark.parametrize("form", FORMS)
def test_each_form_comes_back(form):
    files = {f"folder-{size}/file": b"x" * size for size in (0, 1, 511, 512, 513, 100_000)}
    data = tar(*(file(path, content) for path, content in files.items()), form=form)
    assert contents(data) == files
    assert contents(tars.cut(data, 700)) == files
    assert contents(tars.cut(data, 1)) == files


@pytest.mark.parametrize("form", FORMS[1:])
def test_long_names_and_targets_come_back(form):
    found = list(entries(tar(file(LONG, "x"), tars.link(LONG + "-link", LONG), file("next"), form=form)))
    assert [(entry.path, entry.target) for entry in found] == [(LONG, ""), (LONG + "-link", LONG), ("next", "")]


def test_the_prefix_of_ustar_is_a_part_of_the_name():
    name = f"{'p' * 120}/{'n' * 90}"
    assert list(contents(tar(file(name), form=tarfile.USTAR_FORMAT))) == [name]
    assert list(contents(header(b"name", magic=b"ustar  \0", rest=b"12345"))) == ["name"]  # GNU has times there


def test_each_kind_is_told():
    found = tar(
        tars.directory("d"), file("f"), tars.link("l", "f"), tars.symlink("s", "f"), tars.made("p", tarfile.FIFOTYPE)
    )
    assert [entry.kind.value for entry in entries(found)] == ["directory", "file", "link", "other", "other"]
    assert [entry.kind.value for entry in entries(header(b"old/", flag=b"\0") + header(b"old", flag=b"\0"))] == [
        "directory",
        "file",
    ]
    volume = header(b"volume", flag=b"V") + header(b"dump", size=b"3", flag=b"D") + padded(b"Ya\0") + header(b"b")
    assert [entry.kind.value for entry in entries(volume)] == ["unknown", "unknown", "file"]


def test_kinds_without_data_have_none_whatever_they_say():
    data = (
        header(b"d", size=b"00000001000\0", flag=b"5") + header(b"l", size=b"00000001000\0", flag=b"1") + header(b"f")
    )
    assert [entry.path for entry in entries(data)] == ["d", "l", "f"]


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("./a//b", "a/b"),
        ("/etc/./x/", "etc/x"),
        ("a/b//", "a/b"),
        ("././a/.b/..c/.", "a/.b/..c"),
        (".hidden", ".hidden"),
        ("./", ""),
        ("..data/x", "..data/x"),
    ],
)
def test_paths_are_normalised(written, path):
    assert [entry.path for entry in entries(tar(file(written)))] == [path]


@pytest.mark.parametrize("written", ["../x", "a/../../x", "/..", "a/..", "a/../b"])
def test_paths_that_go_up_are_outside(written):
    found = [(entry.path, entry.kind.value) for entry in entries(tar(file(written), file("next")))]
    assert found == [(written, "outside"), ("next", "file")]


def test_names_that_are_no_text_are_told_apart():
    assert list(contents(header(b"a\xff") + header(b"a\xfe"))) == ["a\\xff", "a\\xfe"]


def test_records_of_all_entries_hold_until_they_are_said_anew():
    data = tar(file("a"), file("b"), pax={"comment": "of git"})
    assert list(contents(data)) == ["a", "b"]
    said = padded(b"13 path=said\n")
    data = header(b"g", size=b"00000000015\0", flag=b"g") + said + header(b"a") + header(b"b")
    assert [entry.path for entry in entries(data)] == ["said", "said"]
    own = header(b"x", size=b"00000000014\0", flag=b"x") + padded(b"12 path=own\n")
    found = header(b"g", size=b"00000000015\0", flag=b"g") + said + own + header(b"a") + header(b"b")
    assert [entry.path for entry in entries(found)] == ["own", "said"]


def test_sizes_of_many_gigabytes_are_read():
    assert number(b"\x80" + bytes(6) + b"\x02\x00\x00\x00\x00") == 8 * 1024**3
    assert number(b"77777777777\0") == number(b"777777777777") // 8 == 8 * 1024**3 - 1
    data = header(b"big", size=b"\x80" + bytes(7) + b"\x00\x00\x02\x01") + padded(b"y" * 513) + header(b"next")
    assert contents(data) == {"big": b"y" * 513, "next": b""}


@pytest.mark.parametrize(
    "field", [b"\xff" * 12, b"\xc0" + bytes(11), b"\x80" + b"\xff" * 11, b"12x\0", b"89\0", b"-1\0"]
)
def test_numbers_that_are_none_are_malformed(field):
    with pytest.raises(LayerMalformed, match="a number of a header"):
        number(field)


def test_blank_numbers_are_zero():
    assert number(bytes(12)) == number(b"  \0" + bytes(9)) == number(b" 0 \0") == 0


def test_sums_of_signed_bytes_are_right_too():
    block = bytearray(header("ä".encode()))
    block[148:156] = b"%06o\0 " % (int(block[148:154], 8) - 2 * 256)
    assert list(contents(bytes(block))) == ["ä"]


@pytest.mark.parametrize("at", [0, 100, 124, 148, 156, 511])
def test_a_wrong_checksum_is_malformed(at):
    data = bytearray(tar(file("a", "x")))
    data[at] ^= 1
    with pytest.raises(LayerMalformed, match="checksum"):
        contents(bytes(data))


def test_an_archive_ends_with_zeros_or_between_two_entries():
    data = header(b"a", size=b"00000000003\0") + padded(b"abc")
    assert contents(data) == contents(data + bytes(512)) == contents(data + bytes(1024)) == {"a": b"abc"}
    assert contents(data[: 512 + 3]) == {"a": b"abc"}
    assert contents(data + bytes(1024) + header(b"b")) == {"a": b"abc"}
    assert contents(b"") == {}


@pytest.mark.parametrize("end", [1, 511, 512 + 2, 1024 + 1, 1024 + 511])
def test_an_end_elsewhere_is_malformed(end):
    data = header(b"a", size=b"00000000003\0") + padded(b"abc") + header(b"b")
    with pytest.raises(LayerMalformed, match="ends in the middle"):
        contents(data[:end])
    with pytest.raises(LayerMalformed, match="ends in the middle"):
        list(entries(data[:end]))


def test_a_single_block_of_zeros_between_is_malformed():
    with pytest.raises(LayerMalformed, match="a block of zeros"):
        contents(header(b"a") + bytes(512) + header(b"b"))


@pytest.mark.parametrize(
    "records",
    [
        b"8 path=a\n",
        b"0 path=a\n",
        b"99 path=a\n",
        b"path=a\n",
        b"x path=a\n",
        b"8 path=a",
        b"7 path\n",
        b"14 size=minus\n",
    ],
)
def test_records_that_are_none_are_malformed(records):
    data = header(b"x", size=b"%011o\0" % len(records), flag=b"x") + padded(records) + header(b"a")
    with pytest.raises(LayerMalformed):
        contents(data)


def test_a_path_with_a_nul_is_malformed():
    records = b"12 path=a\0b\n"
    with pytest.raises(LayerMalformed, match="NUL"):
        contents(header(b"x", size=b"%011o\0" % len(records), flag=b"x") + padded(records) + header(b"a"))


def test_paths_and_entries_have_budgets():
    with pytest.raises(BudgetExceeded, match="bytes in a path than the 4096"):
        contents(tar(file("ä" * 2049)))
    with pytest.raises(BudgetExceeded, match="entries than the 3"):
        list(entries(tar(*(file(f"f{each}") for each in range(4))), Budgets(entries=3)))


# ---------------------------------------------------------------- reading
def test_a_file_is_looked_at_before_it_is_read():
    data = tar(file("a", b"abc" * 3_000), file("b", b"x"))
    for size in (1, 513, 100_000):
        first, second = None, None
        for entry in entries(tars.cut(data, size)):
            assert entry.start(4) == (b"abca" if entry.path == "a" else b"x")
            assert len(entry.start(4096)) == (4096 if entry.path == "a" else 1)
            first, second = (entry.read(), second) if entry.path == "a" else (first, b"".join(entry.chunks()))
        assert (first, second) == (b"abc" * 3_000, b"x")


def test_what_is_half_read_is_passed_over():
    data = tar(file("a", b"a" * 3_000_000), file("b", b"b"))
    assert [next(entry.chunks())[:1] for entry in entries(data)] == [b"a", b"b"]


def test_a_file_that_is_too_large_is_refused_and_passed_over():
    for entry in entries(tar(file("a", b"abc"), file("b"))):
        if entry.path == "a":
            with pytest.raises(FileTooLarge, match="a has 3 bytes: more than the 2"):
                entry.read(2)
            with pytest.raises(FileTooLarge):
                entry.opened(2)


@pytest.mark.parametrize("size", [3, 33 * 1024 * 1024])
def test_an_opened_file_can_be_sought_in(size):
    for entry in entries(tar(file("a", b"." * size + b"end"), file("b", b"b"))):
        if entry.path == "a":
            opened = entry.opened()
            assert opened.seek(-3, io.SEEK_END) == size
            assert opened.read() == b"end"
        else:
            assert entry.read() == b"b"


@pytest.mark.parametrize(("mode", "executable"), [(0o644, False), (0o755, True), (0o4711, True), (0o001, True)])
def test_whoever_may_execute_it_makes_it_executable(mode, executable):
    assert [entry.executable for entry in entries(tar(file("a", mode=mode)))] == [executable]


# ---------------------------------------------------------------- sparse files
def old_sparse(segments: list[tuple[int, int]], real: int, data: bytes) -> bytes:
    fields = b"".join(b"%011o\0%011o\0" % segment for segment in segments[:4]).ljust(96, b"\0")
    more = segments[4:]
    rest = bytes(41) + fields + bytes([bool(more)]) + b"%011o\0" % real
    found = header(b"s", size=b"%011o\0" % len(data), flag=b"S", magic=b"ustar  \0", rest=rest)
    while more:
        fields = b"".join(b"%011o\0%011o\0" % segment for segment in more[:21]).ljust(504, b"\0")
        more = more[21:]
        found += padded(fields + bytes([bool(more)]))
    return found + padded(data)


def new_sparse(version: str, map_of: str, real: int, data: bytes) -> bytes:
    major = version.partition(".")[0]
    said = {
        "GNU.sparse.major": major,
        "GNU.sparse.minor": version[-1],
        "GNU.sparse.name": "s",
        "GNU.sparse.map": map_of,
    }
    info, _ = file("GNUSparseFile.0/s")
    info.size = len(data)
    info.pax_headers = said | {"GNU.sparse.realsize": str(real)}
    return tar((info, data))


@pytest.mark.parametrize("count", [1, 4, 5, 30])
def test_sparse_files_are_filled_with_zeros(count):
    segments = [(1000 * each, 3) for each in range(count)]
    real = 1000 * count + 500
    stored = b"abc" * count
    expected = b"".join(b"abc" + bytes(997) for _ in range(count)) + bytes(500)
    lines = padded("\n".join(map(str, [count, *(number for each in segments for number in each), ""])).encode())
    written = ",".join(f"{offset},{length}" for offset, length in segments)
    for data in (
        old_sparse(segments, real, stored),
        new_sparse("1.0", "", real, lines + stored),
        new_sparse("0.1", written, real, stored),
    ):
        for entry in entries(data):
            assert (entry.path, entry.size) == ("s", real)
            assert entry.start(5) == b"abc\0\0"
            assert entry.read() == expected
        assert [entry.path for entry in entries(data)] == ["s"]


@pytest.mark.parametrize(
    "data",
    [
        old_sparse([(0, 3), (1, 2)], 10, b"abcde"),
        old_sparse([(0, 30)], 10, b"abc"),
        old_sparse([(0, 5)], 10, b"abc"),
        new_sparse("1.0", "", 10, b"x\n" * 256),
        new_sparse("1.0", "", 10, b"9" * 512),
        new_sparse("1.0", "", 10, padded(b"200000\n")),
        new_sparse("0.0", "", 10, b"abc"),
        new_sparse("0.1", "0,1,2", 10, b"abc"),
    ],
)
def test_a_sparse_file_with_a_broken_map_is_malformed_alone(data):
    for entry in entries(padded(data.rstrip(b"\0")) + header(b"next")):
        if entry.path == "s":
            with pytest.raises(FileMalformed):
                entry.read()
        else:
            assert entry.path == "next"


def test_a_sparse_program_that_is_broken_is_unread():
    broken = bytearray(old_sparse([(0, 30)], 10, b"abc"))
    broken[100:108] = b"0000755\0"
    broken[148:156] = b" " * 8
    broken[148:156] = b"%06o\0 " % sum(broken[:512])
    found = tars.layer(bytes(broken) + tar(file("list", "x 1")))
    assert tars.said(found) == {"list": ["x 1"]}
    assert found.unread == {"s": "s cannot be read: the map of a sparse file is broken"}


def test_zeros_that_are_not_stored_count_as_unpacked():
    for entry in entries(old_sparse([(0, 3)], 8 * 1024**3 - 1, b"abc"), Budgets(unpacked=10_000_000)):
        with pytest.raises(BudgetExceeded, match="bytes unpacked"):
            for _ in entry.chunks():
                pass
        break
