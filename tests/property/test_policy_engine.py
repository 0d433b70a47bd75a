"""Laws of the policy engine, over random policies of every kind and random requests."""

import copy
import json
from contextlib import suppress
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from entrepot.errors import (
    Fact,
    PolicyMalformed,
    PolicyTooLarge,
    RegistryPolicyInvalid,
    RepositoryPolicyInvalid,
    SessionPoliciesTooLarge,
)
from entrepot.policy.decision import Decision
from entrepot.policy.document import parse, printed, render
from entrepot.policy.evaluation import Request, context, evaluate
from entrepot.policy.matching import Patterns, matches, wild
from entrepot.policy.structure import Kind
from entrepot.policy.variables import template
from tests.factories import naive_evaluation
from tests.factories import random_policies as make
from tests.factories.naive_evaluation import fits
from tests.factories.policies import text
from tests.factories.random_policies import compiled

REFUSALS: tuple[type[Fact], ...] = (
    PolicyMalformed,
    PolicyTooLarge,
    RegistryPolicyInvalid,
    RepositoryPolicyInvalid,
    SessionPoliciesTooLarge,
)


def decide(request: Request, trees: make.Tree) -> Decision:
    return evaluate(request, compiled(trees))


def places(trees: make.Tree) -> list[list[Any]]:
    """Every policy of the set, as its list of statements: those of resources last."""
    levels = [policy for level in trees["service_control"] for policy in level]
    boundary = [trees["boundary"]] if trees["boundary"] is not None else []
    return [*trees["identity"], *boundary, *(trees["session"] or []), *levels, *trees["resource"]]


def is_resource(trees: make.Tree, at: int) -> bool:
    return at >= len(places(trees)) - len(trees["resource"])


def with_one_more(data: st.DataObject, trees: make.Tree, effect: str) -> make.Tree | None:
    """The set with one more statement in one of its policies, or None: it has no policy."""
    changed = copy.deepcopy(trees)
    policies = places(changed)
    if not policies:
        return None
    at = data.draw(st.integers(0, len(policies) - 1))
    named = make.NAMED if is_resource(changed, at) else None
    added = data.draw(make.statements(effect=effect, named=named))
    policies[at].insert(data.draw(st.integers(0, len(policies[at]))), added)
    return changed


@settings(max_examples=3 * settings().max_examples)
@given(make.requests(), make.policy_sets())
def test_evaluation_agrees_with_the_guide(request: Request, trees: make.Tree):
    assert decide(request, trees).allowed is naive_evaluation.allowed(request, trees)


@given(make.requests(), make.policy_sets(), st.data())
def test_one_more_deny_never_allows_more(request: Request, trees: make.Tree, data: st.DataObject):
    changed = with_one_more(data, trees, "Deny")
    if changed is not None and decide(request, changed).allowed:
        assert decide(request, trees).allowed


@given(make.requests(), make.policy_sets(), st.data())
def test_one_more_allow_never_allows_less(request: Request, trees: make.Tree, data: st.DataObject):
    changed = with_one_more(data, trees, "Allow")
    if changed is not None and decide(request, trees).allowed:
        assert decide(request, changed).allowed


@given(
    make.requests(), make.policy_sets(), make.documents(), st.sampled_from(("boundary", "session", "service_control"))
)
def test_one_more_limit_never_allows_more(request: Request, trees: make.Tree, limit: list[make.Tree], kind: str):
    changed = copy.deepcopy(trees)
    if kind == "service_control":
        changed[kind].append([limit])
    elif changed[kind] is None:
        changed[kind] = limit if kind == "boundary" else [limit]
    if decide(request, changed).allowed:
        assert decide(request, trees).allowed


@given(make.requests(), make.policy_sets(), make.statements(effect="Allow", named=make.STRANGERS), st.data())
def test_an_allow_for_an_unrelated_account_never_matters(
    request: Request, trees: make.Tree, stranger: make.Tree, data: st.DataObject
):
    changed = copy.deepcopy(trees)
    if not changed["resource"] or data.draw(st.booleans()):
        changed["resource"].append([stranger])
    else:
        changed["resource"][0].insert(0, stranger)
    ours, theirs = decide(request, trees), decide(request, changed)
    assert (ours.allowed, ours.reason.cause, ours.reason.kind) == (
        theirs.allowed,
        theirs.reason.cause,
        theirs.reason.kind,
    )


@given(make.requests(), make.policy_sets(), st.randoms(use_true_random=False))
def test_the_order_of_statements_and_policies_never_matters(request: Request, trees: make.Tree, random: Any):
    changed = copy.deepcopy(trees)
    for policy in places(changed):
        random.shuffle(policy)
        for statement in policy:
            for values in statement.values():
                if isinstance(values, list):
                    random.shuffle(values)
    for kind in ("identity", "session", "service_control", "resource"):
        random.shuffle(changed[kind] or [])
    before, after = decide(request, trees), decide(request, changed)
    assert (before.allowed, before.reason.cause, before.reason.kind) == (
        after.allowed,
        after.reason.cause,
        after.reason.kind,
    )


@given(make.requests(), make.policy_sets(), make.contexts())
def test_keys_that_were_not_read_never_matter(request: Request, trees: make.Tree, others: dict[str, Any]):
    decision = decide(request, trees)
    assert isinstance(request.context, dict)
    kept = {key: value for key, value in request.context.items() if key in decision.read}
    absent = {key for key in decision.read if key not in kept}
    changed = {key: value for key, value in context(others).items() if key not in absent} | kept
    again = decide(
        Request(request.principal, request.action, request.resource, request.resource_account, changed), trees
    )
    assert again == decision


@given(make.requests(), make.policy_sets())
def test_the_reason_fits_the_answer(request: Request, trees: make.Tree):
    decision = decide(request, trees)
    assert decision.allowed is (decision.reason.cause == "allowed")
    assert (decision.reason.statement is None) is (not decision.reason.policy)
    if not decision.allowed:
        assert decision.sentence().startswith(f"User: {request.principal.arn} is not authorized to perform: ")


@given(make.requests(), make.policy_sets())
def test_a_policy_that_was_asked_before_answers_the_same(request: Request, trees: make.Tree):
    policies = compiled(trees)
    assert evaluate(request, policies) == evaluate(request, policies) == decide(request, trees)


@given(
    make.documents(named=make.NAMED),
    st.sampled_from((None, "2008-10-17", "2012-10-17")),
    st.text('ab"\\é\n', max_size=9),
)
def test_a_document_round_trips(statements: list[make.Tree], version: str | None, id_: str):
    written = text(*statements, version=version, Id=id_)
    parsed = parse(written, Kind.REPOSITORY)
    assert parse(render(parsed), Kind.REPOSITORY) == parsed
    assert parse(printed(written), Kind.REPOSITORY) == parsed


@settings(max_examples=10 * settings().max_examples)
@given(st.text("ab*?", max_size=9), st.text("ab", max_size=8), st.lists(st.text("ab*", max_size=4), max_size=3))
@example("*a*?b", "aab", [])
def test_matching_agrees_with_the_definition(pattern: str, given_: str, others: list[str]):
    expected = fits(pattern, given_)
    assert matches(wild(pattern), given_) is expected
    any_of_them = expected or any(fits(other, given_) for other in others)
    assert Patterns([*map(wild, others), wild(pattern)]).match(given_) is any_of_them


@given(st.text("${}*?,' ab:", max_size=20), st.text("*?ab", max_size=4))
def test_a_value_from_outside_is_never_a_wildcard(written: str, value: str):
    filled = template(written, variables=True, pattern=True).fill(lambda _: (value,))
    assert filled is not None
    assert matches(filled, filled.replace("\0", "").replace("\1", "x"))
    marks = sum(filled.count(mark) for mark in "\0\1")
    assert marks <= written.count("*") + written.count("?")


@given(st.sampled_from(list(Kind)), make.broken_documents())
def test_a_broken_document_is_refused_by_name_or_means_something(kind: Kind, written: str):
    with suppress(*REFUSALS):
        parsed = parse(written, kind)
        assert parse(render(parsed), kind) == parsed


@given(st.sampled_from(list(Kind)), st.text(max_size=200) | make.anything().map(json.dumps))
def test_hostile_text_is_refused_by_name(kind: Kind, written: str):
    with suppress(*REFUSALS):
        parse(written, kind)
