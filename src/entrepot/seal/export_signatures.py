"""Signatures of what leaves one deployment for another one: Ed25519 (RFC 8032), public keys as PEM."""

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key


def new_key() -> bytes:
    """A fresh private key of 32 bytes."""
    return Ed25519PrivateKey.generate().private_bytes_raw()


def public_pem(private: bytes) -> str:
    """The public half of a key, as others are given it."""
    public = Ed25519PrivateKey.from_private_bytes(private).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def sign(private: bytes, text: bytes) -> bytes:
    """The signature of a text: 64 bytes."""
    return Ed25519PrivateKey.from_private_bytes(private).sign(text)


def is_public_pem(pem: str) -> bool:
    """Whether a text is the public half of such a key."""
    return _public(pem) is not None


def verifies(pem: str, text: bytes, signature: bytes) -> bool:
    """Whether the private half of a key signed exactly this text."""
    public = _public(pem)
    if public is None:
        return False
    try:
        public.verify(signature, text)
    except InvalidSignature:
        return False
    return True


def _public(pem: str) -> Ed25519PublicKey | None:
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, Ed25519PublicKey) else None
