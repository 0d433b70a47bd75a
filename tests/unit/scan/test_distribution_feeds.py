"""Feeds of distributions in formats of their own, in the smallest form that shows each rule of the format."""

import json

import pytest

from entrepot.errors.scanning import AdvisoryMalformed
from entrepot.scan import debian_tracker, oracle_oval, secdb, updateinfo
from entrepot.scan.advisories import Affected, Event, Severity
from entrepot.scan.xml_elements import elements


def until(version: str) -> tuple[tuple[Event, ...]]:
    return ((Event("introduced", "0"), Event("fixed", version)),)


def update(name: str, packages: str, kind: str = "security") -> str:
    return f"""<update status="final" type="{kind}"><id>{name}</id><title>important package update for curl</title>
      <issued date="2018-01-18 19:59" /><updated date="2018-01-19T00:00:00Z"/><severity>important</severity>
      <description>text &lt;b&gt;</description>
      <references><reference href="https://x/CVE-2018-0001" id="CVE-2018-0001" type="cve"/>
        <reference href="https://x/self" id="{name}" type="self"/></references>
      <pkglist><collection short="amazon-linux-2"><name>AL 2</name>{packages}</collection></pkglist></update>"""


def rpm(name: str, arch: str, version: str = "7.55.1", release: str = "9.amzn2.0.1", epoch: str = "0") -> str:
    return f'<package name="{name}" version="{version}" release="{release}" epoch="{epoch}" arch="{arch}"/>'


def test_an_amazon_update_names_versions_and_architectures():
    packages = rpm("curl", "x86_64") + rpm("curl", "aarch64") + rpm("curl", "i686", release="8.amzn2") + "<package/>"
    document = f"<?xml version='1.0'?><updates>{update('ALAS2-2018-951', packages)}</updates>"
    (found,) = updateinfo.advisories(document.encode())
    assert (found.id, found.source, list(found.vulnerabilities)) == (
        "ALAS2-2018-951",
        "Amazon Linux:2",
        ["CVE-2018-0001"],
    )
    assert (found.published, found.modified) == (1_516_305_540_000_000, 1_516_320_000_000_000)
    assert list(found.severities) == [Severity("Amazon Linux", "important")]
    assert found.details == "text <b>"
    assert list(found.affected) == [
        Affected("Amazon Linux:2", "curl", until("7.55.1-9.amzn2.0.1"), arches=("aarch64", "x86_64")),
        Affected("Amazon Linux:2", "curl", until("7.55.1-8.amzn2"), arches=("i686",)),
    ]


@pytest.mark.parametrize(
    ("name", "release", "ecosystem"),
    [
        ("ALAS-2011-1", "5.32.amzn1", "Amazon Linux:1"),
        ("ALAS-2011-1", "5", "Amazon Linux:1"),
        ("ALAS2DOCKER-2021-001", "1", "Amazon Linux:2"),
        ("ALAS2023-2024-001", "12.amzn2023.0.3", "Amazon Linux:2023"),
    ],
)
def test_amazons_releases_are_told_by_what_a_package_was_built_for(name, release, ecosystem):
    (found,) = updateinfo.advisories(update(name, rpm("p", "noarch", release=release, epoch="2")).encode())
    assert found.affected[0].ecosystem == ecosystem
    assert found.affected[0].ranges == until(f"2:7.55.1-{release}")


def test_what_is_no_security_update_is_no_advisory():
    assert list(updateinfo.advisories(update("ALAS2-1", rpm("p", "noarch"), "bugfix").encode())) == []


def test_secdb_is_one_advisory_for_each_vulnerability_and_package():
    fixes = {"1-r0": ["CVE-2020-0001", "CVE-2020-0002 XSA-3"], "2-r0": ["CVE-2020-0001"], "0": ["CVE-2020-0003"]}
    packages = [{"pkg": {"name": "xen", "secfixes": fixes}}, {"pkg": {"name": "old", "secfixes": None}}]
    document = json.dumps({"distroversion": "v3.19", "reponame": "main", "packages": packages}).encode()
    one, two = secdb.advisories(document)
    assert (one.id, one.source) == ("ALPINE-CVE-2020-0001:v3.19:main:xen", "Alpine secdb v3.19 main")
    assert list(one.affected) == [Affected("Alpine:v3.19", "xen", until("1-r0") + until("2-r0"), repository="main")]
    assert (list(two.vulnerabilities), list(two.related)) == (["CVE-2020-0002"], ["XSA-3"])


def tracked(**release: object) -> list[Affected]:
    issue = {"description": "d", "releases": {"bookworm": release, "sid": {"status": "open"}}}
    found = list(debian_tracker.advisories(json.dumps({"openssl": {"CVE-2024-0001": issue}}).encode()))
    return [row for each in found for row in each.affected]


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        ({"status": "resolved", "fixed_version": "3.0-1"}, Affected("Debian:12", "openssl", until("3.0-1"))),
        ({"status": "open"}, "affected"),
        ({"status": "open", "nodsa": "Minor issue", "nodsa_reason": ""}, "deferred"),
        ({"status": "open", "nodsa": "", "nodsa_reason": "ignored"}, "will_not_fix"),
        ({"status": "open", "nodsa": "x", "nodsa_reason": "postponed"}, "deferred"),
        ({"status": "open", "urgency": "end-of-life"}, "end_of_life"),
        ({"status": "resolved", "fixed_version": "0"}, None),
        ({"status": "resolved"}, None),
        ({"status": "undetermined"}, None),
    ],
)
def test_debians_tracker_says_what_is_open_and_why(release, expected):
    found = tracked(**release)
    if isinstance(expected, str):
        assert [(row.state, row.ranges) for row in found] == [(expected, ((Event("introduced", "0"),),))]
    else:
        assert found == ([] if expected is None else [expected])


def test_debians_urgency_is_a_severity_unless_nobody_has_assigned_one():
    assert [each.severities for each in tracked(status="open", urgency="low**")] == [(Severity("Debian", "low"),)]
    assert [each.severities for each in tracked(status="open", urgency="not yet assigned")] == [()]


OVAL = """<oval_definitions xmlns="http://oval.mitre.org/XMLSchema/oval-definitions-5"><definitions>
<definition id="oval:com.oracle.elsa:def:20224803" class="patch"><metadata>
 <title>
ELSA-2022-4803:  rsyslog security update (IMPORTANT)
</title>
 <reference source="elsa" ref_id="ELSA-2022-4803" ref_url="https://x/ELSA"/>
 <advisory><severity>IMPORTANT</severity><issued date="2022-05-31"/>
  <cve cvss3="8.1/CVSS:3.0/AV:N">CVE-2022-24903</cve></advisory></metadata>
 <criteria operator="AND"><criterion comment="Oracle Linux 8 is installed"/>
  <criterion comment="Module nodejs:12 is enabled"/>
  <criteria operator="OR">
   <criteria operator="AND"><criterion comment="Oracle Linux arch is aarch64"/>
    <criterion comment="a is earlier than 0:1-2.el8"/><criterion comment="a is signed with the Oracle Linux 8 key"/>
    <criterion comment="b is earlier than 2:1-3_fips"/></criteria>
   <criteria operator="AND"><criterion comment="Oracle Linux arch is x86_64"/>
    <criteria operator="AND"><criterion comment="a is earlier than 0:1-2.el8"/></criteria>
    <criteria operator="AND"><criterion comment="c is earlier than 1:1-2.el8"/></criteria>
    <criteria operator="AND"><criterion comment="d is earlier than 1:1"/><criterion comment="d is ksplice-based"/>
  </criteria></criteria></criteria></criteria></definition>
<definition class="inventory"/></definitions></oval_definitions>"""


def test_oracles_criteria_are_read_with_the_conditions_above_them():
    (found,) = oracle_oval.advisories(OVAL.encode())
    assert (found.id, found.summary) == ("ELSA-2022-4803", "rsyslog security update (IMPORTANT)")
    assert list(found.vulnerabilities) == ["CVE-2022-24903"]
    assert list(found.severities) == [Severity("Oracle Linux", "IMPORTANT"), Severity("CVSS_V3", "CVSS:3.0/AV:N")]
    assert list(found.affected) == [
        Affected("Oracle Linux:8", "a", until("1-2.el8"), modularity="nodejs:12", arches=("aarch64", "x86_64")),
        Affected("Oracle Linux:8", "c", until("1:1-2.el8"), modularity="nodejs:12", arches=("x86_64",)),
    ]


@pytest.mark.parametrize(
    "document",
    [
        "",
        "<update>",
        "<updates><update></updates>",
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><update><id>&b;</id></update>',
        '<!DOCTYPE x SYSTEM "file:///etc/passwd"><update/>',
        "<update>&undefined;</update>",
        "<a>" * 100 + "</a>" * 100,
        '<?xml version="1.0" encoding="no-such"?><update/>',
    ],
)
def test_xml_that_is_broken_or_hostile_is_refused(document):
    with pytest.raises(AdvisoryMalformed):
        list(elements(document.encode(), frozenset({"update"})))


@pytest.mark.parametrize("read", [secdb.advisories, debian_tracker.advisories])
@pytest.mark.parametrize(
    "document", [b"", b"[]", b"{", b'{"a": 1}', b"[" * 100_000, b'{"distroversion": 1}', b'{"\xff": {}}']
)
def test_json_that_is_something_else_is_refused(read, document):
    with pytest.raises(AdvisoryMalformed):
        list(read(document))
