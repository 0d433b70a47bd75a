"""Which rule a repository's name falls under, and what it is called upstream; pure."""

from collections.abc import Sequence
from typing import NamedTuple

from entrepot.db.pull_through_rules import ROOT, Rule, path_of


class Route(NamedTuple):
    """Where a repository's images come from."""

    rule: Rule
    upstream_name: str


def match(rules: Sequence[Rule], name: str) -> Route | None:
    """The rule of the longest prefix, else the one of ROOT."""
    best: Rule | None = None
    for rule in rules:
        if rule.prefix == ROOT:
            best = best or rule
        elif name.startswith(f"{path_of(rule.prefix)}/") and (
            best is None or best.prefix == ROOT or len(path_of(rule.prefix)) > len(path_of(best.prefix))
        ):
            best = rule
    return None if best is None else Route(best, _upstream_name(best, name))


def _upstream_name(rule: Rule, name: str) -> str:
    rest = name if rule.prefix == ROOT else name[len(path_of(rule.prefix)) + 1 :]
    return rest if rule.upstream_prefix == ROOT else f"{path_of(rule.upstream_prefix)}/{rest}"
