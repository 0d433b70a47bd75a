"""Managed policies attached to users, groups and roles: ten for each."""

from entrepot.core import entities, holders, managed_policies
from entrepot.core.access import Caller
from entrepot.core.aws_policies import AwsPolicy, all_policies
from entrepot.core.entities import Kind
from entrepot.db import grants as rows
from entrepot.db.database import Transaction
from entrepot.errors import ManagedPolicyNotFound, QuotaExceeded

MOST_ATTACHED = 10
_POLICY_KEY = "iam:policyarn"


def attach(tx: Transaction, caller: Caller, kind: Kind, holder: str, policy_arn: str) -> None:
    """Attach a policy; already attached is fine. ManagedPolicyNotFound, QuotaExceeded."""
    operation = f"Attach{kind.noun}Policy"
    found = holders.require(tx, caller, operation, kind, holder, {_POLICY_KEY: (policy_arn,)})
    managed_policies.require_attachable(tx, caller, policy_arn)
    held = rows.attached(tx, found.id)
    if policy_arn not in held and len(held) >= MOST_ATTACHED:
        raise QuotaExceeded(quota=f"PoliciesPer{kind.noun}", limit=MOST_ATTACHED)
    rows.attach(tx, found.id, policy_arn)
    entities.changed(tx, caller, operation, {f"{kind.name}Name": holder, "policyArn": policy_arn})


def detach(tx: Transaction, caller: Caller, kind: Kind, holder: str, policy_arn: str) -> None:
    """Detach a policy: ManagedPolicyNotFound when it is not attached."""
    operation = f"Detach{kind.noun}Policy"
    found = holders.require(tx, caller, operation, kind, holder, {_POLICY_KEY: (policy_arn,)})
    if not rows.detach(tx, found.id, policy_arn):
        raise ManagedPolicyNotFound(arn=policy_arn)
    entities.changed(tx, caller, operation, {f"{kind.name}Name": holder, "policyArn": policy_arn})


def list_of(tx: Transaction, caller: Caller, kind: Kind, holder: str, prefix: str) -> tuple[tuple[str, str], ...]:
    """(name, ARN) of the attached policies whose path begins so."""
    found = entities.require(tx, caller, f"ListAttached{kind.noun}Policies", kind, holder)
    named = (named_by(arn) for arn in rows.attached(tx, found.id))
    return tuple((name, arn) for path, name, arn in named if path.startswith(prefix))


def named_by(arn: str) -> tuple[str, str, str]:
    """(path, name, ARN) of a policy."""
    known: AwsPolicy | None = all_policies().get(arn)
    if known is not None:
        return known.path, known.name, arn
    path, _, name = arn.partition(":policy")[2].rpartition("/")
    return f"{path}/", name, arn
