"""The condition operators (IAM user guide, "Condition operators", "Multivalued context keys"): what holds when.

Any of a condition's values may match; a negated operator holds when none does. A key that the request does not have
fails a positive operator and passes a negated one, `...IfExists` and `ForAllValues:`.
"""

import operator
from collections.abc import Callable
from typing import Any, Literal, Protocol

import msgspec

from entrepot.policy import values as read
from entrepot.policy.matching import Patterns, matches, matches_arn
from entrepot.policy.structure import Condition, Wrong
from entrepot.policy.variables import Lookup, Template, template

Qualifier = Literal["", "forallvalues:", "foranyvalue:"]
# whether one of the condition's values matches a value of the request; None: none does, and a variable had no value
Comparison = Callable[[str, Lookup], bool | None]


class Prepare(Protocol):
    """Makes a comparison with a condition's values; `variables`: whether they may hold policy variables."""

    def __call__(self, values: tuple[str, ...], *, variables: bool) -> Comparison:
        """The comparison."""


class Operator(msgspec.Struct, frozen=True):
    """An operator's name taken apart; `base` is the positive one, in lower case."""

    qualifier: Qualifier
    base: str
    negated: bool
    if_exists: bool


class Test(msgspec.Struct, frozen=True):
    """One condition, compiled; `key` in lower case."""

    key: str
    operator: Operator
    compare: Comparison

    def holds(self, lookup: Lookup) -> bool:
        """Whether the condition holds for the request whose context `lookup` reads."""
        given = lookup(self.key)
        if not given:
            return self._holds_without()
        if self.operator.qualifier == "forallvalues:":
            return all(self._holds_for(value, lookup) for value in given)
        if self.operator.qualifier == "foranyvalue:":
            return any(self._holds_for(value, lookup) for value in given)
        return len(given) == 1 and self._holds_for(given[0], lookup)  # several values need a qualifier

    def _holds_without(self) -> bool:
        if self.operator.if_exists or self.operator.qualifier == "forallvalues:":
            return True
        return self.operator.negated and not self.operator.qualifier

    def _holds_for(self, value: str, lookup: Lookup) -> bool:
        matched = self.compare(value, lookup)
        return matched is False if self.operator.negated else matched is True


class NullTest(msgspec.Struct, frozen=True):
    """`Null`: whether the request has the key at all."""

    key: str
    absent: frozenset[bool]

    def holds(self, lookup: Lookup) -> bool:
        """Whether the key's absence is as the condition has it."""
        return (not lookup(self.key)) in self.absent


def parse_operator(name: str) -> Operator | None:
    """Take a name apart, or None: there is no such operator. Case does not count."""
    rest = name.lower()
    qualifier: Qualifier = ""
    if rest.startswith("forallvalues:"):
        qualifier = "forallvalues:"
    elif rest.startswith("foranyvalue:"):
        qualifier = "foranyvalue:"
    rest = rest.removeprefix(qualifier)
    base, suffix, after = rest.partition("ifexists")
    positive = _POSITIVE.get(base, base)
    if after or positive not in _COMPARISONS or (positive == "null" and suffix):
        return None
    return Operator(qualifier, positive, positive != base, bool(suffix))


def check(condition: Condition) -> None:
    """Refuse a condition that can never mean anything: Wrong."""
    parsed = parse_operator(condition.operator)
    if parsed is None:
        raise Wrong(f"Invalid Condition type : {ascii(condition.operator[:60])[1:-1]}")
    if not condition.key:
        raise Wrong("Condition key cannot be empty.")
    reader = _READERS.get(parsed.base)
    if reader is not None and any(reader(value) is None for value in condition.values):
        raise Wrong(f"The policy failed legacy parsing ({condition.operator} has a value of another type)")


def compile_condition(condition: Condition, *, variables: bool) -> Test | NullTest:
    """Prepare a checked condition."""
    parsed = parse_operator(condition.operator)
    if parsed is None:
        raise Wrong(f"Invalid Condition type : {condition.operator}")
    key = condition.key.lower()
    if parsed.base == "null":
        return NullTest(key, frozenset(read.truth(value) is True for value in condition.values))
    return Test(key, parsed, _COMPARISONS[parsed.base](condition.values, variables=variables))


def _strings(*, pattern: bool, fold: bool) -> Prepare:
    folded: Callable[[str], str] = str.lower if fold else str

    def prepare(values: tuple[str, ...], *, variables: bool) -> Comparison:
        templates = [template(value, variables=variables, pattern=pattern) for value in values]
        fixed = Patterns(folded(text) for one in templates if (text := one.text) is not None)
        open_ = [one for one in templates if one.text is None]

        def compare(value: str, lookup: Lookup) -> bool | None:
            value = folded(value)
            if fixed.match(value):
                return True
            filled = [one.fill(lookup) for one in open_]
            if any(text is not None and matches(folded(text), value) for text in filled):
                return True
            return None if None in filled else False

        return compare

    return prepare


def _arns(values: tuple[str, ...], *, variables: bool) -> Comparison:
    templates = [template(value, variables=variables, pattern=True).split(6) for value in values]
    fixed = [tuple(part.text or "" for part in parts) for parts in templates if _is_fixed(parts)]
    open_ = [parts for parts in templates if not _is_fixed(parts)]

    def compare(value: str, lookup: Lookup) -> bool | None:
        if any(matches_arn(parts, value) for parts in fixed):
            return True
        unresolved = False
        for parts in open_:
            filled = tuple(text for part in parts if (text := part.fill(lookup)) is not None)
            unresolved = unresolved or len(filled) < len(parts)
            if len(filled) == len(parts) and matches_arn(filled, value):
                return True
        return None if unresolved else False

    return compare


def _is_fixed(parts: tuple[Template, ...]) -> bool:
    return all(part.text is not None for part in parts)


def _typed(reader: Callable[[str], Any], relation: Callable[[Any, Any], bool]) -> Prepare:
    """An operator on values of one type, which have no variables."""

    def prepare(values: tuple[str, ...], **_: bool) -> Comparison:
        wanted = [one for value in values if (one := reader(value)) is not None]

        def compare(value: str, _: Lookup) -> bool | None:
            given = reader(value)
            return given is not None and any(relation(given, one) for one in wanted)

        return compare

    return prepare


def _addresses(values: tuple[str, ...], **_: bool) -> Comparison:
    wanted = [one for value in values if (one := read.network(value)) is not None]

    def compare(value: str, _: Lookup) -> bool | None:
        given = read.address(value)
        return given is not None and any(given in one for one in wanted)

    return compare


_RELATIONS = {
    "equals": operator.eq,
    "lessthan": operator.lt,
    "lessthanequals": operator.le,
    "greaterthan": operator.gt,
    "greaterthanequals": operator.ge,
}
_COMPARISONS: dict[str, Prepare] = {
    "stringequals": _strings(pattern=False, fold=False),
    "stringequalsignorecase": _strings(pattern=False, fold=True),
    "stringlike": _strings(pattern=True, fold=False),
    "arnequals": _arns,
    "arnlike": _arns,
    "bool": _typed(read.truth, operator.eq),
    "binaryequals": _typed(read.octets, operator.eq),
    "ipaddress": _addresses,
    "null": _typed(read.truth, operator.eq),
    **{f"numeric{name}": _typed(read.number, relation) for name, relation in _RELATIONS.items()},
    **{f"date{name}": _typed(read.moment, relation) for name, relation in _RELATIONS.items()},
}
_POSITIVE = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "numericnotequals": "numericequals",
    "datenotequals": "dateequals",
    "notipaddress": "ipaddress",
    "arnnotequals": "arnequals",
    "arnnotlike": "arnlike",
}
_READERS: dict[str, Callable[[str], object]] = {
    "bool": read.truth,
    "null": read.truth,
    "binaryequals": read.octets,
    "ipaddress": read.network,
    **{f"numeric{name}": read.number for name in _RELATIONS},
    **{f"date{name}": read.moment for name in _RELATIONS},
}
