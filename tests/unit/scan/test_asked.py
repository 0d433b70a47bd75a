"""A package is asked of the ecosystem of its own distribution and package manager, or of nobody, and that is known."""

import pytest

from entrepot.scan.distributions import distribution
from entrepot.scan.matching import asked_of, unasked
from entrepot.scan.merging import Image, Located
from entrepot.scan.packages import Package, Release

DEB = Package("deb", "openssl", "3.0.9-1", "var/lib/dpkg/status")
APK = Package("apk", "openssl", "3.0.9-r1", "lib/apk/db/installed")
RPM = Package("rpm", "openssl", "1:3.0.7-1.el9", "var/lib/rpm/rpmdb.sqlite", vendor="AlmaLinux")
THEIRS = Package("rpm", "docker-ce", "3:24.0-1.el9", "var/lib/rpm/rpmdb.sqlite", vendor="Docker")
WHEEL = Package("pypi", "requests", "2.20.0", "app/METADATA")
FORMATS = {"almalinux": "rpm", "alpine": "apk", "amzn": "rpm", "azurelinux": "rpm", "debian": "deb", "echo": "deb"} | {
    "minimos": "apk", "photon": "rpm", "rhel": "rpm", "sles": "rpm", "ubuntu": "deb", "wolfi": "apk", "alpaquita": "apk"
}  # fmt: skip


def image(release: str, version: str = "9") -> Image:
    packages = [Located(each, "sha256:1") for each in (DEB, APK, RPM, THEIRS, WHEEL)]
    return Image(Release(release, version) if release else None, (), packages, ())


@pytest.mark.parametrize(("release", "own"), FORMATS.items())
def test_a_distribution_tells_of_its_own_packages_alone(release, own):
    system = distribution(Release(release, "9"))
    assert system is not None
    assert system.format == own
    for package in (DEB, APK):
        assert system.builds(package) is (package.type == own)
    asked = {located.package.type for located, _ in asked_of(image(release))} - {"pypi"}
    assert asked <= {own}


def test_what_nobody_is_asked_about_is_known():
    assert [(each.package, asked.ecosystem) for each, asked in asked_of(image("almalinux"))] == [
        (RPM, "AlmaLinux:9"),
        (WHEEL, "PyPI"),
    ]
    assert [each.package for each in unasked(image("almalinux"))] == [DEB, APK, THEIRS]
    assert [each.package for each in unasked(image("alpine", "3.20"))] == [DEB, RPM, THEIRS]
    assert [each.package for each in unasked(image("haiku"))] == [DEB, APK, RPM, THEIRS]
    assert [each.package for each in unasked(image(""))] == [DEB, APK, RPM, THEIRS]
