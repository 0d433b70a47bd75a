"""What Chisel's manifest says is there."""

import pytest
import zstandard

from entrepot.errors.scanning import FileMalformed
from entrepot.scan.packages import Package, SystemDatabase
from entrepot.scan.system import chisel
from tests.factories.layer_files import MemoryFile, keeping

PATH = "var/lib/chisel/manifest.wall"
LINES = """{"jsonwall":"1.0","schema":"1.0","count":6}
{"kind":"content","slice":"libc6_libs","path":"/usr/lib/libc.so.6"}
{"kind":"package","name":"libc6","version":"2.39-0ubuntu8.4","sha256":"0a","arch":"amd64"}
{"kind":"path","path":"/usr/lib/libc.so.6","mode":"0755","slices":["libc6_libs"],"sha256":"0b","size":1}
{"kind":"path","path":"/etc/","mode":"0755","slices":["base-files_base"]}
{"kind":"slice","name":"libc6_libs"}
"""


def read(packed: bytes) -> SystemDatabase:
    return chisel.read(MemoryFile(PATH, packed), keeping(lambda path: path.startswith("usr/")))


def test_packages_and_their_files_are_told():
    assert read(zstandard.compress(LINES.encode())) == SystemDatabase(
        kind="dpkg",
        path=PATH,
        packages=[Package("deb", "libc6", "2.39-0ubuntu8.4", PATH, arch="amd64")],
        owned=["usr/lib/libc.so.6"],
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        LINES.replace('"count":6', '"count":7'),
        LINES.replace('"libc6_libs"}', "}"),
        LINES.replace('"2.39-0ubuntu8.4"', "2"),
        '{"count":1,"x":' + "[" * 100_000,
        "\n" * 10,
        "{}\n" * 600_000,
        " " * (64 * 1024 * 1024 + 1),
    ],
)
def test_what_is_no_manifest_is_malformed(text):
    with pytest.raises(FileMalformed):
        read(zstandard.compress(text.encode()))


def test_a_manifest_that_is_cut_or_damaged_is_malformed():
    packed = zstandard.compress(LINES.encode())
    for end in range(len(packed)):
        with pytest.raises(FileMalformed):
            read(packed[:end])
    with pytest.raises(FileMalformed):
        read(LINES.encode())
    with pytest.raises(FileMalformed):
        read(zstandard.compress(LINES.encode().replace(b"libc6", b"\xff\xfe")))
