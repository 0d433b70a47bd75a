"""Signatures of others, by public keys that an operator registers: ECDSA over P-256 with SHA-256, as cosign has."""

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key


def public_key(pem: str) -> str | None:
    """A public key in the one way in which it is kept; None for what is no such key."""
    key = _key(pem)
    if key is None:
        return None
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def verifies(pem: str, text: bytes, signature: bytes) -> bool:
    """Whether the private half of a key signed exactly this text; the signature is DER."""
    key = _key(pem)
    if key is None:
        return False
    try:
        key.verify(signature, text, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def _key(pem: str) -> EllipticCurvePublicKey | None:
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1) else None
