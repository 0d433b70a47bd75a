"""The program reads a layer within its limits, or says why it does not."""

import bz2
import gzip
import io
import lzma
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping

import msgspec
import zstandard

from entrepot.inventory import MALFORMED, TOO_MUCH
from entrepot.scan.packages import Layer

METADATA = b"Metadata-Version: 2.1\nName: requests\nVersion: 2.20.0\n\n"
APK = b"P:musl\nV:1.1.22-r3\nA:x86_64\no:musl\n\n"


def run(blob: bytes) -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, "-I", "-c", "import sys; from entrepot.inventory.reading import read; sys.exit(read())"]
    return subprocess.run(command, input=blob, capture_output=True, timeout=60, check=False)


def archive(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for path, data in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return out.getvalue()


def jar(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for path, data in files.items():
            made.writestr(path, data)
    return out.getvalue()


def test_a_layer_becomes_its_inventory():
    inner = jar({"META-INF/maven/org.x/y/pom.properties": b"groupId=org.x\nartifactId=y\nversion=1.2\n"})
    outer = jar({"BOOT-INF/lib/y-1.2.jar": inner, "filling": bytes(3_000_000)})  # too large to lie in memory as it is
    blob = archive(
        {
            "usr/lib/python3/requests-2.20.0.dist-info/METADATA": METADATA,
            "lib/apk/db/installed": APK,
            "etc/os-release": b'ID=alpine\nVERSION_ID=3.10.4\nPRETTY_NAME="Alpine"\n',
            "app.jar": outer,
        }
    )
    done = run(gzip.compress(blob))
    assert (done.returncode, done.stderr) == (0, b"")
    layer = msgspec.msgpack.decode(done.stdout, type=Layer)
    assert [each.name for database in layer.databases for each in database.packages] == ["musl"]
    assert {f"{each.name} {each.version}" for each in layer.packages} == {"requests 2.20.0", "org.x:y 1.2"}
    assert layer.releases["etc/os-release"].id == "alpine"
    assert layer.unread == {}


def test_a_layer_is_the_same_however_it_is_packed():
    blob = archive({"lib/apk/db/installed": APK, "filling": bytes(9_000_000), "etc/alpine-release": b"3.10.4\n"})
    plain = run(blob)
    assert (plain.returncode, plain.stderr) == (0, b"")
    smallest = lzma.compress(blob, preset=9)  # which needs the most room: a dictionary of 64 MiB
    for packed in (gzip.compress(blob), bz2.compress(blob), smallest, zstandard.compress(blob)):
        assert run(packed).stdout == plain.stdout


def test_what_is_no_layer_is_refused_by_name():
    done = run(gzip.compress(archive({"a": bytes(100_000)}))[:-50])
    assert (done.returncode, done.stdout) == (MALFORMED, b"")
    assert b"The layer cannot be read" in done.stderr


def test_what_costs_too_much_is_refused_by_name():
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1) as packed:
        packed.write(archive({"a": b""})[:512])
        for _ in range(160):
            packed.write(bytes(1024 * 1024))
    done = run(out.getvalue())
    assert done.returncode in (MALFORMED, TOO_MUCH), done.stderr
    assert done.stdout == b""
