"""What apk's database says is installed."""

import pytest

from entrepot.errors.scanning import FileMalformed
from entrepot.scan.packages import Package, SystemDatabase
from entrepot.scan.system import apk
from tests.factories.layer_files import MemoryFile, keeping

PATH = "lib/apk/db/installed"
MUSL = """C:Q1sAeyz2DcRsgJYHPGPnaiIH0Pr9k=
P:musl-utils
V:1.1.22-r3
A:x86_64
S:36995
I:147456
T:the musl c library (libc) implementation
U:http://www.musl-libc.example/
L:MIT BSD GPL2+
o:musl
m:Timo <timo@alpine.example>
t:1565162130
c:0c777cf840e82cdc528651e3f3f8f9dda6b1b028
D:scanelf so:libc.musl-x86_64.so.1
F:sbin
R:ldconfig
a:0:0:755
Z:Q1Kja2+POZKxEkUOZqwSjC6kmaED4=
F:usr
F:usr/bin
R:iconv
R:ldd
F:
R:top
"""


def read(text: str) -> SystemDatabase:
    return apk.read(MemoryFile(PATH, text.encode()), keeping(lambda path: "bin/i" not in path))


def test_a_paragraph_is_a_package_with_its_files():
    assert read(MUSL + "\nP:same\nV:1\no:same\n\n") == SystemDatabase(
        kind="apk",
        path=PATH,
        packages=[
            Package(
                "apk",
                "musl-utils",
                "1.1.22-r3",
                PATH,
                source_name="musl",
                arch="x86_64",
                vendor="Timo <timo@alpine.example>",
                licence="MIT BSD GPL2+",
            ),
            Package("apk", "same", "1", PATH),
        ],
        owned=["sbin/ldconfig", "usr/bin/ldd", "top"],
    )


def test_a_package_without_a_version_is_a_fault():
    found = read("P:a\nV:1\n\nP:b\n\nV:2\n\nC:x\n")
    assert [package.name for package in found.packages] == ["a"]
    assert found.fault == "2 packages in it have no name or no version"


def test_nothing_installed_is_no_fault():
    assert read("\n") == SystemDatabase("apk", PATH, [], [])


@pytest.mark.parametrize("text", ["hello", "P:\nV:\n", "\0" * 100])
def test_what_is_no_database_is_malformed(text):
    with pytest.raises(FileMalformed, match="no database of apk"):
        read(text)
