"""Exceptions from findings of enhanced scanning, and admission by what they leave, through boto3 and docker's door."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.behaviour.test_ecr_enhanced_scanning import BASE, DEBIAN, LANGUAGES, NPM, PYPI, push, scanned, take
from tests.factories.advisory_files import dump
from tests.factories.layouts import Image, image_of
from tests.factories.processes import Server, serve
from tests.factories.registry import Registry
from tests.factories.waiting import wait
from tests.operation.commands import entrepot

pytestmark = pytest.mark.timeout(600)  # each runs several commands, which start slowly on a machine that does much else
OPENSSL, DJANGO, LODASH = "CVE-2023-5363", "CVE-2021-31542", "CVE-2021-23337"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A registry with enhanced scanning, and advisories."""
    path = tmp_path_factory.mktemp("exceptions")
    with serve(path / "server") as server:
        for name, records in (("Debian", DEBIAN), ("PyPI", PYPI), ("npm", NPM)):
            take(server, dump(path / name / "all.zip", records))
        server.client().put_registry_scanning_configuration(scanType="ENHANCED", rules=[])
        yield server


def run(server: Server, *arguments: object) -> Any:
    ended = entrepot(*arguments, "--data", server.data, "--output", "json")
    assert ended.status == 0, ended
    return ended.result


def suppressed(server: Server, repository: str, made: Image) -> set[str]:
    """The vulnerabilities of findings that are suppressed."""
    found = scanned(server, repository, made.digest)["imageScanFindings"]["enhancedFindings"]
    return {each["packageVulnerabilityDetails"]["vulnerabilityId"] for each in found if each["status"] == "SUPPRESSED"}


def becomes(server: Server, repository: str, made: Image, expected: set[str]) -> None:
    wait(lambda: suppressed(server, repository, made) == expected, what=f"{expected} to be suppressed")


def handed_out(server: Server, repository: str) -> bool:
    return Registry(server).request("GET", f"/v2/{repository}/manifests/v1").status == 200


def test_an_accepted_finding_is_suppressed_and_let_through_until_it_is_not(house: Server):
    made = image_of(BASE, LANGUAGES)
    push(house, "accepted", made)
    run(house, "repository", "admission", "set", "accepted", "--mode", "enforce", "--max-severity", "MEDIUM")
    assert not handed_out(house, "accepted")
    given = ("--repository", "accepted", "--owner", "them", "--reason", "not reachable", "--expires", "30d")
    added = run(house, "vulnerability", "exception", "add", OPENSSL, *given)
    assert handed_out(house, "accepted")  # whoever asks does not wait for the findings to be written anew
    becomes(house, "accepted", made, {OPENSSL})
    run(house, "vulnerability", "exception", "remove", added["id"])
    assert not handed_out(house, "accepted")
    becomes(house, "accepted", made, set())


def test_a_document_names_packages_of_languages_by_their_urls(house: Server, tmp_path: Path):
    made = image_of(BASE, LANGUAGES)
    push(house, "vexed", made)
    document = {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "https://vex.test/1",
        "author": "them",
        "timestamp": "2026-01-01T00:00:00Z",
        "statements": [
            statement(DJANGO, "pkg:pypi/django@3.2"),
            statement("GHSA-aaaa-bbbb-cccc", "pkg:npm/lodash"),  # what CVE-2021-23337 is called there
            statement(OPENSSL, "pkg:deb/debian/libssl3"),  # and not of openssl, which has it too
        ],
    }
    path = tmp_path / "vex.json"
    path.write_text(json.dumps(document))
    run(house, "vulnerability", "vex", "import", path, "--owner", "them", "--repository", "vexed")
    becomes(house, "vexed", made, {DJANGO, LODASH})


def statement(name: str, url: str) -> dict[str, Any]:
    return {
        "vulnerability": {"name": name},
        "products": [{"@id": url}],
        "status": "not_affected",
        "justification": "vulnerable_code_not_present",
    }


def test_what_is_excepted_before_its_image_is_pushed_begins_suppressed(house: Server):
    given = ("--repository", "later/*", "--owner", "them", "--reason", "not reachable", "--expires", "30d")
    run(house, "vulnerability", "exception", "add", OPENSSL, *given)
    made = image_of(BASE, LANGUAGES)
    push(house, "later/app", made)
    assert suppressed(house, "later/app", made) == {OPENSSL}
