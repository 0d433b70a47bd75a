"""What a request would be answered, and everything that a person wants to know of it (IAM user guide, "IAM policy
testing with the IAM policy simulator"): the engine that decides requests decides here too.
"""

from collections.abc import Iterable
from typing import Literal

import msgspec

from entrepot.policy.compiled import Asked, Policy
from entrepot.policy.decision import Decision
from entrepot.policy.evaluation import Policies, Request, evaluate
from entrepot.policy.structure import Document
from entrepot.policy.variables import keys_in

Verdict = Literal["allowed", "explicitDeny", "implicitDeny"]
_VERDICTS: dict[str, Verdict] = {"allowed": "allowed", "denied": "explicitDeny", "not allowed": "implicitDeny"}


class Simulated(msgspec.Struct, frozen=True):
    """The answer to one request.

    `matched` are the statements of identity and resource policies that made the answer: (policy, number from 0).
    `by_organization` and `by_boundary` say whether these limits allow; None where there are none. `identity` and
    `resource` say what each side says alone.
    """

    decision: Decision
    matched: tuple[tuple[Policy, int], ...]
    by_organization: bool | None
    by_boundary: bool | None
    identity: Verdict
    resource: Verdict

    @property
    def verdict(self) -> Verdict:
        """The answer in AWS's words."""
        return _VERDICTS[self.decision.reason.cause]


def simulate(request: Request, policies: Policies) -> Simulated:
    """Decide, and tell what took part."""
    asked = Asked(request.principal, request.action.lower(), request.resource, lambda key: request.context.get(key, ()))
    decision = evaluate(request, policies)
    cause = decision.reason.cause
    having = (*policies.identity, *policies.resource)
    return Simulated(
        decision,
        () if cause == "not allowed" else tuple(_matched(having, asked, allows=cause == "allowed")),
        all(_allows(level, asked) for level in policies.service_control) if policies.service_control else None,
        None if policies.boundary is None else _allows((policies.boundary,), asked),
        _verdict(policies.identity, asked),
        _verdict(policies.resource, asked),
    )


def context_keys(documents: Iterable[Document]) -> dict[str, str]:
    """The condition keys that documents ask for, in conditions and in variables: lower case -> as first written."""
    found: dict[str, str] = {}
    for document in documents:
        for key in _keys(document):
            found.setdefault(key.lower(), key)
    return found


def _keys(document: Document) -> Iterable[str]:
    variables = document.version == "2012-10-17"
    for statement in document.statements:
        for condition in statement.conditions:
            yield condition.key
            if variables:
                yield from (key for value in condition.values for key in keys_in(value))
        if variables and statement.resource is not None:
            yield from (key for value in statement.resource.values for key in keys_in(value))


def _matched(policies: Iterable[Policy], asked: Asked, *, allows: bool) -> Iterable[tuple[Policy, int]]:
    for policy in policies:
        for rule in policy.matching(asked, allows=allows):
            yield policy, rule.index


def _verdict(policies: tuple[Policy, ...], asked: Asked) -> Verdict:
    if any(policy.matching(asked, allows=False) for policy in policies):
        return "explicitDeny"
    return "allowed" if any(policy.matching(asked, allows=True) for policy in policies) else "implicitDeny"


def _allows(policies: tuple[Policy, ...], asked: Asked) -> bool:
    return _verdict(policies, asked) == "allowed"
