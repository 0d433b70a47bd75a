"""Laws of the orders of versions, over versions that are near to each other and over any text at all."""

import time
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.errors.scanning import VersionInvalid
from entrepot.scan.advisories import Event
from entrepot.scan.versions.ranges import affects
from entrepot.scan.versions.schemes import MAVEN, SCHEMES, Scheme

TOTAL = [scheme for scheme in SCHEMES if scheme is not MAVEN]  # Maven's order has cycles: its module says so

# pieces of which the parts of versions are made, so that many versions are equal or differ at one place only
PIECES = [
    *("0", "1", "2", "9", "10", "00", "01", ".", ".", ".", "-", "-", "_", "~", "^", "+", ":", "a", "b", "c", "p", "r"),
    *("rc", "RC", "alpha", "beta", "dev", "pre", "post", "final", "ga", "sp", "SNAPSHOT", "z", "A", "é"),
]
NEAR = st.lists(st.sampled_from(PIECES), min_size=1, max_size=9).map("".join)
ANY = st.text(max_size=60) | NEAR
FEWER = settings(max_examples=settings().max_examples // 4)  # there are fifteen schemes
HOSTILE = [
    "1" * 1000,
    "1." * 500,
    "0." * 499 + "1",
    "." * 1000,
    "-" * 1000,
    "1-" * 500,
    "a1" * 500,
    "1" + "_alpha" * 166,
    "1" + "~" * 999,
    "1" + "^a" * 499,
    "0" * 999 + "!",
    "1.0" + "." * 990 + " x",
    "1" + ".0" * 499 + "é",
    "1+" + "a." * 499,
    "a" * 999 + "\ud800",
]


def keys(scheme: Scheme, versions: list[str]) -> list[tuple[object, ...]]:
    found = []
    for version in versions:
        with suppress(VersionInvalid):
            found.append(scheme.key(version))
    return found


@pytest.mark.parametrize("scheme", TOTAL, ids=lambda scheme: scheme.name)
@FEWER
@given(st.lists(NEAR, max_size=12))
def test_an_order_is_total(scheme: Scheme, versions: list[str]):
    ordered = sorted(keys(scheme, versions))
    for place, one in enumerate(ordered):
        for other in ordered[place:]:
            assert one <= other
            assert other >= one
            assert (one == other) is not (one < other)
            assert not other < one


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.name)
@FEWER
@given(NEAR, NEAR)
def test_two_versions_are_in_one_order_only(scheme: Scheme, one: str, other: str):
    for left, right in pairwise(keys(scheme, [one, other])):
        assert [left < right, left == right, left > right].count(True) == 1
        assert (left < right) is (right > left)
        assert (left <= right) is (right >= left) is not (left > right)


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.name)
@FEWER
@given(NEAR, NEAR)
def test_equal_keys_hash_alike(scheme: Scheme, one: str, other: str):
    for left, right in pairwise(keys(scheme, [one, other])):
        assert left != right or hash(left) == hash(right)


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.name)
@FEWER
@given(ANY)
def test_a_version_has_one_key_only(scheme: Scheme, version: str):
    found = keys(scheme, [version, f" {version}\n", version])
    assert len(found) in {0, 3}
    assert len(set(found)) <= 1


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.name)
@FEWER
@given(ANY, ANY)
def test_any_text_has_a_key_or_is_refused_by_name(scheme: Scheme, one: str, other: str):
    for left, right in pairwise(keys(scheme, [one, other])):
        assert (left < right) in {True, False}


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.name)
def test_a_long_version_costs_no_more_than_its_length(scheme: Scheme):
    started = time.process_time()
    found = keys(scheme, HOSTILE)
    sorted(found)
    assert time.process_time() - started < 0.5  # some 5 ms; what is quadratic takes seconds


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.name)
@pytest.mark.parametrize("version", ["", " ", "1" * 1001, " " * 1001 + "1"])
def test_no_version_is_empty_or_beyond_the_bound(scheme: Scheme, version: str):
    with pytest.raises(VersionInvalid):
        scheme.key(version)


@given(st.sets(st.integers(0, 12)), st.integers(0, 12), st.randoms(use_true_random=False))
def test_ranges_hold_what_windows_hold_in_any_order_of_events(bounds, version, random):
    starts_and_ends = sorted(bounds)
    windows = list(zip(starts_and_ends[::2], starts_and_ends[1::2], strict=False))
    events = [event for start, end in windows for event in (Event("introduced", f"{start}"), Event("fixed", f"{end}"))]
    random.shuffle(events)
    expected = any(start <= version < end for start, end in windows)
    for scheme in SCHEMES:
        assert affects(scheme, [events], (), f"{version}") is expected


@given(ANY, st.lists(ANY, max_size=3), st.lists(ANY, max_size=3))
def test_ranges_of_any_text_answer_or_refuse_by_name(version, introduced, ended):
    events = [Event("introduced", each) for each in introduced] + [Event("last_affected", each) for each in ended]
    for scheme in SCHEMES:
        with suppress(VersionInvalid):
            affects(scheme, [events, events[::-1]], introduced, version)
