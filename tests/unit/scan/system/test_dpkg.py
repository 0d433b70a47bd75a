"""What dpkg's files say is installed, and what packages own."""

import pytest

from entrepot.errors.scanning import FileMalformed
from entrepot.scan.packages import Package, SystemDatabase
from entrepot.scan.system import dpkg
from tests.factories.layer_files import MemoryFile, keeping

PATH = "var/lib/dpkg/status"


def read(text: str, path: str = PATH) -> SystemDatabase:
    return dpkg.read_status(MemoryFile(path, text.encode()), keeping(lambda path: path.startswith("etc/k")))


def names(text: str) -> list[str]:
    return [package.name for package in read(text).packages]


def test_a_stanza_is_a_package():
    found = read(
        "Package: libssl3\nStatus: install ok installed\nPriority: optional\n"
        "Maintainer: Debian OpenSSL Team <team@lists.example>\nArchitecture: amd64\nMulti-Arch: same\n"
        "Source: openssl (3.0.15-1)\nVersion: 3.0.15-1~deb12u1\nConffiles:\n /etc/kept 0 obsolete\n /etc/other 1\n"
        "Description: a library\n Package: not this one\n .\n Version: 9\n\n"
        "Package: gcc-12-base\nStatus: hold ok installed\nArchitecture: amd64\nSource: gcc-12\nVersion: 1:12.2.0-14\n"
        "\nPackage: same\nStatus: install ok installed\nSource: same\nVersion: 1\n"
    )
    assert found == SystemDatabase(
        kind="dpkg",
        path=PATH,
        packages=[
            Package(
                "deb",
                "libssl3",
                "3.0.15-1~deb12u1",
                PATH,
                source_name="openssl",
                source_version="3.0.15-1",
                arch="amd64",
                vendor="Debian OpenSSL Team <team@lists.example>",
            ),
            Package("deb", "gcc-12-base", "1:12.2.0-14", PATH, source_name="gcc-12", arch="amd64"),
            Package("deb", "same", "1", PATH),
        ],
        owned=["etc/kept"],
    )


@pytest.mark.parametrize(
    ("status", "counts"),
    [
        ("install ok installed", True),
        ("hold ok installed", True),
        ("deinstall ok config-files", False),
        ("purge ok not-installed", False),
        ("install ok half-installed", False),
        ("install reinstreq half-installed", False),
        ("install ok unpacked", True),
        ("install ok half-configured", True),
        ("install ok triggers-pending", True),
        ("", False),
    ],
)
def test_what_counts_is_whether_its_files_are_there(status, counts):
    assert names(f"Package: a\nStatus: {status}\nVersion: 1\n") == (["a"] if counts else [])


def test_status_d_says_nothing_of_the_state():
    found = read("Package: base-files\nVersion: 12\nArchitecture: amd64\n", "var/lib/dpkg/status.d/base")
    assert [(each.name, each.path) for each in found.packages] == [("base-files", "var/lib/dpkg/status.d/base")]


def test_fields_are_read_in_any_case_and_with_any_blanks():
    text = "PACKAGE:a\r\nversion:\t 1 \r\n \t\r\n\n\n\nPackage: b\nVersion: 2\nVersion: 3"
    assert [(each.name, each.version) for each in read(text).packages] == [("a", "1"), ("b", "2")]


def test_a_package_without_a_version_is_a_fault_unless_it_is_gone():
    found = read(
        "Package: a\n\nPackage: b\nVersion: 1\n\nPackage: c\nStatus: deinstall ok config-files\n\nVersion: 7\n"
    )
    assert [package.name for package in found.packages] == ["b"]
    assert found.fault == "2 packages in it have no name or no version"


def test_nothing_installed_is_no_fault():
    assert read("") == read("\n\n") == SystemDatabase("dpkg", PATH, [], [])


@pytest.mark.parametrize("text", ["hello", "{}", "\0" * 100])
def test_what_is_no_status_is_malformed(text):
    with pytest.raises(FileMalformed, match="no status of dpkg"):
        read(text)


def test_lists_and_sums_name_what_is_owned():
    keeps = keeping(lambda path: path.endswith(".py"))
    listed = MemoryFile("var/lib/dpkg/info/a.list", b"/.\n/usr\n/usr/a.py\n/usr/b.so\n")
    assert dpkg.read_list(listed, keeps) == ["usr/a.py"]
    sums = MemoryFile("var/lib/dpkg/status.d/a.md5sums", b"0a  usr/a.py\n0b  ./usr/.b.py\n0c  usr/c.so\nx\n")
    assert dpkg.read_sums(sums, keeps) == ["usr/a.py", "usr/.b.py"]


@pytest.mark.parametrize(
    ("path", "reader"),
    [
        ("var/lib/dpkg/status", dpkg.read_status),
        ("var/lib/dpkg/status.d/libc6", dpkg.read_status),
        ("var/lib/dpkg/status.d/python3.11-minimal", dpkg.read_status),
        ("var/lib/dpkg/status.d/libc6.md5sums", dpkg.read_sums),
        ("var/lib/dpkg/status.d/libc6.preinst", None),
        ("var/lib/dpkg/info/libc6:amd64.list", dpkg.read_list),
        ("var/lib/dpkg/info/libc6:amd64.md5sums", None),
        ("var/lib/dpkg/status-old", None),
    ],
)
def test_each_file_has_its_reader(path, reader):
    own = [
        each.read
        for each in dpkg.READERS
        if path in each.paths or (each.folder and path.startswith(each.folder) and each.wants(path))
    ]
    assert own == ([reader] if reader else [])


def test_blanks_without_end_take_no_time():
    blanks = " " * 4_000_000
    assert names(f"Package: a\nVersion: 1{blanks}x\nSource:{blanks}\nConffiles:\n{blanks}\n{blanks}x") == ["a"]
    assert len(names("\n".join(f"Package: a{each}\nVersion: 1\n" for each in range(20_000)))) == 20_000
