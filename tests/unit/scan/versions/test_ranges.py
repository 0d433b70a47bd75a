"""Which versions OSV's ranges hold."""

import pytest

from entrepot.errors.scanning import VersionInvalid
from entrepot.scan.advisories import Event
from entrepot.scan.versions.ranges import affects, fix
from entrepot.scan.versions.schemes import DPKG, MAVEN, NUGET, PEP440, RUBYGEMS, SEMVER


def ranges(*events):
    return [[Event(kind, version) for event in events for kind, version in event.items()]]


def held(scheme, found, versions, listed=()):
    return [version for version in versions if affects(scheme, found, listed, version)]


def test_a_range_holds_from_its_start_up_to_its_fix():
    found = ranges({"introduced": "1.0"}, {"fixed": "1.2"})
    assert held(PEP440, found, ["0.9", "1.0rc1", "1.0", "1.1.9", "1.2rc1", "1.2", "2"]) == ["1.0", "1.1.9", "1.2rc1"]


def test_zero_comes_before_every_version():
    found = ranges({"introduced": "0"}, {"fixed": "1"})
    assert held(DPKG, found, ["0~~", "0", "1~", "1"]) == ["0~~", "0", "1~"]
    assert held(SEMVER, found, ["0.0.0-0", "0", "0.9.9", "1.0.0"]) == ["0.0.0-0", "0", "0.9.9"]
    assert held(DPKG, ranges({"introduced": "0"}, {"fixed": "0"}), ["0~", "1"]) == []


def test_a_range_without_an_end_goes_on():
    assert held(RUBYGEMS, ranges({"introduced": "5.3.a"}), ["5.2", "5.3.a", "5.3.rc1", "99"]) == [
        "5.3.a",
        "5.3.rc1",
        "99",
    ]


def test_without_a_start_nothing_is_held():
    assert held(PEP440, ranges({"fixed": "2"}), ["1", "2"]) == []
    assert held(PEP440, ranges({"last_affected": "2"}), ["1", "2"]) == []
    assert held(PEP440, ranges(), ["1"]) == []


def test_the_last_that_is_affected_is_held():
    found = ranges({"introduced": "1"}, {"last_affected": "2"})
    assert held(MAVEN, found, ["0.9", "1", "2.0", "2.0.0-ga", "2.0.1", "2-sp"]) == ["1", "2.0", "2.0.0-ga"]
    assert held(MAVEN, ranges({"introduced": "1"}, {"last_affected": "1"}), ["1", "1.0", "1.1"]) == ["1", "1.0"]


@pytest.mark.parametrize("turned", [False, True])
def test_several_windows_hold_in_any_order(turned):
    events = [{"introduced": "0"}, {"fixed": "1.5"}, {"introduced": "2.0"}, {"fixed": "2.3"}, {"introduced": "10"}]
    found = ranges(*(reversed(events) if turned else events))
    assert held(SEMVER, found, ["1.4", "1.5", "2.0.0-1", "2.2.9", "2.3", "9", "10", "11"]) == [
        "1.4",
        "2.2.9",
        "10",
        "11",
    ]


def test_of_events_at_one_version_the_later_in_the_record_counts():
    assert held(PEP440, ranges({"introduced": "2"}, {"fixed": "2"}), ["1", "2", "3"]) == []
    again = ranges({"introduced": "1"}, {"fixed": "2"}, {"introduced": "2.0"}, {"fixed": "3"})
    assert held(PEP440, again, ["1", "2", "2.5", "3"]) == ["1", "2", "2.5"]


def test_one_range_of_several_is_enough():
    found = ranges({"introduced": "1"}, {"fixed": "2"}) + ranges({"introduced": "3"}, {"fixed": "4"})
    assert held(PEP440, found, ["1", "2", "3", "4"]) == ["1", "3"]


def test_a_limit_bounds_a_range_and_the_highest_of_several_counts():
    found = ranges({"introduced": "1"}, {"limit": "2"}, {"limit": "3"})
    assert held(SEMVER, found, ["0.1", "1", "2", "3", "4"]) == ["1", "2"]
    assert held(SEMVER, ranges({"introduced": "1"}, {"limit": "*"}), ["1", "99"]) == ["1", "99"]


def test_what_is_listed_is_affected_as_it_is_written():
    found = ranges({"introduced": "1"}, {"fixed": "2"})
    assert held(PEP440, found, ["0.5", "1", "no version"], listed=["0.5", "no version"]) == ["0.5", "1", "no version"]


def test_a_list_without_ranges_holds_other_spellings_too():
    assert held(PEP440, [], ["1.0.0", "1.0", "1.1"], listed=["1.0", "what?"]) == ["1.0.0", "1.0"]


def test_the_fix_is_the_next_one_of_the_range_that_holds():
    found = ranges({"introduced": "0"}, {"fixed": "1.5"}, {"introduced": "2.0"}, {"fixed": "2.3"}) + ranges(
        {"introduced": "2.1"}, {"fixed": "3"}
    )
    assert [fix(SEMVER, found, version) for version in ("1.0", "1.6", "2.0", "2.2", "2.5", "9")] == [
        "1.5",
        "",
        "2.3",
        "2.3",
        "3",
        "",
    ]
    assert fix(DPKG, ranges({"introduced": "0"}), "1") == ""
    assert fix(MAVEN, ranges({"introduced": "0"}, {"last_affected": "2"}), "1") == ""


def test_what_is_no_version_is_told_by_name():
    with pytest.raises(VersionInvalid, match="master"):
        affects(NUGET, ranges({"introduced": "0"}), (), "master")
    with pytest.raises(VersionInvalid, match="master"):
        affects(NUGET, ranges({"introduced": "0"}, {"fixed": "master"}), (), "1.0")
    with pytest.raises(VersionInvalid, match="master"):
        affects(NUGET, [], ["1.0"], "master")
