"""Operations on managed policies and their versions."""

from entrepot.aws.iam import inputs, shown
from entrepot.aws.iam.shown import Output
from entrepot.aws.protocol.call import Call
from entrepot.core import managed_policies
from entrepot.core.entities import POLICY, Entity


async def create_policy(call: Call) -> Output:
    """CreatePolicy."""
    draft = inputs.draft(call, POLICY, "PolicyName")
    made = await call.core.units.write(managed_policies.create, call.caller, draft, call.input["PolicyDocument"])
    return {"Policy": {**shown.policy(made), "Tags": shown.tags(made.tags) or None}}


async def get_policy(call: Call) -> Output:
    """GetPolicy."""
    found = await call.core.units.read(managed_policies.get, call.caller, call.input["PolicyArn"])
    described = {"Description": found.description or None, "Tags": shown.tags(found.tags)}
    return {"Policy": {**shown.policy(found), **described}}


async def list_policies(call: Call) -> Output:
    """ListPolicies."""
    given = call.input
    scope, prefix = given.get("Scope", "All"), given.get("PathPrefix", "/")
    found = await call.core.units.read(managed_policies.list_all, call.caller, scope, prefix)
    usage = given.get("PolicyUsageFilter")
    if given.get("OnlyAttached", False):
        found = tuple(policy for policy in found if policy.attached)
    if usage == "PermissionsBoundary":
        found = tuple(policy for policy in found if policy.bounding)
    if usage == "PermissionsPolicy":
        found = tuple(policy for policy in found if policy.attached)
    page = inputs.part(call, "ListPolicies", found, lambda policy: f"{policy.name.lower()} {policy.id}")
    return {"Policies": [shown.policy(policy) for policy in page.items], **inputs.paging(call, "ListPolicies", page)}


async def delete_policy(call: Call) -> Output:
    """DeletePolicy."""
    await call.core.units.write(managed_policies.delete, call.caller, call.input["PolicyArn"])
    return {}


async def create_policy_version(call: Call) -> Output:
    """CreatePolicyVersion."""
    given = call.input
    made, default = await call.core.units.write(
        managed_policies.create_version,
        call.caller,
        given["PolicyArn"],
        given["PolicyDocument"],
        default=given.get("SetAsDefault", False),
    )
    return {"PolicyVersion": shown.version(made, default=default)}


async def get_policy_version(call: Call) -> Output:
    """GetPolicyVersion: with its text."""
    given = call.input
    found, default = await call.core.units.read(
        managed_policies.get_version, call.caller, given["PolicyArn"], given["VersionId"]
    )
    return {"PolicyVersion": {"Document": shown.encoded(found.document), **shown.version(found, default=default)}}


async def list_policy_versions(call: Call) -> Output:
    """ListPolicyVersions: newest first."""
    found, default = await call.core.units.read(managed_policies.versions, call.caller, call.input["PolicyArn"])
    newest = found[0].number if found else 0
    page = inputs.part(call, "ListPolicyVersions", found, lambda version: f"{newest - version.number:09d}")
    shown_ = [shown.version(version, default=version.number == default) for version in page.items]
    return {"Versions": shown_, **inputs.paging(call, "ListPolicyVersions", page)}


async def set_default_policy_version(call: Call) -> Output:
    """SetDefaultPolicyVersion."""
    given = call.input
    await call.core.units.write(managed_policies.set_default, call.caller, given["PolicyArn"], given["VersionId"])
    return {}


async def delete_policy_version(call: Call) -> Output:
    """DeletePolicyVersion."""
    given = call.input
    await call.core.units.write(managed_policies.delete_version, call.caller, given["PolicyArn"], given["VersionId"])
    return {}


async def list_entities_for_policy(call: Call) -> Output:
    """ListEntitiesForPolicy: whom a policy is attached to, and whom it bounds."""
    given = call.input
    attached, bounded = await call.core.units.read(managed_policies.holders, call.caller, given["PolicyArn"])
    usage, kind, prefix = given.get("PolicyUsageFilter"), given.get("EntityFilter"), given.get("PathPrefix", "/")
    found = {each.id: each for each in (*attached, *bounded)}
    if usage is not None:
        found = {each.id: each for each in (attached if usage == "PermissionsPolicy" else bounded)}
    wanted = [
        each for each in found.values() if each.path.startswith(prefix) and kind in (None, each.kind.capitalize())
    ]
    page = inputs.part(call, "ListEntitiesForPolicy", wanted, lambda each: f"{each.kind} {each.name.lower()}")
    return {
        "PolicyGroups": _named(page.items, "group", "Group"),
        "PolicyUsers": _named(page.items, "user", "User"),
        "PolicyRoles": _named(page.items, "role", "Role"),
        **inputs.paging(call, "ListEntitiesForPolicy", page),
    }


def _named(found: tuple[Entity, ...], kind: str, noun: str) -> list[dict[str, str]]:
    return [{f"{noun}Name": each.name, f"{noun}Id": each.id} for each in found if each.kind == kind]
