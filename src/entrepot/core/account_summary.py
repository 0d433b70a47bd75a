"""What an account has of IAM, in numbers and in full."""

from dataclasses import dataclass

from entrepot.core import attachments, entities, instance_profiles, managed_policies, roles
from entrepot.core.access import Caller
from entrepot.core.access_keys import MOST_KEYS
from entrepot.core.attachments import MOST_ATTACHED
from entrepot.core.entities import DEVICE, GROUP, POLICY, PROFILE, PROVIDER, ROLE, USER, Entity, Kind
from entrepot.core.groups import MOST_GROUPS
from entrepot.core.instance_profiles import InstanceProfile
from entrepot.core.managed_policies import MOST_VERSIONS, ManagedPolicy
from entrepot.core.roles import NamedRole
from entrepot.db import access_keys, grants, memberships, sign_ins
from entrepot.db import entities as rows
from entrepot.db import managed_policies as policy_rows
from entrepot.db import roles as role_rows
from entrepot.db.database import Transaction
from entrepot.db.identity_records import Version
from entrepot.policy import rules
from entrepot.policy.structure import Kind as DocumentKind

VERSIONS_IN_USE = 10_000


@dataclass(frozen=True, slots=True)
class Holder:
    """A user, group or role with its policies: `inline` as (name, text), `attached` as (name, ARN)."""

    entity: Entity
    inline: tuple[tuple[str, str], ...]
    attached: tuple[tuple[str, str], ...]
    tags: tuple[tuple[str, str], ...]
    groups: tuple[str, ...]
    role: NamedRole | None
    profiles: tuple[InstanceProfile, ...]


@dataclass(frozen=True, slots=True)
class PolicyInFull:
    """A managed policy with its versions."""

    policy: ManagedPolicy
    versions: tuple[Version, ...]


def numbers(tx: Transaction, caller: Caller) -> dict[str, int]:
    """GetAccountSummary's numbers."""
    entities.allow_account(caller, "GetAccountSummary")
    account = caller.principal.account
    policies = rows.page(tx, account, POLICY.name, "/", "", POLICY.most)
    devices = rows.page(tx, account, DEVICE.name, "/", "", DEVICE.most)
    enabled = [
        device for device in (sign_ins.find_device(tx, each.id) for each in devices) if device and device.user_id
    ]
    root_keys = access_keys.list_of(tx, account, account)
    return (
        _counts(tx, account)
        | _quotas()
        | {
            "PolicyVersionsInUse": sum(len(policy_rows.versions(tx, policy.id)) for policy in policies),
            "MFADevices": len(devices),
            "MFADevicesInUse": len(enabled),
            "AccountMFAEnabled": int(any(device.user_id == account for device in enabled)),
            "AccountAccessKeysPresent": int(any(key.status == "Active" for key in root_keys)),
            "AccountPasswordPresent": 0,
            "AccountSigningCertificatesPresent": 0,
            "ServerCertificates": 0,
        }
    )


def in_full(
    tx: Transaction, caller: Caller, wanted: frozenset[str]
) -> tuple[tuple[Holder, ...], tuple[PolicyInFull, ...]]:
    """Everything of the kinds that are wanted (user, group, role, Local, AWS): (holders, managed policies)."""
    entities.allow_account(caller, "GetAccountAuthorizationDetails")
    account = caller.principal.account
    found = [
        _holder(tx, each)
        for kind in (GROUP, ROLE, USER)
        if kind.name in wanted
        for each in rows.page(tx, account, kind.name, "/", "", kind.most)
    ]
    policies = [
        PolicyInFull(policy, tuple(_versions(tx, caller, policy)))
        for scope in ("Local", "AWS")
        if scope in wanted
        for policy in managed_policies.everything(tx, account, scope, "/")
    ]
    if "Local" not in wanted and "AWS" not in wanted:
        policies = []
    return tuple(found), tuple(policies)


def _versions(tx: Transaction, caller: Caller, policy: ManagedPolicy) -> list[Version]:
    return list(managed_policies.versions_of(tx, managed_policies.require_known(tx, caller, policy.arn)))


def _holder(tx: Transaction, found: Entity) -> Holder:
    is_role, is_user = found.kind == ROLE.name, found.kind == USER.name
    named = (attachments.named_by(arn) for arn in grants.attached(tx, found.id))
    return Holder(
        found,
        tuple(grants.inline(tx, found.id)),
        tuple((name, arn) for _, name, arn in named),
        rows.tags(tx, found.id),
        tuple(each.name for each in memberships.groups_of(tx, found.id, "", MOST_GROUPS)) if is_user else (),
        roles.whole(tx, found) if is_role else None,
        tuple(instance_profiles.whole(tx, each) for each in role_rows.profiles_of(tx, found.id)) if is_role else (),
    )


def _counts(tx: Transaction, account: str) -> dict[str, int]:
    kinds: dict[str, Kind] = {
        "Groups": GROUP,
        "InstanceProfiles": PROFILE,
        "Policies": POLICY,
        "Providers": PROVIDER,
        "Roles": ROLE,
        "Users": USER,
    }
    return {name: rows.count(tx, account, kind.name) for name, kind in kinds.items()}


def _quotas() -> dict[str, int]:
    return {
        "AccessKeysPerUserQuota": MOST_KEYS,
        "AssumeRolePolicySizeQuota": rules.LIMITS[DocumentKind.TRUST],
        "AttachedPoliciesPerGroupQuota": MOST_ATTACHED,
        "AttachedPoliciesPerRoleQuota": MOST_ATTACHED,
        "AttachedPoliciesPerUserQuota": MOST_ATTACHED,
        "GlobalEndpointTokenVersion": 2,
        "GroupPolicySizeQuota": rules.INLINE_LIMITS["group"],
        "GroupsPerUserQuota": MOST_GROUPS,
        "GroupsQuota": GROUP.most,
        "InstanceProfilesQuota": PROFILE.most,
        "PoliciesQuota": POLICY.most,
        "PolicySizeQuota": rules.LIMITS[DocumentKind.MANAGED],
        "PolicyVersionsInUseQuota": VERSIONS_IN_USE,
        "RolePolicySizeQuota": rules.INLINE_LIMITS["role"],
        "RolesQuota": ROLE.most,
        "ServerCertificatesQuota": 0,
        "SigningCertificatesPerUserQuota": 0,
        "UserPolicySizeQuota": rules.INLINE_LIMITS["user"],
        "UsersQuota": USER.most,
        "VersionsPerPolicyQuota": MOST_VERSIONS,
    }
