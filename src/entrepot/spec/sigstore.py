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


class _Subject(msgspec.Struct):
    digest: dict[str, str]


class _Statement(msgspec.Struct):
    subject: list[_Subject]


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


def target(text: bytes) -> str | None:
    """The digest of the one manifest that a statement signs, '' where it says something else; None for a text that is
    no in-toto statement.
    """
    try:
        told = msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if told.get("_type") != _STATEMENT_TYPE or not isinstance(told.get("subject"), list):
        return None
    return _signed(text) if told.get("predicateType") == PREDICATE else ""


def _signed(text: bytes) -> str:
    try:
        subjects = msgspec.json.decode(text, type=_Statement).subject
    except msgspec.DecodeError:
        return ""
    found = [f"{algorithm}:{digits}" for each in subjects for algorithm, digits in each.digest.items()]
    return found[0] if len(found) == 1 else ""


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
