"""JSON text -> the structure of a policy, whatever kind it is of; hostile text is refused in linear time."""

import re
from typing import Any, NoReturn, TypeGuard

from entrepot.policy.structure import (
    Condition,
    Document,
    Effect,
    Listed,
    NotJson,
    Principals,
    PrincipalType,
    Statement,
    Version,
    Wrong,
)
from entrepot.spec import strict_json
from entrepot.spec.strict_json import JsonRefused

LONGEST = 131_072  # characters with white space: the most that IAM's API takes
_DEEPEST = 8
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_TOP = frozenset({"Version", "Id", "Statement"})
_ELEMENTS = frozenset(
    {
        "Sid",
        "Effect",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Principal",
        "NotPrincipal",
        "Condition",
    }
)
_PRINCIPAL_TYPES: tuple[PrincipalType, ...] = ("AWS", "Service", "Federated", "CanonicalUser")


class _Number(str):
    """A JSON number as it was written: a value of a condition, and nothing else."""

    __slots__ = ()


def read(text: str) -> Document:
    """The document that a text is, or Wrong."""
    tree = _object(decode(text), "the policy")
    _only(tree, _TOP, "the policy")
    if "Statement" not in tree:
        _wrong("there is no Statement")
    statements = tree["Statement"]
    if statements == []:
        _wrong("Statement is empty")
    return Document(
        version=_version(tree),
        id=_string(tree.get("Id", ""), "Id"),
        statements=tuple(map(_statement, statements if isinstance(statements, list) else [statements])),
    )


def decode(text: str) -> Any:
    """JSON as a policy may be written: bounded in length and depth, no key twice, numbers as they were written."""
    if len(text) > LONGEST:
        _wrong(f"it is longer than {LONGEST} characters")
    try:
        return strict_json.decode(text, _DEEPEST, _Number)
    except JsonRefused as error:
        _wrong(str(error))
    except ValueError as error:
        raise NotJson("Syntax errors in policy. (it is not JSON)") from error


def _wrong(detail: str) -> NoReturn:
    raise Wrong(f"Syntax errors in policy. ({detail})")


def _statement(tree: Any) -> Statement:
    tree = _object(tree, "a statement")
    _only(tree, _ELEMENTS, "a statement")
    return Statement(
        sid=_string(tree.get("Sid", ""), "Sid"),
        effect=_effect(tree),
        action=_listed(tree, "Action") or Listed(()),
        resource=_listed(tree, "Resource"),
        principals=_principals(tree),
        conditions=_conditions(tree.get("Condition", {})),
    )


def _version(tree: dict[str, Any]) -> Version:
    version = _string(tree.get("Version", "2008-10-17"), "Version")
    if version == "2012-10-17":
        return "2012-10-17"
    if version == "2008-10-17":
        return "2008-10-17"
    _wrong("Version must be 2012-10-17 or 2008-10-17")


def _effect(tree: dict[str, Any]) -> Effect:
    effect = _string(tree.get("Effect", ""), "Effect")
    if effect == "Allow":
        return "Allow"
    if effect == "Deny":
        return "Deny"
    _wrong("Effect must be Allow or Deny")


def _listed(tree: dict[str, Any], name: str) -> Listed | None:
    """Action or NotAction, say; never both."""
    if name in tree and f"Not{name}" in tree:
        _wrong(f"{name} and Not{name} exclude each other")
    if f"Not{name}" in tree:
        return Listed(_strings(tree[f"Not{name}"], f"Not{name}"), negated=True)
    return Listed(_strings(tree[name], name)) if name in tree else None


def _principals(tree: dict[str, Any]) -> Principals | None:
    if "Principal" in tree and "NotPrincipal" in tree:
        _wrong("Principal and NotPrincipal exclude each other")
    negated = "NotPrincipal" in tree
    if not negated and "Principal" not in tree:
        return None
    name = "NotPrincipal" if negated else "Principal"
    given = tree[name]
    if given == "*":
        return Principals((), everyone=True, negated=negated)
    by_type = _object(given, name)
    _only(by_type, frozenset(_PRINCIPAL_TYPES), name)
    values = [(type_, value) for type_ in _PRINCIPAL_TYPES for value in _strings(by_type.get(type_, []), type_)]
    if not values:
        _wrong(f"{name} is empty")
    everyone = ("AWS", "*") in values
    return Principals(tuple(pair for pair in values if pair != ("AWS", "*")), everyone=everyone, negated=negated)


def _conditions(tree: Any) -> tuple[Condition, ...]:
    return tuple(
        Condition(_string(operator, "Condition"), _string(key, operator), _values(values, key))
        for operator, keys in _object(tree, "Condition").items()
        for key, values in _object(keys, operator).items()
    )


def _values(given: Any, name: str) -> tuple[str, ...]:
    """The values of a condition: strings, and numbers and booleans as AWS takes them too."""
    return tuple(_scalar(value, name) for value in (given if isinstance(given, list) else [given]))


def _scalar(value: Any, name: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, _Number) else _string(value, name)


def _strings(given: Any, name: str) -> tuple[str, ...]:
    return tuple(_string(value, name) for value in (given if isinstance(given, list) else [given]))


def _string(value: Any, name: str) -> str:
    if not _is_text(value):
        _wrong(f"{_shown(name)} must be a string")
    if _UNPRINTABLE.search(value):
        _wrong(f"{_shown(name)} has characters that are not allowed")
    return value


def _is_text(value: Any) -> TypeGuard[str]:
    return type(value) is str


def _object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        _wrong(f"{_shown(name)} must be an object")
    return value


def _only(tree: dict[str, Any], known: frozenset[str], name: str) -> None:
    for key in tree:
        if key not in known:
            _wrong(f"{name} has an unknown element {_shown(key)}")


def _shown(name: str) -> str:
    return ascii(name[:40]).strip("'")
