"""The evaluation of policies written down as the guide tells it, from JSON and without a thought for speed: what the
engine is compared with. It knows the words of random_policies.py and no others.
"""

from ipaddress import ip_address, ip_network
from typing import Any

from entrepot.policy.evaluation import Request
from entrepot.policy.principals import Principal

Tree = dict[str, Any]
Sets = dict[str, Any]


def fits(pattern: str, text: str) -> bool:
    """Wildcards as their definition reads."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(fits(pattern[1:], text[at:]) for at in range(len(text) + 1))
    return bool(text) and pattern[0] in {"?", text[0]} and fits(pattern[1:], text[1:])


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


# ---------------------------------------------------------------- does a statement apply
def resolve(text: str, request: Request) -> tuple[str, ...] | None:
    """A text with variables, in pieces that alternate between patterns and values; None: a variable has no value."""
    head, opened, rest = text.partition("${")
    if not opened:
        return (head,)
    inside, _, tail = rest.partition("}")
    key, _, default = inside.partition(", ")
    values = request.context.get(key.lower(), ())
    after = resolve(tail, request)
    if after is None or len(values) > 1 or (not values and not default):
        return None
    return (head, values[0] if values else default.strip("'"), *after)


def fits_pieces(pieces: tuple[str, ...], text: str) -> bool:
    """Patterns at even places, values that stand for themselves at odd ones."""
    head, *rest = pieces
    if not rest:
        return fits(head, text)
    value, *tail = rest
    return any(
        fits(head, text[:at]) and text.startswith(value, at) and fits_pieces(tuple(tail), text[at + len(value) :])
        for at in range(len(text) + 1)
    )


def has_action(statement: Tree, request: Request) -> bool:
    patterns = listed(statement.get("Action", statement.get("NotAction")))
    named = any(fits(pattern.lower(), request.action.lower()) for pattern in patterns)
    return named is ("Action" in statement)


def has_resource(statement: Tree, request: Request) -> bool:
    pieces = [resolve(one, request) for one in listed(statement.get("Resource", statement.get("NotResource")))]
    named = any(one is not None and fits_pieces(one, request.resource) for one in pieces)
    if "Resource" in statement:
        return named
    return not named and None not in pieces


def holds(operator: str, key: str, wanted: list[str], request: Request) -> bool:
    given = request.context.get(key.lower(), ())
    if operator == "Null":
        return (str(not given).lower()) in wanted
    every, some = operator.startswith("ForAllValues:"), operator.startswith("ForAnyValue:")
    base = operator.removeprefix("ForAllValues:").removeprefix("ForAnyValue:")
    if not given:
        return every or base.endswith("IfExists") or ("Not" in base and not some)
    base = base.removesuffix("IfExists")
    results = [holds_for(base, value, wanted, request) for value in given]
    return any(results) if some else all(results) if every else results == [True]


def holds_for(base: str, value: str, wanted: list[str], request: Request) -> bool:
    pieces = [resolve(one, request) for one in wanted]
    matched = any(one is not None and compare(base.replace("Not", ""), value, one) for one in pieces)
    return (not matched and None not in pieces) if "Not" in base else matched


def compare(base: str, value: str, pieces: tuple[str, ...]) -> bool:
    text = "".join(pieces)
    if base in {"StringEquals", "Bool"}:
        return value == text
    if base in {"StringLike", "ArnLike"}:  # no wildcard of theirs here could span a colon
        return fits_pieces(pieces, value)
    if base == "IpAddress":
        return ip_address(value) in ip_network(text)
    return float(value) > float(text) if base == "NumericGreaterThan" else value < text


# ---------------------------------------------------------------- whom does it name
def names(statement: Tree, principal: Principal) -> str:
    """'' for nobody, else 'account', 'role' or 'self'."""
    if "NotPrincipal" in statement:
        return "" if spares(statement["NotPrincipal"], principal) else "self"
    element = statement.get("Principal", "*")
    if element == "*":
        return "self"
    if principal.kind == "service":
        return "self" if principal.arn in listed(element.get("Service", [])) else ""
    aws = identities(element)
    if principal.kind in {"user", "role session", "federated user"} and principal.arn in aws:
        return "self"
    if principal.behind and principal.behind in aws:
        return "role"
    return "account" if principal.account and principal.account in aws else ""


def spares(element: Any, principal: Principal) -> bool:
    if element == "*":
        return True
    if principal.kind == "service":
        return principal.arn in listed(element.get("Service", []))
    own = {principal.account, principal.behind, "" if principal.kind == "root" else principal.arn} - {""}
    return principal.kind != "anonymous" and own <= set(identities(element))


def identities(element: Tree) -> list[str]:
    return [one.split(":")[4] if one.endswith(":root") else one for one in listed(element.get("AWS", []))]


def applies(statement: Tree, request: Request) -> str:
    conditions = statement.get("Condition", {})
    if not (has_action(statement, request) and has_resource(statement, request)):
        return ""
    if not all(holds(op, key, listed(keys[key]), request) for op, keys in conditions.items() for key in keys):
        return ""
    return names(statement, request.principal)


# ---------------------------------------------------------------- what is decided
def allows(policies: list[list[Tree]], request: Request) -> set[str]:
    """How the statements that allow the request name its principal."""
    return {
        applies(statement, request) for policy in policies for statement in policy if statement["Effect"] == "Allow"
    } - {""}


def denies(policies: list[list[Tree]], request: Request) -> bool:
    return any(
        applies(statement, request) for policy in policies for statement in policy if statement["Effect"] == "Deny"
    )


def allowed(request: Request, sets: Sets) -> bool:
    """Whether the request is allowed."""
    boundary = [] if sets["boundary"] is None else [sets["boundary"]]
    session = sets["session"] or []
    levels = sets["service_control"]
    if denies(
        [*sets["identity"], *boundary, *session, *sets["resource"], *(p for one in levels for p in one)], request
    ):
        return False
    if any(not allows(level, request) for level in levels):
        return False
    within = (sets["boundary"] is None or bool(allows(boundary, request))) and (
        sets["session"] is None or bool(allows(session, request))
    )
    own = within and (request.principal.kind == "root" or bool(allows(sets["identity"], request)))
    shared = allows(sets["resource"], request)
    if request.principal.kind in {"service", "anonymous"}:
        return bool(shared)
    if request.principal.account != request.resource_account:
        return own and bool(shared)
    if "self" in shared or ("role" in shared and within):
        return True
    return own and (bool(shared) or not sets["must_be_named"])
