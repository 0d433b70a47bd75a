"""An SBOM that is read means what its image meant: the same packages under the same names, in the same system."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.errors.scanning import FileMalformed
from entrepot.scan.documents import cyclonedx, reading, spdx
from entrepot.scan.matching import asked_of
from entrepot.scan.merging import Image, Unread
from entrepot.scan.packages import Package, Release
from tests.factories import documented
from tests.factories.documented import SUBJECT, fedora_like, image

WRITERS = {
    "cyclonedx 1.4": lambda of: cyclonedx.document(SUBJECT, of, "1.4"),
    "cyclonedx 1.6": lambda of: cyclonedx.document(SUBJECT, of, "1.6", documented.found(of)),
    "spdx": lambda of: spdx.document(SUBJECT, of),
}
IMAGES = {"debian": image(), "rhel": fedora_like(), "nothing": Image(None, (), (), ())}


def meant(of: Image) -> set[tuple[str, ...]]:
    return {
        (asked.ecosystem, asked.name, asked.version, located.package.path, located.layer, located.package.arch)
        for located, asked in asked_of(of)
    }


@pytest.mark.parametrize("of", IMAGES.values(), ids=IMAGES)
@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_what_was_written_is_read(write, of):
    read = reading.image(write(of), "x.json")
    assert meant(read) == meant(of)
    assert {each.kind for each in read.databases} == {each.kind for each in of.databases}
    assert (read.release and (read.release.id, read.release.version, read.release.name)) == (
        of.release and (of.release.id, of.release.version, of.release.name)
    )


def test_cyclonedx_tells_all_of_it():
    of = image()
    assert list(reading.image(WRITERS["cyclonedx 1.4"](of), "x").packages) == list(of.packages)


def test_what_its_writer_could_not_see_stays_unseen():
    of = image(unread=[Unread("opt/x.jar", "it is no archive", documented.OWN)])
    (unread,) = reading.image(WRITERS["cyclonedx 1.6"](of), "x").unread
    assert (unread.path, unread.reason) == ("opt/x.jar", "it is no archive")


@pytest.mark.parametrize(
    ("url", "package"),
    [
        (
            "pkg:deb/debian/libssl3@3.0.9-1?arch=amd64&distro=debian-12&upstream=openssl",
            Package("deb", "libssl3", "3.0.9-1", "", "openssl", arch="amd64"),
        ),
        (
            "pkg:deb/debian/zlib1g@1.2.13-1?arch=amd64&epoch=1&distro=debian-12&upstream=zlib%401.2.13",
            Package("deb", "zlib1g", "1:1.2.13-1", "", "zlib", "1.2.13", arch="amd64"),
        ),
        (
            "pkg:rpm/redhat/openssl-libs@3.0.7-24.el9?arch=x86_64&epoch=1&upstream=openssl-3.0.7-24.el9.src.rpm&distro=rhel-9.2",
            Package("rpm", "openssl-libs", "1:3.0.7-24.el9", "", "openssl", arch="x86_64"),
        ),
        ("pkg:maven/org.a/b@1", Package("maven", "org.a:b", "1", "")),
        ("pkg:npm/%40a/b@1", Package("npm", "@a/b", "1", "")),
    ],
)
def test_what_other_programs_write_is_understood(url, package):
    data = json.dumps({"bomFormat": "CycloneDX", "components": [{"name": "?", "purl": url, "type": "library"}]})
    read = reading.image(data.encode(), "x")
    assert [each.package for each in read.packages] == [package]
    distro = {"deb": Release("debian", "12"), "rpm": Release("rhel", "9.2")}
    assert read.release == distro.get(package.type)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"\xff",
        b'{"bomFormat": "CycloneDX", "components": [1]}',
        b'{"components":' * 9999,
        b"SPDXVersion: SPDX-2.3",
    ],
)
def test_what_is_no_sbom_is_refused_by_name(data):
    with pytest.raises(FileMalformed, match=r"x\.json"):
        reading.image(data, "x.json")


URLS = st.one_of(
    st.text(max_size=30), st.text(max_size=20).map("pkg:deb/".__add__), st.text(max_size=20).map("pkg:rpm/a@".__add__)
)


@settings(max_examples=100, deadline=None)
@given(URLS, st.text(max_size=9), st.sampled_from(["OPERATING-SYSTEM", "LIBRARY"]))
def test_whatever_strangers_write_is_read_or_left_out(url, name, purpose):
    of_spdx = {
        "spdxVersion": "SPDX-2.3",
        "packages": [
            {
                "name": name,
                "supplier": name,
                "primaryPackagePurpose": purpose,
                "externalRefs": [{"referenceType": "purl", "referenceLocator": url}],
            }
        ],
    }
    component = {"name": name, "purl": url, "licenses": [name, {"license": name}], "properties": [{"name": name}]}
    for document in (of_spdx, {"bomFormat": "CycloneDX", "components": [component]}):
        assert len(reading.image(json.dumps(document).encode(), "x").packages) <= 1
