"""Lifecycle policies, by laws, and against an evaluator that does what the user guide says in the plainest way."""

import fnmatch
import random
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from entrepot.pattern.lifecycle.evaluation import DAY, evaluate
from entrepot.pattern.lifecycle.policy import Policy, Rule
from entrepot.pattern.lifecycle.records import Record
from tests.factories.lifecycle import ARCHIVE, EXPIRE, NOW, policy, rule

TAGS = [f"{word}-{number}" for word in ("a", "b", "prod") for number in (1, 2, 11)]
PATTERNS = ["a*", "b-*", "*-1", "*1*", "prod-1", "*d*1", "p*-*2"]
DAYS = st.integers(0, 8)


@st.composite
def images(draw: st.DrawFn) -> list[Record]:
    """Images of some ages; a few are indexes or referrers of ones before them."""
    found: list[Record] = []
    for n in range(draw(st.integers(0, 12))):
        earlier = st.sampled_from([each.digest for each in found]) if found else st.nothing()
        archived = draw(st.integers(0, 5)) == 0
        found.append(
            Record(
                f"{n:02}",
                tuple(draw(st.lists(st.sampled_from(TAGS), max_size=3, unique=True))),
                NOW - draw(DAYS) * DAY - draw(st.integers(0, 2)),
                pulled_at=draw(st.none() | DAYS.map(lambda days: NOW - days * DAY)),
                activated_at=draw(st.none() | DAYS.map(lambda days: NOW - days * DAY)),
                archived_at=NOW - draw(st.integers(85, 95)) * DAY if archived else None,
                is_archived=archived,
                subject=draw(earlier) if found and draw(st.integers(0, 4)) == 0 else None,
                children=tuple(draw(st.lists(earlier, max_size=2, unique=True)))
                if found and draw(st.integers(0, 3)) == 0
                else (),
            )
        )
    return found


@st.composite
def rules(draw: st.DrawFn, *, own: bool = False) -> list[Any]:
    """Rules that go together, by ascending priority."""
    count = st.integers(1, 4) | st.tuples(st.sampled_from(["sinceImagePushed", "sinceImagePulled"]), st.integers(1, 6))
    drawn = draw(st.lists(st.frozensets(st.sampled_from(PATTERNS), min_size=1, max_size=2), unique=True, max_size=3))
    tags: list[Any] = [sorted(each) for each in drawn]
    if draw(st.booleans()):
        tags.insert(draw(st.integers(0, len(tags))), "untagged")
    tags.append("any")
    made = []
    for n, each in enumerate(tags, 1):
        action: Any = draw(st.sampled_from([EXPIRE, ARCHIVE]))
        if own and isinstance(each, list) and action == EXPIRE:
            action = draw(st.sampled_from([EXPIRE, {**EXPIRE, "scope": "tag"}, {**EXPIRE, "children": "follow"}]))
        made.append(rule(n, draw(count), each, action))
    if draw(st.booleans()):
        made.append(
            rule(len(made) + 1, ("sinceImageTransitioned", draw(st.sampled_from([1, 92]))), storageClass="archive")
        )
    return made


def naive(read: Policy, records: Sequence[Record]) -> dict[str, int]:
    """Which rule each image is acted on by, without what hangs together."""
    digests = {each.digest for each in records}
    own = [each for each in records if each.subject not in digests]
    found: dict[str, int] = {}
    for record in own:
        for each in read.rules:
            if not meets(each, record):
                continue
            older = sorted((other for other in own if meets(each, other)), key=lambda it: (born(it), it.digest))
            if is_due(each, record, older):
                found[record.digest] = each.priority
            break
    return found


def meets(each: Rule, record: Record) -> bool:
    if record.is_archived is not (each.storage_class == "archive"):
        return False
    if each.tag_status != "tagged":
        return each.tag_status == "any" or not record.tags
    return all(any(fnmatch.fnmatchcase(tag, pattern) for tag in record.tags) for pattern in each.patterns)


def born(record: Record) -> int:
    return record.activated_at if record.activated_at is not None else record.pushed_at


def is_due(each: Rule, record: Record, matching: Sequence[Record]) -> bool:
    if each.count_type == "imageCountMoreThan":
        return record in matching[: max(0, len(matching) - each.number)]
    if each.count_type == "sinceImagePushed":
        return NOW - born(record) > each.number * DAY
    if each.count_type == "sinceImageTransitioned":
        return NOW - (record.archived_at or 0) > max(each.number, 90) * DAY
    wanted = [moment for moment in (record.pulled_at, record.activated_at) if moment is not None]
    return NOW - max(wanted, default=record.pushed_at) > each.number * DAY


def done(read: Policy, records: Sequence[Record], spared: frozenset[str] = frozenset()) -> list[Any]:
    found = evaluate(read, records, NOW, spared).actions
    return [(each.record.digest, each.kind, each.priority, each.tags) for each in found]


@given(rules(), images())
def test_what_rules_choose_is_what_the_plain_reading_chooses(told: list[Any], records: list[Record]):
    read = policy(*told)
    outcome = evaluate(read, records, NOW)
    chosen = {each.record.digest: each.priority for each in outcome.actions if not each.subject}
    chosen |= {each.record.digest: each.priority for each in outcome.kept}
    assert chosen == naive(read, records)


@given(rules(own=True), images(), st.randoms())
def test_the_same_images_come_to_the_same_in_whatever_order_they_are_told(
    told: list[Any], records: list[Record], chance: random.Random
):
    shuffled = chance.sample(records, len(records))
    assert done(policy(*told), records) == done(policy(*told), shuffled)


@given(rules(own=True), images(), st.frozensets(st.integers(0, 11).map("{:02}".format), max_size=3))
def test_no_image_is_in_two_rules_and_what_is_spared_is_in_none(
    told: list[Any], records: list[Record], spared: frozenset[str]
):
    names = [each[0] for each in done(policy(*told), records, spared)]
    assert len(set(names)) == len(names)
    assert spared.isdisjoint(names)


@given(rules(), images())
def test_a_rule_of_lower_priority_changes_nothing_that_a_higher_one_chooses(told: list[Any], records: list[Record]):
    whole, part = naive_like(policy(*told), records), naive_like(policy(*told[:-1]), records) if told[:-1] else {}
    assert {name: by for name, by in whole.items() if by != told[-1]["rulePriority"]} == part


def naive_like(read: Policy, records: Sequence[Record]) -> dict[str, int]:
    outcome = evaluate(read, records, NOW)
    chosen = [(each.record.digest, each.priority) for each in outcome.actions if not each.subject]
    return dict(chosen + [(each.record.digest, each.priority) for each in outcome.kept])


@given(rules(own=True), images())
def test_repeated_runs_come_to_an_end_at_which_nothing_is_to_be_done(told: list[Any], records: list[Record]):
    read = policy(*told)
    for _ in range(len(records) * 4 + 2):
        actions = {each.record.digest: each for each in evaluate(read, records, NOW).actions}
        if not actions:
            return
        records = [applied(each, actions.get(each.digest)) for each in records]
        records = [each for each in records if each.digest not in actions or actions[each.digest].kind != "EXPIRE"]
    raise AssertionError("each run finds something to do")


def applied(record: Record, action: Any) -> Record:
    if action is None or action.kind == "EXPIRE":
        return record
    if action.kind == "TRANSITION":
        return record._replace(is_archived=True, archived_at=NOW)
    return record._replace(tags=tuple(tag for tag in record.tags if tag not in action.tags))


@given(rules(own=True), images())
def test_what_an_image_that_stays_names_stays_and_indexes_go_first(told: list[Any], records: list[Record]):
    actions = evaluate(policy(*told), records, NOW).actions
    place = {each.record.digest: n for n, each in enumerate(actions) if each.kind == "EXPIRE"}
    alone = {each.record.digest for each in actions if each.kind == "EXPIRE" and not each.subject}
    for record in records:
        for child in record.children:
            if child in alone and child != record.digest:
                assert record.digest in place, "an image goes that is needed"
                if record.digest in alone:
                    assert place[record.digest] < place[child]
