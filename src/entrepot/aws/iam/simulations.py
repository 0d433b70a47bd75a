"""Operations that simulate requests, and tell which condition keys that takes.

Each action on each resource has a result of its own, under the resource's name and once more in its
`ResourceSpecificResults`: clients look in either place.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from entrepot.aws.iam import inputs
from entrepot.aws.iam.shown import Output
from entrepot.aws.protocol.call import Call
from entrepot.core import simulation
from entrepot.core.page import Page
from entrepot.core.simulated_policies import Exclusion, Source
from entrepot.core.simulation import Asked, Given, Outcome
from entrepot.policy import positions
from entrepot.policy.positions import Position


async def simulate_principal_policy(call: Call) -> Output:
    """SimulatePrincipalPolicy."""
    page = _asked(call, "SimulatePrincipalPolicy")
    source, given = call.input["PolicySourceArn"], _given(call)
    found = await call.core.units.read(simulation.of_principal, call.caller, source, given, page.items)
    return _results(call, "SimulatePrincipalPolicy", found, page)


async def simulate_custom_policy(call: Call) -> Output:
    """SimulateCustomPolicy."""
    page = _asked(call, "SimulateCustomPolicy")
    found = await asyncio.to_thread(simulation.of_texts, call.caller, _given(call), page.items)
    return _results(call, "SimulateCustomPolicy", found, page)


async def get_context_keys_for_principal_policy(call: Call) -> Output:
    """GetContextKeysForPrincipalPolicy."""
    source, texts = call.input["PolicySourceArn"], call.input.get("PolicyInputList", ())
    return {
        "ContextKeyNames": await call.core.units.read(simulation.keys_of_principal, call.caller, source, texts),
    }


async def get_context_keys_for_custom_policy(call: Call) -> Output:
    """GetContextKeysForCustomPolicy."""
    names = await asyncio.to_thread(simulation.keys_of_texts, call.caller, call.input["PolicyInputList"])
    return {"ContextKeyNames": names}


def _asked(call: Call, operation: str) -> Page[Asked]:
    """What this page simulates: each action on each resource, in the order given."""
    resources = call.input.get("ResourceArns") or ["*"]
    asked = [(action, resource) for action in call.input["ActionNames"] for resource in resources]
    numbers = inputs.part(call, operation, range(len(asked)), lambda number: f"{number:06d}")
    return Page(tuple(asked[number] for number in numbers.items), numbers.after)


def _given(call: Call) -> Given:
    given = call.input
    inputs.refuse(given, "ResourceHandlingOption", "the scenarios of EC2 are not simulated here")
    levels = given.get("OrderedOrganizationPolicyInputList", ())
    return Given(
        tuple(given.get("PolicyInputList", ())),
        tuple(given.get("PermissionsBoundaryPolicyInputList", ())),
        tuple(tuple(level.get("ServiceControlPolicyInputList", ())) for level in levels),
        given.get("ResourcePolicy"),
        given.get("ResourceOwner"),
        given.get("CallerArn"),
        dict(map(_key, given.get("ContextEntries", ()))),
        tuple(map(_exclusion, given.get("PolicyExclusionList", ()))),
    )


def _key(entry: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    name = entry.get("ContextKeyName", "")
    values = simulation.value(name, entry.get("ContextKeyType", "string"), entry.get("ContextKeyValues", ()))
    return name.lower(), values


def _exclusion(given: Mapping[str, Any]) -> Exclusion:
    inline = given.get("InlinePolicyIdentifier")
    holder = None if inline is None else (inline["AttachmentType"], inline["AttachmentName"], inline["PolicyName"])
    return Exclusion(given.get("PolicyType"), given.get("PolicyArn"), holder)


def _results(call: Call, operation: str, outcomes: tuple[Outcome, ...], page: Page[Asked]) -> Output:
    return {"EvaluationResults": [_result(each) for each in outcomes], **inputs.paging(call, operation, page)}


def _result(outcome: Outcome) -> Output:
    action, resource = outcome.asked
    found = outcome.simulated
    matched = [_statement(source, number) for source, number in outcome.matched]
    limits = None if found.by_boundary is None else {"AllowedByPermissionsBoundary": found.by_boundary}
    details = _details(outcome)
    shared = {"MatchedStatements": matched, "MissingContextValues": list(outcome.missing)}
    specific = {
        "EvalResourceName": resource,
        "EvalResourceDecision": found.verdict,
        **shared,
        "EvalDecisionDetails": details or None,
        "PermissionsBoundaryDecisionDetail": limits,
    }
    return {
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": found.verdict,
        **shared,
        "OrganizationsDecisionDetail": (
            None if found.by_organization is None else {"AllowedByOrganizations": found.by_organization}
        ),
        "PermissionsBoundaryDecisionDetail": limits,
        "EvalDecisionDetails": details,
        "ResourceSpecificResults": None if resource == "*" else [specific],
    }


def _details(outcome: Outcome) -> Mapping[str, str] | None:
    """What either account says, where they are two; nothing where an organization has ended it."""
    found = outcome.simulated
    if found.by_organization is False:
        return None
    if outcome.cross_account:
        return {"IAM Policy": found.identity, "Resource Policy": found.resource}
    return None if outcome.asked[1] == "*" else {}


def _statement(source: Source, number: int) -> Output:
    start, end = positions.statements(source.text)[number]
    return {
        "SourcePolicyId": source.id,
        "SourcePolicyType": source.type,
        "StartPosition": _position(start),
        "EndPosition": _position(end),
    }


def _position(position: Position) -> Mapping[str, int]:
    return {"Line": position.line, "Column": position.column}
