"""Which repositories are scanned on push: AWS's table of filters, and what a registry refuses."""

import time

import pytest

from entrepot.core.scanning import configuration
from entrepot.core.scanning.configuration import ScanningRule
from entrepot.errors import EnhancedScanningAbsent, ScanningConfigurationInvalid
from tests.factories.callers import registry
from tests.factories.core_database import CoreDatabase

NAMES = ("prod", "repo-prod", "prod-repo", "repo-prod-repo", "prodrepo")
# filter -> for which of these it is (Y)
TABLE = {"prod": "YYYYY", "*prod": "YYNNN", "prod*": "YNYNY", "*prod*": "YYYYY", "prod*repo": "NNYNY"}


@pytest.mark.parametrize("text", TABLE)
def test_filters_match_as_in_the_table_of_the_user_guide(text: str):
    assert "".join("Y" if configuration.matches(text, name) else "N" for name in NAMES) == TABLE[text]


@pytest.mark.parametrize(
    ("text", "name", "matched"),
    [
        ("*", "any/thing", True),
        ("a*a", "a", False),
        ("a*a", "aa", True),
        ("a*b*c", "a-b-b-c", True),
        ("a*b*c", "a-c-b", False),
        ("*a*", "bcd", False),
        ("team/*", "team/one", True),
        ("**", "x", True),
    ],
)
def test_a_wildcard_stands_for_any_number_of_characters(text: str, name: str, *, matched: bool):
    assert configuration.matches(text, name) is matched


def test_a_filter_of_nothing_but_wildcards_costs_no_time():
    started = time.monotonic()
    assert not configuration.matches("*a" * 127, "a" * 120 + "b" * 136)
    assert time.monotonic() - started < 1


def put(core: CoreDatabase, *rules: ScanningRule, scan_type: str | None = "BASIC") -> None:
    core.write(configuration.put, registry(), scan_type, rules)


def test_nothing_that_was_set_is_basic_scanning_without_rules(core: CoreDatabase):
    found = core.read(configuration.get, registry())
    assert (found.scan_type, list(found.rules)) == ("BASIC", [])


def test_what_is_put_takes_the_place_of_what_was(core: CoreDatabase):
    put(core, ScanningRule("SCAN_ON_PUSH", ("a", "b*")))
    put(core, ScanningRule("SCAN_ON_PUSH", ("c",)), scan_type=None)
    found = core.read(configuration.get, registry())
    assert (found.scan_type, list(found.rules)) == ("BASIC", [ScanningRule("SCAN_ON_PUSH", ("c",))])


def test_enhanced_scanning_is_refused_as_long_as_there_is_none(core: CoreDatabase):
    with pytest.raises(EnhancedScanningAbsent, match="ENHANCED is not supported"):
        put(core, scan_type="ENHANCED")
    assert core.read(configuration.get, registry()).scan_type == "BASIC"


@pytest.mark.parametrize("frequency", ["CONTINUOUS_SCAN", "MANUAL"])
def test_rules_of_basic_scanning_are_for_pushes_alone(core: CoreDatabase, frequency: str):
    with pytest.raises(ScanningConfigurationInvalid, match=frequency):
        put(core, ScanningRule(frequency, ("*",)))


def test_repositories_are_told_how_they_are_scanned_and_by_which_filters(core: CoreDatabase):
    for name in ("prod-a", "dev"):
        core.repository(name, scan_on_push=name == "dev")
    put(core, ScanningRule("SCAN_ON_PUSH", ("prod*", "test")), ScanningRule("SCAN_ON_PUSH", ("*-a", "prod*")))
    found, absent = core.read(configuration.of_repositories, registry(), ["prod-a", "gone", "dev", "gone"])
    told = [(repository.key.name, applied.frequency, list(applied.filters)) for repository, applied in found]
    assert told == [("prod-a", "SCAN_ON_PUSH", ["prod*", "*-a"]), ("dev", "MANUAL", [])]
    assert absent == ["gone"]


def test_without_rules_a_repositorys_own_setting_holds(core: CoreDatabase):
    key = core.repository("one")
    for value, frequency in ((True, "SCAN_ON_PUSH"), (False, "MANUAL")):
        core.write(configuration.set_scan_on_push, key, value=value)
        ((repository, applied),), _ = core.read(configuration.of_repositories, registry(), ["one"])
        assert (repository.scan_on_push, applied) == (value, (frequency, ()))
