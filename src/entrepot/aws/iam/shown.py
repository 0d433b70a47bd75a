"""How IAM shows what it has; policy documents are URL-encoded (RFC 3986) in its answers."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from entrepot.core import entities
from entrepot.core.entities import Entity

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
