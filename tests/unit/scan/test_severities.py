"""How bad a finding is: vendors' words, then CVSS, then bare scores, and never nothing."""

import math
from collections.abc import Sequence
from typing import get_args

import pytest

from entrepot.scan.advisories import Advisory, Affected, Severity
from entrepot.scan.severities import INSPECTOR, Assessment, InspectorLevel, Level, assess

V2 = Severity("CVSS_V2", "AV:N/AC:L/Au:N/C:C/I:C/A:C")  # 10.0, High
V3 = Severity("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N")  # 6.4
V4 = Severity("CVSS_V4", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N")  # 9.3
NOTHING = Severity("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:N/I:N/A:N")  # 0.0
BROKEN = Severity("CVSS_V4", "CVSS:4.0/AV:N")
WORDS = [
    ("Debian", "unimportant", "INFORMATIONAL"),
    ("Debian", "low", "LOW"),
    ("Debian", "low**", "LOW"),
    ("Debian", "medium**", "MEDIUM"),
    ("Debian", "medium", "MEDIUM"),
    ("Debian", "high*", "HIGH"),
    ("Debian", "high**", "HIGH"),
    ("Ubuntu", "negligible", "INFORMATIONAL"),
    ("Ubuntu", "low", "LOW"),
    ("Ubuntu", "medium", "MEDIUM"),
    ("Ubuntu", "high", "HIGH"),
    ("Ubuntu", "critical", "CRITICAL"),
    ("Red Hat", "low", "LOW"),
    ("AlmaLinux", "Moderate", "MEDIUM"),
    ("Rocky Linux", "Important", "HIGH"),
    ("Oracle Linux", "CRITICAL", "CRITICAL"),
    ("Amazon Linux", "medium", "MEDIUM"),
    ("Amazon Linux", "important", "HIGH"),
    ("SUSE", "moderate", "MEDIUM"),
    ("openSUSE", "important", "HIGH"),
    ("GitHub", "LOW", "LOW"),
    ("GitHub", "MODERATE", "MEDIUM"),
    ("GitHub", "HIGH", "HIGH"),
    ("GitHub", "CRITICAL", "CRITICAL"),
    ("Bitnami", "Low", "LOW"),
    ("Bitnami", "Medium", "MEDIUM"),
    ("Bitnami", "Critical", "CRITICAL"),
    ("RustSec", "informational", "INFORMATIONAL"),
]
SILENT = [
    ("Debian", "not yet assigned"),
    ("Debian", "end-of-life"),
    ("Ubuntu", "untriaged"),
    ("SUSE", "not set"),
    ("Bitnami", "Unknown"),
    ("Bitnami", "None"),
    ("Amazon Linux", ""),
    ("Debian", "*"),
    ("Debian", "low" + "*" * 1_000_000),
]


def assessed(
    package: Sequence[Severity] = (), advisory: Sequence[Severity] = (), ecosystem: str = "Debian:12"
) -> Assessment:
    return assess(
        Advisory("A-1", "feed", modified=0, severities=advisory), Affected(ecosystem, "name", severities=package)
    )


@pytest.mark.parametrize(("vendor", "word", "level"), WORDS)
def test_a_vendors_word_goes_before_cvss_which_is_shown_with_it(vendor, word, level):
    for package, advisory in (((V2, Severity(vendor, word)), ()), ((V2,), (Severity(vendor, word),))):
        assert assessed(package, advisory) == Assessment(level, word, vendor, 10.0, V2.value, "2.0")


@pytest.mark.parametrize(("vendor", "word"), SILENT)
def test_where_a_word_says_nothing_cvss_speaks(vendor, word):
    assert assessed([Severity(vendor, word), V3]) == Assessment("MEDIUM", "", "", 6.4, V3.value, "3.1")
    assert assessed([Severity(vendor, word)]) == Assessment("UNDEFINED")


def test_what_is_told_of_the_package_goes_before_what_is_told_of_the_advisory():
    assert assessed([Severity("Debian", "low")], [Severity("Debian", "high")]).level == "LOW"
    older = Severity("CVSS_V3", "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H")
    assert assessed([older], [V3]).version == "3.0"
    assert assessed([V3], [older]).version == "3.1"


def test_the_word_of_whose_package_it_is_goes_before_that_of_others():
    told = [Severity("GitHub", "CRITICAL"), Severity("Ubuntu", "low", source="Canonical")]
    assert assessed(told, ecosystem="Ubuntu:22.04:LTS") == Assessment("LOW", "low", "Canonical")
    assert assessed(told, ecosystem="npm").level == "CRITICAL"


def test_the_newest_version_of_cvss_goes_first_wherever_it_is_told():
    for package, advisory in (((V2, V3, V4), ()), ((V4, V3, V2), ()), ((V2,), (V3, V4))):
        assert assessed(package, advisory) == Assessment("CRITICAL", "", "", 9.3, V4.value, "4.0")
    assert assessed([V2, V3]).version == "3.1"
    assert assessed([V2]) == Assessment("HIGH", "", "", 10.0, V2.value, "2.0")


def test_the_version_is_that_of_the_vector_whatever_it_is_called():
    assert assessed([Severity("CVSS_V3", V2.value)]).version == "2.0"
    assert assessed([Severity("CVSS_V2", V4.value)]).version == "4.0"


def test_a_broken_vector_does_not_hide_the_others():
    assert assessed([BROKEN, V3]).version == "3.1"
    assert assessed([BROKEN]) == Assessment("UNDEFINED")
    assert assessed([Severity("CVSS_V4", BROKEN.value, score=5.0)]) == Assessment("MEDIUM", score=5.0, version="4.0")


def test_no_impact_at_all_is_informational():
    assert assessed([NOTHING]) == Assessment("INFORMATIONAL", "", "", 0.0, NOTHING.value, "3.1")


@pytest.mark.parametrize(
    ("kind", "score", "level", "version"),
    [
        ("CVSS_V2", 9.9, "HIGH", "2.0"),
        ("CVSS_V3", 9.9, "CRITICAL", ""),
        ("CVSS_V4", 7.0, "HIGH", "4.0"),
        ("Amazon Linux", 0.1, "LOW", ""),
    ],
)
def test_a_bare_score_speaks_where_nothing_else_does(kind, score, level, version):
    bare = Severity(kind, score=score)
    assert assessed([bare]) == Assessment(level, score=score, version=version)
    assert assessed([bare, V3]).vector == V3.value
    assert assessed([bare, Severity("Debian", "low")]) == Assessment("LOW", "low", "Debian", score, "", version)


def test_the_bare_score_of_the_newest_version_goes_first():
    told = [Severity("CVSS_V2", score=1.0), Severity("CVSS_V4", score=4.0), Severity("CVSS_V3", score=9.0)]
    assert assessed(told).score == 4.0
    assert assessed(told[::2]).score == 9.0


@pytest.mark.parametrize("score", [0.0, -1.0, 10.1, math.nan, math.inf, -math.inf])
def test_a_score_that_is_none_says_nothing(score):
    assert assessed([Severity("CVSS_V3", score=score)]) == Assessment("UNDEFINED")


def test_nothing_told_is_undefined_and_untriaged_to_inspector():
    assert assessed() == Assessment("UNDEFINED")
    assert INSPECTOR[assessed().level] == "UNTRIAGED"
    assert set(INSPECTOR) == set(get_args(Level))
    assert set(INSPECTOR.values()) == set(get_args(InspectorLevel))
