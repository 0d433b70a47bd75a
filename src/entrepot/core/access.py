"""Who is calling, and the one function that decides what a caller may do.

Every operation of both doors passes through `authorize`, before anything is looked up: a denial says nothing about
what exists. Deny by default.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

from entrepot.errors import AccessDenied
from entrepot.spec.repository import RegistryKey, RepositoryKey

SERVICES = {"private": "ecr", "public": "ecr-public"}
Door = Literal["oci", "aws", "worker"]


class Principal(msgspec.Struct, frozen=True):
    """An identity that a credential named: `id` is its unique id, `epoch` that of its credential."""

    account: str
    kind: Literal["root", "user", "service"]
    id: str
    arn: str
    credential_id: str
    epoch: int


class Caller(msgspec.Struct, frozen=True):
    """One request's principal and circumstances; `request_id` is a UUID, `at` when the request arrived."""

    principal: Principal
    region: str
    source_ip: str
    user_agent: str
    request_id: str
    secure: bool
    door: Door
    at: datetime


class Resource(msgspec.Struct, frozen=True):
    """What is acted upon: the account that owns it, its ARN (`*` for a registry as a whole), whose actions apply.

    `told_as` is how a denial names it, where the ARN itself would say whether it exists (a user's path).
    """

    account: str
    arn: str
    service: str
    told_as: str = ""

    @classmethod
    def of(cls, key: RepositoryKey) -> "Resource":
        """The repository, by name: it need not exist."""
        return cls(key.registry.account, key.arn, SERVICES[key.registry.kind])

    @classmethod
    def of_registry(cls, registry: RegistryKey) -> "Resource":
        """A registry as a whole, for actions without resource-level permissions."""
        return cls(registry.account, "*", SERVICES[registry.kind])


def authorize(principal: Principal, action: str, resource: Resource, context: Mapping[str, str]) -> None:  # noqa: ARG001
    """Allow, or raise AccessDenied. An account's root may do everything in its own registries, nobody else anything.

    `context` holds the condition keys of the request; nothing reads them before identity policies exist.
    """
    if principal.kind == "root" and principal.account == resource.account:
        return
    raise AccessDenied(principal=principal.arn, action=action, resource=resource.told_as or resource.arn)


def require(caller: Caller, operation: str, resource: Resource) -> None:
    """`authorize` an operation (`PutImage`) of the resource's service, with the condition keys of the request."""
    context = {
        "aws:SourceIp": caller.source_ip,
        "aws:UserAgent": caller.user_agent,
        "aws:SecureTransport": "true" if caller.secure else "false",
        "aws:RequestedRegion": caller.region,
    }
    authorize(caller.principal, f"{resource.service}:{operation}", resource, context)


def root_principal(account: str, credential_id: str, epoch: int) -> Principal:
    """The root of an account, as named by one of its keys."""
    return Principal(account, "root", account, f"arn:aws:iam::{account}:root", credential_id, epoch)


def user_principal(account: str, user_id: str, owner: str, credential_id: str, epoch: int) -> Principal:
    """A user, as named by one of its keys; `owner` is its path and name."""
    return Principal(account, "user", user_id, f"arn:aws:iam::{account}:user{owner}", credential_id, epoch)


def allows(caller: Caller, operation: str, resource: Resource) -> bool:
    """Whether `require` would pass, for operations that a denial turns into another answer."""
    try:
        require(caller, operation, resource)
    except AccessDenied:
        return False
    return True
