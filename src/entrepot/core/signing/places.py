"""Signing profiles as what is acted upon: first the permission, then the existence. Who else may is in a profile's own
permissions (AWS Signer developer guide, "Cross-account signing").
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from entrepot.core import access, changes
from entrepot.core.access import Caller
from entrepot.core.resources import Resource
from entrepot.core.stored_policies import compiled
from entrepot.db import signing_profiles as rows
from entrepot.db.database import Reader, Transaction
from entrepot.db.signing_records import Permission, Profile, profile_arn
from entrepot.errors import SigningProfileNotFound
from entrepot.policy.compiled import Policy

SERVICE: Final = "signer"
ACTIVE, CANCELED, REVOKED = "Active", "Canceled", "Revoked"
_ARN = re.compile(
    r"arn:aws:signer:([a-z0-9-]{2,25}):([0-9]{12}):/signing-profiles/([a-zA-Z0-9_]{2,64})(?:/([a-zA-Z0-9]{10}))?"
)
Values = Mapping[str, tuple[str, ...]]
_NO_VALUES: Values = {}


@dataclass(frozen=True, slots=True)
class ProfileName:
    """A profile as it is named; it need not exist. `version` is '' where none is named."""

    account: str
    region: str
    name: str
    version: str = ""

    @property
    def arn(self) -> str:
        """The ARN of the profile."""
        return profile_arn(self.account, self.region, self.name)


def job_arn(account: str, region: str, job_id: str) -> str:
    """The ARN of a signing job."""
    return f"arn:aws:signer:{region}:{account}:/signing-jobs/{job_id}"


def parse(arn: str) -> ProfileName | None:
    """The profile that an ARN names, or one of its versions."""
    found = _ARN.fullmatch(arn)
    return None if found is None else ProfileName(found[2], found[1], found[3], found[4] or "")


def named(caller: Caller, name: str, owner: str = "") -> ProfileName:
    """A profile of the caller's region, of the caller's account unless another owns it."""
    return ProfileName(owner or caller.principal.account, caller.region, name)


def find(tx: Reader, name: ProfileName) -> Profile | None:
    """The profile of a name."""
    return rows.find(tx, name.account, name.region, name.name)


def require(tx: Reader, caller: Caller, operation: str, name: ProfileName, keys: Values = _NO_VALUES) -> Profile:
    """The profile, for a caller who may do this to it: AccessDenied, then SigningProfileNotFound."""
    found = find(tx, name)
    allow(tx, caller, operation, name, found, keys)
    return present(found, name)


def require_locked(
    tx: Transaction, caller: Caller, operation: str, name: ProfileName, keys: Values = _NO_VALUES
) -> Profile:
    """`require`, held for a change."""
    found = find(tx, name)
    allow(tx, caller, operation, name, found, keys)
    return present(None if found is None else rows.lock(tx, found.id), name)


def allow(
    tx: Reader, caller: Caller, operation: str, name: ProfileName, found: Profile | None, keys: Values = _NO_VALUES
) -> None:
    """AccessDenied unless the caller may do this to a profile, which need not exist."""
    if found is None:
        access.require(caller, operation, Resource(name.account, name.arn, SERVICE), keys)
        return
    resource = Resource(
        name.account,
        name.arn,
        SERVICE,
        policies=policies_of(tx, found),
        tags=lambda: rows.tags(tx, found.id),
    )
    access.require(caller, operation, resource, {"signer:profileversion": (name.version or found.version,), **keys})


def allow_job(tx: Reader, caller: Caller, operation: str, owner: str, job_id: str, profile: Profile | None) -> None:
    """AccessDenied unless the caller may do this to a job, which need not exist; `profile` is what made it."""
    policies = () if profile is None else policies_of(tx, profile)
    keys = {} if profile is None else {"signer:profileversion": (profile.version,)}
    access.require(
        caller, operation, Resource(owner, job_arn(owner, caller.region, job_id), SERVICE, policies=policies), keys
    )


def present(found: Profile | None, name: ProfileName) -> Profile:
    """The profile: SigningProfileNotFound."""
    if found is None:
        raise SigningProfileNotFound(name=name.arn)
    return found


def policies_of(tx: Reader, profile: Profile) -> tuple[Policy, ...]:
    """A profile's permissions as a resource policy."""
    found = rows.permissions(tx, profile.id)
    return (compiled(f"the permissions of {profile.name}", policy_text(found)),) if found else ()


def policy_text(permissions: Sequence[Permission]) -> str:
    """Permissions in IAM's words; what they are of is what they are asked about."""
    statements = []
    for each in permissions:
        statement: dict[str, object] = {
            "Effect": "Allow",
            "Principal": {"AWS": each.principal},
            "Action": each.action,
            "Resource": "*",
        }
        if each.version:
            statement["Condition"] = {"StringEquals": {"signer:ProfileVersion": each.version}}
        statements.append(statement)
    return msgspec.json.encode({"Version": "2012-10-17", "Statement": statements}).decode()


def changed(tx: Transaction, caller: Caller, operation: str, parameters: Mapping[str, object], account: str) -> None:
    """Tell the audit of a change of what an account has."""
    changes.audit(tx, caller, operation, parameters, account=account, region=caller.region, service=SERVICE)
