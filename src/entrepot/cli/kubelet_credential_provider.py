"""`entrepot kubelet-credential-provider`: kubelet's exec plugin for image credentials (kubelet configuration API,
"CredentialProvider"): a request on stdin, a response on stdout, what is wrong on stderr.
"""

import sys
from typing import Annotated

import msgspec
from cyclopts import Parameter

from entrepot.cli import registry_tokens
from entrepot.cli.registry_tokens import RegistryToken
from entrepot.cli.server_calls import CallRefused

ANNOTATION = "eks.amazonaws.com/role-arn"
_GROUP = "credentialprovider.kubelet.k8s.io/"
_VERSIONS = frozenset({"v1", "v1beta1", "v1alpha1"})
_MOST_BYTES = 1024 * 1024
_MARGIN_SECONDS = 60  # a password that kubelet still has is still good


class Request(msgspec.Struct, rename="camel"):
    """What kubelet asks; the token and the annotations are those of the pod's service account, where it sends them."""

    kind: str
    api_version: str
    image: str
    service_account_token: str | None = None
    service_account_annotations: dict[str, str] | None = None


class Auth(msgspec.Struct):
    """A user and password."""

    username: str
    password: str


class Response(msgspec.Struct, rename="camel"):
    """What kubelet is told: which images the password is for, and how long it may be kept (a duration as Go has it)."""

    kind: str
    api_version: str
    cache_key_type: str
    cache_duration: str
    auth: dict[str, Auth]


def provide(
    *,
    role_arn: Annotated[str, Parameter(help="The role of pods whose service account names none.")] = "",
    role_annotation: Annotated[str, Parameter(help="The annotation of service accounts that names it.")] = ANNOTATION,
) -> int:
    """Answer one request of kubelet: for the role of the pod's service account, where kubelet sends its token and a
    role is named; else for what AWS's own tools would use here.
    """
    try:
        request = _read(sys.stdin.buffer.read(_MOST_BYTES))
        registry = _registry(request.image)
        annotated = (request.service_account_annotations or {}).get(role_annotation, "")
        token = _token(registry, annotated or role_arn, request.service_account_token or "", role_annotation)
    except (CallRefused, OSError) as refused:
        sys.stderr.write(f"entrepot: {refused}\n")
        return 1
    seconds = max(token.seconds - _MARGIN_SECONDS, 0)
    auth = {registry: Auth("AWS", token.password)}
    response = Response("CredentialProviderResponse", request.api_version, "Registry", f"{seconds}s", auth)
    sys.stdout.write(msgspec.json.encode(response).decode() + "\n")
    return 0


def _read(content: bytes) -> Request:
    try:
        request = msgspec.json.decode(content, type=Request)
    except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
        raise CallRefused(f"stdin holds no CredentialProviderRequest: {fault}") from None
    group, slash, version = request.api_version.rpartition("/")
    if request.kind != "CredentialProviderRequest" or group + slash != _GROUP or version not in _VERSIONS:
        raise CallRefused(f"stdin holds a {request.kind} of {request.api_version}, not one of {_GROUP}v1")
    return request


def _registry(image: str) -> str:
    """The host and port of an image's registry."""
    registry, slash, _ = image.partition("/")
    if not slash or not ("." in registry or ":" in registry or registry == "localhost"):
        raise CallRefused(f"the image '{image[:256]}' names no registry")
    return registry


def _token(registry: str, role: str, identity_token: str, annotation: str) -> RegistryToken:
    if role and identity_token:
        return registry_tokens.by_role(registry, role, identity_token)
    found = registry_tokens.by_environment(registry)
    if found is None:
        raise CallRefused(
            "no credentials: kubelet sends a token of the pod's service account and the account is annotated with "
            f"{annotation}, or --role-arn names a role, or AWS credentials are in the environment or the shared files"
        )
    return found
