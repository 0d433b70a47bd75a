"""OpenVEX documents as they are read: what they say, of what, and why some of them are refused."""

import json
from typing import Any

import pytest

from entrepot.errors.vex import VexMalformed
from entrepot.scan.vex import openvex
from entrepot.scan.vex.statements import MOST_STATEMENTS, Product
from entrepot.spec.moments import moment

DIGEST = "sha256:" + "a" * 64
IMAGE = f"pkg:oci/app@{DIGEST}?repository_url=registry.test/team/app"
WOLFI = "pkg:apk/wolfi/git@2.39.0-r1?arch=armv7"


def document(*statements: dict[str, Any], **fields: Any) -> bytes:
    return json.dumps(
        {
            "@context": "https://openvex.dev/ns/v0.2.0",
            "@id": "https://vex.test/1",
            "author": "them",
            "timestamp": "2023-01-16T19:07:16.853479631-06:00",
            "version": 1,
            "statements": list(statements),
            **fields,
        }
    ).encode()


def statement(**fields: Any) -> dict[str, Any]:
    return {
        "vulnerability": {"name": "CVE-2023-12345"},
        "products": [{"@id": WOLFI}],
        "status": "fixed",
        **fields,
    }


def products(*told: Any) -> list[Product]:
    (found,) = openvex.read(document(statement(products=list(told)))).statements
    return list(found.products)


def refusal(data: bytes) -> str:
    with pytest.raises(VexMalformed) as caught:
        openvex.read(data)
    return str(caught.value)


def test_a_statement_says_the_status_of_products():
    told = openvex.read(document(statement(vulnerability={"name": "CVE-1", "aliases": ["GHSA-1", "GHSA-1"]})))
    assert (told.id, told.author, told.version) == ("https://vex.test/1", "them", "1")
    (found,) = told.statements
    assert (found.vulnerability, list(found.aliases), found.status) == ("CVE-1", ["GHSA-1"], "fixed")
    assert list(found.products) == [Product(package=WOLFI)]
    assert moment(found.said_at).isoformat() == "2023-01-17T01:07:16.853480+00:00"


def test_statements_stand_in_the_order_of_their_moments():
    later, first = "2023-02-01T00:00:00Z", "2022-01-01T00:00:00Z"
    told = openvex.read(document(statement(timestamp=later), statement(), statement(timestamp=first)))
    assert [f"{moment(each.said_at):%Y-%m}" for each in told.statements] == ["2022-01", "2023-01", "2023-02"]


def test_a_product_is_an_image_a_package_or_packages_of_an_image():
    assert products({"@id": IMAGE}) == [Product(image=IMAGE)]
    assert products({"@id": IMAGE, "subcomponents": [{"@id": WOLFI}]}) == [Product(IMAGE, WOLFI)]
    assert products({"@id": "x", "identifiers": {"purl": WOLFI}}) == [Product(package=WOLFI)]
    assert products({"@id": "x", "hashes": {"sha-256": "A" * 64}}) == [Product(image=DIGEST)]
    assert products({"@id": f"registry.test/app@{DIGEST}"}) == [Product(image=DIGEST)]


def test_what_is_neither_says_nothing_of_images():
    (found,) = openvex.read(
        document(
            statement(products=[{"@id": "https://product.test"}, {"@id": WOLFI, "subcomponents": [{"@id": IMAGE}]}])
        )
    ).statements
    assert (list(found.products), found.foreign) == ([], 2)


def test_not_affected_needs_a_reason():
    assert "without a justification" in refusal(document(statement(status="not_affected")))
    (found,) = openvex.read(document(statement(status="not_affected", impact_statement="not called"))).statements
    assert (found.justification, found.text) == ("", "not called")
    assert "does not know" in refusal(document(statement(justification="because")))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "truncated"),
        (b"[" * 100_000, ""),
        (b'{"@context": "\xff"}', ""),
        (document(**{"@context": "https://openvex.dev/ns/v9.9.9"}), "v0.2.0 is what is read"),
        (document(**{"@context": "https://cyclonedx.test"}), "v0.2.0 is what is read"),
        (document(author=""), "@id and author"),
        (document(timestamp="yesterday"), "RFC3339"),
        (document(timestamp="2023-01-16T19:07:16"), "has no time zone"),
        (document(statement(vulnerability={"name": ""})), "names no vulnerability"),
        (document(statement(vulnerability={"name": "C" * 2000})), "more than 1024 characters"),
        (document(statement(status="harmless")), "harmless"),
        (document(*[statement()] * (MOST_STATEMENTS + 1)), "more than 10000 statements"),
        (document(*[statement(products=[{"@id": f"pkg:npm/p{each}"} for each in range(5001)])] * 4), "than 20000"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(data: bytes, why: str):
    assert why in refusal(data)
