"""What cosign signs with a key of its own, made here: payloads of simple signing, envelopes, bundles."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.factories.layouts import Content

SIMPLE = "application/vnd.dev.cosign.simplesigning.v1+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
IN_TOTO = "application/vnd.in-toto+json"
SIGNED = "https://sigstore.dev/cosign/sign/v1"


@dataclass(frozen=True)
class Annotated(Content):
    """Bytes whose descriptor says more."""

    annotations: dict[str, str] = field(default_factory=dict)

    def descriptor(self, **more: Any) -> dict[str, Any]:
        """With annotations."""
        return super().descriptor(annotations=self.annotations, **more)


class Signer:
    """Somebody who holds a private key."""

    def __init__(self, curve: ec.EllipticCurve | None = None) -> None:
        self._key = ec.generate_private_key(curve or ec.SECP256R1())
        self.pem = self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def sign(self, text: bytes) -> str:
        """In base64."""
        return base64.b64encode(self._key.sign(text, ec.ECDSA(SHA256()))).decode()

    def simple(self, digest: str, kind: str = "cosign container image signature") -> Content:
        """A layer that signs a manifest."""
        image = {"docker-manifest-digest": digest}
        payload = json.dumps({"critical": {"identity": {}, "image": image, "type": kind}, "optional": None}).encode()
        return Annotated(SIMPLE, payload, {"dev.cosignproject.cosign/signature": self.sign(payload)})

    def envelope(self, statement: dict[str, Any], kind: str = IN_TOTO) -> dict[str, Any]:
        """A statement in an envelope."""
        payload = json.dumps(statement).encode()
        text = f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload
        encoded = base64.b64encode(payload).decode()
        return {"payloadType": kind, "payload": encoded, "signatures": [{"keyid": "", "sig": self.sign(text)}]}

    def bundle(self, digest: str, predicate: str = SIGNED) -> Content:
        """A layer that signs a manifest as newer clients do."""
        told = {"mediaType": BUNDLE, "dsseEnvelope": self.envelope(statement(digest, predicate, {}))}
        return Content(BUNDLE, json.dumps(told).encode())


def statement(digest: str, predicate_type: str, predicate: Any) -> dict[str, Any]:
    """An in-toto statement about a manifest, or about nothing."""
    algorithm, _, digits = digest.partition(":")
    subject = [{"name": "x", "digest": {algorithm: digits}}] if digest else []
    told = {"_type": "https://in-toto.io/Statement/v1", "subject": subject}
    return {**told, "predicateType": predicate_type, "predicate": predicate}
