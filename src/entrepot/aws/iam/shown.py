"""How IAM shows what it has; policy documents are URL-encoded (RFC 3986) in its answers."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from entrepot.core import entities
from entrepot.core.entities import Entity
from entrepot.core.instance_profiles import InstanceProfile
from entrepot.core.managed_policies import ManagedPolicy, Version
from entrepot.core.roles import NamedRole

Output = Mapping[str, Any]


def encoded(document: str) -> str:
    """A policy document as it stands in an answer."""
    return quote(document, safe="-_.~")


def tags(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Tags as a list."""
    return [{"Key": key, "Value": value} for key, value in pairs]


def boundary(found: Entity) -> Output | None:
    """The permissions boundary of a user or role."""
    if found.boundary is None:
        return None
    return {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": found.boundary}


def user(found: Entity) -> Output:
    """A user without tags; the root has no name."""
    return {
        "Path": found.path,
        "UserName": found.name or None,
        "UserId": found.id,
        "Arn": entities.arn(found),
        "CreateDate": found.created_at,
        "PermissionsBoundary": boundary(found),
    }


def group(found: Entity) -> Output:
    """A group."""
    return {
        "Path": found.path,
        "GroupName": found.name,
        "GroupId": found.id,
        "Arn": entities.arn(found),
        "CreateDate": found.created_at,
    }


def role(found: NamedRole) -> Output:
    """A role with everything but its tags and when it was last used, which lists leave out."""
    return {
        "Path": found.entity.path,
        "RoleName": found.entity.name,
        "RoleId": found.entity.id,
        "Arn": entities.arn(found.entity),
        "CreateDate": found.entity.created_at,
        "AssumeRolePolicyDocument": encoded(found.role.trust_document),
        "Description": found.entity.description or None,
        "MaxSessionDuration": found.role.max_session_seconds,
        "PermissionsBoundary": boundary(found.entity),
    }


def role_in_full(found: NamedRole) -> Output:
    """A role as it is shown alone."""
    return {**role(found), "Tags": tags(found.tags) or None, "RoleLastUsed": last_use(found)}


def last_use(found: NamedRole) -> Output:
    """When a role was last assumed; empty when it never was."""
    return {"LastUsedDate": found.role.last_used_at, "Region": found.role.last_used_region}


def instance_profile(found: InstanceProfile) -> Output:
    """An instance profile with its role."""
    return {
        "Path": found.entity.path,
        "InstanceProfileName": found.entity.name,
        "InstanceProfileId": found.entity.id,
        "Arn": entities.arn(found.entity),
        "CreateDate": found.entity.created_at,
        "Roles": [] if found.role is None else [role(found.role)],
        "Tags": tags(found.tags) or None,
    }


def policy(found: ManagedPolicy) -> Output:
    """A managed policy without description and tags, which lists leave out."""
    return {
        "PolicyName": found.name,
        "PolicyId": found.id,
        "Arn": found.arn,
        "Path": found.path,
        "DefaultVersionId": f"v{found.default_version}",
        "AttachmentCount": found.attached,
        "PermissionsBoundaryUsageCount": found.bounding,
        "IsAttachable": True,
        "CreateDate": found.created_at,
        "UpdateDate": found.updated_at,
    }


def version(found: Version, *, default: bool) -> Output:
    """A version of a managed policy without its text."""
    return {
        "VersionId": f"v{found.number}",
        "IsDefaultVersion": default,
        "CreateDate": found.created_at,
    }


def attached(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Attached policies, of (name, ARN)."""
    return [{"PolicyName": name, "PolicyArn": arn} for name, arn in pairs]
