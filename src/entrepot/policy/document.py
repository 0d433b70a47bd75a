"""Policy documents: text that is checked for its kind and becomes a structure, and back (structure.py draws it)."""

import json
from collections.abc import Iterable
from typing import Any, NoReturn

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

_FACTS = {
    Kind.REPOSITORY: RepositoryPolicyInvalid,
    Kind.REGISTRY: RegistryPolicyInvalid,
}
_QUOTAS = {Kind.MANAGED: "PolicySize", Kind.TRUST: "ACLSizePerRole"}


def parse(text: str, kind: Kind) -> Document:
    """Check a text as a policy of this kind: PolicyMalformed, RepositoryPolicyInvalid, RegistryPolicyInvalid; and
    PolicyTooLarge, SessionPoliciesTooLarge (see also require_inline_size).
    """
    try:
        document = read(text)
        rules.check(document, kind)
    except NotJson as wrong:
        _refuse(kind, "This policy contains invalid Json" if kind is Kind.TRUST else str(wrong))
    except Wrong as wrong:
        _refuse(kind, str(wrong))
    _require_size(text, kind)
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


def _refuse(kind: Kind, reason: str) -> NoReturn:
    raise _FACTS.get(kind, PolicyMalformed)(reason=reason) from None


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
