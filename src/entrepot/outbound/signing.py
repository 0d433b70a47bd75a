"""AWS Signature Version 4 of requests that this server sends to AWS-compatible endpoints (docs: "Create a signed AWS
API request"). Pure: takes what is to be sent, the keys and the time; gives the headers to send.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import SplitResult, parse_qsl, quote, unquote_to_bytes, urlsplit

from entrepot.spec.sigv4 import ALGORITHM, STAMP, signing_key

_UNRESERVED = "-_.~"


@dataclass(frozen=True, slots=True)
class Keys:
    """What signs: an access key, and the token of its session where it is one of a session."""

    access_key_id: str
    secret: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


def encoded_path(segments: str) -> str:
    """A path as it is to be sent, each character in the one way that signatures agree on; slashes divide it."""
    return quote(segments, safe=f"/{_UNRESERVED}")


def encoded_query(pairs: Iterable[tuple[str, str]]) -> str:
    """A query as it is to be sent, in the order in which it is signed."""
    return "&".join(
        sorted(f"{quote(name, safe=_UNRESERVED)}={quote(value, safe=_UNRESERVED)}" for name, value in pairs)
    )


def signed(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    keys: Keys,
    region: str,
    service: str,
    now: datetime,
) -> dict[str, str]:
    """`headers` with those that sign them, the URL and the body; the URL is encoded as it will be sent."""
    address = urlsplit(url)
    stamp = now.strftime(STAMP)
    payload = hashlib.sha256(body).hexdigest()
    given = {**headers, "X-Amz-Date": stamp, "X-Amz-Content-Sha256": payload}
    if keys.session_token is not None:
        given["X-Amz-Security-Token"] = keys.session_token
    lines = {name.lower(): " ".join(value.split()) for name, value in given.items()} | {"host": _host(address)}
    names = ";".join(sorted(lines))
    request = _canonical(method, address, lines, names, payload, service)
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    text = "\n".join((ALGORITHM, stamp, scope, hashlib.sha256(request.encode()).hexdigest()))
    value = hmac.digest(signing_key(keys.secret, stamp[:8], region, service), text.encode(), "sha256").hex()
    credential = f"{keys.access_key_id}/{scope}"
    given["Authorization"] = f"{ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={value}"
    return given


def _canonical(
    method: str, address: SplitResult, lines: Mapping[str, str], names: str, payload: str, service: str
) -> str:
    """The request in the one way of writing it whose hash is signed."""
    path = _path(address.path, service)
    query = encoded_query(parse_qsl(address.query, keep_blank_values=True))
    headers = "".join(f"{name}:{lines[name]}\n" for name in sorted(lines))
    return f"{method}\n{path}\n{query}\n{headers}\n{names}\n{payload}"


def _host(address: SplitResult) -> str:
    """The Host header that is sent: without the scheme's own port."""
    default = {"http": ":80", "https": ":443"}.get(address.scheme, "")
    return address.netloc.removesuffix(default)


def _path(path: str, service: str) -> str:
    """S3 signs its names as they are sent; every other service signs the path encoded once more."""
    sent = quote(unquote_to_bytes(path or "/"), safe=f"/{_UNRESERVED}")
    return sent if service == "s3" else quote(sent, safe=f"/{_UNRESERVED}")
