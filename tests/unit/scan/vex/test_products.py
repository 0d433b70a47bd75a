"""Which packages and images a package URL means: what it leaves out is open, what it says must be so."""

import pytest
from packageurl import PackageURL

from entrepot.scan.vex.products import is_digest, means_image, means_package

OURS = "pkg:deb/debian/libssl3@3.0.9-1?arch=amd64&distro=debian-12&upstream=openssl"
DIGEST = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ("pkg:deb/debian/libssl3", True),
        ("pkg:deb/debian/libssl3@3.0.9-1", True),
        ("pkg:deb/debian/libssl3@3.0.9-1?arch=amd64", True),
        ("pkg:deb/debian/libssl3?distro=debian-12", True),
        ("pkg:deb/debian/libssl3@3.0.9-2", False),
        ("pkg:deb/debian/libssl3@3.0.9-1?arch=arm64", False),
        ("pkg:deb/debian/libssl3?distro=bookworm", False),
        ("pkg:deb/ubuntu/libssl3", False),
        ("pkg:deb/debian/openssl", False),
        ("pkg:deb/debian/openssl?arch=source", True),
        ("pkg:deb/debian/openssl@3.0.9-1?arch=source&distro=debian-12", True),
        ("pkg:deb/debian/openssl@3.0.9-2?arch=source", False),
        ("pkg:rpm/debian/libssl3", False),
        ("pkg:deb/debian/libssl3#lib", False),
    ],
)
def test_a_url_means_what_agrees_with_all_that_it_says(said: str, *, means: bool):
    assert means_package(PackageURL.from_string(said), PackageURL.from_string(OURS)) is means


@pytest.mark.parametrize(
    ("said", "means"),
    [
        (f"pkg:oci/app@{DIGEST}", True),
        ("pkg:oci/app", True),
        (f"pkg:oci/app@{DIGEST}?repository_url=other.test/team/app", True),
        (f"pkg:oci/app@{DIGEST}?repository_url=other.test/app", True),
        (f"pkg:oci/app@{DIGEST}?repository_url=other.test/other", False),
        (f"pkg:oci/app@{OTHER}", False),
        ("pkg:oci/team", False),
    ],
)
def test_an_image_is_meant_by_name_and_digest_wherever_it_was(said: str, *, means: bool):
    assert means_image(PackageURL.from_string(said), "team/app", frozenset({DIGEST})) is means


def test_a_digest_is_of_an_algorithm_and_as_long():
    assert is_digest(DIGEST)
    assert is_digest("sha512:" + "0" * 128)
    assert not any(map(is_digest, ["", "sha256:", "sha256:" + "A" * 64, "sha512:" + "a" * 64, "md5:" + "a" * 32]))
