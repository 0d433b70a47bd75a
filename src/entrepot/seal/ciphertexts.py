"""What a key encrypts: a blob that names the key and its material, of which each message has a key of its own.

    1 byte 0x01 · 16 bytes key · 32 bytes material · 32 bytes salt · AES-256-GCM of the text

HKDF-SHA256 (RFC 5869) makes key and nonce of material and salt, so that no number of messages wears the material out;
all that stands before the ciphertext, and the encryption context, are authenticated with it.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MATERIAL_BYTES = 32
_VERSION = b"\x01"
_KEY, _ID, _SALT, _TAG = 16, 32, 32, 16
_HEAD = len(_VERSION) + _KEY + _ID
_NONCE = 12


@dataclass(frozen=True, slots=True)
class Named:
    """Whose ciphertext a blob is: ids in bytes."""

    key: bytes
    material: bytes


class CiphertextBroken(Exception):
    """Bytes that this material did not encrypt in this context."""


def named(blob: bytes) -> Named | None:
    """The key and material that a blob names; None where it is no such blob."""
    if blob[:1] != _VERSION or len(blob) < _HEAD + _SALT + _TAG:
        return None
    return Named(blob[1 : 1 + _KEY], blob[1 + _KEY : _HEAD])


def encrypt(material: bytes, whose: Named, text: bytes, context: Mapping[str, str]) -> bytes:
    """A text as a blob, otherwise each time."""
    head = _VERSION + whose.key + whose.material + secrets.token_bytes(_SALT)
    cipher, nonce = _cipher(material, head)
    return head + cipher.encrypt(nonce, text, head + _written(context))


def decrypt(material: bytes, blob: bytes, context: Mapping[str, str]) -> bytes:
    """The text of a blob that names this material: CiphertextBroken."""
    head, body = blob[: _HEAD + _SALT], blob[_HEAD + _SALT :]
    cipher, nonce = _cipher(material, head)
    try:
        return cipher.decrypt(nonce, body, head + _written(context))
    except InvalidTag:
        raise CiphertextBroken from None


def _cipher(material: bytes, head: bytes) -> tuple[AESGCM, bytes]:
    derived = HKDF(hashes.SHA256(), MATERIAL_BYTES + _NONCE, head[_HEAD:], head[:_HEAD]).derive(material)
    return AESGCM(derived[:MATERIAL_BYTES]), derived[MATERIAL_BYTES:]


def _written(context: Mapping[str, str]) -> bytes:
    """A context in one way only, whatever its order: each text behind its length."""
    texts = [text.encode() for pair in sorted(context.items()) for text in pair]
    return b"".join(len(text).to_bytes(4, "big") + text for text in texts)
