"""What a node's request to this server as a mirror is for (containerd, docs/hosts.md: the parameter `ns` names the
registry that an image is of); pure.

A request that a rule's prefix is in already (`override_path`) and one without it both end at that rule.
"""

from collections.abc import Mapping, Sequence

from entrepot.core.pull_through.routing import match
from entrepot.db.pull_through_rules import ROOT, Rule, path_of

_CALLED: Mapping[str, str] = {"docker.io": "registry-1.docker.io", "index.docker.io": "registry-1.docker.io"}


def upstream(host: str) -> str:
    """The host that rules name, of a registry as images name it."""
    lower = host.lower()
    return _CALLED.get(lower, lower)


def local_name(rules: Sequence[Rule], name: str, host: str) -> str | None:
    """The repository here that stands for `name` of a registry: as the rule with the longest upstream prefix has it;
    None without a rule for it.
    """
    own = [rule for rule in rules if rule.upstream_url == host]
    if any(rule.prefix == ROOT or name.startswith(f"{path_of(rule.prefix)}/") for rule in own):
        return name
    best, longest = None, -1
    for rule in own:
        below = "" if rule.upstream_prefix == ROOT else f"{path_of(rule.upstream_prefix)}/"
        if name.startswith(below) and len(below) > longest:
            best, longest = f"{path_of(rule.prefix)}/{name[len(below) :]}", len(below)
    return best


def is_of_another(rules: Sequence[Rule], name: str, host: str) -> bool:
    """Whether only the rule of ROOT would have this name, and of another registry than the one that is meant."""
    found = match(rules, name)
    return found is not None and found.rule.prefix == ROOT and found.rule.upstream_url != host
