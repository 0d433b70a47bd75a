"""Images as they were published are read whole."""

import io
import json
import tarfile

import pytest

from entrepot.scan.merging import merge
from entrepot.scan.packages import Package
from tests.factories.tars import entries, layer
from tests.factories.vulnerability_data import shared

ALPINE_310 = {
    "alpine-baselayout 3.1.2-r0",
    "alpine-keys 2.1-r2",
    "apk-tools 2.10.4-r2",
    "busybox 1.30.1-r3",
    "ca-certificates-cacert 20190108-r0",
    "libc-utils 0.7.1-r0",
    "libcrypto1.1 1.1.1d-r2",
    "libssl1.1 1.1.1d-r2",
    "libtls-standalone 2.9.1-r0",
    "musl 1.1.22-r3",
    "musl-utils 1.1.22-r3",
    "scanelf 1.2.3-r0",
    "ssl_client 1.30.1-r3",
    "zlib 1.2.11-r1",
}


def layers(name: str) -> list[bytes]:
    with tarfile.open(shared(f"images/{name}.tar.gz")) as archive:
        manifest = archive.extractfile("manifest.json")
        assert manifest is not None
        files = [archive.extractfile(path) for path in json.load(manifest)[0]["Layers"]]
        return [file.read() for file in files if file]


@pytest.mark.parametrize(("name", "version", "count"), [("alpine-310", "3.10.4", 14), ("alpine-311", "3.11.5", 14)])
def test_an_alpine_image_is_read(name, version, count):
    found = merge((str(place), layer(data)) for place, data in enumerate(layers(name)))
    assert found.release is not None
    assert (found.release.id, found.release.version) == ("alpine", version)
    assert [(each.kind, each.path) for each in found.databases] == [("apk", "lib/apk/db/installed")]
    assert len(found.packages) == count
    assert {each.layer for each in found.packages} == {"0"}
    assert found.unread == []


def test_its_packages_are_those_that_it_says():
    (data,) = layers("alpine-310")
    (database,) = layer(data).databases
    assert {f"{each.name} {each.version}" for each in database.packages} == ALPINE_310
    assert database.packages[0] == Package(
        "apk",
        "musl",
        "1.1.22-r3",
        "lib/apk/db/installed",
        arch="x86_64",
        vendor="Timo Teräs <timo.teras@iki.fi>",
        licence="MIT",
    )
    assert {"bin/busybox", "sbin/apk", "lib/ld-musl-x86_64.so.1"} <= set(database.owned)


def test_each_entry_is_as_the_standard_library_reads_it():
    (data,) = layers("alpine-311")
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        expected = [(each.name, each.size if each.isreg() else 0, bool(each.mode & 0o111)) for each in archive]
    assert [(each.path, each.size, each.executable) for each in entries(data)] == expected
