"""The keys that digest files are signed with: a pair for each region, and a new one each quarter of a year.

A private key is sealed, and leaves the process nowhere. Public ones are kept as long as there is the deployment.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from entrepot.core import access
from entrepot.core.access import Caller
from entrepot.core.audit.trail_names import SERVICE
from entrepot.core.resources import Resource
from entrepot.db import trail_files as rows
from entrepot.db.database import Transaction
from entrepot.db.trail_records import SigningKey
from entrepot.errors import KeyTimesReversed
from entrepot.seal import Seal
from entrepot.seal.signatures import new_pair, sign

_VALID = timedelta(days=90)
_EARLIER = timedelta(days=1)  # a digest file may end before its key is made


def list_public(tx: Transaction, caller: Caller, start: datetime | None, end: datetime | None) -> Sequence[SigningKey]:
    """The keys of the caller's region that are valid at some time of [start, end], now where nothing is said:
    KeyTimesReversed.
    """
    access.require(caller, "ListPublicKeys", Resource(caller.principal.account, "*", SERVICE))
    first, last = start or min(caller.at, end or caller.at), end or max(caller.at, start or caller.at)
    if first > last:
        raise KeyTimesReversed
    return [key for key in rows.keys(tx, caller.region) if key.valid_from <= last and first < key.valid_until]


def valid_at(keys: Sequence[SigningKey], at: datetime) -> SigningKey | None:
    """The first of some keys that is valid then."""
    return next((key for key in keys if key.valid_from <= at < key.valid_until), None)


def fresh(seal: Seal, region: str, at: datetime) -> SigningKey:
    """A new key pair for a region, valid then. Takes a tenth of a second, or several."""
    pair = new_pair()
    fingerprint = hashlib.sha256(pair.public).hexdigest()[:32]
    since = at.replace(hour=0, minute=0, second=0, microsecond=0) - _EARLIER
    return SigningKey(
        fingerprint,
        region,
        pair.public,
        seal.seal(pair.private, _context(fingerprint)),
        since,
        since + _VALID,
    )


def signature(seal: Seal, key: SigningKey, text: bytes) -> str:
    """The signature of a text, in hex."""
    return sign(seal.open(key.private, _context(key.fingerprint)), text).hex()


def _context(fingerprint: str) -> bytes:
    return f"trail-key/{fingerprint}".encode()
