"""Simulation: what the engine would answer to requests that nobody makes (SimulatePrincipalPolicy and its kin).

The policies of a principal are those that decide its requests; condition keys are those that follow from who it is, and
those that are given.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from entrepot.core import access, entities, simulated_policies
from entrepot.core.access import Caller
from entrepot.core.entities import GROUP, ROLE, USER, Entity, Kind
from entrepot.core.resources import Resource
from entrepot.core.simulated_policies import Exclusion, Source, Sources
from entrepot.db import entities as rows
from entrepot.db.database import Transaction
from entrepot.errors import IdentityInputInvalid
from entrepot.policy import values
from entrepot.policy.compiled import Policy
from entrepot.policy.evaluation import Policies, Request
from entrepot.policy.principals import Principal
from entrepot.policy.simulation import Simulated, context_keys, simulate
from entrepot.policy.structure import Kind as DocumentKind

Keys = Mapping[str, tuple[str, ...]]
Asked = tuple[str, str]  # an action, and what it acts on
_KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (USER, GROUP, ROLE)}
_SOURCE = re.compile(r"arn:aws:iam::([0-9]{12}):(user|group|role)/(?:[!-~]+/)?[\w+=,.@-]+", re.ASCII)
_OWNER = re.compile(r"(?:arn:aws:iam::)?([0-9]{12})(?::root)?")
_ACTION = re.compile(r"[A-Za-z0-9-]+:[A-Za-z0-9]+")
_READERS: Mapping[str, Callable[[str], object]] = {
    "string": str,
    "numeric": values.number,
    "boolean": values.truth,
    "ip": values.network,
    "binary": values.octets,
    "date": values.moment,
}


@dataclass(frozen=True, slots=True)
class Given:
    """What a simulation is given: policies as texts, who asks, who owns what is acted upon, condition keys."""

    policies: tuple[str, ...]
    boundaries: tuple[str, ...] = ()
    levels: tuple[tuple[str, ...], ...] = ()
    resource: str | None = None
    owner: str | None = None
    caller_arn: str | None = None
    keys: Keys | None = None
    exclusions: tuple[Exclusion, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to one request: what made it (a policy, the number of its statement), and the keys that were missing.

    `cross_account` says whether the principal's account is another than the resource's.
    """

    asked: Asked
    simulated: Simulated
    matched: tuple[tuple[Source, int], ...]
    missing: tuple[str, ...]
    cross_account: bool


@dataclass(frozen=True, slots=True)
class _Scene:
    """Who asks, with which keys, under which policies."""

    subject: Principal
    keys: Keys
    sources: Sources


def of_principal(
    tx: Transaction, caller: Caller, source_arn: str, given: Given, asked: Sequence[Asked]
) -> tuple[Outcome, ...]:
    """Simulate with the policies of a user, group or role: EntityNotFound, IdentityInputInvalid."""
    found = _require(tx, caller, "SimulatePrincipalPolicy", source_arn)
    subject, keys = _as_subject(tx, found)
    sources = simulated_policies.of_entity(tx, found, subject)
    for exclusion in given.exclusions:
        exclusion.check()
    if given.caller_arn not in {None, source_arn}:
        subject, keys = _stranger(given.caller_arn or "")
    return _outcomes(_Scene(subject, keys, _joined(sources.without(given.exclusions), given)), given, asked)


def of_texts(caller: Caller, given: Given, asked: Sequence[Asked]) -> tuple[Outcome, ...]:
    """Simulate with policies that are given: IdentityInputInvalid."""
    entities.allow_account(caller, "SimulateCustomPolicy")
    if given.caller_arn is not None:
        subject, keys = _stranger(given.caller_arn)
    elif given.resource is not None:
        raise IdentityInputInvalid(reason="CallerArn is required when ResourcePolicy is given.")
    else:
        subject, keys = Principal(caller.principal.account, "user", ""), {}
    return _outcomes(_Scene(subject, keys, _joined(Sources(), given)), given, asked)


def keys_of_principal(tx: Transaction, caller: Caller, source_arn: str, texts: Sequence[str]) -> tuple[str, ...]:
    """The condition keys that the policies of a user, group or role ask for, and those of more policies."""
    found = _require(tx, caller, "GetContextKeysForPrincipalPolicy", source_arn)
    held = simulated_policies.of_entity(tx, found, _as_subject(tx, found)[0]).identity
    return _names((*held, *simulated_policies.given(texts, "PolicyInputList", DocumentKind.IDENTITY)))


def keys_of_texts(caller: Caller, texts: Sequence[str]) -> tuple[str, ...]:
    """The condition keys that policies ask for: IdentityInputInvalid."""
    entities.allow_account(caller, "GetContextKeysForCustomPolicy")
    return _names(tuple(simulated_policies.given(texts, "PolicyInputList", DocumentKind.IDENTITY)))


def value(name: str, kind: str, given: Sequence[str]) -> tuple[str, ...]:
    """The values of a condition key, of this type (`numeric`, `dateList`): IdentityInputInvalid."""
    base = kind.removesuffix("List")
    if base == kind and len(given) > 1:
        raise IdentityInputInvalid(reason=f"{name} has several values and is no list.")
    for each in given:
        if _READERS[base](each) is None:
            raise IdentityInputInvalid(reason=f"A value of {name} is not of the type {base}.")
    return tuple(given)


def _require(tx: Transaction, caller: Caller, operation: str, arn: str) -> Entity:
    named = _SOURCE.fullmatch(arn)
    if named is None:
        access.require(caller, operation, Resource(caller.principal.account, arn, "iam"))
        raise IdentityInputInvalid(reason=f"{arn} is not the ARN of a user, group or role.")
    return entities.require(tx, caller, operation, _KINDS[named[2]], arn)


def _as_subject(tx: Transaction, found: Entity) -> tuple[Principal, Keys]:
    """A principal as policies see it, and its keys; a group stands for a user in it, of whom nothing is known."""
    subject = _subject(entities.arn(found), found.id)
    if found.kind == GROUP.name:
        return subject, {}
    tags = {f"aws:principaltag/{key.lower()}": (value,) for key, value in rows.tags(tx, found.id)}
    return subject, {**subject.context(), **tags}


def _subject(arn: str, unique_id: str) -> Principal:
    account, kind = arn.split(":")[4], arn.split(":")[5].partition("/")[0]
    if kind == ROLE.name:
        return Principal(account, "role session", arn, unique_id, behind=arn)
    return Principal(account, "user", arn, unique_id)


def _stranger(arn: str) -> tuple[Principal, Keys]:
    """Who is only named: IdentityInputInvalid. Of its tags and ids nothing is told."""
    named = _SOURCE.fullmatch(arn)
    if named is None or named[2] == GROUP.name:
        raise IdentityInputInvalid(reason=f"{arn} is not the ARN of a user or role that can call.")
    subject = _subject(arn, "")
    return subject, {key: found for key, found in subject.context().items() if key != "aws:userid"}


def _joined(sources: Sources, given: Given) -> Sources:
    """The policies of a principal with those that are given; a boundary that is given stands in its own's place."""
    if len(given.boundaries) > 1:
        raise IdentityInputInvalid(reason="A simulation has one permissions boundary at most.")
    identity = simulated_policies.given(given.policies, "PolicyInputList", DocumentKind.IDENTITY)
    named = "PermissionsBoundaryPolicyInputList"
    boundary = tuple(simulated_policies.given(given.boundaries, named, DocumentKind.IDENTITY))
    resource = () if given.resource is None else (given.resource,)
    levels = tuple(
        tuple(simulated_policies.given(texts, "ServiceControlPolicyInputList", DocumentKind.IDENTITY))
        for texts in given.levels
    )
    return replace(
        sources,
        identity=(*sources.identity, *identity),
        boundary=boundary[0] if boundary else sources.boundary,
        levels=(*sources.levels, *levels),
        resource=tuple(simulated_policies.given(resource, "ResourcePolicy", DocumentKind.RESOURCE)),
    )


def _outcomes(scene: _Scene, given: Given, asked: Sequence[Asked]) -> tuple[Outcome, ...]:
    sources = scene.sources
    by_policy = {each.policy: each for each in sources.seen}
    policies = Policies(
        identity=tuple(each.policy for each in sources.identity),
        boundary=None if sources.boundary is None else sources.boundary.policy,
        service_control=tuple(tuple(each.policy for each in level) for level in sources.levels),
        resource=tuple(each.policy for each in sources.resource),
    )
    keys = {**scene.keys, **(given.keys or {})}
    owner = _owner(given, scene.subject)
    names = context_keys(each.document for each in sources.seen)
    return tuple(_outcome(one, scene.subject, (policies, by_policy), (keys, names), owner) for one in asked)


def _outcome(
    asked: Asked,
    subject: Principal,
    policies: tuple[Policies, Mapping[Policy, Source]],
    keys: tuple[Keys, Mapping[str, str]],
    owner: str,
) -> Outcome:
    action, resource = asked
    _check(action, resource)
    parts = resource.split(":", 5)
    account = parts[4] if len(parts) > 4 and parts[4].isdigit() else owner
    found = simulate(Request(subject, action, resource, account, keys[0]), policies[0])
    wanted = found.decision.read.union(*(policy.keys(action.lower()) for policy in policies[1]))
    return Outcome(
        asked,
        found,
        tuple((policies[1][policy], number) for policy, number in found.matched),
        tuple(name for key, name in keys[1].items() if key in wanted and not keys[0].get(key)),
        account != subject.account,
    )


def _owner(given: Given, subject: Principal) -> str:
    if given.owner is None:
        return subject.account
    named = _OWNER.fullmatch(given.owner)
    if named is None:
        raise IdentityInputInvalid(reason=f"ResourceOwner {given.owner} is not an account.")
    return named[1]


def _check(action: str, resource: str) -> None:
    if not _ACTION.fullmatch(action):
        raise IdentityInputInvalid(reason=f"Invalid Entity Action: {action}")
    if resource != "*" and not resource.startswith("arn:"):
        raise IdentityInputInvalid(reason=f"Resource {resource} must be in ARN format or *.")


def _names(sources: Sequence[Source]) -> tuple[str, ...]:
    return tuple(context_keys(each.document for each in sources).values())
