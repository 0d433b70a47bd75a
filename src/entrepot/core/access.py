"""Who is calling, and the one function that decides what a caller may do.

Every operation of both doors passes through `authorize`, before anything is looked up: a denial says nothing about
what exists. Deny by default.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Literal, Protocol

import msgspec

from entrepot.core import denials
from entrepot.core.principals import Principal
from entrepot.core.resources import Resource
from entrepot.core.rights import Rights
from entrepot.errors import AccessDenied
from entrepot.policy.decision import Decision
from entrepot.policy.evaluation import Context

IMAGE_KEYS = ("ecr:imagetag", "ecr:imagedigest")
ImageName = tuple[str, str]  # tag and digest, '' where there is none
# what everyone may ask of a public repository over OCI; no policy has a say
_PUBLIC_READS = frozenset({"BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer", "ListImages"})
Door = Literal["oci", "aws", "worker"]


class Keys(Protocol):
    """Condition keys of a request, in lower case."""

    def get(self, key: str, /) -> tuple[str, ...] | None:
        """The values of a key, None where there are none."""


NO_KEYS: Keys = MappingProxyType({})


class Caller(msgspec.Struct, frozen=True, gc=False):
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


def authorize(rights: Rights, action: str, resource: Resource, request: Context) -> frozenset[str]:
    """Allow, or raise AccessDenied with the reason; `request` reads the request's condition keys.

    Returns the keys that were read.
    """
    decision = rights.decide(action, resource, request)
    if not decision.allowed:
        raise denied(rights, action, resource, request, decision)
    return decision.read


def require(caller: Caller, operation: str, resource: Resource, keys: Keys = NO_KEYS) -> None:
    """`authorize` an operation (`PutImage`) of the resource's service; `keys` are the condition keys, in lower case,
    that this request has beside those of every request.
    """
    if not is_public_read(caller, operation, resource):
        authorize(caller.rights, f"{resource.service}:{operation}", resource, Circumstances(caller, resource, keys))


def is_public_read(caller: Caller, operation: str, resource: Resource) -> bool:
    """Whether this is what everybody may do, whatever any policy says."""
    return resource.service == "ecr-public" and caller.door == "oci" and operation in _PUBLIC_READS


def require_put(caller: Caller, resource: Resource, tag: str, digest: str) -> None:
    """`require` of PutImage before the manifest has been received: what depends on its digest is decided afterwards."""
    action = f"{resource.service}:PutImage"
    request = Circumstances(caller, resource, image_keys(tag, digest))
    decision = caller.rights.decide(action, resource, request)
    if not decision.allowed and (digest or IMAGE_KEYS[1] not in decision.read):
        raise denied(caller.rights, action, resource, request, decision)


def require_images(
    caller: Caller, operation: str, resource: Resource, images: Callable[[], Sequence[ImageName]]
) -> None:
    """`require`, for images of a repository: `images` tells which, and is asked only when a policy speaks of tags or
    digests; each tag of each image must then be allowed by itself.
    """
    if is_public_read(caller, operation, resource):
        return
    action = f"{resource.service}:{operation}"
    named = _Images(images)
    read = authorize(caller.rights, action, resource, Circumstances(caller, resource, named))
    if not read.isdisjoint(IMAGE_KEYS):
        for image in named.all()[1:]:
            authorize(caller.rights, action, resource, Circumstances(caller, resource, image_keys(*image)))


def allows(caller: Caller, operation: str, resource: Resource, keys: Keys = NO_KEYS) -> bool:
    """Whether `require` would pass, for operations that a denial turns into another answer."""
    action, request = f"{resource.service}:{operation}", Circumstances(caller, resource, keys)
    return caller.rights.decide(action, resource, request).allowed


def image_keys(tag: str, digest: str) -> Keys:
    """The condition keys of an image: its tag, its digest, where it has them."""
    return {key: (value,) for key, value in zip(IMAGE_KEYS, (tag, digest), strict=True) if value}


def denied(
    rights: Rights, action: str, resource: Resource, request: Context, decision: Decision, why: str = ""
) -> AccessDenied:
    """A denial, with what only its account may read of it; `why` where the reason would tell others too much."""
    fact = AccessDenied(
        principal=decision.principal,
        action=action,
        resource=resource.told_as or resource.arn,
        why=why or decision.reason.clause(action),
    )
    if not why or rights.subject.account == resource.account:
        fact.evidence = denials.of(rights.subject, resource, decision, rights.values(decision.read, request))
    return fact


class Circumstances:
    """The condition keys of one request, each read when a policy asks for it."""

    __slots__ = ("_caller", "_keys", "_resource")

    def __init__(self, caller: Caller, resource: Resource, keys: Keys) -> None:
        self._caller = caller
        self._resource = resource
        self._keys = keys

    def get(self, key: str, default: tuple[str, ...], /) -> tuple[str, ...]:
        """The values of a key in lower case."""
        found = self._keys.get(key)
        if found is not None:
            return found
        general = _GENERAL.get(key)
        if general is not None:
            return general(self._caller) or default
        kind, slash, name = key.partition("/")
        if slash and kind in _TAGS[self._resource.service]:
            return tuple(value for tag, value in self._resource.tags() if tag.lower() == name)
        return default


class _Images:
    """The keys of the first of some images, which are read when they are asked for."""

    __slots__ = ("_images", "_read")

    def __init__(self, images: Callable[[], Sequence[ImageName]]) -> None:
        self._images = images
        self._read: Sequence[ImageName] | None = None

    def all(self) -> Sequence[ImageName]:
        if self._read is None:
            self._read = self._images() or (("", ""),)
        return self._read

    def get(self, key: str) -> tuple[str, ...] | None:
        return image_keys(*self.all()[0]).get(key) if key in IMAGE_KEYS else None


_GENERAL: Mapping[str, Callable[[Caller], tuple[str, ...]]] = {
    "aws:currenttime": lambda caller: (caller.at.isoformat(),),
    "aws:epochtime": lambda caller: (str(int(caller.at.timestamp())),),
    "aws:multifactorauthage": lambda caller: caller.principal.age(caller.at),
    "aws:requestedregion": lambda caller: (caller.region,),
    "aws:securetransport": lambda caller: ("true" if caller.secure else "false",),
    "aws:sourceip": lambda caller: (caller.source_ip,),
    "aws:useragent": lambda caller: (caller.user_agent,),
}
# what a resource's tags are called in conditions on the actions of a service; STS acts on roles, which are IAM's
_TAGS: Mapping[str, tuple[str, ...]] = {
    service: ("aws:resourcetag", f"{own}:resourcetag")
    for service, own in (
        ("cloudtrail", "cloudtrail"),
        ("cloudwatch", "cloudwatch"),
        ("ecr", "ecr"),
        ("ecr-public", "ecr-public"),
        ("entrepot", "entrepot"),
        ("events", "events"),
        ("iam", "iam"),
        ("inspector2", "inspector2"),
        ("kms", "kms"),
        ("secretsmanager", "secretsmanager"),
        ("signer", "signer"),
        ("sts", "iam"),
    )
}
