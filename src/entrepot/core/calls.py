"""Calls: what is counted, audited and measured of each request without a write to the database.

A door fills in a Telling while it answers a request; once the answer has been sent, it becomes one Call in the journal
of the process (call_pages.py). Three jobs read the journals: one counts pulls, one keeps the audit records, one keeps
the metrics.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from entrepot.core.principals import Principal
from entrepot.spec.moments import micros

Json = Mapping[str, object]
LARGEST = 208 * 1024  # bytes of what is a call's own; what is too large is cut, and says so
_GREATEST = 2**63 - 1  # of the integers that are written as such
# what a request holds need not be text, nor a number of 64 bits, nor flat
_UNWRITABLE = (UnicodeEncodeError, OverflowError, RecursionError)
_LONGEST_TEXT = 1024  # characters that are left of a text where something is cut
_MOST_ITEMS = 100


class Identity(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """Who called, as an audit record shows it; `issued_at` in microseconds, 0 where there is no session."""

    kind: str  # a PrincipalKind
    principal_id: str
    arn: str
    account: str
    access_key_id: str
    issuer: str = ""  # the ARN of the role, or of the user behind a federated one
    issuer_id: str = ""
    issued_at: int = 0
    mfa: bool = False
    source_identity: str = ""
    provider: str = ""


class Alike(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """Parameters that many calls have alike: each kind names them as AWS's API does. A page has them once."""


class Common(msgspec.Struct, frozen=True, array_like=True):
    """What calls of one client about one image have in common: of those of a moment, few differ in it.

    `account` and `region` are those of what was acted upon; `service` is the model's name; without an `operation` the
    call was refused before anyone knew who asked for what. `error` is AWS's code, '' for success; `caller` is the
    account of who called, None for nobody; `pulled` are the digests of the manifests that were handed out;
    `alike` are parameters that such calls have alike.
    """

    service: str
    operation: str
    account: str
    region: str
    repository_id: str
    repository: str
    door: str  # oci | aws | worker
    status: int
    error: str
    pulled: tuple[str, ...]
    head: bool  # a HEAD request: it hands nothing out
    source_ip: str
    user_agent: str
    secure: bool
    caller: str | None
    identity: Identity | None
    alike: Json | None


class Said(msgspec.Struct, frozen=True, array_like=True):
    """What a call has said of itself beside its numbers; the names are those of a `Call`."""

    message: str
    parameters: Json | None
    response: Json | None


class Call(msgspec.Struct, frozen=True, array_like=True):
    """One request that was answered. `at` and `took` in microseconds, `received` and `sent` are bytes of bodies.

    `parameters` and `response` are the members of the request and the answer as AWS's API names them, no secret
    among them; of the OCI door, registry and repository stand in `account` and `repository` alone.
    """

    at: int
    received: int
    sent: int
    took: int
    request_id: str
    common: Common
    message: str
    parameters: Json | None
    response: Json | None

    @property
    def asked(self) -> Json | None:
        """The parameters, its own or those that it has in common with others."""
        return self.common.alike if self.parameters is None else self.parameters


class Telling(msgspec.Struct, gc=False):
    """What a door tells of the request that it answers; nothing is journalled of one without `service`.

    Its parameters stand in `alike` where many requests have the same.
    """

    service: str = ""
    operation: str = ""
    account: str = ""
    region: str = ""
    principal: Principal | None = None
    repository_id: str = ""
    repository: str = ""
    pulled: tuple[str, ...] = ()
    error: str = ""
    message: str = ""
    received: int = 0
    alike: Alike | None = None
    parameters: Json | None = None
    response: Json | None = None


CallNumbers = tuple[int, int, int, int]  # of a call: at, received, sent, took


class Encoded(NamedTuple):
    """A call, with what it has in common with others by itself: who has seen that need not decode it again."""

    numbers: CallNumbers
    request_id: str
    common: bytes
    said: bytes | msgspec.Raw | None  # nothing of most


_ENCODE = msgspec.msgpack.Encoder(enc_hook=str).encode  # digests and tags are kinds of str
_SAID = msgspec.msgpack.Decoder(Said)
_SILENT = Said("", None, None)
common_of = msgspec.msgpack.Decoder(Common).decode  # msgspec.DecodeError for anything else


def encode(call: Call) -> Encoded:
    """A call that `decode` gives back, cut where it is too large."""
    numbers = call.at, call.received, call.sent, call.took
    said = encode_said(call.message, call.parameters, call.response)
    return Encoded(numbers, call.request_id, encode_common(call.common), said)


def decode(encoded: Encoded) -> Call:
    """A call that `encode` was given; msgspec.DecodeError for anything else."""
    at, received, sent, took = encoded.numbers
    said = _SILENT if encoded.said is None else _SAID.decode(encoded.said)
    return Call(
        at,
        received,
        sent,
        took,
        encoded.request_id,
        common_of(encoded.common),
        said.message,
        said.parameters,
        said.response,
    )


def encode_common(common: Common) -> bytes:
    """What calls have in common, whatever a request held."""
    try:
        return _ENCODE(common)
    except _UNWRITABLE:
        texts = {name: _shown(getattr(common, name)) for name in ("operation", "account", "repository", "alike")}
        return _ENCODE(msgspec.structs.replace(common, **texts))


def encode_said(message: str, parameters: Json | None, response: Json | None) -> bytes | None:
    """What a call has said of itself (`Said`), None for nothing: at most LARGEST bytes, whatever the request held."""
    if not message and parameters is None and response is None:
        return None
    try:
        encoded = _ENCODE((message, parameters, response))
    except _UNWRITABLE:
        message, parameters, response = _writable(message, parameters, response)
        encoded = _ENCODE((message, parameters, response))
    return encoded if len(encoded) <= LARGEST else _cut_said(Said(message, parameters, response))


def _cut_said(said: Said) -> bytes:
    """With parameters and response cut as far as they must be."""
    cut = Said(said.message[:_LONGEST_TEXT], _cut(said.parameters), _cut(said.response))
    encoded = _ENCODE(cut)
    if len(encoded) <= LARGEST:
        return encoded
    return _ENCODE(Said(cut.message, {"cut": "too large"}, None))


def _cut(value: Any) -> Any:
    match value:
        case dict():
            return {name: _cut(item) for name, item in value.items()}
        case list() | tuple() if len(value) > _MOST_ITEMS:
            return [*(_cut(item) for item in value[:_MOST_ITEMS]), f"(cut: {len(value)} items)"]
        case list() | tuple():
            return [_cut(item) for item in value]
        case str() if len(value) > _LONGEST_TEXT:
            return f"{value[:_LONGEST_TEXT]}(cut: {len(value)} characters)"
        case _:
            return value


def _writable(message: str, parameters: Json | None, response: Json | None) -> tuple[str, Json | None, Json | None]:
    """With what cannot be written shown as text, or left out where it is too deep."""
    try:
        told = _shown(message), _shown(parameters), _shown(response)
        _ENCODE(told)
    except RecursionError:
        return _shown(message), {"cut": "too deep"}, None
    return told


def _shown(value: Any) -> Any:
    match value:
        case dict():
            return {_shown(name): _shown(item) for name, item in value.items()}
        case list() | tuple():
            return [_shown(item) for item in value]
        case str():
            return value.encode("utf-8", "replace").decode()
        case int() if abs(value) > _GREATEST:
            return str(value)
        case _:
            return value


def identity_of(principal: Principal) -> Identity:
    """A principal as an audit record shows it."""
    session = principal.session
    if session is None:
        return Identity(principal.kind, principal.user_id, principal.arn, principal.account, principal.credential_id)
    return Identity(
        principal.kind,
        principal.user_id,
        principal.arn,
        principal.account,
        principal.credential_id,
        principal.behind or principal.arn,
        session.owner_id,
        micros(session.issued_at),
        session.mfa_at is not None,
        session.source_identity or "",
        session.provider or "",
    )
