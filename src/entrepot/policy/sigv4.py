"""AWS Signature Version 4, verified (docs: "Signing AWS API requests", "Create a signed AWS API request").

Pure: takes what was received, the secret and the time; says whether they fit. Header and presigned (query) forms, and
the chunked payloads of "Transferring payload in multiple chunks".
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote, unquote_to_bytes

from entrepot.errors import CredentialMissing, RequestMalformed, RequestSkewed, SignatureInvalid
from entrepot.spec.sigv4 import ALGORITHM, STAMP, signing_key

EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
UNSIGNED = "UNSIGNED-PAYLOAD"
_SKEW = timedelta(minutes=5)
_LONGEST_PRESIGNED = 7 * 24 * 3600
_SCOPE = re.compile(r"([A-Za-z0-9]{4,128})/(\d{8})/([a-z0-9-]{2,32})/([a-z0-9-]{2,32})/aws4_request")
_SPACES = re.compile(r" +")


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it arrived: raw path and query, headers as (name, value) in order."""

    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Signature:
    """What a request claims: whose key, for which scope and time, over which headers.

    `expires` in seconds is set on presigned requests; `payload_hash` when the client declared one.
    """

    access_key_id: str
    date: str
    region: str
    service: str
    signed_at: datetime
    signed_headers: tuple[str, ...]
    value: str
    expires: int | None
    payload_hash: str | None
    session_token: str | None

    @property
    def scope(self) -> str:
        """The credential scope."""
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


def find(request: Received) -> Signature:
    """The signature that a request carries: CredentialMissing, RequestMalformed."""
    headers = _joined(request.headers)
    lines = [value for name, value in request.headers if name.lower() == "authorization"]
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    if len(lines) > 1 or (lines and "X-Amz-Signature" in query):
        raise RequestMalformed(reason="several signatures or Authorization headers; send one")
    if lines:
        return _of_header(lines[0], headers)
    if "X-Amz-Signature" in query:
        return _of_query(query)
    raise CredentialMissing


def verify(
    request: Received, signature: Signature, secret: str, payload_hash: str, now: datetime, hosts: Sequence[str]
) -> None:
    """SignatureInvalid unless the secret signed this request for one of `hosts`; RequestSkewed out of its time.

    The host and every x-amz-* header must be signed: an operation or a payload hash that anyone could change is none.
    A session token may be added after signing ("post-sts-header-after" of AWS's test suite): it names its key itself.
    """
    _check_time(signature, now)
    present = {"host"} | {name.lower() for name, _ in request.headers if name.lower().startswith("x-amz-")}
    present.discard("x-amz-security-token")
    if unsigned := sorted(present.difference(signature.signed_headers)):
        raise SignatureInvalid(reason=f"these headers must be signed: {', '.join(unsigned)}")
    key = signing_key(secret, signature.date, signature.region, signature.service)
    for host in hosts:
        expected = _sign(key, _string_to_sign(request, signature, payload_hash, host))
        if hmac.compare_digest(expected.encode(), signature.value.encode()):
            return
    raise SignatureInvalid(reason=f"scope {signature.scope}, signed headers {';'.join(signature.signed_headers)}")


def sign(
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    access_key_id: str,
    secret: str,
    region: str,
    service: str,
    now: datetime,
) -> dict[str, str]:
    """The headers that sign a request without a query: `x-amz-date`, `authorization`; all of `headers` are signed."""
    stamp = now.strftime(STAMP)
    given = {name.lower(): value for name, value in headers.items()} | {"x-amz-date": stamp}
    token = given.get("x-amz-security-token")
    unsigned = Signature(access_key_id, stamp[:8], region, service, now, tuple(sorted(given)), "", None, None, token)
    request = Received(method, path, "", list(given.items()))
    payload_hash = hashlib.sha256(body).hexdigest()
    text = _string_to_sign(request, unsigned, payload_hash, given["host"])
    value = _sign(signing_key(secret, unsigned.date, region, service), text)
    signed = ";".join(unsigned.signed_headers)
    credential = f"Credential={access_key_id}/{unsigned.scope}"
    return {
        "x-amz-date": stamp,
        "authorization": f"{ALGORITHM} {credential}, SignedHeaders={signed}, Signature={value}",
    }


def chunk_signature(secret: str, signature: Signature, previous: str, chunk: bytes) -> str:
    """The signature of one chunk of a STREAMING-AWS4-HMAC-SHA256-PAYLOAD body."""
    text = "\n".join(
        (
            "AWS4-HMAC-SHA256-PAYLOAD",
            signature.signed_at.strftime(STAMP),
            signature.scope,
            previous,
            EMPTY_SHA256,
            hashlib.sha256(chunk).hexdigest(),
        )
    )
    return _sign(signing_key(secret, signature.date, signature.region, signature.service), text)


def trailer_signature(secret: str, signature: Signature, previous: str, trailer: bytes) -> str:
    """The signature of the trailing headers of a …-TRAILER body."""
    text = "\n".join(
        (
            "AWS4-HMAC-SHA256-TRAILER",
            signature.signed_at.strftime(STAMP),
            signature.scope,
            previous,
            hashlib.sha256(trailer).hexdigest(),
        )
    )
    return _sign(signing_key(secret, signature.date, signature.region, signature.service), text)


def canonical_request(request: Received, signature: Signature, payload_hash: str, host: str) -> str:
    """The text whose hash is signed."""
    headers = _joined(request.headers) | {"host": host}
    lines = "".join(f"{name}:{headers.get(name, '')}\n" for name in signature.signed_headers)
    return "\n".join(
        (
            request.method,
            quote(_normal(request.path), safe="/~-_."),
            _canonical_query(request.query),
            lines,
            ";".join(signature.signed_headers),
            payload_hash,
        )
    )


def _of_header(line: str, headers: Mapping[str, str]) -> Signature:
    algorithm, _, rest = line.partition(" ")
    if algorithm != ALGORITHM:
        raise RequestMalformed(reason=f"Authorization of type '{algorithm[:32]}'; send {ALGORITHM}")
    fields = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    return _signature(
        credential=fields.get("Credential", ""),
        stamp=headers.get("x-amz-date", ""),
        signed=fields.get("SignedHeaders", ""),
        value=fields.get("Signature", ""),
        expires=None,
        payload_hash=headers.get("x-amz-content-sha256"),
        session_token=headers.get("x-amz-security-token"),
    )


def _of_query(query: Mapping[str, str]) -> Signature:
    if query.get("X-Amz-Algorithm") != ALGORITHM:
        raise RequestMalformed(reason=f"X-Amz-Algorithm must be {ALGORITHM}")
    expires = query.get("X-Amz-Expires", "")
    if not expires.isascii() or not expires.isdigit() or not 1 <= int(expires[:9]) <= _LONGEST_PRESIGNED:
        raise RequestMalformed(reason=f"X-Amz-Expires must be 1 to {_LONGEST_PRESIGNED} seconds")
    return _signature(
        credential=query.get("X-Amz-Credential", ""),
        stamp=query.get("X-Amz-Date", ""),
        signed=query.get("X-Amz-SignedHeaders", ""),
        value=query["X-Amz-Signature"],
        expires=int(expires),
        payload_hash=query.get("X-Amz-Content-Sha256"),
        session_token=query.get("X-Amz-Security-Token"),
    )


def _signature(
    *,
    credential: str,
    stamp: str,
    signed: str,
    value: str,
    expires: int | None,
    payload_hash: str | None,
    session_token: str | None,
) -> Signature:
    match = _SCOPE.fullmatch(credential)
    if match is None:
        raise RequestMalformed(reason="Credential must be <access key id>/<date>/<region>/<service>/aws4_request")
    try:
        signed_at = datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)
    except ValueError:
        raise RequestMalformed(reason="X-Amz-Date must be given as YYYYMMDDTHHMMSSZ") from None
    if stamp[:8] != match[2]:
        raise RequestMalformed(reason="the date of the Credential is not that of X-Amz-Date")
    if not signed or not value:
        raise RequestMalformed(reason="SignedHeaders and Signature must be given")
    names = tuple(signed.lower().split(";"))
    return Signature(
        match[1], match[2], match[3], match[4], signed_at, names, value, expires, payload_hash, session_token
    )


def _check_time(signature: Signature, now: datetime) -> None:
    lifetime = _SKEW if signature.expires is None else timedelta(seconds=signature.expires)
    if not -_SKEW <= now - signature.signed_at <= lifetime:
        allowed = _SKEW.seconds if now < signature.signed_at else int(lifetime.total_seconds())
        raise RequestSkewed(
            signed_at=signature.signed_at.strftime(STAMP), server_at=now.strftime(STAMP), allowed_seconds=allowed
        )


def _string_to_sign(request: Received, signature: Signature, payload_hash: str, host: str) -> str:
    hashed = hashlib.sha256(canonical_request(request, signature, payload_hash, host).encode()).hexdigest()
    return "\n".join((ALGORITHM, signature.signed_at.strftime(STAMP), signature.scope, hashed))


def _sign(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode(), "sha256").hex()


def _canonical_query(query: str) -> str:
    pairs = []
    for part in query.split("&") if query else ():
        name, _, value = part.partition("=")
        if name != "X-Amz-Signature":
            pairs.append((_encoded(name), _encoded(value)))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _encoded(text: str) -> str:
    """Percent-encoded once, in the one way that is signed, whatever the client's way was."""
    return quote(unquote_to_bytes(text), safe="-_.~")


def _joined(headers: Sequence[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        clean = _SPACES.sub(" ", value.strip())
        lower = name.lower()
        found[lower] = f"{found[lower]},{clean}" if lower in found else clean
    return found


def _normal(path: str) -> str:
    """Without dot segments and doubled slashes (RFC 3986, 5.2.4)."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts) + ("/" if path.endswith("/") and parts else "")
