"""Red Hat's VEX documents, in the smallest form that shows how products, packages, modules and states hang together."""

import json
from collections.abc import Sequence

import pytest

from entrepot.errors.scanning import AdvisoryMalformed
from entrepot.scan.advisories import Advisory, Affected, Event, Severity
from entrepot.scan.csaf import advisories

AFFECTED = ((Event("introduced", "0"),),)
BASE = ("BaseOS", {"cpe": "cpe:/o:redhat:enterprise_linux:9::baseos"})
SHELL = ("bash-x", {"purl": "pkg:rpm/redhat/bash@5.1-2.el9?arch=x86_64&epoch=1"})
SHELL_ARM = ("bash-a", {"purl": "pkg:rpm/redhat/bash@5.1-2.el9?arch=aarch64&epoch=1"})
SHELL_SOURCE = ("bash-s", {"purl": "pkg:rpm/redhat/bash@5.1-2.el9?arch=src&epoch=1"})


def document(
    products: Sequence[tuple[str, dict[str, str]]], relations: Sequence[tuple[str, str]], **told: object
) -> bytes:
    branches = [{"product": {"product_id": name, "product_identification_helper": helper}} for name, helper in products]
    relationships = [
        {
            "full_product_name": {"product_id": f"{product}:{part}"},
            "product_reference": part,
            "relates_to_product_reference": product,
        }
        for product, part in relations
    ]
    about = {
        "category": "csaf_vex",
        "title": "t",
        "tracking": {"id": "CVE-2024-0001", "current_release_date": "2024-01-01T00:00:00+00:00"},
    }
    return json.dumps(
        {
            "document": about | {"aggregate_severity": {"text": "Moderate"}},
            "product_tree": {"branches": [{"branches": branches}], "relationships": relationships},
            "vulnerabilities": [{"cve": "CVE-2024-0001", **told}],
        }
    ).encode()


def read(*arguments: Sequence[tuple[str, dict[str, str]]] | Sequence[tuple[str, str]], **told: object) -> Advisory:
    (found,) = advisories(document(*arguments, **told))  # type: ignore[arg-type]
    return found


def test_what_is_mended_is_told_with_its_architectures():
    parts = [SHELL, SHELL_ARM, SHELL_SOURCE]
    relations = [("BaseOS", name) for name, _ in parts]
    score = {"cvss_v3": {"vectorString": "CVSS:3.1/AV:N"}}
    fixed = [f"BaseOS:{name}" for name, _ in parts]
    cwe = {"id": "CWE-125", "name": "Out-of-bounds Read"}
    found = read([BASE, *parts], relations, product_status={"fixed": fixed}, scores=[score, score], cwe=cwe)
    assert found.cwes == ("CWE-125",)
    assert (found.id, list(found.vulnerabilities)) == ("REDHAT-CVE-2024-0001", ["CVE-2024-0001"])
    assert list(found.severities) == [Severity("Red Hat", "Moderate"), Severity("CVSS_V3", "CVSS:3.1/AV:N")]
    ranges = ((Event("introduced", "0"), Event("fixed", "1:5.1-2.el9")),)
    ecosystem = "Red Hat:enterprise_linux:9::baseos"
    assert list(found.affected) == [Affected(ecosystem, "bash", ranges, arches=("aarch64", "x86_64"))]


@pytest.mark.parametrize(
    ("category", "details", "state"),
    [
        ("no_fix_planned", "Will not fix", "will_not_fix"),
        ("no_fix_planned", "Out of support scope", "end_of_life"),
        ("none_available", "Fix deferred", "deferred"),
        ("none_available", "Affected", "affected"),
        ("workaround", "Will not fix", "affected"),
    ],
)
def test_what_is_not_mended_has_its_reason(category, details, state):
    bash = ("bash", {"purl": "pkg:rpm/redhat/bash?arch=src"})
    remedy = {"category": category, "details": details, "product_ids": ["BaseOS:bash"]}
    found = read(
        [BASE, bash], [("BaseOS", "bash")], product_status={"known_affected": ["BaseOS:bash"]}, remediations=[remedy]
    )
    assert list(found.affected) == [Affected("Red Hat:enterprise_linux:9::baseos", "bash", AFFECTED, state=state)]


@pytest.mark.parametrize(
    ("parts", "relations", "name"),
    [
        (
            [("n", {"purl": "pkg:rpm/redhat/nodejs@12-1.module%2Bel8?arch=x86_64&rpmmod=nodejs:12:80:ab"})],
            [("BaseOS", "n")],
            "BaseOS:n",
        ),
        (
            [
                ("m", {"purl": "pkg:rpmmod/redhat/nodejs@12:8060:ad"}),
                ("n", {"purl": "pkg:rpm/redhat/nodejs@12-1.module%2Bel8?arch=x86_64"}),
            ],
            [("BaseOS", "m"), ("BaseOS:m", "n")],
            "BaseOS:m:n",
        ),
        (
            [("nodejs:12/nodejs", {"purl": "pkg:rpm/redhat/nodejs@12-1.module%2Bel8?arch=x86_64"})],
            [("BaseOS", "nodejs:12/nodejs")],
            "BaseOS:nodejs:12/nodejs",
        ),
    ],
)
def test_the_stream_of_a_module_is_found_wherever_a_document_has_it(parts, relations, name):
    (row,) = read([BASE, *parts], relations, product_status={"fixed": [name]}).affected
    assert (row.name, row.modularity, row.ranges[0][1].version) == ("nodejs", "nodejs:12", "12-1.module+el8")


def test_containers_products_without_a_name_and_ids_of_nothing_are_passed_over():
    image = ("image", {"purl": "pkg:oci/ubi9@sha256:0"})
    odd = ("Odd", {"cpe": "cpe:2.3:a:other"})
    relations = [("BaseOS", "image"), ("Odd", "bash-x"), ("Loop:bash-x", "bash-x"), ("BaseOS:image", "Loop")]
    ids = [*(f"{product}:{part}" for product, part in relations), "nothing", "BaseOS"]
    assert list(read([BASE, SHELL, image, odd], relations, product_status={"fixed": ids}).affected) == []


def test_products_that_relate_to_each_other_end():
    relations = [("A:B", "C"), ("A", "B")]
    found = read([SHELL], [*relations, ("A:B:C", "bash-x")], product_status={"fixed": ["A:B:C:bash-x"]})
    assert list(found.affected) == []


@pytest.mark.parametrize(
    "text", [b"", b"{}", b"[]", b'{"document": {}}', b'{"document": {"tracking": {"id": "x"}}, "product_tree": []}']
)
def test_what_is_no_such_document_is_refused(text):
    with pytest.raises(AdvisoryMalformed):
        list(advisories(text))
