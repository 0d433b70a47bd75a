"""What a registry sets for all its lifecycle policies: account settings of this server's own (docs/decisions/0027)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from entrepot.db import lifecycle_policies as rows
from entrepot.db.database import Transaction
from entrepot.spec.repository import RegistryKey

EXTENSIONS: Final = "LIFECYCLE_EXTENSIONS"
SPARE_IN_USE: Final = "LIFECYCLE_SPARE_IN_USE"
SPARE_PULLED_DAYS: Final = "LIFECYCLE_SPARE_PULLED_DAYS"
_SWITCH = ("ENABLED", "DISABLED")
VALUES: Mapping[str, tuple[str, ...]] = {
    EXTENSIONS: _SWITCH,
    SPARE_IN_USE: _SWITCH,
    SPARE_PULLED_DAYS: ("0", "1", "3", "7", "14", "30", "60", "90", "180", "365"),
}


def get(tx: Transaction, key: RegistryKey, name: str) -> str:
    """The value of one of them."""
    found = rows.settings(tx, key)
    if name == SPARE_PULLED_DAYS:
        return str(found.spares_pulled_days)
    return _SWITCH[0] if (found.extended if name == EXTENSIONS else found.spares_in_use) else _SWITCH[1]


def put(tx: Transaction, key: RegistryKey, name: str, value: str) -> None:
    """Another of its values, which has been checked."""
    found, is_on = rows.settings(tx, key), value == _SWITCH[0]
    if name == SPARE_PULLED_DAYS:
        new = replace(found, spares_pulled_days=int(value))
    elif name == EXTENSIONS:
        new = replace(found, extended=is_on)
    else:
        new = replace(found, spares_in_use=is_on)
    rows.put_settings(tx, key, new)
