"""What a layer tells of itself: packages, systems, and what it takes from the layers below."""

import gzip
import io
from typing import cast

import msgspec
import pytest

from entrepot.errors.scanning import BudgetExceeded, LayerMalformed
from entrepot.scan.budgets import Budgets
from entrepot.scan.files import File, Reader
from entrepot.scan.packages import Layer, Package
from tests.factories.tars import (
    READERS,
    Unseekable,
    directory,
    file,
    layer,
    link,
    said,
    symlink,
    tar,
)

ELF = b"\x7fELF"


def test_files_are_read_by_name_by_ending_and_by_what_they_begin_with():
    found = layer(
        tar(
            file("a/list", "x 1\ny 2\n"),
            file("b/some.lst", "z 3"),
            file("usr/bin/program", ELF + b"go", 0o755),
            file("usr/bin/script", "#!/bin/sh", 0o755),
            file("usr/share/data", ELF + b"no", 0o644),
            file("readme", "list"),
        )
    )
    assert said(found) == {"a/list": ["x 1", "y 2"], "b/some.lst": ["z 3"], "usr/bin/program": ["go 1"]}
    assert found.read == ["usr/bin/script"]
    assert found.unread == {}


def test_it_is_the_same_packed_or_not():
    data = tar(file("a/list", "x 1"), file("etc/alpine-release", "3.20.1\n"))
    assert layer(gzip.compress(data)) == layer(data)


def test_whiteouts_are_told_and_are_no_files():
    found = layer(
        tar(
            file("a/.wh.list"),
            file(".wh.top"),
            file("b/.wh..wh..opq"),
            file(".wh..wh..opq"),
            file(".wh..wh.plnk/list", "x 1"),
            file(".wh..wh.aufs"),
            file("c/.wh."),
            file("c/.wh..."),
            file("c/.wh..hidden"),
        )
    )
    assert found.removed == ["a/list", "top", "c/.hidden"]
    assert found.emptied == ["b", ""]
    assert said(found) == {".wh..wh.plnk/list": ["x 1"]}


def test_what_takes_the_place_of_files_and_folders_is_told():
    found = layer(tar(symlink("lib", "usr/lib"), directory("a/list"), directory("b"), link("c", "lib")))
    assert found.replaced == ["lib", "c"]
    assert found.folders == ["a/list"]


def test_later_entries_of_an_archive_replace_earlier_ones():
    found = layer(
        tar(
            file("a/list", "old 1"),
            file("a/list", "new 2"),
            file("b/list", "gone 1"),
            symlink("b/list", "x"),
            file("c/list", "gone 1"),
            file("c/d/list", "gone 1"),
            symlink("c", "x"),
            symlink("e", "x"),
            file("e/list", "kept 1"),
            directory("f"),
            file("f/list", "kept 1"),
            directory("f"),
        )
    )
    assert said(found) == {"a/list": ["new 2"], "e/list": ["kept 1"], "f/list": ["kept 1"]}


def test_what_cannot_be_read_is_told_and_the_rest_goes_on():
    found = layer(
        tar(
            file("a/list", "x 1\nbroken\ny 2"),
            file("b/list", b" " * (16 * 1024 * 1024 + 1)),
            file("../c/list", "z 1"),
            file("etc/os-release", "nothing"),
            file("d/list", "w 1"),
        )
    )
    assert said(found) == {"a/list": ["x 1"], "d/list": ["w 1"]}
    assert found.unread == {
        "a/list": "a/list cannot be read: it is broken",
        "b/list": "b/list has 16777217 bytes: more than the 16777216 that are read",
        "../c/list": "its path leaves the root",
        "etc/os-release": "etc/os-release cannot be read: it says nothing of the operating system",
    }


def test_several_may_read_one_file():
    def whole(file: File) -> list[Package]:
        with file.opened() as opened:
            opened.seek(1)
            text = opened.read(3) + b"/" + b"".join(file.chunks()) + b"/" + file.start(2)
        return [Package("pypi", text.decode(), "1", file.path)]

    others = [Reader(name, whole, names=frozenset({"list"})) for name in ("one", "two")]
    found = layer(tar(file("list", "x 1"), file("next/list", "y 2")), [*READERS, *others])
    assert said(found)["list"] == ["x 1", " 1/x 1/x  1", " 1/x 1/x  1"]
    assert len(found.packages) == 6


# ---------------------------------------------------------------- hard links
def test_a_link_tells_what_its_file_told():
    found = layer(
        tar(file("a/list", "x 1"), link("b/list", "a/list"), link("c/d.lst", "./b//list"), link("e", "a/list"))
    )
    assert said(found) == {"a/list": ["x 1"], "b/list": ["x 1"], "c/d.lst": ["x 1"]}
    assert [package.path for package in found.packages] == ["a/list", "b/list", "c/d.lst"]


def test_a_link_to_a_program_is_that_program():
    program = file("usr/bin/one", ELF + b"go", 0o755)
    found = layer(tar(program, link("usr/bin/two", "usr/bin/one", 0o755), link("three", "usr/bin/two", 0o755)))
    assert said(found) == {"usr/bin/one": ["go 1"], "usr/bin/two": ["go 1"], "three": ["go 1"]}


def test_a_link_to_a_file_that_nobody_wanted_is_read_all_the_same():
    data = gzip.compress(
        tar(
            file("store/ab/cd", "x 1"),
            file("store/other", "no 1"),
            link("a/list", "store/ab/cd"),
            link("b/list", "a/list"),
        )
    )
    found = layer(data)
    assert said(found) == {"a/list": ["x 1"], "b/list": ["x 1"]}
    assert found.unread == {}
    started = io.BytesIO(b"before" + data)
    started.seek(6)
    assert layer(started) == found


def test_a_link_is_unread_where_the_layer_comes_only_once():
    data = tar(file("store/ab", "x 1"), link("a/list", "store/ab"), file("c/list", "y 1"))
    found = layer(cast("io.BytesIO", Unseekable(data)))
    assert said(found) == {"c/list": ["y 1"]}
    assert found.unread == {"a/list": "it links to a file that went by unread"}


def test_a_link_to_nothing_is_told():
    found = layer(
        tar(link("a/list", "b/list"), link("b/list", "a/list"), link("c/list", "c/list"), link("d/list", "../x"))
    )
    assert found.packages == []
    assert set(found.unread) == {"a/list", "b/list", "c/list", "d/list"}


def test_a_link_that_is_replaced_waits_no_longer():
    found = layer(tar(file("store", "x 1"), link("a/list", "store"), file("a/list", "y 2")))
    assert said(found) == {"a/list": ["y 2"]}
    assert found.unread == {}


def test_a_link_to_a_broken_file_is_broken_too():
    found = layer(tar(file("a/list", "x 1\nbroken"), link("b/list", "a/list")))
    assert said(found) == {"a/list": ["x 1"], "b/list": ["x 1"]}
    assert set(found.unread) == {"a/list", "b/list"}


# ---------------------------------------------------------------- systems
STATUS = "Package: a\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n"


def test_databases_releases_and_lists_are_told_by_their_files():
    found = layer(
        tar(
            file("var/lib/dpkg/status", STATUS),
            file("var/lib/dpkg/info/a.list", "/.\n/usr\n/usr/bin\n/usr/bin/a\n/usr/share/doc/a\n/x/list\n"),
            file("var/lib/dpkg/info/a.md5sums", "0  x/other.lst\n"),
            file("lib/apk/db/installed", "P:b\nV:2\nF:y\nR:list\nR:none\n"),
            file("etc/os-release", 'ID=debian\nVERSION_ID="12"\n'),
            file("else/var/lib/dpkg/status", STATUS),
        )
    )
    assert [(each.kind, each.path, [package.name for package in each.packages]) for each in found.databases] == [
        ("dpkg", "var/lib/dpkg/status", ["a"]),
        ("apk", "lib/apk/db/installed", ["b"]),
    ]
    assert found.owned == {"var/lib/dpkg/info/a.list": ["usr/bin/a", "x/list"]}
    assert found.databases[1].owned == ["y/list"]
    assert found.releases["etc/os-release"].id == "debian"


def test_without_readers_of_programs_nobody_asks_who_owns_them():
    data = tar(
        file("var/lib/dpkg/info/a.list", "/usr/bin/a\n/usr/lib/liba.so.1\n/x/list\n/usr/lib/a.txt\n/lib/a/tool\n")
    )
    path = "var/lib/dpkg/info/a.list"
    assert layer(data, READERS[:1]).owned == {path: ["x/list"]}
    assert layer(data).owned == {path: ["usr/bin/a", "usr/lib/liba.so.1", "x/list", "lib/a/tool"]}


def test_a_database_with_a_fault_is_told_with_it():
    found = layer(tar(file("lib/apk/db/installed", "P:b\nV:2\n\nP:c\n")))
    assert [package.name for package in found.databases[0].packages] == ["b"]
    assert found.unread == {"lib/apk/db/installed": "1 packages in it have no name or no version"}


def test_a_database_may_be_a_link():
    found = layer(tar(file("var/lib/dpkg/old", STATUS), link("var/lib/dpkg/status", "var/lib/dpkg/old")))
    assert [(each.path, each.packages[0].path) for each in found.databases] == [("var/lib/dpkg/status",) * 2]
    found = layer(
        tar(file("lib/apk/db/installed", "P:b\nV:2\n"), link("usr/lib/apk/db/installed", "lib/apk/db/installed"))
    )
    assert [(each.path, each.packages[0].path) for each in found.databases] == [
        ("lib/apk/db/installed",) * 2,
        ("usr/lib/apk/db/installed",) * 2,
    ]


def test_an_inventory_can_be_written_and_read_back():
    found = layer(
        tar(
            file("a/list", "x 1\nbroken"),
            file("var/lib/dpkg/status", STATUS),
            file("var/lib/dpkg/info/a.list", "/x/list\n"),
            file("etc/os-release", "ID=x"),
            file(".wh.b"),
            file("c/.wh..wh..opq"),
            symlink("d", "e"),
            directory("f/list"),
            file("g\udcff/list", "y 1"),
        )
    )
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(found), type=Layer) == found
    assert msgspec.json.decode(msgspec.json.encode(found), type=Layer) == found


# ---------------------------------------------------------------- budgets
@pytest.mark.parametrize(
    "data",
    [
        tar(*(file(f"folder/{each:0100}/.wh.{each}") for each in range(20))),
        tar(*(symlink(f"{each:0100}", "x") for each in range(20))),
        tar(*(file(f"../{each:0100}", "x") for each in range(20))),
        tar(*(link(f"{each:0100}", "x") for each in range(20))),
        tar(*(file(f"{each:0100}/list") for each in range(20))),
        tar(*(directory(f"{each:0100}/list") for each in range(20))),
        tar(file("list", "\n".join(f"{each} 1" for each in range(20)))),
        tar(file("list", "x 1"), *(link(f"{each}/list", "list") for each in range(20))),
        tar(file("lib/apk/db/installed", "".join(f"P:{each}\nV:1\n\n" for each in range(20)))),
        tar(file("var/lib/dpkg/info/a.list", "".join(f"/{each:0100}/list\n" for each in range(20)))),
    ],
)
def test_what_is_told_has_a_budget(data):
    layer(data)
    with pytest.raises(BudgetExceeded, match="characters of inventory than the 1000"):
        layer(data, budgets=Budgets(kept=1000))


def test_time_is_up_within_a_file_that_somebody_reads():
    with pytest.raises(BudgetExceeded, match="seconds"):
        layer(tar(file("list", b"x" * 10_000_000)), budgets=Budgets(seconds=0.02))


def test_a_layer_that_is_none_is_malformed():
    with pytest.raises(LayerMalformed, match="The layer cannot be read: a header's checksum is wrong, or it is no tar"):
        layer(b"{}" * 1000)
