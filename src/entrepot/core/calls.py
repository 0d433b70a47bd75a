"""Calls: what is counted, audited and measured of each request without a write to the database.

A door fills in a Telling while it answers a request; once the answer has been sent, it becomes one Call in the journal
of the process, whose records are some calls each. Three jobs read the journals: one counts pulls, one keeps the audit
records, one keeps the metrics.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from entrepot.core.principals import Principal
from entrepot.spec.moments import micros

Json = Mapping[str, object]
Encoded = bytes | msgspec.Raw  # a call by itself, or where it stands among others
LARGEST = 240 * 1024  # bytes of a record; what is too large is cut, and says so
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


class Common(msgspec.Struct, frozen=True, array_like=True):
    """What calls of one client about one image have in common: of those of a moment, few differ in it.

    `account` and `region` are those of what was acted upon; `service` is the model's name; without an `operation` the
    call was refused before anyone knew who asked for what. `error` is AWS's code, '' for success; `caller` is the
    account of who called, None for nobody; `pulled` are the digests of the manifests that were handed out.
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
    caller: str | None
    pulled: tuple[str, ...]
    head: bool  # a HEAD request: it hands nothing out
    identity: Identity | None
    source_ip: str
    user_agent: str
    secure: bool


class Line(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The beginning of a `Call` with what it has in common with others encoded: who has seen that before need not
    decode it again. `at` and `took` in microseconds, `received` and `sent` are bytes of bodies.
    """

    at: int
    received: int
    sent: int
    took: int
    request_id: str
    common: msgspec.Raw


class Call(msgspec.Struct, frozen=True, array_like=True):
    """One request that was answered: a `Line`, and what was said.

    `parameters` and `response` are the members of the request and the answer as AWS's API names them, no secret among
    them; of the OCI door, registry and repository stand in `account` and `repository` alone.
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


class Telling(msgspec.Struct):
    """What a door tells of the request that it answers; nothing is journalled of one without `service`."""

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
    parameters: Json | None = None
    response: Json | None = None


_ENCODER = msgspec.msgpack.Encoder(enc_hook=str)  # digests and tags are kinds of str
_DECODER = msgspec.msgpack.Decoder(Call)
# what a record of the journal holds, as far as it is wanted: msgspec.DecodeError for one of another version
calls_in = msgspec.msgpack.Decoder(list[Call]).decode
lines_in = msgspec.msgpack.Decoder(list[Line]).decode
encoded_in = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode
line_of = msgspec.msgpack.Decoder(Line).decode
common_of = msgspec.msgpack.Decoder(Common).decode


def together(encoded: Iterable[bytes]) -> Iterator[bytes]:
    """Calls by themselves, in order, as records of the journal: of LARGEST bytes and a little, few as they can be."""
    part: list[msgspec.Raw] = []
    size = 0
    for call in encoded:
        if part and size + len(call) > LARGEST:
            yield _ENCODER.encode(part)
            part, size = [], 0
        part.append(msgspec.Raw(call))
        size += len(call)
    if part:
        yield _ENCODER.encode(part)


def encode(call: Call) -> bytes:
    """A call by itself: of at most LARGEST bytes, whatever the request held."""
    try:
        record = _ENCODER.encode(call)
    except _UNWRITABLE:
        call = _writable(call)
        record = _ENCODER.encode(call)
    return record if len(record) <= LARGEST else _ENCODER.encode(_cut_call(call))


def _cut_call(call: Call) -> Call:
    """With parameters and response cut as far as they must be."""
    cut = msgspec.structs.replace(
        call, message=call.message[:_LONGEST_TEXT], parameters=_cut(call.parameters), response=_cut(call.response)
    )
    if len(_ENCODER.encode(cut)) <= LARGEST:
        return cut
    return msgspec.structs.replace(cut, parameters={"cut": "too large"}, response=None)


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


def _writable(call: Call) -> Call:
    """With what cannot be written shown as text, or left out where it is too deep."""
    common = msgspec.structs.replace(
        call.common, **{name: _shown(getattr(call.common, name)) for name in ("operation", "account", "repository")}
    )
    try:
        told = {"parameters": _shown(call.parameters), "response": _shown(call.response)}
        _ENCODER.encode(told)
    except RecursionError:
        told = {"parameters": {"cut": "too deep"}, "response": None}
    return msgspec.structs.replace(call, common=common, message=_shown(call.message), **told)


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


def decode(encoded: Encoded) -> Call:
    """A call that `encode` made; msgspec.DecodeError for anything else."""
    return _DECODER.decode(encoded)


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
