"""Calls, as records of the journal: what is counted, audited and measured without a write to the database.

A door fills in a Telling while it answers a request; once the answer has been sent, it becomes one Call in the journal
of the process. Three jobs read the journals: one counts pulls, one keeps the audit records, one keeps the metrics.
"""

from collections.abc import Mapping

import msgspec

from entrepot.core.principals import Principal
from entrepot.spec.moments import micros

Json = Mapping[str, object]
LARGEST = 192 * 1024  # bytes of parameters, and of response elements, that a record carries; beyond it says so
CUT = "entrepot:cut"  # the member that stands for what was too large


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


class Call(msgspec.Struct, frozen=True, array_like=True):
    """One request that was answered. Without an operation it was refused before anyone knew who asked for what.

    `at` and `took` are in microseconds; `service` is the model's name; `account` and `region` are those of what was
    acted upon; `pulled` are the digests of the manifests that were handed out; `error` is AWS's code, '' for success.
    `parameters` and `response` are the members of the request and the answer as AWS's API names them, no secret among
    them; of the OCI door, registry and repository stand in `account` and `repository` alone.
    """

    at: int
    service: str
    operation: str
    door: str  # oci | aws
    account: str
    region: str
    identity: Identity | None
    request_id: str
    source_ip: str
    user_agent: str
    secure: bool
    repository_id: str
    repository: str
    pulled: tuple[str, ...]
    status: int
    error: str
    message: str
    received: int  # bytes of the request's body
    sent: int  # bytes of the answer's body
    took: int
    head: bool  # a HEAD request: it hands nothing out
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


def encode(call: Call) -> bytes:
    """The journal's record of this call."""
    return _ENCODER.encode(call)


def decode(record: bytes) -> Call:
    """A record that `encode` made; msgspec.DecodeError for anything else."""
    return _DECODER.decode(record)


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
