"""Signatures of images as the Notary Project has them: what is signed, and the JWS envelope that it is in.

https://github.com/notaryproject/specifications : "Signature Specification", "JWS Signature Envelope", "OCI Signature
Manifest". Nothing is signed here.
"""

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

PAYLOAD: Final = "application/vnd.cncf.notary.payload.v1+json"
ENVELOPE: Final = "application/jose+json"
ARTIFACT: Final = "application/vnd.cncf.notary.signature"
THUMBPRINTS: Final = "io.cncf.notary.x509chain.thumbprint#S256"
ALGORITHM: Final = "ES384"
_SCHEME: Final = "notary.x509"
_AGENT: Final = "entrepot"


class _Target(msgspec.Struct, rename="camel"):
    media_type: str
    digest: str
    size: int


class _Payload(msgspec.Struct, rename="camel"):
    target_artifact: _Target


def payload(media_type: str, digest: str, size: int) -> bytes:
    """What is signed of a manifest."""
    return msgspec.json.encode(_Payload(_Target(media_type, digest, size)))


def target(text: bytes) -> str | None:
    """The digest of the artifact that a payload is about; None for a text that is no payload."""
    try:
        told = msgspec.json.decode(text, type=_Payload).target_artifact
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return told.digest if told.media_type and ":" in told.digest and told.size >= 0 else None


def protected(at: datetime, until: datetime) -> bytes:
    """The header that is signed: how, when, and until when the signature holds."""
    told = {
        "alg": ALGORITHM,
        "cty": PAYLOAD,
        "crit": ["io.cncf.notary.signingScheme", "io.cncf.notary.expiry"],
        "io.cncf.notary.signingScheme": _SCHEME,
        "io.cncf.notary.signingTime": _second(at),
        "io.cncf.notary.expiry": _second(until),
    }
    return msgspec.json.encode(told)


def signing_input(header: bytes, text: bytes) -> bytes:
    """The bytes that are signed (RFC 7515, 5.1)."""
    return _base64url(header) + b"." + _base64url(text)


def envelope(header: bytes, text: bytes, chain: Sequence[bytes], signature: bytes) -> bytes:
    """The envelope: `chain` of certificates in DER, the signer's first; the signature is r and s."""
    told = {
        "payload": _base64url(text).decode(),
        "protected": _base64url(header).decode(),
        "header": {
            "io.cncf.notary.signingAgent": _AGENT,
            "x5c": [base64.b64encode(each).decode() for each in chain],
        },
        "signature": _base64url(signature).decode(),
    }
    return msgspec.json.encode(told)


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _second(moment: datetime) -> str:
    """RFC 3339 without fractions: verifiers read no others."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
