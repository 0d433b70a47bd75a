"""Enhanced scanning through boto3: what system and language packages are known to have, and what is told of it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.behaviour.test_ecr_images import refusal
from tests.factories.advisory_files import dump, folder, record
from tests.factories.executables import go
from tests.factories.layouts import Image, archive, image, image_of, index_of
from tests.factories.layouts import Index as Layout
from tests.factories.processes import Server, serve
from tests.factories.registry import Registry
from tests.factories.tars import file, tar
from tests.factories.waiting import wait
from tests.operation.commands import entrepot

RELEASE = b'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'
STATUS = (
    b"Package: libssl3\nStatus: install ok installed\nArchitecture: amd64\nSource: openssl\nVersion: 3.0.9-1\n\n"
    b"Package: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.0.9-1\n\n"
)
BASE = archive({"etc/os-release": RELEASE, "var/lib/dpkg/status": STATUS})
LANGUAGES = archive(
    {
        "usr/lib/python3/dist-packages/Django-3.2.dist-info/METADATA": b"Name: Django\nVersion: 3.2\n",
        "app/node_modules/lodash/package.json": b'{"name": "lodash", "version": "4.17.20"}',
    }
)
CVSS = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"
DEBIAN = [
    record(
        "DSA-1",
        "openssl",
        fixed="3.0.11-1",
        related=["CVE-2023-5363"],
        details="A fault.",
        severity=[{"type": "CVSS_V3", "score": CVSS}],
        references=[{"type": "ADVISORY", "url": "https://advisories.test/DSA-1"}],
    )
]
PYPI = [record("PYSEC-1", "django", "PyPI", "3.2.1", aliases=["CVE-2021-31542"], details="Uploads.")]
NPM = [record("GHSA-aaaa-bbbb-cccc", "lodash", "npm", "4.17.21", aliases=["CVE-2021-23337"])]
GO = [record("GO-1", "golang.org/x/text", "Go", "0.3.8", aliases=["CVE-2022-32149"])]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A registry with enhanced scanning, and advisories."""
    path = tmp_path_factory.mktemp("enhanced")
    with serve(path / "server") as server:
        for name, records in (("Debian", DEBIAN), ("PyPI", PYPI), ("npm", NPM), ("Go", GO)):
            dump(path / "dumps" / name / "all.zip", records)
        take(server, path / "dumps")
        server.client().put_registry_scanning_configuration(scanType="ENHANCED", rules=[])
        yield server


def take(server: Server, path: Path) -> None:
    ended = entrepot("vulndb", "import", path, "--data", server.data)
    assert ended.status == 0, ended


def findings(server: Server, repository: str, digest: str, **given: Any) -> dict[str, Any]:
    found: dict[str, Any] = server.client().describe_image_scan_findings(
        repositoryName=repository, imageId={"imageDigest": digest}, **given
    )
    return found


def scanned(server: Server, repository: str, digest: str, *statuses: str) -> dict[str, Any]:
    """What is told of an image once its scan stands so."""

    def look() -> dict[str, Any] | None:
        found = findings(server, repository, digest)
        return found if found["imageScanStatus"]["status"] in (statuses or ("ACTIVE",)) else None

    return wait(look, 60) or findings(server, repository, digest)


def push(server: Server, repository: str, made: Image, *statuses: str) -> dict[str, Any]:
    server.client().create_repository(repositoryName=repository)
    Registry(server).push(repository, made, "v1")
    return scanned(server, repository, made.digest, *statuses)


def names(told: dict[str, Any]) -> list[str]:
    return [
        each["packageVulnerabilityDetails"]["vulnerabilityId"] for each in told["imageScanFindings"]["enhancedFindings"]
    ]


def test_packages_of_the_system_and_of_languages_are_looked_at(house: Server):
    made = image_of(BASE, LANGUAGES)
    told = push(house, "all", made)
    assert told["imageScanStatus"]["description"].startswith("Continuous scan is selected for image.")
    assert names(told) == ["CVE-2023-5363", "CVE-2021-23337", "CVE-2021-31542"]
    shown = told["imageScanFindings"]
    assert shown["findingSeverityCounts"] == {"HIGH": 1, "UNDEFINED": 2}
    assert "findings" not in shown
    first = shown["enhancedFindings"][0]
    assert (first["title"], first["description"]) == ("CVE-2023-5363 - libssl3, openssl", "A fault.")
    assert (first["severity"], first["status"], first["score"]) == ("HIGH", "ACTIVE", 7.5)
    details = first["packageVulnerabilityDetails"]
    assert details["referenceUrls"] == ["https://advisories.test/DSA-1"]
    assert details["vulnerablePackages"][0] == {
        "arch": "X86_64",
        "epoch": 0,
        "filePath": "var/lib/dpkg/status",
        "fixedInVersion": "0:3.0.11-1",
        "name": "libssl3",
        "packageManager": "OS",
        "release": "1",
        "sourceLayerHash": made.layers[0].digest,
        "version": "3.0.9",
    }
    facts = first["resources"][0]["details"]["awsEcrContainerImage"]
    assert (facts["platform"], facts["architecture"], facts["imageTags"]) == ("DEBIAN_12", "amd64", ["v1"])
    (image_detail,) = house.client().describe_images(repositoryName="all")["imageDetails"]
    assert image_detail["imageScanStatus"]["status"] == "ACTIVE"
    assert image_detail["imageScanFindingsSummary"]["findingSeverityCounts"] == {"HIGH": 1, "UNDEFINED": 2}


def test_a_program_without_a_system_is_looked_at(house: Server):
    program = go("go1.22.1", ["path\tapp", "mod\tapp\t(devel)", "dep\tgolang.org/x/text\tv0.3.7\th1:x="])
    told = push(house, "scratch", image_of(tar(file("app", program, 0o755))))
    assert names(told) == ["CVE-2022-32149"]
    assert (
        told["imageScanFindings"]["enhancedFindings"][0]["packageVulnerabilityDetails"]["vulnerablePackages"][0][
            "packageManager"
        ]
        == "GOBINARY"
    )


def test_findings_are_shown_page_by_page(house: Server):
    push(house, "paged", image_of(BASE, LANGUAGES, archive({"paged": b"x"})))
    pages = (
        house.client()
        .get_paginator("describe_image_scan_findings")
        .paginate(repositoryName="paged", imageId={"imageTag": "v1"}, PaginationConfig={"PageSize": 1})
    )
    assert names(pages.build_full_result()) == ["CVE-2023-5363", "CVE-2021-23337", "CVE-2021-31542"]
    given = {"repositoryName": "paged", "imageId": {"imageTag": "v1"}, "nextToken": "nonsense"}
    bad = refusal(house.client().describe_image_scan_findings, **given)
    assert bad[0] == "InvalidParameterException"


def test_an_index_answers_with_the_sum_of_its_images(house: Server):
    children = (image_of(BASE, archive({"a": b"1"})), image_of(LANGUAGES, archive({"a": b"2"}), architecture="arm64"))
    made = Layout(index_of(children, ("amd64", "arm64")), children)
    house.client().create_repository(repositoryName="index")
    Registry(house).push("index", made, "v1")
    told = scanned(house, "index", made.digest)
    assert names(told) == ["CVE-2023-5363", "CVE-2021-23337", "CVE-2021-31542"]
    assert told["imageScanFindings"]["findingSeverityCounts"] == {"HIGH": 1, "UNDEFINED": 2}


def test_what_is_no_image_is_unsupported(house: Server):
    told = push(house, "artifact", image(950, artifactType="application/vnd.test"), "UNSUPPORTED_IMAGE")
    assert told["imageScanStatus"]["status"] == "UNSUPPORTED_IMAGE"
    assert names(told) == []


def test_nobody_starts_a_scan(house: Server):
    push(house, "manual", image_of(BASE, archive({"manual": b"x"})))
    code, message = refusal(house.client().start_image_scan, repositoryName="manual", imageId={"imageTag": "v1"})
    assert code == "ValidationException"
    assert "This feature is disabled" in message


def test_switching_the_type_hides_and_shows_what_was_found(tmp_path: Path):
    with serve(tmp_path) as server:
        ecr = server.client()
        take(server, dump(tmp_path / "Debian" / "all.zip", DEBIAN))
        ecr.create_repository(repositoryName="app")
        made = image_of(BASE)
        Registry(server).push("app", made, "v1")
        ecr.start_image_scan(repositoryName="app", imageId={"imageTag": "v1"})
        basic = scanned(server, "app", made.digest, "COMPLETE")
        ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=[])
        enhanced = wait(lambda: _enhanced(server, made.digest), 60)
        assert enhanced
        assert names(enhanced) == ["CVE-2023-5363"]
        ecr.put_registry_scanning_configuration(scanType="BASIC", rules=[])
        again = findings(server, "app", made.digest)
        assert again["imageScanFindings"] == basic["imageScanFindings"]
        ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=[])
        shown = findings(server, "app", made.digest)
        assert shown["imageScanFindings"]["enhancedFindings"] == enhanced["imageScanFindings"]["enhancedFindings"]


def _enhanced(server: Server, digest: str) -> dict[str, Any] | None:
    """What enhanced scanning tells, once there is something: a job picks up images that are there."""
    try:
        found = findings(server, "app", digest)
    except server.client().exceptions.ScanNotFoundException:
        return None
    return found if found["imageScanStatus"]["status"] == "ACTIVE" else None


def test_what_becomes_known_opens_findings_without_a_push(tmp_path: Path):
    with serve(tmp_path) as server:
        server.client().put_registry_scanning_configuration(scanType="ENHANCED", rules=[])
        made = image_of(BASE)
        told = push(server, "app", made, "FINDINGS_UNAVAILABLE")
        assert "`entrepot vulndb import`" in told["imageScanStatus"]["description"]
        assert told["imageScanFindings"]["enhancedFindings"] == []
        take(server, dump(tmp_path / "Debian" / "all.zip", DEBIAN))
        assert names(scanned(server, "app", made.digest)) == ["CVE-2023-5363"]
        new = record("DSA-2", "openssl", fixed="3.0.12-1", related=["CVE-2024-0727"])
        take(server, folder(tmp_path / "new", [new]))
        wait(lambda: len(names(findings(server, "app", made.digest))) > 1, 60)
        assert names(findings(server, "app", made.digest)) == ["CVE-2023-5363", "CVE-2024-0727"]
        server.client().batch_delete_image(repositoryName="app", imageIds=[{"imageDigest": made.digest}])
        inspector = server.client("inspector2")
        closed = inspector.list_findings(
            filterCriteria={"ecrImageRepositoryName": [{"comparison": "EQUALS", "value": "app"}]}
        )["findings"]
        assert {each["status"] for each in closed} == {"CLOSED"}


def test_repositories_say_how_they_are_scanned(house: Server):
    ecr = house.client()
    for name in ("on-push", "continuous", "neither"):
        ecr.create_repository(repositoryName=name)
    rules = [
        {"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{"filter": "on-push", "filterType": "WILDCARD"}]},
        {"scanFrequency": "CONTINUOUS_SCAN", "repositoryFilters": [{"filter": "cont*", "filterType": "WILDCARD"}]},
    ]
    ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=rules)
    told = ecr.batch_get_repository_scanning_configuration(repositoryNames=["on-push", "continuous", "neither"])
    shown = [(each["scanFrequency"], each["scanOnPush"]) for each in told["scanningConfigurations"]]
    assert shown == [("SCAN_ON_PUSH", True), ("CONTINUOUS_SCAN", False), ("MANUAL", False)]
    made = image_of(BASE, archive({"once": b"x"}))
    Registry(house).push("on-push", made, "v1")
    assert names(scanned(house, "on-push", made.digest, "COMPLETE")) == ["CVE-2023-5363"]
    Registry(house).push("neither", made, "v1")
    given = {"repositoryName": "neither", "imageId": {"imageDigest": made.digest}}
    absent = refusal(ecr.describe_image_scan_findings, **given)
    assert absent[0] == "ScanNotFoundException"
    ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=[])
    assert json.dumps(ecr.get_registry_scanning_configuration()["scanningConfiguration"]["rules"]) == "[]"
