"""Which repositories are scanned on push: AWS's table of filters, and what a registry refuses."""

import json
import time
from datetime import timedelta

import pytest

from entrepot.core.scanning import configuration
from entrepot.core.scanning.configuration import ScanningRule
from entrepot.errors import ScanningConfigurationInvalid
from tests.factories.callers import ACCOUNT, EPOCH, caller, registry
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


def frequencies(core: CoreDatabase, *names: str) -> list[tuple[str, str, list[str]]]:
    found, _ = core.read(configuration.of_repositories, registry(), names)
    return [(repository.key.name, applied.frequency, list(applied.filters)) for repository, applied in found]


def test_enhanced_scanning_without_rules_is_continuous_everywhere(core: CoreDatabase):
    core.repository("one")
    put(core, scan_type="ENHANCED")
    assert frequencies(core, "one") == [("one", "CONTINUOUS_SCAN", [])]


def test_where_enhanced_rules_say_both_scanning_is_continuous(core: CoreDatabase):
    for name in ("prod", "test", "dev"):
        core.repository(name)
    rules = [ScanningRule("SCAN_ON_PUSH", ("prod", "test")), ScanningRule("CONTINUOUS_SCAN", ("prod*", "x"))]
    put(core, *rules, scan_type="ENHANCED")
    assert frequencies(core, "prod", "test", "dev") == [
        ("prod", "CONTINUOUS_SCAN", ["prod*"]),
        ("test", "SCAN_ON_PUSH", ["test"]),
        ("dev", "MANUAL", []),
    ]


@pytest.mark.parametrize("frequencies", [("MANUAL",), ("SCAN_ON_PUSH", "SCAN_ON_PUSH")])
def test_enhanced_scanning_has_one_rule_for_each_of_its_frequencies(core: CoreDatabase, frequencies: tuple[str, ...]):
    with pytest.raises(ScanningConfigurationInvalid):
        put(core, *(ScanningRule(each, ("*",)) for each in frequencies), scan_type="ENHANCED")
    assert core.read(configuration.get, registry()).scan_type == "BASIC"


def test_repositories_whose_frequency_changes_are_told_of_in_few_events(core: CoreDatabase):
    for number in range(101):
        core.repository(f"r{number:03d}")
    put(core, scan_type="ENHANCED")
    put(core, ScanningRule("SCAN_ON_PUSH", ("r000",)), ScanningRule("CONTINUOUS_SCAN", ("r0", "r1")), scan_type=None)
    later = caller(at=EPOCH + timedelta(minutes=1))
    core.write(configuration.put, registry(), None, [ScanningRule("SCAN_ON_PUSH", ("r000",))], who=later)
    told = [json.loads(row.body) for row in core.outbox(name="ECR Scan Resource Change")]
    assert [len(each["detail"]["repositories"]) for each in told] == [100, 1, 100, 1]
    assert told[2]["detail"] | {"repositories": told[2]["detail"]["repositories"][:2]} == {
        "action-type": "SCAN_FREQUENCY_CHANGE",
        "repositories": [
            {
                "repository-name": "r000",
                "repository-arn": f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/r000",
                "scan-frequency": "SCAN_ON_PUSH",
                "previous-scan-frequency": "CONTINUOUS_SCAN",
            },
            {
                "repository-name": "r001",
                "repository-arn": f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/r001",
                "scan-frequency": "MANUAL",
                "previous-scan-frequency": "CONTINUOUS_SCAN",
            },
        ],
        "resource-type": "REPOSITORY",
        "scan-type": "ENHANCED",
    }


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
