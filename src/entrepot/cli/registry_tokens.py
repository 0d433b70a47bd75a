"""Asks a server for a registry token, from the machine of whoever pulls: by AWS credentials, or by a role and the token
of an identity provider that the role trusts.
"""

import base64
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

from entrepot.cli import aws_credentials, server_calls
from entrepot.cli.server_calls import DEFAULT_REGION, HOST_STYLE

_TARGETS = {
    "ecr": "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken",
    "ecr-public": "SpencerFrontendService.GetAuthorizationToken",
}
_REALM = "/public.ecr/token/"
_PUBLIC = re.compile(r"public\.ecr\..+")  # such a host is in the default region whatever the caller's is


@dataclass(frozen=True)
class RegistryToken:
    """A password for the user AWS, and how long it is good for."""

    password: str = field(repr=False)
    seconds: int


def by_environment(address: str) -> RegistryToken | None:
    """A token for what AWS's own tools would use here, None without anything: CallRefused."""
    named = aws_credentials.web_identity()
    return by_credentials(address) if named is None else by_role(address, *named)


def by_credentials(address: str) -> RegistryToken | None:
    """A token for the caller's AWS credentials, None without any; `address` is a registry's as a client names it:
    host:port, or an URL. CallRefused.
    """
    credentials = aws_credentials.find()
    if credentials is None:
        return None
    server = server_calls.server_of(address)
    host_style = HOST_STYLE.fullmatch(server.hostname or "")
    service = "ecr-public" if _PUBLIC.fullmatch(server.hostname or "") else "ecr"
    region = DEFAULT_REGION
    if service == "ecr":
        region = host_style["region"] if host_style else aws_credentials.region() or DEFAULT_REGION
    server, target = server_calls.api_of(server), _TARGETS[service]

    def ask(scheme: str) -> RegistryToken:
        data = server_calls.signed(scheme, server.netloc, service, region, target, {}, credentials)["authorizationData"]
        data = data[0] if service == "ecr" else data  # of ECR a list of one
        password = base64.b64decode(data["authorizationToken"]).decode().removeprefix("AWS:")
        return RegistryToken(password, int(float(data["expiresAt"]) - datetime.now(UTC).timestamp()))

    return server_calls.reached(server, ask)


def by_role(address: str, role: str, identity_token: str) -> RegistryToken:
    """A token for a role that trusts the provider of an identity token, and no longer than that: CallRefused."""
    server = server_calls.server_of(address)
    basic = base64.b64encode(f"{role}:{identity_token}".encode()).decode()

    def ask(scheme: str) -> RegistryToken:
        headers = {"Authorization": f"Basic {basic}"}
        answer = server_calls.asked(scheme, server.netloc, "GET", _REALM, b"", headers)
        answered = server_calls.decoded(server.netloc, answer)
        return RegistryToken(str(answered["token"]), int(answered["expires_in"]))

    return server_calls.reached(server, ask)
