"""What a policy says of the images of a repository at a moment (ECR user guide, "Lifecycle policy evaluation rules").

Each rule selects by itself, among all images of its storage class that meet its condition on tags, what is beyond its
count or age. Then rules have their say by priority: an image belongs to the first rule whose condition on tags it
meets, chosen or not, and counts in the others. Referrers are not selected: they share their subject's fate (fates.py).
"""

from bisect import bisect_left
from collections.abc import Collection, Sequence
from operator import itemgetter

from entrepot.pattern.lifecycle import policy as words
from entrepot.pattern.lifecycle.fates import Fates
from entrepot.pattern.lifecycle.policy import Policy, Rule
from entrepot.pattern.lifecycle.records import Action, Outcome, Record
from entrepot.pattern.lifecycle.tags import Conditions

DAY = 24 * 60 * 60 * 1_000_000
LEAST_ARCHIVED_DAYS = 90
_IMAGE, _TAGS = 1, 2  # what of an image rules have laid hold of


def evaluate(policy: Policy, records: Sequence[Record], at: int, spared: Collection[str] = frozenset()) -> Outcome:
    """What becomes of these images, which are all of a repository. `spared` are digests of images that stay: they
    belong to rules and count in them as they would else.
    """
    by_digest = sorted(records, key=itemgetter(0))  # as rows come: what is asked of each is asked in that order
    conditions = Conditions(policy)
    bits, ages = conditions.of_all(by_digest), [counted_from(record) for record in by_digest]
    order = sorted(range(len(by_digest)), key=ages.__getitem__)
    in_order = [by_digest[i] for i in order]
    fates = Fates(in_order, by_digest, order, spared)
    selection = _Selection(conditions, in_order, [bits[i] for i in order], fates.referrers)
    for rule in policy.rules:
        fates.choose(rule, selection.apply(rule, at))
    fates.untag(selection.untagged)
    return fates.outcome()


def counted_from(record: Record) -> int:
    """What the age of an image is counted from, and its place among others."""
    return record[2] if record[4] is None else record[4]


class _Selection:
    """Images, the oldest first, and which rules have laid hold of them."""

    def __init__(
        self, conditions: Conditions, records: Sequence[Record], bits: list[int], referrers: Collection[int]
    ) -> None:
        self._records = records
        self._conditions = conditions
        self._bits = bits
        for i in referrers:
            self._bits[i] = 0
        self._held = bytearray(len(records))
        self._held_tags: dict[int, set[str]] = {}
        self.untagged: dict[int, Action] = {}  # images that lose tags, and keep others

    def apply(self, rule: Rule, at: int) -> Sequence[int]:
        """The images that the rule chooses whole, oldest first; it holds all that meet its condition."""
        need = self._conditions.needs(rule)
        matched = [i for i, bits in enumerate(self._bits) if bits & need == need]
        candidates = self._candidates(rule, matched, at)
        if rule.by_tag:
            return self._apply_to_tags(rule, matched, candidates)
        held = self._held
        found = [i for i in candidates if not held[i]]
        for i in matched:
            held[i] = _IMAGE
        return found

    def _candidates(self, rule: Rule, matched: Sequence[int], at: int) -> Sequence[int]:
        if rule.count_type == words.COUNT:
            return matched[: max(len(matched) - rule.number, 0)]
        records = self._records
        if rule.count_type == words.PUSHED:
            before = at - rule.number * DAY
            return matched[: bisect_left(matched, before, key=lambda i: counted_from(records[i]))]
        if rule.count_type == words.PULLED:
            before = at - rule.number * DAY
            return [i for i in matched if last_wanted(records[i]) < before]
        before = at - max(rule.number, LEAST_ARCHIVED_DAYS) * DAY
        return [i for i in matched if (records[i].archived_at or 0) < before]

    def _apply_to_tags(self, rule: Rule, matched: Sequence[int], candidates: Sequence[int]) -> Sequence[int]:
        """Tags that meet the rule's patterns, and that no rule before it holds; an image goes with its last tag."""
        need, old = self._conditions.named(rule), set(candidates)
        found = []
        for i in matched:
            if self._held[i] == _IMAGE:
                continue
            record = self._records[i]
            theirs = self._held_tags.setdefault(i, set())
            own = tuple(tag for tag in record.tags if tag not in theirs and self._conditions.of_tag(tag) & need)
            theirs.update(own)
            self._held[i] = _TAGS
            if i in old and own and self._loses(i, rule, own):
                found.append(i)
        return found

    def _loses(self, i: int, rule: Rule, tags: tuple[str, ...]) -> bool:
        """Note the tags that an image loses; whether they are its last ones."""
        before = self.untagged.pop(i, None)
        gone = (*(before.tags if before else ()), *tags)
        if len(gone) == len(self._records[i].tags):
            return True
        self.untagged[i] = Action(self._records[i], "UNTAG", before.priority if before else rule.priority, gone)
        return False


def last_wanted(record: Record) -> int:
    """When an image was last pulled, or restored since; of one that never was, when it was pushed."""
    return max(record.pulled_at or 0, record.activated_at or 0) or record.pushed_at
