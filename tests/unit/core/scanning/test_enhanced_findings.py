"""A vulnerability of an image is one finding, with every package that has it, always the same for the same image."""

from dataclasses import replace
from datetime import timedelta

from entrepot.core.scanning import enhanced_findings as findings
from entrepot.core.scanning.enhanced_findings import Facts
from entrepot.core.scanning.enhanced_shown import ImageNow, Texts, shown
from entrepot.core.scanning.inspector_packages import parts
from entrepot.core.scanning.platforms import platform
from entrepot.db.inspector_records import FindingRecord, ImageKey
from entrepot.scan.advisories import Advisory, Affected, Severity
from entrepot.scan.exploitation import Exploited, Score
from entrepot.scan.matching import Asked, Match, Told
from entrepot.scan.merging import Located
from entrepot.scan.packages import Package, Release
from entrepot.spec.moments import micros
from tests.factories.callers import ACCOUNT, EPOCH, registry

VECTOR = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"  # 9.8
BOOKWORM = Release("debian", "12", name="Debian GNU/Linux 12 (bookworm)")
FACTS = Facts("DEBIAN_12", "amd64", "somebody", micros(EPOCH))
LAYER = f"sha256:{'1' * 64}"
CVE = "CVE-2024-0001"


class Exploits:
    """Knows one vulnerability that is exploited, and scores all."""

    def exploited(self, name: str) -> Exploited | None:
        """What CISA's catalogue says."""
        return Exploited(name, micros(EPOCH)) if name == CVE else None

    def score(self, name: str) -> Score | None:
        """EPSS."""
        return Score(name, 0.1234567, 0.5)


def match(package: Package, fixed: str = "", name: str = CVE, **told: object) -> Match:
    """A package that an advisory tells of."""
    kinds = {"deb": "Debian:12", "pypi": "PyPI", "npm": "npm"}
    affected = Affected(kinds[package.type], package.name, severities=told.pop("severities", ()))  # type: ignore[arg-type]  # keywords of several types
    advisory = Advisory(
        str(told.pop("id", f"DEBIAN-{name}")),
        str(told.pop("source", "Debian")),
        micros(EPOCH),
        vulnerabilities=(name,),
        aliases=(name,),
        severities=(Severity("CVSS_V3", VECTOR),),
    )
    asked = Asked(affected.ecosystem, package.name, package.version)
    return Match(name, Located(package, LAYER), asked, [Told(1, advisory, affected, fixed)])


LIBSSL = Package("deb", "libssl3", "1:3.0.11-1~deb12u2", "var/lib/dpkg/status", "openssl", arch="amd64")
OPENSSL = Package("deb", "openssl", "1:3.0.11-1~deb12u2", "var/lib/dpkg/status", arch="amd64")
DJANGO = Package("pypi", "Django", "3.2", "usr/lib/python3/dist-packages/Django-3.2.dist-info/METADATA")


def found(*matches: Match) -> list[findings.Found]:
    return findings.found(matches, Exploits(), BOOKWORM, FACTS)


def test_packages_with_one_vulnerability_are_one_finding():
    (one,) = found(match(OPENSSL, "1:3.0.12-1"), match(LIBSSL, "1:3.0.12-1"))
    assert one.details.title == f"{CVE} - libssl3, openssl"
    first = one.details.packages[0]
    assert (first.name, first.epoch, first.version, first.release) == ("libssl3", 1, "3.0.11", "1~deb12u2")
    assert (first.arch, first.manager, first.layer, first.fixed) == ("X86_64", "OS", LAYER, "1:3.0.12-1")
    assert first.remediation == "apt-get update && apt-get upgrade"
    assert (one.severity, one.score, one.epss, one.fix_available, one.exploit_available) == (
        "CRITICAL",
        9.8,
        0.123457,
        "YES",
        "YES",
    )
    assert findings.unpacked(one.body) == one.details


def test_the_order_in_which_packages_are_found_does_not_matter():
    forth = found(match(OPENSSL, "1:3.0.12-1"), match(LIBSSL))
    back = found(match(LIBSSL), match(OPENSSL, "1:3.0.12-1"))
    assert [each.body for each in forth] == [each.body for each in back]
    assert forth[0].fix_available == "PARTIAL"


def test_without_a_word_or_a_score_a_finding_is_untriaged():
    bare = match(OPENSSL)
    told = replace_severities(bare)
    (one,) = found(told)
    assert (one.severity, one.score, one.fix_available) == ("UNTRIAGED", 0.0, "NO")


def replace_severities(bare: Match) -> Match:
    advisory = Advisory("DEBIAN-1", "Debian", 1, vulnerabilities=(CVE,))
    return Match(CVE, bare.located, bare.asked, [Told(1, advisory, bare.told[0].affected, "")])


def test_the_vendors_word_goes_before_cvss():
    (one,) = found(match(OPENSSL, severities=(Severity("Debian", "low"),)))
    assert (one.severity, one.details.vendor_severity, one.score) == ("LOW", "low", 9.8)
    assert [(each.score, each.source) for each in one.details.cvss] == [(9.8, "DEBIAN_CVE")]


def test_who_tells_has_inspectors_name():
    (system,) = found(match(OPENSSL))
    (language,) = found(match(DJANGO, "3.2.1", "PYSEC-2021-1", id="PYSEC-2021-1", source="PyPI"))
    (github,) = found(match(DJANGO, "3.2.1", id="GHSA-aaaa-bbbb-cccc", source="PyPI"))
    assert [each.details.source for each in (system, language, github)] == ["DEBIAN_CVE", "PYPI", "GITHUB"]
    assert system.details.source_url == f"https://security-tracker.debian.org/tracker/{CVE}"
    assert language.details.source_url == "https://osv.dev/vulnerability/PYSEC-2021-1"
    assert github.details.related == ["GHSA-aaaa-bbbb-cccc"]
    assert [each.manager for each in language.details.packages] == ["PYTHONPKG"]


def test_versions_of_languages_are_not_taken_apart():
    assert parts("npm", "1.0.0-rc.1") == (0, "1.0.0-rc.1", "")
    assert parts("apk", "1.2.3-r4") == (0, "1.2.3", "r4")
    assert parts("rpm", "2:1.2-3.el9") == (2, "1.2", "3.el9")
    assert parts("deb", "20230311") == (0, "20230311", "")
    assert parts("deb", "x:1-") == (0, "x:1", "")


def test_operating_systems_have_inspectors_names():
    releases = [BOOKWORM, Release("alpine", "3.20.3"), Release("amzn", "2023"), Release("wolfi", "20230201"), None]
    assert [platform(each) for each in releases] == [
        "DEBIAN_12",
        "ALPINE_LINUX_3_20",
        "AMAZON_LINUX_2023",
        "WOLFI_20230201",
        "",
    ]


def record(of: findings.Found) -> FindingRecord:
    return FindingRecord(
        findings.finding_id(ImageKey("R1", LAYER), of.vulnerability, EPOCH),
        registry(),
        ImageKey("R1", LAYER),
        "app",
        of.vulnerability,
        "ACTIVE",
        of.severity,
        of.score,
        of.epss,
        of.fix_available,
        of.exploit_available,
        EPOCH,
        EPOCH,
        None,
        "",
        "",
        of.body,
        observed_at=EPOCH + timedelta(days=1),
    )


def test_a_finding_is_shown_with_its_image_and_texts():
    (one,) = found(match(OPENSSL, "1:3.0.12-1"))
    told = shown(record(one), ImageNow(("v1",), EPOCH, 3), Texts("A bad thing.", ("https://ref.test/1",)))
    assert told["findingArn"].startswith(f"arn:aws:inspector2:us-east-1:{ACCOUNT}:finding/")
    assert (told["description"], told["score"], told["epss"]) == ("A bad thing.", 9.8, {"score": 0.123457})
    assert told["lastObservedAt"] == EPOCH + timedelta(days=1)
    (resource,) = told["resources"]
    assert resource["id"] == f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/app/{LAYER}"
    image = resource["details"]["awsEcrContainerImage"]
    assert (image["platform"], image["imageTags"], image["inUseCount"]) == ("DEBIAN_12", ["v1"], 3)
    assert told["packageVulnerabilityDetails"]["referenceUrls"] == ["https://ref.test/1"]


def test_what_is_closed_was_last_observed_when_it_was_gone():
    (one,) = found(match(OPENSSL))
    later = EPOCH + timedelta(days=2)
    assert replace(record(one), closed_at=later).last_observed_at == later
