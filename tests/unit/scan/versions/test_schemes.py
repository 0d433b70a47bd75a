"""Which order an ecosystem has."""

import pytest

from entrepot.errors.scanning import EcosystemUnknown
from entrepot.scan.versions import schemes
from entrepot.scan.versions.schemes import scheme_of


@pytest.mark.parametrize(
    ("ecosystem", "scheme"),
    [
        ("Debian", schemes.DPKG),
        ("Debian:12", schemes.DPKG),
        ("Ubuntu:22.04:LTS", schemes.DPKG),
        ("Ubuntu:Pro:18.04:LTS", schemes.DPKG),
        ("Echo", schemes.DPKG),
        ("Echo:PyPI", schemes.PEP440),
        ("opam", schemes.DPKG),
        ("Alpine:v3.18", schemes.APK),
        ("Wolfi", schemes.APK),
        ("Chainguard", schemes.APK),
        ("MinimOS", schemes.APK),
        ("Alpaquita:23", schemes.APK),
        ("BellSoft Hardened Containers:stream", schemes.APK),
        ("Docker Hardened Images:Alpine:3.23", schemes.APK),
        ("Docker Hardened Images:Debian:trixie", schemes.DPKG),
        ("AlmaLinux:9", schemes.RPM),
        ("Red Hat:rhel_aus:8.4::appstream", schemes.RPM),
        ("Rocky Linux:8", schemes.RPM),
        ("openSUSE:Leap 15.5", schemes.RPM),
        ("SUSE:Linux Enterprise Server 15 SP5", schemes.RPM),
        ("Amazon Linux:2023", schemes.RPM),
        ("Oracle Linux:9", schemes.RPM),
        ("Photon OS:5.0", schemes.RPM),
        ("Azure Linux:3", schemes.RPM),
        ("Mageia:9", schemes.RPM),
        ("openEuler:24.03-LTS", schemes.RPM),
        ("TuxCare:Red Hat", schemes.RPM),
        ("PyPI", schemes.PEP440),
        ("npm", schemes.SEMVER),
        ("Go", schemes.GO),
        ("crates.io", schemes.SEMVER),
        ("Maven:https://maven.google.com", schemes.MAVEN),
        ("NuGet", schemes.NUGET),
        ("RubyGems", schemes.RUBYGEMS),
        ("Packagist", schemes.PACKAGIST),
        ("Packagist:https://packages.drupal.org/8", schemes.PACKAGIST),
        ("Hackage", schemes.HACKAGE),
        ("CRAN", schemes.R),
        ("Bioconductor", schemes.R),
        ("Pub", schemes.PUB),
        ("Hex", schemes.SEMVER),
        ("SwiftURL", schemes.SEMVER),
        ("Bitnami", schemes.BITNAMI),
        ("GitHub Actions", schemes.SEMVER),
        ("VSCode", schemes.SEMVER),
        ("Julia", schemes.SEMVER),
        ("GHC", schemes.SEMVER),
        ("ConanCenter", schemes.GENERIC),
        ("Linux", schemes.GENERIC),
        ("Android", schemes.GENERIC),
    ],
)
def test_an_ecosystem_has_its_order_whatever_follows_the_colon(ecosystem, scheme):
    assert scheme_of(ecosystem) is scheme


@pytest.mark.parametrize("ecosystem", ["GIT", "OSS-Fuzz", "", "debian", "Root", "TuxCare", "TuxCare:TuxCare:npm", "é"])
def test_an_ecosystem_without_an_order_is_told_by_name(ecosystem):
    with pytest.raises(EcosystemUnknown):
        scheme_of(ecosystem)


@pytest.mark.parametrize(
    ("ecosystem", "versions"),
    [
        ("Root:Alpine:3.18", ["1.0.0-r1", "1.0.0-r10071", "1.0.0-r10072", "1.0.1-r0"]),
        ("Root:Debian:12", ["1.0-1", "1.0-1.root.io.1", "1.0-1.root.io.10", "1.0-1+deb12u1"]),
        ("Root:PyPI", ["1.0", "1.0.0+root.io.1", "1.0+root.io.2", "1.1"]),
        ("Root:npm", ["1.0.0-rc.1", "1.0.0", "1.0.0.root.io.1", "1.0.0+root.io.2", "1.0.1"]),
    ],
)
def test_what_root_builds_again_comes_behind_what_it_was_built_from(ecosystem, versions):
    keys = [scheme_of(ecosystem).key(version) for version in versions]
    assert keys == sorted(set(keys))
