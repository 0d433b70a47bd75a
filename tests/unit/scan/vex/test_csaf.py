"""Documents of CSAF's VEX profile as they are read: what they say, of what, and why some of them are refused."""

import json
from typing import Any

import pytest

from entrepot.errors.vex import VexMalformed
from entrepot.scan.vex import documents
from entrepot.scan.vex.statements import Document, Product, Statement
from entrepot.spec.moments import moment

DIGEST = "sha256:" + "a" * 64
IMAGE = f"pkg:oci/app@{DIGEST}?repository_url=registry.test/team/app"
LIBRARY = "pkg:deb/debian/openssl@3.0.11-1"
NOT_PRESENT = "component_not_present"


def named(product_id: str, url: str = "") -> dict[str, Any]:
    helper = {"product_identification_helper": {"purl": url}} if url else {}
    return {"name": product_id, "product_id": product_id, **helper}


def branches(*products: dict[str, Any]) -> list[dict[str, Any]]:
    versions = [{"category": "product_version", "name": "1", "product": each} for each in products]
    return [{"category": "vendor", "name": "them", "branches": versions}]


TREE = {
    "branches": branches(named("app", IMAGE), named("openssl", LIBRARY), named("appliance")),
    "relationships": [
        {
            "category": "default_component_of",
            "full_product_name": named("app:openssl"),
            "product_reference": "openssl",
            "relates_to_product_reference": "app",
        },
        {
            "category": "default_component_of",
            "full_product_name": named("appliance:openssl", LIBRARY),
            "product_reference": "openssl",
            "relates_to_product_reference": "appliance",
        },
    ],
    "product_groups": [{"group_id": "all", "product_ids": ["app:openssl", "openssl"]}],
}


def vulnerability(status: dict[str, list[str]], **fields: Any) -> dict[str, Any]:
    return {"cve": "CVE-2023-5363", "product_status": status, **fields}


def document(*told: dict[str, Any], tree: Any = None, **fields: Any) -> bytes:
    about = {
        "category": "csaf_vex",
        "csaf_version": "2.0",
        "title": "x",
        "publisher": {"category": "vendor", "name": "them", "namespace": "https://vex.test"},
        "tracking": {
            "id": "VEX-1",
            "status": "final",
            "version": "2",
            "initial_release_date": "2023-01-01T00:00:00Z",
            "current_release_date": "2023-02-01T00:00:00.000Z",
        },
        **fields,
    }
    return json.dumps({"document": about, "product_tree": tree or TREE, "vulnerabilities": told}).encode()


def read(*told: dict[str, Any], **fields: Any) -> Document:
    return documents.get(document(*told, **fields))


def said(status: dict[str, list[str]], **fields: Any) -> Statement:
    (found,) = read(vulnerability(status, **fields)).statements
    return found


def flag(*products: str, **fields: Any) -> dict[str, Any]:
    return {"label": NOT_PRESENT, "product_ids": products, **fields}


def test_a_document_says_who_says_so_and_when():
    told = read(vulnerability({"fixed": ["openssl"]}))
    assert (told.id, told.author, told.version) == ("VEX-1", "them", "2")
    assert f"{moment(told.said_at):%Y-%m-%d}" == "2023-02-01"


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("fixed", "fixed"),
        ("first_fixed", "fixed"),
        ("known_affected", "affected"),
        ("last_affected", "affected"),
        ("under_investigation", "under_investigation"),
    ],
)
def test_a_status_of_a_product_is_said_of_its_package(name: str, status: str):
    found = said({name: ["openssl"]})
    assert (found.vulnerability, found.status, found.products) == ("CVE-2023-5363", status, (Product("", LIBRARY),))


def test_a_component_of_an_image_is_the_package_in_it():
    assert said({"fixed": ["app:openssl", "app"]}).products == (Product(IMAGE, LIBRARY), Product(IMAGE))


def test_a_component_of_what_is_no_image_means_nothing_here():
    found = said({"fixed": ["appliance:openssl", "appliance"]})
    assert (found.products, found.foreign) == ((), 2)


def test_what_is_not_affected_has_a_flag_or_an_impact():
    found = said({"known_not_affected": ["openssl"]}, flags=[flag("openssl", date="2022-01-01T00:00:00Z")])
    assert (found.status, found.justification) == ("not_affected", NOT_PRESENT)
    assert f"{moment(found.said_at):%Y}" == "2022"
    impact = {"category": "impact", "details": "not called", "group_ids": ["all"]}
    assert said({"known_not_affected": ["openssl", "app:openssl"]}, threats=[impact]).text == "not called"


def test_products_of_which_another_thing_is_said_are_other_statements():
    impact = {"category": "impact", "details": "not called", "product_ids": ["app"]}
    told = read(vulnerability({"known_not_affected": ["openssl", "app"]}, flags=[flag("openssl")], threats=[impact]))
    assert [(each.justification, each.text) for each in told.statements] == [(NOT_PRESENT, ""), ("", "not called")]


def test_a_vulnerability_without_a_cve_has_its_ids():
    told = read({"ids": [{"system_name": "g", "text": "GHSA-1"}], "product_status": {"fixed": ["openssl"]}})
    assert told.statements[0].vulnerability == "GHSA-1"


def deep(levels: int) -> dict[str, Any]:
    branch: dict[str, Any] = {"product": named("openssl", LIBRARY)}
    for _ in range(levels):
        branch = {"branches": [branch]}
    return {"branches": [branch]}


CIRCLE = {
    "full_product_names": [named("x")],
    "relationships": [
        {"full_product_name": named(one), "product_reference": "x", "relates_to_product_reference": other}
        for one, other in (("a", "b"), ("b", "a"))
    ],
}
MANY = {**TREE, "product_groups": [{"group_id": "all", "product_ids": ["openssl"] * 1000}]}
FIXED = vulnerability({"fixed": ["openssl"]})


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (document(FIXED, category="csaf_security_advisory"), "csaf_vex of 2.0 is read"),
        (document(FIXED, csaf_version="3.0"), "csaf_vex of 2.0 is read"),
        (document(FIXED, publisher={"name": ""}), "must say something"),
        (document({"product_status": {}}), "neither a cve nor an id"),
        (document({"cve": "CVE-1"}), "no product_status"),
        (document(vulnerability({"fixed": ["other"]})), "no product 'other'"),
        (document(vulnerability({"known_not_affected": ["openssl"]})), "without a flag or an impact"),
        (document(vulnerability({"known_not_affected": ["app"]}, flags=[flag("app", label="x")])), "the flag 'x'"),
        (document(FIXED, tree=deep(40)), "deeper than"),
        (document(vulnerability({"fixed": ["a"]}), tree=CIRCLE), "too long a chain"),
        (document(vulnerability({"fixed": []}, flags=[flag(group_ids=["all"])] * 101), tree=MANY), "more than 100000"),
        (document(*[vulnerability({"fixed": ["openssl"]})] * 10_001), "more than 10000 statements"),
        (b'{"document": ' + b'{"document":' * 100_000, "cannot be used"),
        (b'{"document": 1}', "cannot be used"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(data: bytes, why: str):
    with pytest.raises(VexMalformed, match=why):
        documents.get(data)
