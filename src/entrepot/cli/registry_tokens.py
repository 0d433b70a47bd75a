"""Asks a server for a registry token, from the machine of whoever pulls: by AWS credentials, or by a role and the token
of an identity provider that the role trusts.
"""

import base64
import http.client
import json
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import SplitResult, urlsplit

from entrepot.cli import aws_credentials
from entrepot.cli.aws_credentials import AwsCredentials
from entrepot.policy import sigv4

T = TypeVar("T")
_TARGETS = {
    "ecr": "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken",
    "ecr-public": "SpencerFrontendService.GetAuthorizationToken",
}
_REALM = "/public.ecr/token/"
_DEFAULT_REGION = "us-east-1"
_TIMEOUT_SECONDS = 20
_MOST_BYTES = 1024 * 1024
_HOST_STYLE = re.compile(r"\d{12}\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.(?P<domain>.+)")
_PUBLIC = re.compile(r"public\.ecr\..+")  # such a host is in the default region whatever the caller's is
_LOOPBACK = re.compile(r"localhost|127\.[\d.]+|::1")


class TokenRefused(Exception):
    """Why there is no token; the client prints it."""


@dataclass(frozen=True)
class RegistryToken:
    """A password for the user AWS, and how long it is good for."""

    password: str = field(repr=False)
    seconds: int


def by_environment(address: str) -> RegistryToken | None:
    """A token for what AWS's own tools would use here, None without anything: TokenRefused."""
    named = aws_credentials.web_identity()
    return by_credentials(address) if named is None else by_role(address, *named)


def by_credentials(address: str) -> RegistryToken | None:
    """A token for the caller's AWS credentials, None without any; `address` is a registry's as a client names it:
    host:port, or an URL. TokenRefused.
    """
    credentials = aws_credentials.find()
    if credentials is None:
        return None
    server = _server(address)
    host_style = _HOST_STYLE.fullmatch(server.hostname or "")
    service = "ecr-public" if _PUBLIC.fullmatch(server.hostname or "") else "ecr"
    region = _DEFAULT_REGION
    if service == "ecr":
        region = host_style["region"] if host_style else aws_credentials.region() or _DEFAULT_REGION
    if host_style:
        port = f":{server.port}" if server.port else ""
        server = server._replace(netloc=f"api.ecr.{region}.{host_style['domain']}{port}")
    return _reached(server, lambda scheme: _signed(scheme, server.netloc, service, region, credentials))


def by_role(address: str, role: str, identity_token: str) -> RegistryToken:
    """A token for a role that trusts the provider of an identity token, and no longer than that: TokenRefused."""
    server = _server(address)
    basic = base64.b64encode(f"{role}:{identity_token}".encode()).decode()

    def ask(scheme: str) -> RegistryToken:
        answered = _asked(scheme, server.netloc, "GET", _REALM, b"", {"Authorization": f"Basic {basic}"})
        return RegistryToken(str(answered["token"]), int(answered["expires_in"]))

    return _reached(server, ask)


def _server(address: str) -> SplitResult:
    try:
        server = urlsplit(address if "//" in address else f"//{address}")
        named = bool(server.hostname) and (server.port is None or server.port > 0)
    except ValueError:
        named = False
    if not named:
        raise TokenRefused(f"'{address[:256]}' is not the address of a registry")
    return server


def _reached(server: SplitResult, ask: Callable[[str], T]) -> T:
    faults = []
    for scheme in _schemes(server):
        try:
            return ask(scheme)
        except (OSError, http.client.HTTPException) as fault:
            faults.append(f"{scheme}: {fault}")
    raise TokenRefused(f"{server.netloc} does not answer ({'; '.join(faults)})")


def _schemes(server: SplitResult) -> tuple[str, ...]:
    """TLS first; plain HTTP only on loopback, or where AWS's tools are told so for this very address."""
    endpoint = urlsplit(aws_credentials.endpoint_url() or "")
    if endpoint.netloc == server.netloc and endpoint.scheme in {"http", "https"}:
        return (endpoint.scheme,)
    if server.scheme == "http" or _LOOPBACK.fullmatch(server.hostname or ""):
        return ("https", "http")
    return ("https",)


def _signed(scheme: str, netloc: str, service: str, region: str, credentials: AwsCredentials) -> RegistryToken:
    headers = {
        "host": netloc,
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": _TARGETS[service],
    }
    if credentials.session_token:
        headers["x-amz-security-token"] = credentials.session_token
    body, now = b"{}", datetime.now(UTC)
    keys = (credentials.access_key_id, credentials.secret_access_key)
    signed = sigv4.sign("POST", "/", headers, body, *keys, region, service, now)
    data = _asked(scheme, netloc, "POST", "/", body, {**headers, **signed})["authorizationData"]
    data = data[0] if service == "ecr" else data  # of ECR a list of one
    password = base64.b64decode(data["authorizationToken"]).decode().removeprefix("AWS:")
    return RegistryToken(password, int(float(data["expiresAt"]) - now.timestamp()))


def _asked(scheme: str, netloc: str, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    connection = _connect(scheme, netloc)
    try:
        connection.request(method, path, body, dict(headers))
        response = connection.getresponse()
        answered = _decoded(response.read(_MOST_BYTES))
    finally:
        connection.close()
    if response.status != http.client.OK:
        raise TokenRefused(f"{netloc} refused: {_reason(answered) or response.reason}")
    return answered


def _reason(answered: Mapping[str, Any]) -> str:
    """What an error says, of either door."""
    errors = answered.get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        return str(errors[0].get("message", ""))
    return str(answered.get("message") or answered.get("Message") or answered.get("__type") or "")


def _connect(scheme: str, netloc: str) -> http.client.HTTPConnection:
    if scheme == "http":
        return http.client.HTTPConnection(netloc, timeout=_TIMEOUT_SECONDS)
    context = ssl.create_default_context()
    bundle = aws_credentials.ca_bundle()
    if bundle:
        context.load_verify_locations(bundle)
    return http.client.HTTPSConnection(netloc, timeout=_TIMEOUT_SECONDS, context=context)


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        decoded = json.loads(body)
    except ValueError:
        return {}
    return decoded if isinstance(decoded, dict) else {}
