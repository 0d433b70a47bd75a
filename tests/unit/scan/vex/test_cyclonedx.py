"""VEX in CycloneDX as it is read: what is said, of what, and why some documents are refused."""

import json
from typing import Any

import pytest

from entrepot.errors.vex import VexMalformed
from entrepot.scan.vex import documents
from entrepot.scan.vex.statements import Document, Product, Statement
from entrepot.spec.moments import moment

DIGEST = "sha256:" + "a" * 64
IMAGE = f"pkg:oci/app@{DIGEST}"
LODASH = "pkg:npm/lodash@4.17.20"
SERIAL = "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79"
REACHED = {"state": "not_affected", "justification": "code_not_reachable", "detail": "never called"}


def vulnerability(*refs: str, analysis: Any = None, **fields: Any) -> dict[str, Any]:
    affects = [{"ref": each} for each in refs]
    return {"id": "CVE-2021-23337", "analysis": analysis or REACHED, "affects": affects, **fields}


def document(*told: dict[str, Any], component: Any = None, **fields: Any) -> bytes:
    metadata = {"timestamp": "2023-02-01T00:00:00Z", "authors": [{"name": "them"}]}
    return json.dumps(
        {
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "serialNumber": SERIAL,
            "version": 3,
            "metadata": {**metadata, **({"component": component} if component else {})},
            "components": [{"type": "library", "name": "lodash", "bom-ref": "one", "purl": LODASH}],
            "vulnerabilities": told,
            **fields,
        }
    ).encode()


def read(*told: dict[str, Any], **fields: Any) -> Document:
    return documents.get(document(*told, **fields))


def said(*told: dict[str, Any], **fields: Any) -> Statement:
    (found,) = read(*told, **fields).statements
    return found


def test_a_document_says_who_says_so_and_when():
    told = read(vulnerability("one"))
    assert (told.id, told.author, told.version, told.product) == (SERIAL, "them", "3", "")
    assert f"{moment(told.said_at):%Y-%m}" == "2023-02"
    later = vulnerability("one", analysis={**REACHED, "lastUpdated": "2024-03-01T00:00:00Z"})
    assert f"{moment(said(later).said_at):%Y-%m}" == "2024-03"


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("resolved", "fixed"),
        ("resolved_with_pedigree", "fixed"),
        ("exploitable", "affected"),
        ("in_triage", "under_investigation"),
        ("false_positive", "not_affected"),
    ],
)
def test_a_state_is_a_status(state: str, status: str):
    assert said(vulnerability("one", analysis={"state": state})).status == status


def test_an_analysis_says_why():
    found = said(vulnerability("one", references=[{"id": "GHSA-1"}, {"id": "CVE-2021-23337"}]))
    assert (found.vulnerability, found.aliases) == ("CVE-2021-23337", ("GHSA-1",))
    assert (found.status, found.justification, found.text) == ("not_affected", "code_not_reachable", "never called")


@pytest.mark.parametrize("ref", ["one", LODASH, f"urn:cdx:{SERIAL[9:]}/3#one", f"urn:cdx:other/1#{LODASH}"])
def test_what_is_affected_is_named_by_reference_link_or_url(ref: str):
    assert said(vulnerability(ref)).products == (Product(package=LODASH),)


def test_packages_of_a_document_about_an_image_are_those_of_the_image():
    image = {"type": "container", "name": "app", "bom-ref": "app", "purl": IMAGE}
    assert said(vulnerability("one"), component=image).products == (Product(IMAGE, LODASH),)
    assert said(vulnerability("app"), component=image).products == (Product(IMAGE),)
    by_version = {"type": "container", "name": "app", "version": DIGEST}
    assert said(vulnerability("one"), component=by_version).products == (Product(DIGEST, LODASH),)


def test_packages_of_a_document_about_something_else_need_somebody_who_says_which_images_that_is():
    told = read(vulnerability("one", "app"), component={"type": "application", "name": "shop", "bom-ref": "app"})
    assert told.product == "shop"
    assert [each.products for each in told.statements] == [(), (Product(package=LODASH),)]


def test_versions_are_those_that_are_said():
    affects = [
        {"ref": "bare", "versions": [{"version": "1"}, {"version": "2", "status": "unaffected"}, {"range": "x"}]}
    ]
    bare = [{"type": "library", "name": "bare", "bom-ref": "bare", "purl": "pkg:npm/bare"}]
    found = said({**vulnerability(), "affects": affects}, components=bare)
    assert (found.products, found.foreign) == ((Product(package="pkg:npm/bare@1"),), 1)


def test_what_is_neither_image_nor_package_means_nothing_here():
    found = said(vulnerability("nothing", "one"))
    assert (found.products, found.foreign) == ((Product(package=LODASH),), 1)


def test_an_sbom_says_nothing():
    assert documents.find(document()) is None
    assert documents.find(document({"id": "CVE-1", "affects": [{"ref": "one"}]})) is None
    with pytest.raises(VexMalformed, match="analyses no vulnerability"):
        documents.get(document())


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (document(vulnerability("one"), specVersion="1.3"), "1.4 to 1.6 are read"),
        (document(vulnerability("one"), serialNumber=""), "serialNumber"),
        (document(vulnerability("one", id="")), "no id"),
        (document(vulnerability()), "affects nothing"),
        (document(vulnerability("one", analysis={"state": "safe"})), "the state 'safe'"),
        (document(vulnerability("one", analysis={**REACHED, "justification": "x"})), "the justification 'x'"),
        (document(vulnerability("one", analysis={"state": "not_affected"})), "without a justification or a detail"),
        (document(vulnerability("one"), metadata={}), "has a moment"),
        (document(vulnerability("one"), metadata={"timestamp": "2023-01-01T00:00:00"}), "no time zone"),
        (document(*[vulnerability("one")] * 10_001), "more than 10000 statements"),
        (document(vulnerability(*(f"pkg:npm/x{each}" for each in range(20_001)))), "more than 20000 products"),
        (document(vulnerability("one"), components=[{}] * 100_001), "more than 100000 components"),
        (document(vulnerability("pkg:npm/" + "x" * 2000)), "more than 1024 characters"),
        (b'{"bomFormat": "CycloneDX", "components": ' + b'[{"components":' * 50_000, "cannot be used"),
        (b"[]", "cannot be used"),
        (b"{}", "neither OpenVEX nor CSAF nor CycloneDX"),
        (b"\xff", "cannot be used"),
        (b" " * (documents.MOST_BYTES + 1), "bytes"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(data: bytes, why: str):
    with pytest.raises(VexMalformed, match=why):
        documents.get(data)
