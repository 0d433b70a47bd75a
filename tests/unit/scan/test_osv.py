"""Records of the OSV schema as feeds write them, each a few lines that stand for many."""

import json

import pytest

from entrepot.errors.scanning import AdvisoryMalformed
from entrepot.scan.advisories import Advisory, Event, Severity
from entrepot.scan.osv import advisory, moment
from entrepot.scan.osv_names import kind


def read(**fields: object) -> Advisory:
    return advisory(json.dumps({"id": "X-1", **fields}).encode(), "Test")


def package(ecosystem: str, *events: dict[str, str], name: str = "p", **fields: object) -> dict[str, object]:
    ranges = [{"type": "ECOSYSTEM", "events": list(events)}] if events else []
    return {"package": {"ecosystem": ecosystem, "name": name}, "ranges": ranges, **fields}


@pytest.mark.parametrize(
    ("fields", "about"),
    [
        ({"id": "GHSA-1", "aliases": ["CVE-2024-0001", "PYSEC-2"], "affected": [package("PyPI")]}, ["CVE-2024-0001"]),
        ({"id": "GO-2024-1", "aliases": ["GHSA-9"], "affected": [package("Go")]}, ["GHSA-9"]),
        ({"id": "RUSTSEC-1", "related": ["CVE-2024-0002"], "affected": [package("crates.io")]}, ["RUSTSEC-1"]),
        ({"id": "ALPINE-CVE-2012-2738", "related": ["XSA-1"], "affected": [package("Alpine:v3.3")]}, ["CVE-2012-2738"]),
        ({"id": "UBUNTU-CVE-2023-1234", "upstream": ["CVE-2023-1234", "CVE-1999-0001"]}, ["CVE-2023-1234"]),
        ({"id": "CVE-2024-3094"}, ["CVE-2024-3094"]),
        ({"id": "BIT-x-2020-1", "aliases": ["CVE-2020-11998"], "affected": [package("Bitnami")]}, ["CVE-2020-11998"]),
        (
            {"id": "ALSA-2024:1", "related": ["CVE-2023-0002", "CVE-2023-0001"], "affected": [package("AlmaLinux:9")]},
            ["CVE-2023-0002", "CVE-2023-0001"],
        ),
        (
            {"id": "SUSE-SU-1", "upstream": ["CVE-2023-0002"], "related": ["CVE-1-1"], "affected": [package("SUSE:X")]},
            ["CVE-2023-0002"],
        ),
        (
            {"id": "DSA-1", "aliases": ["CVE-2023-0001", "CVE-2023-0002"], "affected": [package("Debian:11")]},
            ["CVE-2023-0001", "CVE-2023-0002"],
        ),
        ({"id": "DSA-2", "aliases": [], "affected": [package("Debian:11")]}, ["DSA-2"]),
    ],
)
def test_a_record_is_about_the_vulnerabilities_that_its_kind_of_feed_names(fields, about):
    assert list(read(**fields).vulnerabilities) == about


@pytest.mark.parametrize(
    ("name", "about", "placed", "expected"),
    [
        ("MAL-2024-1", ["MAL-2024-1"], True, "malicious"),
        ("ALBA-2019:1", ["ALBA-2019:1"], True, "update"),
        ("ALBA-2019:2", ["CVE-2019-0001"], True, "vulnerability"),
        ("DSA-1", ["DSA-1"], True, "vulnerability"),
        ("CVE-2024-1234", ["CVE-2024-1234"], False, "unplaced"),
    ],
)
def test_what_no_finding_is_made_of_is_told_apart(name, about, placed, expected):
    assert kind(name, about, placed=placed) == expected


def test_dates_that_tell_nothing_are_none():
    assert [moment(text) for text in (None, "", "soon", "0001-01-01T00:00:00Z", "9999-99-99")] == [0] * 5
    assert moment("1970-01-01T00:00:01Z") == moment("1970-01-01T00:00:01") == 1_000_000
    assert moment("2024-05-07T15:12:28.123456789Z") == 1_715_094_748_123_456
    assert read(withdrawn="0001-01-01T00:00:00Z").withdrawn == 1
    assert read(withdrawn=None).withdrawn == 0


def test_ranges_of_commits_are_left_out_and_others_keep_their_events_in_order():
    row = package("PyPI", {"introduced": "0"}, {"fixed": "1.8"}, {"introduced": "2"}, {"last_affected": "2.3"})
    row["ranges"] = [{"type": "GIT", "repo": "r", "events": [{"introduced": "0"}]}, *row["ranges"]]  # type: ignore[misc]
    (found,) = read(affected=[row]).affected
    assert found.ranges == (
        (Event("introduced", "0"), Event("fixed", "1.8"), Event("introduced", "2"), Event("last_affected", "2.3")),
    )


def test_versions_one_by_one_are_kept_where_no_range_says_them_already():
    events = ({"introduced": "0"}, {"fixed": "2"})
    rows = [
        package("PyPI", *events, versions=["1"]),
        package("Debian:12", *events, versions=["1"]),
        package("Debian:12", versions=["1"]),
    ]
    assert [row.versions for row in read(affected=rows).affected] == [("1",), (), ("1",)]


def test_rows_without_a_package_are_left_out():
    rows = [{"ranges": []}, {"package": None}, {"package": {"ecosystem": "Go", "name": ""}}, package("Go")]
    assert len(read(affected=rows).affected) == 1
    assert read(affected=None).affected == ()


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N"}]}, [Severity("CVSS_V3", "CVSS:3.1/AV:N")]),
        ({"severity": [{"type": "CVSS_V3", "score": "9.8"}]}, [Severity("CVSS_V3", score=9.8)]),
        ({"severity": [{"type": "Ubuntu", "score": "medium"}]}, [Severity("Ubuntu", "medium")]),
        ({"id": "GHSA-1", "database_specific": {"severity": "MODERATE"}}, [Severity("GitHub", "MODERATE")]),
        ({"id": "BIT-1", "database_specific": {"severity": "High"}}, [Severity("Bitnami", "High")]),
        (
            {"database_specific": {"cvss_v3": "6.4", "cvss_v2": 5}},
            [Severity("CVSS_V2", score=5.0), Severity("CVSS_V3", score=6.4)],
        ),
        ({"summary": "Important: x", "affected": [package("AlmaLinux:9")]}, [Severity("AlmaLinux", "Important")]),
        ({"summary": "Important: x", "affected": [package("PyPI")]}, []),
        ({"database_specific": {"cvss_v3": "11", "cvss_v2": "nan", "cvss_v4": [], "severity": 5}}, []),
    ],
)
def test_severities_are_read_wherever_a_feed_tells_them(fields, expected):
    assert list(read(**fields).severities) == expected


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"severity": [{"type": "CVSS_V4", "score": "CVSS:4.0/AV:N"}]}, [Severity("CVSS_V4", "CVSS:4.0/AV:N")]),
        ({"ecosystem_specific": {"urgency": "low"}}, [Severity("Debian", "low")]),
        ({"ecosystem_specific": {"ubuntu_priority": "high"}}, [Severity("Ubuntu", "high")]),
        ({"database_specific": {"informational": "unmaintained"}}, [Severity("RustSec", "informational")]),
        ({"database_specific": {"informational": "unsound"}}, []),
    ],
)
def test_a_package_has_severities_of_its_own(row, expected):
    (found,) = read(affected=[package("E", **row)]).affected
    assert list(found.severities) == expected


@pytest.mark.parametrize(
    ("specific", "expected"),
    [
        ({"status": "unfixed"}, "affected"),
        ({"status": "end-of-life"}, "end_of_life"),
        ({"urgency": "end-of-life"}, "end_of_life"),
        ({"urgency": "low"}, ""),
        ({"status": 5}, ""),
        ([], ""),
    ],
)
def test_a_fix_that_is_absent_has_its_reason(specific, expected):
    (found,) = read(affected=[package("Debian:10", ecosystem_specific=specific)]).affected
    assert found.state == expected


def modularities(summary: str, fixed: str) -> list[str]:
    row = package("AlmaLinux:8", {"introduced": "0"}, {"fixed": fixed})
    return [each.modularity for each in read(summary=summary, affected=[row]).affected]


def test_packages_of_a_module_name_its_streams():
    of_module = "1:12.22.12-1.module_el8.6.0+2904+d0d2b2d6"
    assert modularities("Moderate: nodejs:12 security update", of_module) == ["nodejs:12"]
    assert modularities("Low: virt:rhel and virt-devel:rhel security update", of_module) == [
        "virt:rhel",
        "virt-devel:rhel",
    ]
    assert modularities("Important: varnish security update", of_module) == ["*"]
    assert modularities("Important: pam:1.5.1 security update", "1.5.1-22.el9_5") == [""]


@pytest.mark.parametrize(
    ("specific", "expected"),
    [
        ({"cwe_ids": ["CWE-79", "CWE-80", "CWE-79"]}, ("CWE-79", "CWE-80")),
        ({"cwes": [{"cweId": "CWE-506", "name": "Embedded Malicious Code"}]}, ("CWE-506",)),
        ({"cwe_ids": ["NVD-CWE-noinfo", 79, None, "CWE-", "CWE-1\n", {"cweId": 5}, "CWE-\u0661"]}, ()),
        ({"cwe_ids": "CWE-79"}, ()),
        (["CWE-79"], ()),
        (None, ()),
    ],
)
def test_weaknesses_are_kept_by_their_identifiers(specific, expected):
    assert read(database_specific=specific).cwes == expected


def test_weaknesses_have_a_most():
    assert len(read(database_specific={"cwe_ids": [f"CWE-{number}" for number in range(1, 9999)]}).cwes) == 32


def test_a_distributions_repository_is_kept():
    (found,) = read(affected=[package("Alpine:v3.11", ecosystem_specific={"repository": "community"})]).affected
    assert found.repository == "community"


@pytest.mark.parametrize(
    "record",
    [b"", b"[]", b"{}", b'{"id": ""}', b'{"id": 5}', b'{"id": "X", "affected": {}}', b'{"id": "\xff"}', b"{" * 9],
)
def test_what_is_no_record_is_refused_as_that(record):
    with pytest.raises(AdvisoryMalformed):
        advisory(record, "Test")


def test_nesting_without_end_is_refused():
    with pytest.raises(AdvisoryMalformed):
        advisory(b'{"id": "X", "database_specific": ' + b"[" * 100_000, "Test")
