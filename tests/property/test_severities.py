"""Laws of CVSS and of severities, over random vectors, broken ones and hostile text."""

from collections.abc import Mapping
from contextlib import suppress
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.errors.scanning import CvssInvalid
from entrepot.scan.advisories import Advisory, Affected, Severity
from entrepot.scan.cvss import version2, version3, version4
from entrepot.scan.cvss.vectors import Rating, parse
from entrepot.scan.severities import Level, assess

MORE = 3 * settings().max_examples
KINDS = {
    "": (version2.BASE, version2.OTHERS),
    "CVSS:3.0/": (version3.BASE, version3.OTHERS),
    "CVSS:3.1/": (version3.BASE, version3.OTHERS),
    "CVSS:4.0/": (version4.BASE, version4.OTHERS),
}
# the values of a metric, the worst first
THIRD = {"AV": "NALP", "AC": "LH", "PR": "NLH", "UI": "NR", "S": "CU", "C": "HLN", "I": "HLN", "A": "HLN"}
FOURTH = {"AV": "NALP", "AC": "LH", "AT": "NP", "PR": "NLH", "UI": "NPA"}
WORST = {
    "": {"AV": "NAL", "AC": "LMH", "Au": "NSM", "C": "CPN", "I": "CPN", "A": "CPN"},
    "CVSS:3.0/": THIRD,
    "CVSS:3.1/": THIRD,
    "CVSS:4.0/": FOURTH | dict.fromkeys(("VC", "VI", "VA", "SC", "SI", "SA"), "HLN"),
}


def written(prefix: str, told: Mapping[str, str]) -> str:
    return prefix + "/".join(f"{name}:{value}" for name, value in told.items())


@st.composite
def metrics(draw: st.DrawFn) -> tuple[str, dict[str, str]]:
    """A prefix, and metrics of the base."""
    prefix = draw(st.sampled_from(sorted(KINDS)))
    return prefix, {name: draw(st.sampled_from(sorted(values))) for name, values in KINDS[prefix][0].items()}


def vectors() -> st.SearchStrategy[str]:
    return metrics().map(lambda made: written(*made))


def severities() -> st.SearchStrategy[Severity]:
    kinds = st.sampled_from(["CVSS_V2", "CVSS_V3", "CVSS_V4", "Debian", "GitHub"]) | st.text(max_size=9)
    words = st.sampled_from(["low**", "HIGH", "end-of-life"]) | st.text(max_size=9)
    return st.builds(Severity, kinds, words | vectors(), st.text(max_size=9), st.floats())


@settings(max_examples=MORE)
@given(metrics())
def test_a_score_is_a_tenth_of_0_to_10_with_a_word(made: tuple[str, dict[str, str]]):
    told = parse(written(*made))
    assert 0 <= told.score <= 10
    assert told.score == round(told.score, 1)
    assert told.rating in get_args(Rating)
    assert made[0] in {"", f"CVSS:{told.version}/"}


@settings(max_examples=MORE)
@given(metrics(), st.data())
def test_a_metric_that_is_worse_never_lowers_the_score(made: tuple[str, dict[str, str]], data: st.DataObject):
    prefix, told = made
    name = data.draw(st.sampled_from(sorted(told)))
    scores = [parse(written(prefix, told | {name: value})).score for value in WORST[prefix][name]]
    assert scores == sorted(scores, reverse=True)


@given(metrics(), st.data())
def test_other_metrics_and_the_order_never_matter(made: tuple[str, dict[str, str]], data: st.DataObject):
    prefix, told = made
    others = KINDS[prefix][1]
    more = {
        name: data.draw(st.sampled_from(sorted(others[name])))
        for name in data.draw(st.lists(st.sampled_from(sorted(others)), unique=True))
    }
    mixed = dict(data.draw(st.permutations(sorted((told | more).items()))))
    assert parse(written(prefix, mixed)).score == parse(written(prefix, told)).score


@given(metrics(), st.data())
def test_a_vector_without_one_of_its_metrics_is_refused(made: tuple[str, dict[str, str]], data: st.DataObject):
    prefix, told = made
    del told[data.draw(st.sampled_from(sorted(told)))]
    with pytest.raises(CvssInvalid):
        parse(written(prefix, told))


@settings(max_examples=MORE)
@given(st.text(max_size=600) | vectors(), st.text("/:ACHNVPLSU(.034)X\x00é", max_size=4), st.data())
def test_broken_vectors_are_refused_by_name_or_mean_something(text: str, piece: str, data: st.DataObject):
    at = data.draw(st.integers(0, len(text)))
    with suppress(CvssInvalid):
        assert 0 <= parse(text[:at] + piece + text[at + data.draw(st.integers(0, 4)) :]).score <= 10


@given(st.lists(severities(), max_size=9), st.integers(0, 9))
def test_whatever_is_told_there_is_a_level(told: list[Severity], split: int):
    advisory = Advisory("A-1", "feed", modified=0, severities=told[split:])
    found = assess(advisory, Affected("Debian:12", "name", severities=told[:split]))
    assert found.level in get_args(Level)
    assert 0 <= found.score <= 10
