"""Operations on an account as a whole: its alias, its numbers, everything in it, its credential report."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.iam import inputs, shown
from entrepot.aws.iam.shown import Output
from entrepot.aws.protocol.call import Call
from entrepot.core import account_aliases, account_summary, credential_reports, entities
from entrepot.core.account_summary import Holder, PolicyInFull

_FILTERS = {
    "User": "user",
    "Role": "role",
    "Group": "group",
    "LocalManagedPolicy": "Local",
    "AWSManagedPolicy": "AWS",
}


async def create_account_alias(call: Call) -> Output:
    """CreateAccountAlias."""
    await call.core.units.write(account_aliases.create, call.caller, call.input["AccountAlias"])
    return {}


async def list_account_aliases(call: Call) -> Output:
    """ListAccountAliases: one at most."""
    found = await call.core.units.read(account_aliases.list_all, call.caller)
    return {"AccountAliases": list(found), "IsTruncated": False}


async def delete_account_alias(call: Call) -> Output:
    """DeleteAccountAlias."""
    await call.core.units.write(account_aliases.delete, call.caller, call.input["AccountAlias"])
    return {}


async def get_account_summary(call: Call) -> Output:
    """GetAccountSummary."""
    return {"SummaryMap": await call.core.units.read(account_summary.numbers, call.caller)}


async def get_account_authorization_details(call: Call) -> Output:
    """GetAccountAuthorizationDetails: everything, or what `Filter` names, page by page."""
    wanted = frozenset(_FILTERS[each] for each in call.input.get("Filter") or _FILTERS)
    holders, policies = await call.core.units.read(account_summary.in_full, call.caller, wanted)
    everything: list[tuple[str, Mapping[str, Any], str]] = [
        *((each.entity.kind, _holder(each), f"{each.entity.kind} {each.entity.name.lower()}") for each in holders),
        *(("policy", _policy(each), f"policy {each.policy.name.lower()} {each.policy.id}") for each in policies),
    ]
    page = inputs.part(call, "GetAccountAuthorizationDetails", everything, lambda each: each[2])
    return {
        "UserDetailList": [detail for kind, detail, _ in page.items if kind == "user"],
        "GroupDetailList": [detail for kind, detail, _ in page.items if kind == "group"],
        "RoleDetailList": [detail for kind, detail, _ in page.items if kind == "role"],
        "Policies": [detail for kind, detail, _ in page.items if kind == "policy"],
        **inputs.paging(call, "GetAccountAuthorizationDetails", page),
    }


async def generate_credential_report(call: Call) -> Output:
    """GenerateCredentialReport: it is there when this answers."""
    state = await call.core.units.write(credential_reports.generate, call.caller)
    return {"State": state, "Description": None}


async def get_credential_report(call: Call) -> Output:
    """GetCredentialReport."""
    content, generated_at = await call.core.units.read(credential_reports.get, call.caller)
    return {"Content": content, "ReportFormat": "text/csv", "GeneratedTime": generated_at}


def _holder(each: Holder) -> Output:
    found = each.entity
    documents = [{"PolicyName": name, "PolicyDocument": shown.encoded(text)} for name, text in each.inline]
    attached = shown.attached(each.attached)
    if found.kind == "user":
        own = {"UserPolicyList": documents, "GroupList": list(each.groups), "AttachedManagedPolicies": attached}
        return {**shown.user(found), **own, "Tags": shown.tags(each.tags)}
    if each.role is None:
        return {**shown.group(found), "GroupPolicyList": documents, "AttachedManagedPolicies": attached}
    return {
        "Path": found.path,
        "RoleName": found.name,
        "RoleId": found.id,
        "Arn": entities.arn(found),
        "CreateDate": found.created_at,
        "AssumeRolePolicyDocument": shown.encoded(each.role.role.trust_document),
        "InstanceProfileList": [shown.instance_profile(profile) for profile in each.profiles],
        "RolePolicyList": documents,
        "AttachedManagedPolicies": attached,
        "PermissionsBoundary": shown.boundary(found),
        "Tags": shown.tags(each.tags),
        "RoleLastUsed": shown.last_use(each.role),
    }


def _policy(each: PolicyInFull) -> Output:
    default = each.policy.default_version
    versions = [
        {"Document": shown.encoded(version.document), **shown.version(version, default=version.number == default)}
        for version in each.versions
    ]
    described = {"Description": each.policy.description or None, "PolicyVersionList": versions}
    return {**shown.policy(each.policy), **described}
