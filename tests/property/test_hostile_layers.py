"""Layers of which chance has changed bytes, read by the real program: an inventory or a reason, never a broken program.

`make soak` runs many more, with seeds of its own.
"""

import asyncio
import bz2
import gzip
import io
import lzma
import tempfile
from collections.abc import Sequence

import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.core.scanning.layer_programs import LayerPrograms
from entrepot.errors.scanning import LayerUnreadable
from entrepot.scan.packages import Layer
from tests.factories import rpm_databases
from tests.factories.executables import go, rust
from tests.factories.language_files import archive, pom
from tests.factories.tars import file, link, symlink, tar

_STATUS = b"Package: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.0.9-1\n\n"
_INNER = archive(pom("org.example", "inner", "2.0"))
_SEEDS = (
    tar(file("etc/os-release", b"ID=debian\nVERSION_ID=12\n"), file("var/lib/dpkg/status", _STATUS * 20)),
    tar(file("lib/apk/db/installed", b"P:musl\nV:1.1.22-r3\nA:x86_64\no:musl\nF:lib\nR:libc.so\n\n" * 20)),
    tar(file("var/lib/rpm/rpmdb.sqlite", rpm_databases.sqlite([b"\0" * 64] * 5))),
    tar(file("var/lib/rpm/Packages.db", rpm_databases.ndb([b"\0" * 64] * 5))),
    tar(file("opt/app.jar", archive({**pom("g", "a", "1"), "lib/b.jar": _INNER})), link("opt/b.jar", "opt/app.jar")),
    tar(file("bin/a", go("go1.20", ["path\tx", "mod\tx\tv1.0.0\t"]), 0o755), symlink("bin/b", "a")),
    tar(file("bin/r", rust([{"name": "a", "version": "1.0.0"}]), 0o755), file("a/.wh..wh..opq")),
)
_PACKED = (bytes, gzip.compress, bz2.compress, lzma.compress, zstandard.compress)
EXAMPLES = 40 if settings().max_examples <= 100 else 2000  # each is a process
Changes = Sequence[tuple[float, bytes]]

# where in the layer, as a part of its length, and what stands there instead
changes = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=12)), max_size=6)


def changed(data: bytes, each: Changes) -> bytes:
    """The bytes with those at some places replaced."""
    made = bytearray(data)
    for place, instead in each:
        at = int(place * len(made))
        made[at : at + len(instead)] = instead
    return bytes(made)


@settings(max_examples=EXAMPLES)
@given(st.sampled_from(_SEEDS), changes, st.sampled_from(_PACKED), changes, st.floats(0.5, 1))
def test_a_changed_layer_has_an_inventory_or_a_reason(seed, inside, pack, outside, end):
    whole = changed(pack(changed(seed, inside)), outside if pack is not bytes else ())
    blob = whole[: int(end * len(whole))] if end < 0.9 else whole
    assert asyncio.run(read(blob))


async def read(blob: bytes) -> Layer | str:
    """What the program of the servers makes of it, or why nothing; RuntimeError, which no layer may bring about."""
    with tempfile.TemporaryFile() as layer:
        layer.write(blob)
        layer.seek(0, io.SEEK_SET)
        try:
            return await LayerPrograms(seconds=100).read(layer, "sha256:" + "0" * 64)
        except LayerUnreadable as fault:
            return str(fault)
