"""Images that want the scanner to fall, to leave, or never to end: a status says why, and the server lives."""

import gzip
import os
import random
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard

from tests.factories import rpm_databases
from tests.factories.advisory_files import dump, record
from tests.factories.layouts import OCI_LAYER, Content, Image, archive, image_of, manifest
from tests.factories.processes import Server, serve
from tests.factories.registry import Registry
from tests.factories.tars import file, link, made, symlink, tar
from tests.factories.waiting import wait
from tests.operation.commands import entrepot

RELEASE = b'ID=debian\nVERSION_ID="12"\n'
STATUS = b"Package: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.0.9-1\n\n"
SOUND = {"etc/os-release": RELEASE, "var/lib/dpkg/status": STATUS}
ZEROS = bytes(100 << 20)
SECONDS = 240  # the scanner's own end of a layer is 120


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("hostile")
    with serve(folder) as running:
        dumped = dump(
            folder / "Debian" / "all.zip", [record("DSA-1", "openssl", fixed="3.0.11-1", related=["CVE-2023-5363"])]
        )
        assert entrepot("vulndb", "import", dumped, "--data", running.data).status == 0
        running.client().create_repository(repositoryName="app", imageScanningConfiguration={"scanOnPush": True})
        yield running


def pushed(server: Server, *layers: bytes, kind: str = OCI_LAYER) -> dict[str, Any]:
    """Push an image of these blobs; what its scan says when it has ended."""
    config = image_of(archive(SOUND)).config
    contents = tuple(Content(kind, layer) for layer in layers)
    made_of = Image(manifest(config, list(contents)), config, contents)
    Registry(server).push("app", made_of, "v1")

    def ended() -> dict[str, Any] | None:
        told: dict[str, Any] = server.client().describe_image_scan_findings(
            repositoryName="app", imageId={"imageDigest": made_of.digest}
        )
        return None if told["imageScanStatus"]["status"] == "IN_PROGRESS" else told

    return wait(ended, SECONDS) or {}


def names(told: dict[str, Any]) -> list[str]:
    return [each["name"] for each in told["imageScanFindings"]["findings"]]


def packed(data: bytes) -> bytes:
    return gzip.compress(data, 6, mtime=0)


def bomb() -> bytes:
    """Thirty gigabytes of zeros in thirty megabytes, one stream behind the other."""
    return packed(ZEROS) * 300


def zstd_bomb() -> bytes:
    return zstandard.ZstdCompressor(level=3).compress(ZEROS) * 3000


def crowd() -> bytes:
    """Ten million entries: the same twenty thousand again and again, which do not compress too well."""
    chance = random.Random(1)
    headers = []
    for _ in range(20_000):
        info = tarfile.TarInfo(f"f{chance.randbytes(6).hex()}")
        headers.append(info.tobuf(tarfile.USTAR_FORMAT))
    return packed(b"".join(headers)) * 500


def endless_headers() -> bytes:
    """Extended headers, each of the next entry, which never comes."""
    body = b"30 comment=aaaaaaaaaaaaaaaaaa\n"
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, len(body)
    one = info.tobuf(tarfile.USTAR_FORMAT) + body.ljust(512, b"\0")
    noise = random.Random(2)
    return packed(b"".join(one[:-100] + noise.randbytes(100) for _ in range(20_000))) * 150


def huge_header() -> bytes:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 8 << 30
    return packed(info.tobuf(tarfile.GNU_FORMAT) + bytes(4096))


def lying_size() -> bytes:
    info = tarfile.TarInfo("var/lib/dpkg/status")
    info.size = 1 << 40
    return packed(info.tobuf(tarfile.GNU_FORMAT) + STATUS)


def sparse() -> bytes:
    """A database of which nothing is stored and which is a terabyte."""
    info = tarfile.TarInfo("var/lib/dpkg/status")
    info.pax_headers = {"GNU.sparse.major": "0", "GNU.sparse.map": "", "GNU.sparse.size": str(1 << 40)}
    return packed(info.tobuf(tarfile.PAX_FORMAT) + bytes(1024))


FAILS: list[tuple[Callable[[], bytes], str]] = [
    (bomb, "bytes unpacked for each packed one"),
    (zstd_bomb, "bytes unpacked for each packed one"),
    (crowd, "entries"),
    (endless_headers, "entries"),
    (huge_header, "bytes in an extended header"),
    (lying_size, "it ends in the middle of an entry"),
    (sparse, "var/lib/dpkg/status could not be read"),
    (lambda: packed(archive(SOUND))[:-20], "its gzip stream is cut short"),
    (lambda: packed(archive(SOUND))[:-8] + b"\1" * 8, "its gzip stream is broken"),
    (lambda: zstandard.compress(archive(SOUND))[:-5], "its zstd stream is cut short"),
    (lambda: packed(b"no archive" * 100), "The layer cannot be read"),
    (
        lambda: packed(tar(file("etc/os-release", RELEASE), file("var/lib/rpm/rpmdb.sqlite", os.urandom(9000)))),
        "rpmdb.sqlite",
    ),
    (
        lambda: packed(
            tar(file("etc/os-release", RELEASE), file("var/lib/rpm/Packages.db", rpm_databases.ndb([b"x" * 40])))
        ),
        "Packages.db",
    ),
]


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("make", "reason"), FAILS, ids=[f"{number}" for number in range(len(FAILS))])
def test_an_image_that_cannot_be_read_has_failed_and_says_why(server: Server, make: Callable[[], bytes], reason: str):
    told = pushed(server, make())
    assert told["imageScanStatus"]["status"] == "FAILED", told
    assert reason in told["imageScanStatus"]["description"]
    assert names(told) == []
    assert server.process.poll() is None


@pytest.mark.timeout(600)
def test_paths_and_links_that_leave_lead_nowhere(server: Server):
    out = tar(
        file("../../../../etc/passwd", b"root::0:0::/:/bin/sh\n"),
        file("/../var/lib/dpkg/status", STATUS.replace(b"openssl", b"evil")),
        symlink("var/lib/apk", "/../../../etc"),
        symlink("opt/loop", "loop"),
        link("opt/requests-1.dist-info/METADATA", "../../../../etc/shadow"),
        link("opt/package.json", "opt/package.json"),
        made("dev/sda", tarfile.BLKTYPE),
        file("var/lib/dpkg/status.d/x" + "y" * 3000, b"Package"),
    )
    told = pushed(server, packed(archive(SOUND)), packed(out))
    assert (told["imageScanStatus"]["status"], names(told)) == ("COMPLETE", ["CVE-2023-5363"])


@pytest.mark.timeout(600)
def test_a_sound_image_is_scanned_after_them_all(server: Server, tmp_path: Path):
    del tmp_path
    told = pushed(server, packed(archive({**SOUND, "opt/last": b"1"})))
    assert (told["imageScanStatus"]["status"], names(told)) == ("COMPLETE", ["CVE-2023-5363"])
