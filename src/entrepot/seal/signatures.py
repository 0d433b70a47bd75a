"""Signatures that others verify with a public key: RSA of 2048 bits, PKCS #1 v1.5 over SHA-256 (RFC 8017).

The same key signs the same bytes alike each time.
"""

from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

_BITS = 2048
_EXPONENT = 65537


@dataclass(frozen=True, slots=True)
class KeyPair:
    """`public` is PKCS #1, `private` PKCS #8, both in DER."""

    public: bytes
    private: bytes = field(repr=False)


def new_pair() -> KeyPair:
    """A fresh key pair. Takes a tenth of a second, or several."""
    key = rsa.generate_private_key(_EXPONENT, _BITS)
    private = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    return KeyPair(public, private)


def sign(private: bytes, text: bytes) -> bytes:
    """The signature of a text."""
    key = serialization.load_der_private_key(private, password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("not a key that signs here")
    return key.sign(text, padding.PKCS1v15(), hashes.SHA256())


def verifies(public: bytes, text: bytes, signature: bytes) -> bool:
    """Whether the key's private half signed exactly this text."""
    key = serialization.load_der_public_key(public)
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    try:
        key.verify(signature, text, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True
