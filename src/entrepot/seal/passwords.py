"""Passwords of people: argon2id with the library's parameters (RFC 9106, low memory), compared in constant time."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER = PasswordHasher()


def hashed(password: str) -> str:
    """A password as it is stored, with a salt of its own. Takes tens of milliseconds."""
    return _HASHER.hash(password)


def fits(stored: str, password: str) -> bool:
    """Whether this is the password that was stored. Takes tens of milliseconds."""
    try:
        return _HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
