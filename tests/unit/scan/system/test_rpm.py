"""What rpm's database tells of, in each of its forms: databases of images, and small ones that show each rule."""

import json
import sqlite3
import zipfile
from contextlib import closing

import pytest

from entrepot.errors.scanning import FileMalformed
from entrepot.scan.packages import Package, SystemDatabase
from entrepot.scan.system import rpm, rpm_sqlite
from tests.factories import rpm_databases as make
from tests.factories.layer_files import MemoryFile, keeping
from tests.factories.vulnerability_data import shared

Tags = dict[int, make.Value]

BASH: Tags = {make.NAME: "bash", make.VERSION: "5.1.8", make.RELEASE: "9.el9", make.ARCH: "x86_64"}
FILES: Tags = {
    make.BASE_NAMES: ["bash", "sh", "COPYING"],
    make.DIRECTORY_OF: [0, 0, 1],
    make.DIRECTORIES: ["/usr/bin/", "/doc/"],
}
LONG: Tags = {
    **BASH,
    make.SOURCE: "bash-5.1.8-9.el9.src.rpm",
    make.LICENSE: "GPL " * 400,
    make.VENDOR: "Red Hat, Inc.",
    **FILES,
}
KEY: Tags = {make.NAME: "gpg-pubkey", make.VERSION: "fd431d51", make.RELEASE: "4ae0493b"}

FORMS = {
    "var/lib/rpm/rpmdb.sqlite": make.sqlite,
    "usr/lib/sysimage/rpm/Packages.db": make.ndb,
    "var/lib/rpm/Packages": make.berkeley,
    "usr/share/rpm/Packages": lambda headers: make.berkeley(headers, order=">"),
}


def read(data: bytes, path: str = "var/lib/rpm/rpmdb.sqlite") -> SystemDatabase:
    return rpm.read(MemoryFile(path, data), list)


def only(tags: Tags) -> Package:
    (found,) = read(make.ndb([make.header({**BASH, **tags})])).packages
    return found


@pytest.mark.parametrize("name", ["cbl-mariner-2.0/rpmdb.sqlite", "sle15-bci/Packages.db", "libuuid/Packages"])
def test_databases_of_images_tell_what_is_known_of_them(name: str):
    expected = {each["database"]: each for each in json.loads(shared("rpmdb/expected.json").read_text())}[name]
    with zipfile.ZipFile(shared("rpmdb/databases.zip")) as databases:
        found = read(databases.read(name), "var/lib/rpm/" + name.partition("/")[2])
    assert sorted((each.name, each.version, each.arch, each.vendor, each.licence) for each in found.packages) == sorted(
        (
            each["name"],
            (f"{each['epoch']}:" if each["epoch"] else "") + f"{each['version']}-{each['release']}",
            each["arch"],
            each["vendor"],
            each["license"],
        )
        for each in expected["packages"]
    )
    for files in expected.get("files_of", {}).values():
        assert {each.removeprefix("/") for each in files} <= set(found.owned)


@pytest.mark.parametrize("path", FORMS)
def test_each_form_tells_the_same(path: str):
    found = read(FORMS[path]([make.header(tags) for tags in (LONG, KEY, {**BASH, make.NAME: "sh"})]), path)
    assert found.kind == "rpm"
    assert found.path == path
    assert [(each.name, each.version, each.path) for each in found.packages] == [
        ("bash", "5.1.8-9.el9", path),
        ("sh", "5.1.8-9.el9", path),
    ]
    assert found.owned == ["usr/bin/bash", "usr/bin/sh", "doc/COPYING"]


def test_the_form_is_what_the_bytes_are_not_the_name():
    assert read(make.berkeley([make.header(LONG)]), "var/lib/rpm/rpmdb.sqlite").packages[0].name == "bash"


@pytest.mark.parametrize(("epoch", "version"), [(None, "5.1.8-9.el9"), (0, "5.1.8-9.el9"), (2, "2:5.1.8-9.el9")])
def test_an_epoch_of_nothing_is_not_written(epoch: int | None, version: str):
    assert only({} if epoch is None else {make.EPOCH: epoch}).version == version


@pytest.mark.parametrize(
    ("source", "name", "version"),
    [
        ("openssl-3.0.7-2.el9.src.rpm", "openssl", "1:3.0.7-2.el9"),
        ("java-17-openjdk-17.0.1-1.el9.nosrc.rpm", "java-17-openjdk", "1:17.0.1-1.el9"),
        ("bash-5.1.8-9.el9.src.rpm", "", ""),
        ("other-5.1.8-9.el9.src.rpm", "other", ""),
        ("(none)", "", ""),
        ("rubbish", "", ""),
    ],
)
def test_the_source_is_told_where_it_differs_and_has_the_epoch_of_the_package(source: str, name: str, version: str):
    found = only({make.EPOCH: 1, make.SOURCE: source})
    assert (found.source_name, found.source_version) == (name, version)


def test_a_module_and_a_vendor_are_told():
    label = "nodejs:12:8020020200326104117:4cda2c84"
    found = only({make.MODULARITY: label, make.VENDOR: "Red Hat, Inc.", make.LICENSE: "MIT"})
    assert (found.modularity, found.vendor, found.licence, found.arch) == (label, "Red Hat, Inc.", "MIT", "x86_64")


def test_only_files_that_are_wanted_are_told():
    file = MemoryFile("var/lib/rpm/Packages.db", make.ndb([make.header({**LONG, make.FULL_NAMES: ["/etc/old"]})]))
    assert rpm.read(file, keeping(lambda path: path.endswith(("old", "sh")))).owned == [
        "etc/old",
        "usr/bin/bash",
        "usr/bin/sh",
    ]


def test_a_manifest_is_read_where_no_database_is():
    line = "zlib\t1.2.13-2.cm2\t1\t2\tMicrosoft Corporation\t(none)\t3\tx86_64\t0\tzlib-1.2.13-2.cm2.src.rpm\n"
    other = "libssl\t1.1.1k-9.cm2\t1\t2\tMicrosoft Corporation\t(none)\t3\tx86_64\t1\topenssl-1.1.1k-9.cm2.src.rpm\n"
    (path,) = rpm.MANIFESTS
    first, second = read((line + other).encode(), path).packages
    assert (first.name, first.version, first.source_name, first.arch) == ("zlib", "1.2.13-2.cm2", "", "x86_64")
    assert (second.name, second.version, second.source_name) == ("libssl", "1:1.1.1k-9.cm2", "openssl")
    with pytest.raises(FileMalformed):
        read(b"zlib\t1.2.13-2.cm2\n", path)


@pytest.mark.parametrize(
    "schema",
    [
        "CREATE TABLE Names (blob)",
        "CREATE VIEW Packages AS SELECT randomblob(1000000000) AS blob",
        "CREATE VIRTUAL TABLE Packages USING fts5(blob)",
        "CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob AS (zeroblob(1000000000)))",
    ],
)
def test_what_an_sqlite_database_computes_is_never_computed(schema: str):
    with pytest.raises(FileMalformed, match="no table of packages"):
        read(make.sqlite([], schema))


def test_a_schema_that_is_no_text_is_refused():
    with pytest.raises(FileMalformed, match="no sound SQLite database"):
        read(make.sqlite([make.header(BASH)]).replace(b"CREATE TABLE Pack", b"CREATE TABL\x80 Pack"))


def test_an_sqlite_database_has_only_so_many_steps():
    database = make.sqlite([make.header(BASH)] * 1000)
    assert len(list(rpm_sqlite.headers(bytearray(database), "rpmdb.sqlite"))) == 1000
    with pytest.raises(FileMalformed, match="interrupted"):
        list(rpm_sqlite.headers(bytearray(database), "rpmdb.sqlite", steps=1, step=100))


def test_packages_that_share_their_bytes_are_refused():
    database = bytearray(make.ndb([make.header(LONG)] * 200))
    for slot in range(200):  # each at the first one's
        database[32 + 16 * slot : 48 + 16 * slot] = database[32:48]
    with pytest.raises(FileMalformed, match="longer than itself"):
        read(bytes(database[: 4096 + 16 * 400]))


def test_pages_in_a_circle_end():
    database = bytearray(make.berkeley([make.header({**LONG, make.LICENSE: "x" * 5000})]))
    database[2 * make.PAGE + 16 : 2 * make.PAGE + 20] = (2).to_bytes(4, "little")
    database[2 * make.PAGE + 22 : 2 * make.PAGE + 24] = (1).to_bytes(2, "little")
    with pytest.raises(FileMalformed, match="longer than itself"):
        read(bytes(database))


@pytest.mark.parametrize(
    "tags",
    [
        {make.NAME: "bash"},
        {**BASH, make.NAME: 7},
        {**BASH, make.BASE_NAMES: ["a", "b"], make.DIRECTORY_OF: [0], make.DIRECTORIES: ["/"]},
        {**BASH, make.BASE_NAMES: ["a"], make.DIRECTORY_OF: [1], make.DIRECTORIES: ["/"]},
        {**BASH, make.FULL_NAMES: ["/" + "a" * 5000]},
    ],
)
def test_a_header_that_contradicts_itself_is_refused(tags: Tags):
    with pytest.raises(FileMalformed):
        read(make.ndb([make.header(tags)]))


@pytest.mark.parametrize("data", [b"", b"RpmP", b"SQLite format 3\0", b"\0" * 4096])
def test_what_is_no_database_is_refused(data: bytes):
    with pytest.raises(FileMalformed):
        read(data)


def test_sqlite_here_can_hold_a_database_in_memory():
    with closing(sqlite3.connect(":memory:")) as connection:
        assert hasattr(connection, "deserialize")
