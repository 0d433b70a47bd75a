"""Laws of event patterns, over random patterns and events."""

import json
from contextlib import suppress
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from entrepot.errors import EventPatternInvalid
from entrepot.pattern import wildcards
from entrepot.pattern.pattern import Pattern
from entrepot.pattern.rules import Rules
from tests.factories import naive_matching
from tests.factories import random_patterns as make
from tests.factories.random_policies import anything

MORE = 3 * settings().max_examples


def compiled(tree: make.Tree) -> Pattern:
    """The pattern, unless a path stands in it twice."""
    try:
        return Pattern(json.dumps(tree), longest=1_000_000)
    except EventPatternInvalid as refused:
        assume(not str(refused.reason).endswith("cannot be allowed multiple times"))
        raise


def matches(tree: make.Tree, event: make.Tree) -> bool:
    return compiled(tree).matches(event)


def rules(trees: list[make.Tree]) -> dict[int, Pattern]:
    found = {}
    for place, tree in enumerate(trees):
        with suppress(EventPatternInvalid):
            found[place] = Pattern(json.dumps(tree), longest=1_000_000)
    return found


@settings(max_examples=2 * settings().max_examples)
@given(make.patterns(), make.events())
def test_matching_agrees_with_the_description(tree: make.Tree, event: make.Tree):
    assert matches(tree, event) is naive_matching.matches(tree, event)


@settings(max_examples=MORE)
@given(st.lists(make.elements(), min_size=1, max_size=3), st.sampled_from(make.SCALARS))
def test_one_field_agrees_with_the_description(elements: list[Any], value: Any):
    assert matches({"a": elements}, {"a": value}) is naive_matching.matches({"a": elements}, {"a": value})


@given(st.lists(make.patterns(depth=2), max_size=8), make.events())
def test_the_index_answers_as_each_pattern_by_itself(trees: list[make.Tree], event: make.Tree):
    patterns = rules(trees)
    expected = [name for name, pattern in patterns.items() if pattern.matches(event)]
    assert Rules(patterns).matching(event) == expected


@given(st.lists(make.patterns(depth=2), max_size=5), make.events(), st.randoms(use_true_random=False))
def test_the_order_of_rules_never_matters(trees: list[make.Tree], event: make.Tree, random: Any):
    patterns = list(rules(trees).items())
    before = Rules(dict(patterns)).matching(event)
    random.shuffle(patterns)
    assert sorted(Rules(dict(patterns)).matching(event)) == before


@given(st.data(), make.events())
def test_a_pattern_derived_from_an_event_matches_it(data: st.DataObject, event: make.Tree):
    tree = data.draw(make.derived(event))
    assume(tree is not None)
    assert tree is not None
    assert matches(tree, event)


@given(make.anything_but(), st.sampled_from(make.SCALARS))
def test_anything_but_is_the_complement(element: make.Tree, value: Any):
    refused = naive_matching.refusals(element["anything-but"])
    assert matches({"a": [element]}, {"a": value}) is not matches({"a": refused}, {"a": value})


@given(make.patterns(), make.patterns(), make.events())
def test_or_is_the_union(one: make.Tree, other: make.Tree, event: make.Tree):
    either = matches({"$or": [one, other]}, event)
    assert either is (matches(one, event) or matches(other, event))


@given(make.patterns(), make.events())
def test_what_no_rule_looks_at_never_matters(tree: make.Tree, event: make.Tree):
    assert matches(tree, event) is matches(tree, {**event, "other": [{"a": 1}], "more": {"b": None}})


@settings(max_examples=MORE)
@given(st.text("xy*", max_size=8).filter(lambda text: "**" not in text), st.text("xy", max_size=8))
def test_wildcards_agree_with_the_definition(pattern: str, text: str):
    assert wildcards.matches(wildcards.parts(pattern), text) is naive_matching.fits(pattern, text)


@given(st.text(max_size=200) | anything().map(json.dumps))
def test_hostile_text_is_refused_by_name(text: str):
    with suppress(EventPatternInvalid):
        Pattern(text)


@given(make.patterns(), st.data())
def test_a_broken_pattern_is_refused_by_name_or_means_something(tree: make.Tree, data: st.DataObject):
    written = json.dumps(tree)
    at = data.draw(st.integers(0, len(written)))
    broken = (
        written[:at] + data.draw(st.text('{}[]":,1ea$\\', max_size=3)) + written[at + data.draw(st.integers(0, 3)) :]
    )
    with suppress(EventPatternInvalid):
        Pattern(broken).matches({"a": 1, "b": ["x", {"a": None}]})
