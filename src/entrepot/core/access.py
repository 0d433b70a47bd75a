"""Who is calling, and the one function that decides what a caller may do.

Every operation of both doors passes through `authorize`, before anything is looked up: a denial says nothing about
what exists. Deny by default.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Literal

import msgspec

from entrepot.core.rights import Keys, Rights
from entrepot.errors import AccessDenied
from entrepot.policy.principals import Principal as Subject
from entrepot.spec.repository import RegistryKey, RepositoryKey

SERVICES = {"private": "ecr", "public": "ecr-public"}
# what everyone may ask of a public repository over OCI; no policy has a say
_PUBLIC_READS = frozenset({"BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer", "ListImages"})
Door = Literal["oci", "aws", "worker"]


class Principal(msgspec.Struct, frozen=True):
    """An identity that a credential named: `id` is its unique id, `epoch` that of its credential, `stamp` its account's
    when the credential was read.
    """

    account: str
    kind: Literal["root", "user", "service", "anonymous"]
    id: str
    arn: str
    credential_id: str
    epoch: int
    stamp: int = 0

    def subject(self) -> Subject:
        """Who asks, as policies see it."""
        return Subject(self.account, self.kind, self.arn, self.id)


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
    if resource.service == "ecr-public" and caller.door == "oci" and operation in _PUBLIC_READS:
        return
    authorize(caller.rights, f"{resource.service}:{operation}", resource, lambda: _circumstances(caller))


def _circumstances(caller: Caller) -> Keys:
    return {
        "aws:currenttime": (caller.at.isoformat(),),
        "aws:epochtime": (str(int(caller.at.timestamp())),),
        "aws:requestedregion": (caller.region,),
        "aws:securetransport": ("true" if caller.secure else "false",),
        "aws:sourceip": (caller.source_ip,),
        "aws:useragent": (caller.user_agent,),
    }


ANONYMOUS = Principal("", "anonymous", "ANONYMOUS_PRINCIPAL", "", "", 0)


def root_principal(account: str, credential_id: str, epoch: int, stamp: int = 0) -> Principal:
    """The root of an account, as named by one of its keys."""
    return Principal(account, "root", account, f"arn:aws:iam::{account}:root", credential_id, epoch, stamp)


def user_principal(account: str, user_id: str, owner: str, credential_id: str, epoch: int, stamp: int = 0) -> Principal:
    """A user, as named by one of its keys; `owner` is its path and name."""
    return Principal(account, "user", user_id, f"arn:aws:iam::{account}:user{owner}", credential_id, epoch, stamp)


def allows(caller: Caller, operation: str, resource: Resource) -> bool:
    """Whether `require` would pass, for operations that a denial turns into another answer."""
    try:
        require(caller, operation, resource)
    except AccessDenied:
        return False
    return True
