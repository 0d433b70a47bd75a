"""An image with packages of every kind, and what is known of some, for tests of documents. Owns no assertions."""

from collections.abc import Mapping, Sequence

from entrepot.scan.advisories import Advisory, Affected, Event, Severity
from entrepot.scan.documents.reported import Reported, reported
from entrepot.scan.documents.subject import Subject
from entrepot.scan.matching import Row, matches
from entrepot.scan.merging import Database, Image, Located, Unread
from entrepot.scan.packages import Package, Release

DIGEST = "sha256:" + "ab" * 32
BASE, OWN = "sha256:" + "01" * 32, "sha256:" + "02" * 32
SUBJECT = Subject("registry.example/team/app:v1", DIGEST, 1_700_000_000_000_000, "1.2.3")
STATUS, RPMDB = "var/lib/dpkg/status", "var/lib/rpm/rpmdb.sqlite"
DEBIAN = Release("debian", "12", name="Debian GNU/Linux 12 (bookworm)")
SYSTEM = (
    Package(
        "deb", "libssl3", "3.0.9-1", STATUS, "openssl", arch="amd64", vendor="Debian OpenSSL Team <openssl@debian.test>"
    ),
    Package("deb", "zlib1g", "1:1.2.13.dfsg-1+b2", STATUS, "zlib", "1:1.2.13.dfsg-1", arch="amd64"),
    Package("deb", "bash", "5.2.15-2", STATUS, arch="amd64", vendor="Matthias (of Debian)"),
)
LANGUAGES = (
    Package("npm", "@angular/core", "1.0.0", "app/node_modules/@angular/core/package.json", licence="MIT"),
    Package("maven", "org.apache.logging.log4j:log4j-core", "2.14.1", "app/a.jar", licence="Apache-2.0 OR MIT"),
    Package("maven", "org.apache.logging.log4j:log4j-core", "2.14.1", "app/b.jar", licence="The Apache Licence, v2"),
    Package("golang", "github.com/Docker/docker", "v24.0.7+incompatible", "bin/tool"),
    Package("pypi", "Django", "3.2", "usr/lib/python3/Django.dist-info/METADATA", licence='BSD <&">'),
    Package("generic", "python", "3.11.4", "usr/local/bin/python3.11"),
)


def image(*extra: Package, release: Release | None = DEBIAN, unread: Sequence[Unread] = ()) -> Image:
    """Debian with packages of languages, and some more."""
    packages = [Located(each, BASE) for each in SYSTEM] + [Located(each, OWN) for each in (*LANGUAGES, *extra)]
    return Image(release, [Database("dpkg", STATUS, BASE)], packages, unread)


def fedora_like() -> Image:
    """An image of rpms."""
    packages = (
        Package(
            "rpm", "openssl-libs", "1:3.0.7-24.el9", RPMDB, "openssl", "1:3.0.7-24.el9", "x86_64", vendor="Red Hat"
        ),
        Package(
            "rpm",
            "nodejs",
            "1:18.2.0-1.el9",
            RPMDB,
            "nodejs",
            arch="x86_64",
            modularity="nodejs:18:9020020230101:rhel9",
            vendor="Red Hat, Inc.",
        ),
        Package("rpm", "gpg-pubkey", "fd431d51-4ae0493b", RPMDB),
    )
    release = Release("rhel", "9.2", name="Red Hat Enterprise Linux 9.2", cpe="cpe:/o:redhat:enterprise_linux:9")
    return Image(release, [Database("rpm", RPMDB, BASE)], [Located(each, BASE) for each in packages], ())


class Told:
    """Knows two vulnerabilities of OpenSSL, and one of log4j that nothing mends."""

    ADVISORIES = (
        Advisory(
            "DSA-1",
            "Debian",
            1_600_000_000_000_000,
            vulnerabilities=("CVE-2023-0001", "CVE-2023-0002"),
            details="Two faults.\nAnd more of them.",
            severities=(Severity("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"),),
            references=("https://debian.test/DSA-1", "mailto:nobody"),
        ),
        Advisory(
            "GHSA-1",
            "Maven",
            0,
            summary="Anything can be run.",
            severities=(Severity("GitHub", "CRITICAL"),),
            cwes=("CWE-502", "CWE-20"),
        ),
    )
    AFFECTED: Mapping[tuple[str, str], Affected] = {
        ("Debian:12", "openssl"): Affected(
            "Debian:12", "openssl", [[Event("introduced", "0"), Event("fixed", "3.0.11-1")]]
        ),
        ("Maven", "org.apache.logging.log4j:log4j-core"): Affected(
            "Maven", "org.apache.logging.log4j:log4j-core", [[Event("introduced", "2.0")]], state="will_not_fix"
        ),
    }

    def candidates(self, packages: Sequence[tuple[str, str]]) -> Sequence[Sequence[Row]]:
        """What is told of each."""
        return [
            [(number, b"", affected) for number, (key, affected) in enumerate(self.AFFECTED.items()) if key == each]
            for each in packages
        ]

    def advisories(self, numbers: Sequence[int]) -> Mapping[int, Advisory]:
        """By their places."""
        return {number: self.ADVISORIES[number] for number in numbers}

    def whole(self, number: int) -> Advisory | None:
        """The same."""
        return self.ADVISORIES[number]


def found(of: Image | None = None) -> list[Reported]:
    """What is known of an image."""
    told = Told()
    return reported(matches(of or image(), told), told.whole)
