"""What happens to keys by themselves: the job `keys` gives new material to those that are due for it, and destroys
those whose waiting period has ended. What they encrypted can then be read by nobody.
"""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from entrepot.core import services
from entrepot.core.access import Caller
from entrepot.core.keys import places
from entrepot.core.keys.places import PENDING
from entrepot.core.keys.vault import Vault
from entrepot.core.units import BlockingUnits
from entrepot.db import keys as rows
from entrepot.db.database import Database, Transaction
from entrepot.db.key_records import Key

_SERVICE = "kms.amazonaws.com"
_BATCH = 100


class KeyUpkeep:
    """Rotates and destroys."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._units = BlockingUnits(database)
        self._vault = vault

    def run(self, now: datetime) -> Mapping[str, object]:
        """How many were rotated, and destroyed."""
        rotated = destroyed = 0
        while due := self._units.read(rows.rotating, now, _BATCH):
            rotated += sum(self._units.write(_rotate, self._vault, key.id, _caller(key, now)) for key in due)
        while due := self._units.read(rows.dying, now, _BATCH):
            destroyed += sum(self._units.write(_destroy, key.id, _caller(key, now)) for key in due)
        return {name: count for name, count in (("rotated", rotated), ("destroyed", destroyed)) if count}


def _rotate(tx: Transaction, vault: Vault, key_id: str, caller: Caller) -> bool:
    key = rows.lock(tx, key_id)
    if key is None or key.rotates_at is None or key.rotates_at > caller.at:
        return False
    material = rows.newest(tx, key.id)
    rows.add_material(tx, vault.fresh(key.id, key.spec, caller.at, material.ordinal + 1, "AUTOMATIC"))
    rows.change(tx, replace(key, rotates_at=caller.at + timedelta(days=key.rotation_days)))
    places.changed(tx, caller, "RotateKey", {"keyId": key.id}, key.account)
    return True


def _destroy(tx: Transaction, key_id: str, caller: Caller) -> bool:
    key = rows.lock(tx, key_id)
    if key is None or key.state != PENDING or key.deletes_at is None or key.deletes_at > caller.at:
        return False
    rows.remove(tx, key.id)
    places.changed(tx, caller, "DeleteKey", {"keyId": key.id}, key.account)
    return True


def _caller(key: Key, now: datetime) -> Caller:
    return services.itself(_SERVICE, key.account, key.region, str(uuid.uuid4()), now)
