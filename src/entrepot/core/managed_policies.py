"""Managed policies: those of an account, with up to five versions, and AWS's own, which every account has."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from entrepot.core import access, entities
from entrepot.core.access import Caller
from entrepot.core.aws_policies import AwsPolicy, all_policies
from entrepot.core.entities import POLICY, Draft, Entity
from entrepot.core.held_policies import SERVICE_PATH
from entrepot.core.resources import Resource
from entrepot.db import accounts, grants
from entrepot.db import entities as entity_rows
from entrepot.db import managed_policies as rows
from entrepot.db.database import Transaction
from entrepot.db.identity_records import Version
from entrepot.errors import (
    EntityNotFound,
    IdentityInputInvalid,
    ManagedPolicyInUse,
    ManagedPolicyNotFound,
    ManagedPolicyReserved,
    PolicyVersionsTooMany,
)
from entrepot.policy import document as documents
from entrepot.policy.structure import Kind as DocumentKind

__all__ = ["Version"]

MOST_VERSIONS = 5
_ARN = re.compile(r"arn:aws:iam::([0-9]{12}|aws):policy(/(?:[!-~]+/)?)([\w+=,.@-]+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class ManagedPolicy:
    """A managed policy as it is shown: `attached` and `bounding` count its uses in the caller's account."""

    name: str
    id: str
    arn: str
    path: str
    description: str
    default_version: int
    attached: int
    bounding: int
    created_at: datetime
    updated_at: datetime
    tags: tuple[tuple[str, str], ...] = ()


def create(tx: Transaction, caller: Caller, draft: Draft, text: str) -> ManagedPolicy:
    """Make a policy with its first version: PolicyMalformed, PolicyTooLarge, EntityAlreadyExists."""
    entities.allow_new(caller, "CreatePolicy", POLICY, draft)
    documents.parse(text, DocumentKind.MANAGED)
    accounts.lock(tx, caller.principal.account)
    made = entities.add(tx, caller, POLICY, draft)
    rows.add(tx, made.id, Version(1, text, caller.at))
    entities.changed(tx, caller, "CreatePolicy", {"policyName": draft.name, "path": draft.path, "policyDocument": text})
    return _shown(tx, made, {}, {})


def get(tx: Transaction, caller: Caller, arn: str) -> ManagedPolicy:
    """A policy of the account or of AWS: ManagedPolicyNotFound."""
    found = require(tx, caller, "GetPolicy", arn)
    account = caller.principal.account
    return _described(tx, found, grants.counts(tx, account), grants.boundary_counts(tx, account))


def list_all(tx: Transaction, caller: Caller, scope: str, prefix: str) -> tuple[ManagedPolicy, ...]:
    """Every policy below a path, by name: `scope` is AWS, Local (the account's) or All."""
    account = caller.principal.account
    access.require(caller, "ListPolicies", Resource(account, f"arn:aws:iam::{account}:policy{prefix}", "iam"))
    return everything(tx, account, scope, prefix)


def everything(tx: Transaction, account: str, scope: str, prefix: str) -> tuple[ManagedPolicy, ...]:
    """`list_all` without a caller."""
    found: list[Entity | AwsPolicy] = []
    if scope != "AWS":
        found += entity_rows.page(tx, account, POLICY.name, prefix, "", POLICY.most)
    if scope != "Local":
        found += [policy for policy in all_policies().values() if policy.path.startswith(prefix)]
    attached, bounding = grants.counts(tx, account), grants.boundary_counts(tx, account)
    shown = (_described(tx, policy, attached, bounding) for policy in found)
    return tuple(sorted(shown, key=lambda policy: (policy.name.lower(), policy.arn)))


def delete(tx: Transaction, caller: Caller, arn: str) -> None:
    """Remove a policy that nobody has and that has one version: ManagedPolicyInUse."""
    found = _require_own(tx, caller, "DeletePolicy", arn)
    if grants.attached_to(tx, found.account, arn) or entity_rows.bounded_by(tx, found.account, arn):
        raise ManagedPolicyInUse(reason="Cannot delete a policy attached to entities.")
    versions = rows.versions(tx, found.id)
    if len(versions) > 1:
        raise ManagedPolicyInUse(
            reason="This policy has more than one version. Before you delete a policy, you must delete the policy's "
            "versions. The default version is deleted with the policy."
        )
    for version in versions:
        rows.remove_version(tx, found.id, version.number)
    rows.remove(tx, found.id)
    entity_rows.remove(tx, found.id)
    entities.changed(tx, caller, "DeletePolicy", {"policyArn": arn})


def create_version(tx: Transaction, caller: Caller, arn: str, text: str, *, default: bool) -> tuple[Version, bool]:
    """One more version, at once in force if `default`: (version, whether it is the default); PolicyVersionsTooMany."""
    found = _require_own(tx, caller, "CreatePolicyVersion", arn)
    documents.parse(text, DocumentKind.MANAGED)
    if len(rows.versions(tx, found.id)) >= MOST_VERSIONS:
        raise PolicyVersionsTooMany(limit=MOST_VERSIONS)
    present, last = rows.numbers(tx, found.id)
    version = Version(last + 1, text, caller.at)
    rows.add_version(tx, found.id, version)
    rows.set_numbers(tx, found.id, version.number if default else present, version.number)
    entity_rows.touch(tx, found.id, caller.at)
    told = {"policyArn": arn, "policyDocument": text, "setAsDefault": default}
    entities.changed(tx, caller, "CreatePolicyVersion", told)
    return version, default


def set_default(tx: Transaction, caller: Caller, arn: str, version_id: str) -> None:
    """Which version is in force from now on: EntityNotFound."""
    found = _require_own(tx, caller, "SetDefaultPolicyVersion", arn)
    version = _version(rows.versions(tx, found.id), arn, version_id)
    rows.set_numbers(tx, found.id, version.number, rows.numbers(tx, found.id)[1])
    entity_rows.touch(tx, found.id, caller.at)
    entities.changed(tx, caller, "SetDefaultPolicyVersion", {"policyArn": arn, "versionId": version_id})


def delete_version(tx: Transaction, caller: Caller, arn: str, version_id: str) -> None:
    """Remove a version that is not in force: ManagedPolicyInUse, EntityNotFound."""
    found = _require_own(tx, caller, "DeletePolicyVersion", arn)
    version = _version(rows.versions(tx, found.id), arn, version_id)
    if version.number == rows.numbers(tx, found.id)[0]:
        raise ManagedPolicyInUse(reason="Cannot delete the default version of a policy.")
    rows.remove_version(tx, found.id, version.number)
    entity_rows.touch(tx, found.id, caller.at)
    entities.changed(tx, caller, "DeletePolicyVersion", {"policyArn": arn, "versionId": version_id})


def versions(tx: Transaction, caller: Caller, arn: str) -> tuple[tuple[Version, ...], int]:
    """(versions, newest first; number of the default one)."""
    found = require(tx, caller, "ListPolicyVersions", arn)
    return tuple(versions_of(tx, found)), default_of(tx, found)


def get_version(tx: Transaction, caller: Caller, arn: str, version_id: str) -> tuple[Version, bool]:
    """(version, whether it is the default): EntityNotFound."""
    found = require(tx, caller, "GetPolicyVersion", arn)
    version = _version(versions_of(tx, found), arn, version_id)
    return version, version.number == default_of(tx, found)


def holders(tx: Transaction, caller: Caller, arn: str) -> tuple[tuple[Entity, ...], tuple[Entity, ...]]:
    """(entities that a policy is attached to, users and roles that it bounds)."""
    require(tx, caller, "ListEntitiesForPolicy", arn)
    account = caller.principal.account
    return tuple(grants.attached_to(tx, account, arn)), tuple(entity_rows.bounded_by(tx, account, arn))


def require(tx: Transaction, caller: Caller, operation: str, arn: str) -> Entity | AwsPolicy:
    """The policy, for a caller who may do this to it: AccessDenied, then ManagedPolicyNotFound."""
    named = _ARN.fullmatch(arn)
    if named is None:
        raise IdentityInputInvalid(reason=f"ARN {arn} is not valid.")
    account = caller.principal.account
    resource = Resource(account, arn, "iam", tags=entities.tags_of(tx, _find_own(tx, account, arn)))
    access.require(caller, operation, resource)
    return require_known(tx, caller, arn)


def require_known(tx: Transaction, caller: Caller, arn: str) -> Entity | AwsPolicy:
    """The policy that an ARN names to the caller's account: ManagedPolicyNotFound."""
    if arn in all_policies():
        return all_policies()[arn]
    found = _find_own(tx, caller.principal.account, arn)
    if found is None:
        raise ManagedPolicyNotFound(arn=arn)
    return found


def _find_own(tx: Transaction, account: str, arn: str) -> Entity | None:
    named = _ARN.fullmatch(arn)
    found = None
    if named is not None and named[1] == account:
        found = entity_rows.find(tx, account, POLICY.name, named[3])
    return found if found is not None and entities.arn(found) == arn else None


def require_attachable(tx: Transaction, caller: Caller, arn: str) -> None:
    """ManagedPolicyNotFound, ManagedPolicyReserved unless any identity of the account may have this policy."""
    found = require_known(tx, caller, arn)
    if isinstance(found, AwsPolicy) and found.path.startswith(SERVICE_PATH):
        raise ManagedPolicyReserved(arn=arn)


def versions_of(tx: Transaction, policy: Entity | AwsPolicy) -> Sequence[Version]:
    """Versions, newest first; of AWS's policies the one that is in force."""
    if isinstance(policy, AwsPolicy):
        return [Version(policy.version, policy.text, policy.updated)]
    return rows.versions(tx, policy.id)


def default_of(tx: Transaction, policy: Entity | AwsPolicy) -> int:
    """The number of the version in force."""
    return policy.version if isinstance(policy, AwsPolicy) else rows.numbers(tx, policy.id)[0]


def _require_own(tx: Transaction, caller: Caller, operation: str, arn: str) -> Entity:
    """A policy of the account, which is held for a change; AWS's own cannot be changed."""
    accounts.lock(tx, caller.principal.account)
    found = require(tx, caller, operation, arn)
    if isinstance(found, AwsPolicy):
        raise IdentityInputInvalid(reason=f"The policy {arn} is AWS's own and cannot be changed.")
    return found


def _version(found: Sequence[Version], arn: str, version_id: str) -> Version:
    for version in found:
        if f"v{version.number}" == version_id:
            return version
    raise EntityNotFound(entity=f"Policy {arn} version {version_id}")


def _described(
    tx: Transaction, policy: Entity | AwsPolicy, attached: dict[str, int], bounding: dict[str, int]
) -> ManagedPolicy:
    if isinstance(policy, Entity):
        return _shown(tx, policy, attached, bounding)
    return ManagedPolicy(
        policy.name,
        policy.id,
        policy.arn,
        policy.path,
        policy.description,
        policy.version,
        attached.get(policy.arn, 0),
        bounding.get(policy.arn, 0),
        policy.created,
        policy.updated,
    )


def _shown(tx: Transaction, found: Entity, attached: dict[str, int], bounding: dict[str, int]) -> ManagedPolicy:
    arn = entities.arn(found)
    return ManagedPolicy(
        found.name,
        found.id,
        arn,
        found.path,
        found.description,
        rows.numbers(tx, found.id)[0],
        attached.get(arn, 0),
        bounding.get(arn, 0),
        found.created_at,
        found.updated_at,
        entity_rows.tags(tx, found.id),
    )
