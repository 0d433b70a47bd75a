"""What documents and signatures are wrapped in: in-toto statements, DSSE envelopes, Sigstore bundles.

https://github.com/in-toto/attestation/blob/main/spec/v1 , https://github.com/secure-systems-lab/dsse ; nothing is
verified here: what somebody may have signed is named, with the signatures that are there.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from entrepot.errors.vex import VexMalformed
from entrepot.scan.vex.decoding import decoded

IN_TOTO: Final = "application/vnd.in-toto+json"
DSSE: Final = "application/vnd.dsse.envelope.v1+json"
_BUNDLE: Final = "application/vnd.dev.sigstore.bundle"
_MOST_SIGNATURES: Final = 10


class Signed(NamedTuple):
    """A text, and signatures of it that are not verified."""

    text: bytes
    signatures: Sequence[bytes]


class Opened(NamedTuple):
    """What is in an envelope, and what was signed of it; None for a statement that has none."""

    payload: bytes
    signed: Signed | None


class _Subject(msgspec.Struct):
    digest: Mapping[str, str] = {}


class Statement(msgspec.Struct, rename="camel"):
    """An in-toto statement."""

    predicate_type: str
    predicate: msgspec.Raw = msgspec.Raw(b"null")
    subject: Sequence[_Subject] = ()

    @property
    def digests(self) -> frozenset[str]:
        """Of what it is about."""
        return frozenset(f"{name}:{digits}" for each in self.subject for name, digits in each.digest.items())


class _Signature(msgspec.Struct):
    sig: str


class _Envelope(msgspec.Struct, rename="camel"):
    payload: str
    payload_type: str = ""
    signatures: Sequence[_Signature] = ()


class _Bundle(msgspec.Struct, rename="camel"):
    dsse_envelope: _Envelope


def is_wrapping(media_type: str) -> bool:
    """Whether a media type is of something that `opened` opens."""
    return media_type in {IN_TOTO, DSSE} or media_type.startswith(_BUNDLE)


def opened(data: bytes) -> Opened:
    """What is in an envelope or a bundle, or the bytes themselves: VexMalformed."""
    found = decoded(data, dict[str, Any])
    if "dsseEnvelope" in found:
        return _opened(decoded(data, _Bundle).dsse_envelope)
    return _opened(decoded(data, _Envelope)) if "payload" in found else Opened(data, None)


def base64_of(text: str, what: str) -> bytes:
    """The bytes of a text in base64: VexMalformed."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise VexMalformed(reason=f"{what} is no base64") from None


def _opened(envelope: _Envelope) -> Opened:
    payload = base64_of(envelope.payload, "the payload of its envelope")
    if envelope.payload_type != IN_TOTO:  # nobody who signs another type says that it is a statement
        return Opened(payload, None)
    signatures = [base64_of(each.sig, "a signature of its envelope") for each in envelope.signatures[:_MOST_SIGNATURES]]
    return Opened(payload, Signed(_authenticated(envelope.payload_type.encode(), payload), signatures))


def _authenticated(kind: bytes, payload: bytes) -> bytes:
    """What is signed of an envelope: DSSE's PAE."""
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
