"""Policy documents: text that is checked for its kind and becomes a structure, and back (structure.py draws it)."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from entrepot.errors import (
    InlinePoliciesTooLarge,
    PolicyMalformed,
    PolicyTooLarge,
    RegistryPolicyInvalid,
    RepositoryPolicyInvalid,
    SessionPoliciesTooLarge,
)
from entrepot.policy import rules
from entrepot.policy.reading import decode, read
from entrepot.policy.structure import Condition, Document, Kind, Listed, NotJson, Principals, Statement, Wrong

_RESOURCE_KINDS = frozenset({Kind.REPOSITORY, Kind.REGISTRY})
_QUOTAS = {Kind.MANAGED: "PolicySize", Kind.TRUST: "ACLSizePerRole"}


def parse(text: str, kind: Kind) -> Document:
    """Check a text as a policy of this kind: PolicyMalformed, PolicyTooLarge, SessionPoliciesTooLarge (see also
    require_inline_size); and what `parse_resource_policy` raises.
    """
    if kind in _RESOURCE_KINDS:
        return parse_resource_policy(text, kind)
    try:
        document = checked(text, kind)
    except NotJson as wrong:
        reason = "This policy contains invalid Json" if kind is Kind.TRUST else str(wrong)
        raise PolicyMalformed(reason=reason) from None
    except Wrong as wrong:
        raise PolicyMalformed(reason=str(wrong)) from None
    _require_size(text, kind)
    return document


def parse_resource_policy(text: str, kind: Kind) -> Document:
    """Check a text as a repository or registry policy: RepositoryPolicyInvalid, RegistryPolicyInvalid."""
    try:
        document = checked(text, kind)
    except Wrong as wrong:
        if kind is Kind.REGISTRY:
            raise RegistryPolicyInvalid(reason=str(wrong)) from None
        raise RepositoryPolicyInvalid(reason=str(wrong)) from None
    return document


def checked(text: str, kind: Kind) -> Document:
    """A text as a policy of this kind, whatever its size (but for a repository's or registry's policy): Wrong."""
    document = read(text)
    rules.check(document, kind)
    if kind in _RESOURCE_KINDS and size(text) > rules.LIMITS[kind]:
        raise Wrong(f"it has {size(text)} characters, and may have {rules.LIMITS[kind]}")
    return document


def size(text: str) -> int:
    """The characters that count for the limits: all but white space."""
    return sum(map(len, text.split()))


def require_inline_size(texts: Iterable[str], *, holder: str, name: str) -> None:
    """InlinePoliciesTooLarge, when the inline policies of a `holder` (user, group, role) are too large together."""
    limit = rules.INLINE_LIMITS[holder]
    if sum(map(size, texts)) > limit:
        raise InlinePoliciesTooLarge(limit=limit, holder=f"{holder} {name}")


def require_session_size(texts: Iterable[str]) -> None:
    """SessionPoliciesTooLarge, when the session policies of one call are too large together."""
    total, limit = sum(map(size, texts)), rules.LIMITS[Kind.SESSION]
    if total > limit:
        raise SessionPoliciesTooLarge(size=total, limit=limit)


def render(document: Document) -> str:
    """A text that parses to the same structure: every list is a list, numbers are strings."""
    tree: dict[str, Any] = {"Version": document.version}
    if document.id:
        tree["Id"] = document.id
    tree["Statement"] = [_statement(statement) for statement in document.statements]
    return json.dumps(tree)


def printed(text: str) -> str:
    """A checked text as ECR gives repository and registry policies back: its order kept, its white space made anew,
    numbers as strings.
    """
    return json.dumps(decode(text), indent=2, separators=(",", " : "), ensure_ascii=False)


def with_principals(text: str, named: Callable[[str], str]) -> str:
    """A checked text in which every AWS principal but `*` is called what `named` calls it; its order is kept, and where
    nobody is called otherwise all of it.
    """
    names = {value: named(value) for value in read(text).named}
    tree = decode(text)
    if not isinstance(tree, dict) or all(name == value for value, name in names.items()):
        return text
    statements = tree.get("Statement", [])
    for statement in statements if isinstance(statements, list) else [statements]:
        for element in ("Principal", "NotPrincipal"):
            principals = statement.get(element)
            if isinstance(principals, dict) and "AWS" in principals:
                principals["AWS"] = _renamed(principals["AWS"], names)
    return json.dumps(tree, ensure_ascii=False)


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    return [names.get(each, each) for each in value] if isinstance(value, list) else names.get(value, value)


def _require_size(text: str, kind: Kind) -> None:
    if kind is Kind.SESSION:
        require_session_size([text])
    elif kind in rules.LIMITS and size(text) > rules.LIMITS[kind]:
        raise PolicyTooLarge(quota=_QUOTAS.get(kind, "PolicySize"), limit=rules.LIMITS[kind])


def _statement(statement: Statement) -> dict[str, Any]:
    tree: dict[str, Any] = {"Sid": statement.sid} if statement.sid else {}
    tree["Effect"] = statement.effect
    if statement.principals is not None:
        tree["NotPrincipal" if statement.principals.negated else "Principal"] = _principals(statement.principals)
    tree |= _listed("Action", statement.action)
    if statement.resource is not None:
        tree |= _listed("Resource", statement.resource)
    if statement.conditions:
        tree["Condition"] = _conditions(statement.conditions)
    return tree


def _listed(name: str, listed: Listed) -> dict[str, list[str]]:
    return {f"Not{name}" if listed.negated else name: list(listed.values)}


def _principals(principals: Principals) -> dict[str, list[str]] | str:
    if principals.everyone and not principals.values:
        return "*"
    by_type: dict[str, list[str]] = {"AWS": ["*"]} if principals.everyone else {}
    for type_, value in principals.values:
        by_type.setdefault(type_, []).append(value)
    return by_type


def _conditions(conditions: Iterable[Condition]) -> dict[str, dict[str, list[str]]]:
    tree: dict[str, dict[str, list[str]]] = {}
    for condition in conditions:
        tree.setdefault(condition.operator, {})[condition.key] = list(condition.values)
    return tree
