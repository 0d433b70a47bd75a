"""Policies prepared for evaluation: a document is compiled once, then asked about many requests."""

from collections.abc import Iterable

import msgspec

from entrepot.policy.conditions import NullTest, Test, compile_condition
from entrepot.policy.matching import Patterns, matches
from entrepot.policy.principals import Names, Naming, Principal
from entrepot.policy.structure import Document, Listed, Statement
from entrepot.policy.variables import Lookup, Template, template

_MOST_ACTIONS = 512


class Asked(msgspec.Struct, frozen=True):
    """What statements look at; `action` in lower case."""

    principal: Principal
    action: str
    resource: str
    lookup: Lookup


class Resources:
    """Resource or NotResource, prepared. A variable without a value matches nothing, and voids a NotResource."""

    __slots__ = ("_fixed", "_negated", "_open")

    def __init__(self, listed: Listed, *, variables: bool) -> None:
        templates = [template(value, variables=variables, pattern=True) for value in listed.values]
        self._fixed = Patterns(text for one in templates if (text := one.text) is not None)
        self._open: tuple[Template, ...] = tuple(one for one in templates if one.text is None)
        self._negated = listed.negated

    def match(self, asked: Asked) -> bool:
        """Whether the statement is about the request's resource."""
        if self._fixed.match(asked.resource):
            return not self._negated
        if not self._open:
            return self._negated
        filled = [one.fill(asked.lookup) for one in self._open]
        if any(text is not None and matches(text, asked.resource) for text in filled):
            return not self._negated
        return self._negated and None not in filled


class Rule:
    """One statement, prepared. Conditions are looked at last: only what decides is read of the context."""

    __slots__ = ("_actions", "_names", "_negated", "_resources", "_tests", "allows", "index", "sid")

    def __init__(self, index: int, statement: Statement, *, variables: bool) -> None:
        self.index = index
        self.sid = statement.sid
        self.allows = statement.effect == "Allow"
        self._actions = Patterns(
            template(name.lower(), variables=False, pattern=True).text or "" for name in statement.action.values
        )
        self._negated = statement.action.negated
        self._resources = Resources(statement.resource, variables=variables) if statement.resource else None
        self._names = Names(statement.principals) if statement.principals else None
        self._tests: tuple[Test | NullTest, ...] = tuple(
            compile_condition(condition, variables=variables) for condition in statement.conditions
        )

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that its conditions look at."""
        return tuple(test.key for test in self._tests)

    def is_about(self, action: str) -> bool:
        """Whether the statement has this action (in lower case)."""
        return self._actions.match(action) is not self._negated

    def applies(self, asked: Asked) -> Naming:
        """How a statement that has the action applies: NOBODY when it does not, DIRECT where it has no principals."""
        if self._resources is not None and not self._resources.match(asked):
            return Naming.NOBODY
        naming = Naming.DIRECT if self._names is None else self._names.naming(asked.principal)
        if naming is Naming.NOBODY or not all(test.holds(asked.lookup) for test in self._tests):
            return Naming.NOBODY
        return naming


class Policy:
    """A compiled document under its name (`name` is what a person knows it by: its ARN, or an inline policy's name).

    Which statements have an action is remembered: a server asks for the same few hundred actions again and again.
    """

    __slots__ = ("_by_action", "_rules", "name")

    def __init__(self, name: str, document: Document) -> None:
        variables = document.version == "2012-10-17"
        self._rules = [Rule(at, statement, variables=variables) for at, statement in enumerate(document.statements)]
        self._by_action: dict[str, tuple[tuple[Rule, ...], tuple[Rule, ...]]] = {}
        self.name = name

    def _about(self, action: str) -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
        """The statements that have an action: those that deny, those that allow."""
        found = self._by_action.get(action)
        if found is None:
            about = [rule for rule in self._rules if rule.is_about(action)]
            found = (tuple(rule for rule in about if not rule.allows), tuple(rule for rule in about if rule.allows))
            if len(self._by_action) >= _MOST_ACTIONS:  # a simulation may ask for any name
                self._by_action.clear()
            self._by_action[action] = found
        return found

    def denies(self, asked: Asked) -> Rule | None:
        """The first statement that denies the request."""
        for rule in self._about(asked.action)[0]:
            if rule.applies(asked):
                return rule
        return None

    def allows(self, asked: Asked) -> tuple[Naming, Rule | None]:
        """The statement that allows the request and names its principal most closely."""
        best: tuple[Naming, Rule | None] = (Naming.NOBODY, None)
        for rule in self._about(asked.action)[1]:
            naming = rule.applies(asked)
            if naming is Naming.DIRECT:
                return naming, rule
            if naming > best[0]:
                best = (naming, rule)
        return best

    def matching(self, asked: Asked, *, allows: bool) -> list[Rule]:
        """Every statement that allows the request, or that denies it."""
        return [rule for rule in self._about(asked.action)[allows] if rule.applies(asked)]

    def keys(self, action: str) -> set[str]:
        """The keys, in lower case, that the conditions of the statements with this action look at."""
        return {key for rules in self._about(action) for rule in rules for key in rule.keys}


class Grant(msgspec.Struct, frozen=True):
    """The statement that decided, and its policy."""

    policy: Policy
    rule: Rule
    naming: Naming


def find_deny(policies: Iterable[Policy], asked: Asked) -> Grant | None:
    """The first statement of the policies that denies the request."""
    for policy in policies:
        rule = policy.denies(asked)
        if rule is not None:
            return Grant(policy, rule, Naming.DIRECT)
    return None


def find_allow(policies: Iterable[Policy], asked: Asked) -> Grant | None:
    """The statement of the policies that allows the request and names its principal most closely."""
    best: Grant | None = None
    for policy in policies:
        naming, rule = policy.allows(asked)
        if rule is not None and (best is None or naming > best.naming):
            best = Grant(policy, rule, naming)
            if naming is Naming.DIRECT:
                break
    return best
