"""Ids of temporary access keys: ASIA, the account's number, eight random characters; all in the alphabet of base 32."""

import re
import secrets

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_SESSION_KEY = re.compile(rf"ASIA([{ALPHABET}]{{8}})[{ALPHABET}]{{8}}")
_DIGITS = 8  # 40 bits hold a number of 12 decimal digits


def new_session_key(account: str) -> str:
    """A fresh id for a session of this account."""
    number, digits = int(account), ""
    for _ in range(_DIGITS):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return "ASIA" + digits + "".join(secrets.choice(ALPHABET) for _ in range(_DIGITS))


def account_of(key_id: str) -> str | None:
    """The account that a session's key id tells; None for any other id."""
    found = _SESSION_KEY.fullmatch(key_id)
    if found is None:
        return None
    number = 0
    for character in found[1]:
        number = number * len(ALPHABET) + ALPHABET.index(character)
    return f"{number:012d}" if number < 10**12 else None
