"""Signatures of images as cosign has them, by a key: an in-toto statement in a DSSE envelope in a Sigstore bundle.

https://github.com/sigstore/protobuf-specs , https://github.com/secure-systems-lab/dsse . Nothing is signed here.
"""

import base64
from typing import Any, Final

import msgspec

BUNDLE: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"
STATEMENT: Final = "application/vnd.in-toto+json"
PREDICATE: Final = "https://sigstore.dev/cosign/sign/v1"
CONTENT: Final = "dev.sigstore.bundle.content"
PREDICATE_TYPE: Final = "dev.sigstore.bundle.predicateType"
_STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"


def statement(digest: str) -> bytes:
    """What is signed of a manifest."""
    algorithm, _, digits = digest.partition(":")
    told = {
        "_type": _STATEMENT_TYPE,
        "subject": [{"digest": {algorithm: digits}}],
        "predicateType": PREDICATE,
        "predicate": {},
    }
    return msgspec.json.encode(told)


def is_statement(text: bytes) -> bool:
    """Whether a text is an in-toto statement."""
    try:
        told = msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return told.get("_type") == _STATEMENT_TYPE and isinstance(told.get("subject"), list)


def signing_input(text: bytes) -> bytes:
    """The bytes that are signed: DSSE's PAE."""
    kind = STATEMENT.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(text), text)


def bundle(text: bytes, signature: bytes, hint: str) -> bytes:
    """The bundle; `hint` tells which key verifies it."""
    envelope = {
        "payload": base64.b64encode(text).decode(),
        "payloadType": STATEMENT,
        "signatures": [{"sig": base64.b64encode(signature).decode()}],
    }
    told = {"mediaType": BUNDLE, "verificationMaterial": {"publicKey": {"hint": hint}}, "dsseEnvelope": envelope}
    return msgspec.json.encode(told)
