"""Whose metrics are meant: those of the caller's account, in the region that it asks; and whether it may."""

import msgspec

from entrepot.core import access
from entrepot.core.access import NO_KEYS, Caller, Keys
from entrepot.core.resources import Resource


class Place(msgspec.Struct, frozen=True):
    """An account's metrics in a region."""

    account: str
    region: str


def require(caller: Caller, operation: str, keys: Keys = NO_KEYS) -> Place:
    """The caller's own place, once an operation on its metrics as a whole is allowed."""
    account = caller.principal.account
    access.require(caller, operation, Resource(account, "*", "cloudwatch"), keys)
    return Place(account, caller.region)
