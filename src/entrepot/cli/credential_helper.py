"""`docker-credential-entrepot`: logs container clients in with the caller's AWS credentials; no password is stored.

Speaks docker's credential helper protocol (a verb as argument, the registry's address on stdin): `get` asks the server
for a registry token, `store` and `erase` keep nothing, `list` knows nothing.
"""

import base64
import http.client
import json
import re
import ssl
import sys
from datetime import UTC, datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

from entrepot import __version__
from entrepot.cli import aws_credentials
from entrepot.cli.aws_credentials import AwsCredentials
from entrepot.policy import sigv4

# docker looks for these words to tell "none" from "broken"
NOT_FOUND = "credentials not found in native keychain"
_TARGETS = {
    "ecr": "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken",
    "ecr-public": "SpencerFrontendService.GetAuthorizationToken",
}
_DEFAULT_REGION = "us-east-1"
_TIMEOUT_SECONDS = 20
_HOST_STYLE = re.compile(r"\d{12}\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.(?P<domain>.+)")
_PUBLIC = re.compile(r"public\.ecr\..+")  # such a host is in the default region whatever the caller's is
_LOOPBACK = re.compile(r"localhost|127\.[\d.]+|::1")


class HelperFault(Exception):
    """Why there is no token; the client prints it."""


def main() -> None:
    """Run one verb of the protocol."""
    verb = sys.argv[1] if len(sys.argv) > 1 else ""
    try:
        sys.stdout.write(answer(verb, sys.stdin.read() if verb in {"get", "store", "erase"} else ""))
    except HelperFault as fault:
        sys.stdout.write(f"{fault}\n")
        sys.exit(1)


def answer(verb: str, given: str) -> str:
    """What this verb prints."""
    match verb:
        case "get":
            address = given.strip()
            return json.dumps({"ServerURL": address, "Username": "AWS", "Secret": registry_token(address)})
        case "store" | "erase":
            return ""
        case "list":
            return "{}"
        case "version":
            return f"docker-credential-entrepot {__version__}\n"
        case _:
            raise HelperFault("usage: docker-credential-entrepot <get|store|erase|list|version>")


def registry_token(address: str) -> str:
    """A registry token from the server at this address, as a client names it: host:port, or an URL."""
    credentials = aws_credentials.find()
    if credentials is None:
        raise HelperFault(NOT_FOUND)
    server = urlsplit(address if "//" in address else f"//{address}")
    host_style = _HOST_STYLE.fullmatch(server.hostname or "")
    service = "ecr-public" if _PUBLIC.fullmatch(server.hostname or "") else "ecr"
    region = _DEFAULT_REGION
    if service == "ecr":
        region = host_style["region"] if host_style else aws_credentials.region() or _DEFAULT_REGION
    if host_style:
        port = f":{server.port}" if server.port else ""
        server = server._replace(netloc=f"api.ecr.{region}.{host_style['domain']}{port}")
    faults = []
    for scheme in _schemes(server):
        try:
            return _ask(scheme, server.netloc, service, region, credentials)
        except (OSError, http.client.HTTPException) as fault:
            faults.append(f"{scheme}: {fault}")
    raise HelperFault(f"{server.netloc} does not answer ({'; '.join(faults)})")


def _schemes(server: SplitResult) -> tuple[str, ...]:
    """TLS first; plain HTTP only on loopback, or where AWS's tools are told so for this very address."""
    endpoint = urlsplit(aws_credentials.endpoint_url() or "")
    if endpoint.netloc == server.netloc and endpoint.scheme in {"http", "https"}:
        return (endpoint.scheme,)
    if server.scheme == "http" or _LOOPBACK.fullmatch(server.hostname or ""):
        return ("https", "http")
    return ("https",)


def _ask(scheme: str, netloc: str, service: str, region: str, credentials: AwsCredentials) -> str:
    headers = {
        "host": netloc,
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": _TARGETS[service],
    }
    if credentials.session_token:
        headers["x-amz-security-token"] = credentials.session_token
    body = b"{}"
    signed = sigv4.sign(
        "POST",
        "/",
        headers,
        body,
        credentials.access_key_id,
        credentials.secret_access_key,
        region,
        service,
        datetime.now(UTC),
    )
    connection = _connect(scheme, netloc)
    try:
        connection.request("POST", "/", body, {**headers, **signed})
        response = connection.getresponse()
        answered = _decoded(response.read())
    finally:
        connection.close()
    if response.status != http.client.OK:
        reason = answered.get("message") or answered.get("Message") or answered.get("__type") or response.reason
        raise HelperFault(f"{netloc} refused: {reason}")
    data = answered["authorizationData"]  # of ECR a list of one
    token = base64.b64decode((data[0] if service == "ecr" else data)["authorizationToken"]).decode()
    return token.removeprefix("AWS:")


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
