"""Lists of contents that an image brings along."""

import json
from collections.abc import Mapping

import pytest

from entrepot.scan.packages import Package
from tests.factories.language_files import names, packages, readers, told

BITNAMI = "opt/bitnami/redis/.spdx-redis.spdx"
SHARE = "usr/local/share/sbom/app.cdx.json"


def spdx(*urls: str, version: str = "SPDX-2.3", **stated: str) -> str:
    return json.dumps(
        {
            "spdxVersion": version,
            "packages": [
                {
                    "name": "n",
                    "versionInfo": "0",
                    **stated,
                    "externalRefs": [
                        {
                            "referenceCategory": "SECURITY",
                            "referenceType": "cpe23Type",
                            "referenceLocator": "cpe:2.3:a",
                        },
                        {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": url},
                    ],
                }
                for url in urls
            ],
            "files": [{"fileName": "./a", "checksums": []}],
            "relationships": [],
        }
    )


def cyclonedx(*components: Mapping[str, object], version: str = "1.6") -> str:
    return json.dumps({"bomFormat": "CycloneDX", "specVersion": version, "components": components})


@pytest.mark.parametrize("version", ["SPDX-2.2", "SPDX-2.3"])
def test_what_bitnami_says_of_its_own_is_read_from_spdx(version):
    text = spdx(
        "pkg:bitnami/redis@7.2.4-1?arch=amd64&distro=debian-12", version=version, licenseConcluded="BSD-3-Clause"
    )
    assert packages(BITNAMI, text) == [Package("bitnami", "redis", "7.2.4-1", BITNAMI, licence="BSD-3-Clause")]


@pytest.mark.parametrize("version", ["1.4", "1.5", "1.6"])
def test_components_are_read_from_cyclonedx_with_those_that_they_hold(version):
    text = cyclonedx(
        {"purl": "pkg:npm/%40a/b@1", "licenses": [{"license": {"id": "MIT"}}], "components": [{"purl": "pkg:gem/c@2"}]},
        {"purl": "pkg:maven/g/a@1", "licenses": [{"expression": "MIT OR ISC"}]},
        version=version,
    )
    assert packages(SHARE, text) == [
        Package("npm", "@a/b", "1", SHARE, licence="MIT"),
        Package("gem", "c", "2", SHARE),
        Package("maven", "g:a", "1", SHARE, licence="MIT OR ISC"),
    ]


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("pkg:golang/github.com/a/b@v1.0.0", ("github.com/a/b", "v1.0.0")),
        ("pkg:composer/a/b@1", ("a/b", "1")),
        ("pkg:pypi/Django@3.2", ("django", "3.2")),
        ("pkg:cargo/a@1", ("a", "1")),
        ("pkg:nuget/A.B@1", ("A.B", "1")),
        ("pkg:generic/openssl/openssl@3.0.1?download_url=x", ("openssl/openssl", "3.0.1")),
        ("pkg:generic/a@1", ("a", "1")),
    ],
)
def test_names_are_as_their_ecosystem_writes_them(url, found):
    assert names(SHARE, cyclonedx({"purl": url})) == [found]


@pytest.mark.parametrize(
    "url",
    [
        "pkg:deb/debian/a@1",
        "pkg:apk/wolfi/a@1",
        "pkg:rpm/fedora/a@1",
        "pkg:github/a/b@1",
        "pkg:oci/a@1",
        "pkg:npm/a",
        "pkg:npm/@1",
        "pkg:npm/a@1?b",
        "pkg:",
        "npm/a@1",
        "",
        "pkg:npm/" + "a" * 3000 + "@1",
        "pkg:npm/a%00b@1",
    ],
)
def test_the_operating_systems_packages_and_what_has_no_proper_url_are_left_out(url):
    assert names(SHARE, cyclonedx({"purl": url}, {"name": "a"}, {"purl": "pkg:npm/b@1"})) == [("b", "1")]
    assert names(BITNAMI, spdx(url, "pkg:npm/b@1")) == [("b", "1")]


def test_sources_of_system_packages_are_not_in_the_image():
    text = spdx("pkg:apk/wolfi/bash@5.2-r1", "pkg:generic/bash@5.2")
    assert names("var/lib/db/sbom/bash-5.2-r1.spdx.json", text) == []


def test_a_package_counts_once():
    assert names(SHARE, cyclonedx(*[{"purl": "pkg:npm/b@1"}] * 3)) == [("b", "1")]


def test_no_licence_is_none():
    (package,) = packages(BITNAMI, spdx("pkg:npm/b@1", licenseDeclared="NOASSERTION", licenseConcluded="NONE"))
    assert package.licence == ""


def test_only_the_lists_of_the_images_builder_are_believed():
    for path in (
        BITNAMI,
        SHARE,
        "usr/share/sbom/a.spdx.json",
        "var/lib/db/sbom/a.spdx.json",
        "opt/bitnami/.spdx-a.spdx",
    ):
        assert len(readers(path)) == 1
    for path in ("app/bom.cdx.json", "app/node_modules/a/sbom.spdx", "lib/a.dist-info/sboms/a.cyclonedx.json"):
        assert not readers(path)


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"spdxVersion": "SPDX-3.0"}',
        '{"bomFormat": "other"}',
        "SPDXVersion: SPDX-2.3",
        "[]",
        '{"components": {}}',
        "",
    ],
)
def test_what_is_neither_is_malformed(text):
    found, reason = told(SHARE, text)
    assert found == []
    assert reason.startswith(f"{SHARE} cannot be read: it is ")


def test_components_that_nest_deep_are_refused():
    deep = '{"components": [' * 50_000 + "]}" * 50_000
    assert told(SHARE, deep)[1] == f"{SHARE} cannot be read: it is nested too deep"


def test_there_are_only_so_many_packages_however_often_they_stand_there():
    found, reason = told(SHARE, cyclonedx(*[{"purl": "pkg:gem/b@1"}] * 20_001))
    assert len(found) == 1
    assert "more than 20000 packages" in reason
