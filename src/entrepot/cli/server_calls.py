"""Calls of a server from somebody else's machine: by its address, signed with AWS credentials, over TLS unless it is on
loopback or the caller's AWS tools are told otherwise.
"""

import http.client
import json
import re
import ssl
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import SplitResult, urlencode, urlsplit

from entrepot.cli import aws_credentials
from entrepot.cli.aws_credentials import AwsCredentials
from entrepot.policy import sigv4

T = TypeVar("T")
DEFAULT_REGION = "us-east-1"
HOST_STYLE = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.(?P<domain>.+)")
_TIMEOUT_SECONDS = 20
_MOST_BYTES = 1024 * 1024
_ELEMENT = re.compile(r"<(AccessKeyId|SecretAccessKey|SessionToken|Message)>([^<]*)<")
_LOOPBACK = re.compile(r"localhost|127\.[\d.]+|::1")


class CallRefused(Exception):
    """Why there is no answer; the client prints it."""


def server_of(address: str) -> SplitResult:
    """The server of an address as a client names it, host:port or an URL: CallRefused."""
    try:
        server = urlsplit(address if "//" in address else f"//{address}")
        named = bool(server.hostname) and (server.port is None or server.port > 0)
    except ValueError:
        named = False
    if not named:
        raise CallRefused(f"'{address[:256]}' is not the address of a registry")
    return server


def api_of(server: SplitResult) -> SplitResult:
    """Where the AWS APIs of a registry's host are."""
    host_style = HOST_STYLE.fullmatch(server.hostname or "")
    if host_style is None:
        return server
    port = f":{server.port}" if server.port else ""
    return server._replace(netloc=f"api.ecr.{host_style['region']}.{host_style['domain']}{port}")


def reached(server: SplitResult, ask: Callable[[str], T]) -> T:
    """What is answered over the first scheme that works: CallRefused."""
    faults = []
    for scheme in _schemes(server):
        try:
            return ask(scheme)
        except (OSError, http.client.HTTPException) as fault:
            faults.append(f"{scheme}: {fault}")
    raise CallRefused(f"{server.netloc} does not answer ({'; '.join(faults)})")


def _schemes(server: SplitResult) -> tuple[str, ...]:
    """TLS first; plain HTTP only on loopback, or where AWS's tools are told so for this very address."""
    endpoint = urlsplit(aws_credentials.endpoint_url() or "")
    if endpoint.netloc == server.netloc and endpoint.scheme in {"http", "https"}:
        return (endpoint.scheme,)
    if server.scheme == "http" or _LOOPBACK.fullmatch(server.hostname or ""):
        return ("https", "http")
    return ("https",)


def signed(
    scheme: str,
    netloc: str,
    service: str,
    region: str,
    target: str,
    given: Mapping[str, object],
    credentials: AwsCredentials,
) -> dict[str, Any]:
    """The answer of an operation over AWS JSON 1.1: CallRefused, OSError, HTTPException."""
    headers = {"host": netloc, "content-type": "application/x-amz-json-1.1", "x-amz-target": target}
    if credentials.session_token:
        headers["x-amz-security-token"] = credentials.session_token
    body = json.dumps(given).encode()
    keys = (credentials.access_key_id, credentials.secret_access_key)
    signature = sigv4.sign("POST", "/", headers, body, *keys, region, service, datetime.now(UTC))
    return decoded(netloc, asked(scheme, netloc, "POST", "/", body, {**headers, **signature}))


def credentials_for(server: SplitResult, session_name: str) -> AwsCredentials:
    """What AWS's own tools would sign with here: a session of the role that the environment names with the token of an
    identity provider, else keys: CallRefused.
    """
    named = aws_credentials.web_identity()
    if named is not None:
        return reached(server, lambda scheme: _session(scheme, server.netloc, *named, session_name))
    found = aws_credentials.find()
    if found is None:
        raise CallRefused("no credentials: AWS's environment variables and shared files name none")
    return found


def _session(scheme: str, netloc: str, role: str, token: str, name: str) -> AwsCredentials:
    """AssumeRoleWithWebIdentity (STS API reference), which nobody signs."""
    form = {
        "Action": "AssumeRoleWithWebIdentity",
        "Version": "2011-06-15",
        "RoleArn": role,
        "RoleSessionName": name,
        "WebIdentityToken": token,
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    status, reason, body = asked(scheme, netloc, "POST", "/", urlencode(form).encode(), headers)
    told = dict(_ELEMENT.findall(body.decode("utf-8", "replace")))
    if status != http.client.OK:
        raise CallRefused(f"{netloc} refused: {told.get('Message') or reason}")
    try:
        return AwsCredentials(told["AccessKeyId"], told["SecretAccessKey"], told["SessionToken"])
    except KeyError:
        raise CallRefused(f"{netloc} gives no credentials that can be read") from None


def asked(
    scheme: str, netloc: str, method: str, path: str, body: bytes, headers: Mapping[str, str]
) -> tuple[int, str, bytes]:
    """Status, reason and body of an answer."""
    connection = _connect(scheme, netloc)
    try:
        connection.request(method, path, body, dict(headers))
        response = connection.getresponse()
        return response.status, response.reason, response.read(_MOST_BYTES)
    finally:
        connection.close()


def decoded(netloc: str, answer: tuple[int, str, bytes]) -> dict[str, Any]:
    """An answer of JSON: CallRefused with what an error says, of either door."""
    status, reason, body = answer
    try:
        told = json.loads(body)
    except ValueError:
        told = {}
    told = told if isinstance(told, dict) else {}
    if status != http.client.OK:
        raise CallRefused(f"{netloc} refused: {_reason(told) or reason}")
    return told


def _reason(answered: Mapping[str, Any]) -> str:
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
