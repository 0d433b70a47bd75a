"""Whether a request is allowed (IAM user guide, "Policy evaluation logic"): denies, then what must allow, in order.

Pure: time, address and whatever else policies look at stand in the request's context.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

import msgspec

from entrepot.policy.compiled import Asked, Grant, Policy, find_allow, find_deny
from entrepot.policy.decision import Cause, Decision, PolicyKind, Reason
from entrepot.policy.principals import Naming, Principal


class Context(Protocol):
    """The condition keys of a request, in lower case; only ever asked for single ones. A dict is one."""

    def get(self, key: str, default: tuple[str, ...], /) -> tuple[str, ...]:
        """The values of a key."""


class Request(msgspec.Struct, frozen=True):
    """What is asked; `resource` is `*` for actions that concern no single thing."""

    principal: Principal
    action: str
    resource: str
    resource_account: str
    context: Context


class Policies(msgspec.Struct, frozen=True):
    """All policies that have a say.

    `identity`: inline, attached, through groups. `session`: None where sessions are not limited; () allows nothing.
    `service_control`: a list for each level from the root of the organization down, () where there are none.
    `resource`: repository policy and registry policy, say. `must_be_named`: a role's trust policy and a key's policy
    must themselves allow, also within the account and also the root.
    """

    identity: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    session: tuple[Policy, ...] | None = None
    service_control: tuple[tuple[Policy, ...], ...] = ()
    resource: tuple[Policy, ...] = ()
    must_be_named: bool = False


def context(keys: Mapping[str, str | Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """A request's context from keys in any case, with one value or several."""
    return {key.lower(): (value,) if isinstance(value, str) else tuple(value) for key, value in keys.items()}


def evaluate(request: Request, policies: Policies) -> Decision:
    """Decide, with the reason and the condition keys that were read."""
    read: set[str] = set()

    def lookup(key: str) -> tuple[str, ...]:
        read.add(key)
        return request.context.get(key, ())

    asked = Asked(request.principal, request.action.lower(), request.resource, lookup)
    reason = _denied(asked, policies) or _decide(asked, policies, request.resource_account)
    allowed = reason.cause == "allowed"
    return Decision(allowed, reason, frozenset(read), request.principal.arn, request.action, request.resource)


def _denied(asked: Asked, policies: Policies) -> Reason | None:
    """The explicit deny of any policy."""
    for level in policies.service_control:
        if found := find_deny(level, asked):
            return _by("denied", "service control policy", found)
    if found := find_deny(policies.resource, asked):
        return _by("denied", "resource-based policy", found)
    if found := find_deny(policies.identity, asked):
        return _by("denied", "identity-based policy", found)
    if policies.boundary is not None and (found := find_deny((policies.boundary,), asked)):
        return _by("denied", "permissions boundary", found)
    if found := find_deny(policies.session or (), asked):
        return _by("denied", "session policy", found)
    return None


def _decide(asked: Asked, policies: Policies, resource_account: str) -> Reason:
    """What allows, or the first that had to and does not."""
    if not all(find_allow(level, asked) for level in policies.service_control):
        return _missing("service control policy")
    grant = find_allow(policies.resource, asked)
    naming = grant.naming if grant is not None else Naming.NOBODY
    same_account = asked.principal.account == resource_account
    if naming is Naming.NOBODY and (policies.must_be_named or not same_account):
        return _missing("resource-based policy")
    if grant is not None and (not asked.principal.governed or (same_account and naming is Naming.DIRECT)):
        return _by("allowed", "resource-based policy", grant)
    if grant is not None and same_account and naming is Naming.ROLE:
        return _limited(asked, policies) or _by("allowed", "resource-based policy", grant)
    return _by_identity(asked, policies)


def _by_identity(asked: Asked, policies: Policies) -> Reason:
    """The principal's own side: identity policies, and what limits them. A root is allowed by being root."""
    if asked.principal.kind == "root":
        return _limited(asked, policies) or Reason("allowed", "identity-based policy")
    grant = find_allow(policies.identity, asked)
    if grant is None:
        return _missing("identity-based policy")
    return _limited(asked, policies) or _by("allowed", "identity-based policy", grant)


def _limited(asked: Asked, policies: Policies) -> Reason | None:
    """The limit that does not allow the request."""
    if policies.boundary is not None and find_allow((policies.boundary,), asked) is None:
        return _missing("permissions boundary")
    if policies.session is not None and find_allow(policies.session, asked) is None:
        return _missing("session policy")
    return None


def _by(cause: Cause, kind: PolicyKind, grant: Grant) -> Reason:
    return Reason(cause, kind, grant.policy.name, grant.rule.index, grant.rule.sid)


def _missing(kind: PolicyKind) -> Reason:
    return Reason("not allowed", kind)
