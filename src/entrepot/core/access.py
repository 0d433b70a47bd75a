"""Who is calling, and the one function that decides what a caller may do.

Every operation of both doors passes through `authorize`, before anything is looked up: a denial says nothing about
what exists. Deny by default.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Literal

import msgspec

from entrepot.core.principals import Principal
from entrepot.core.rights import Keys, Rights
from entrepot.errors import AccessDenied
from entrepot.spec.repository import RegistryKey, RepositoryKey

SERVICES = {"private": "ecr", "public": "ecr-public"}
Door = Literal["oci", "aws", "worker"]


class Caller(msgspec.Struct, frozen=True):
    """One request's principal, its rights and circumstances; `request_id` is a UUID, `at` when the request arrived."""

    principal: Principal
    rights: Rights
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


def authorize(rights: Rights, action: str, resource: Resource, request: Callable[[], Keys]) -> None:
    """Allow, or raise AccessDenied with the reason; `request` gives the request's condition keys."""
    decision = rights.decide(action, resource.arn, resource.account, request)
    if not decision.allowed:
        raise AccessDenied(
            principal=decision.principal,
            action=action,
            resource=resource.told_as or resource.arn,
            why=decision.reason.clause(action),
        )


def require(caller: Caller, operation: str, resource: Resource) -> None:
    """`authorize` an operation (`PutImage`) of the resource's service, with the condition keys of the request."""
    authorize(caller.rights, f"{resource.service}:{operation}", resource, lambda: circumstances(caller))


def circumstances(caller: Caller) -> Keys:
    """The condition keys of any request of this caller."""
    return {
        "aws:currenttime": (caller.at.isoformat(),),
        "aws:epochtime": (str(int(caller.at.timestamp())),),
        "aws:requestedregion": (caller.region,),
        "aws:securetransport": ("true" if caller.secure else "false",),
        "aws:sourceip": (caller.source_ip,),
        "aws:useragent": (caller.user_agent,),
        **caller.principal.age_keys(caller.at),
    }


def allows(caller: Caller, operation: str, resource: Resource) -> bool:
    """Whether `require` would pass, for operations that a denial turns into another answer."""
    try:
        require(caller, operation, resource)
    except AccessDenied:
        return False
    return True
