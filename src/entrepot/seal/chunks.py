"""Pieces of a long text, each encrypted by itself with AES-256-GCM under a key that nothing else has.

    12 bytes nonce · ciphertext · 16 bytes tag

The nonce is random, for a piece may be written again with other bytes; where it belongs is authenticated with it.
"""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


class ChunkCipher:
    """Encrypts and decrypts pieces under one key of 256 bits."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def encrypt(self, place: bytes, text: bytes) -> bytes:
        """A piece that can be decrypted at this place only, otherwise each time."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, text, place)

    def decrypt(self, place: bytes, piece: bytes) -> bytes | None:
        """The text of a piece; None where it is not one of this key and place, unchanged."""
        try:
            return self._cipher.decrypt(piece[:_NONCE], piece[_NONCE:], place)
        except (InvalidTag, ValueError):  # ValueError: shorter than a nonce
            return None
