"""The job `secrets` removes secrets whose recovery window has ended, with their values."""

import uuid
from collections.abc import Mapping
from datetime import datetime

from entrepot.core import services
from entrepot.core.access import Caller
from entrepot.core.secrets import places
from entrepot.core.units import BlockingUnits
from entrepot.db import secrets as rows
from entrepot.db.database import Database, Transaction
from entrepot.db.secret_records import Secret

_SERVICE = "secretsmanager.amazonaws.com"
_BATCH = 100


class SecretUpkeep:
    """Removes what nobody restored."""

    def __init__(self, database: Database) -> None:
        self._units = BlockingUnits(database)

    def run(self, now: datetime) -> Mapping[str, object]:
        """How many were removed."""
        removed = 0
        while due := self._units.read(rows.purging, now, _BATCH):
            removed += sum(self._units.write(_purge, each.id, _caller(each, now)) for each in due)
        return {"removed": removed} if removed else {}


def _purge(tx: Transaction, secret_id: str, caller: Caller) -> bool:
    secret = rows.lock(tx, secret_id)
    if secret is None or secret.purges_at is None or secret.purges_at > caller.at:
        return False
    rows.remove(tx, secret.id)
    places.changed(tx, caller, "EndSecretDelete", {"secretId": secret.arn}, secret.account)
    return True


def _caller(secret: Secret, now: datetime) -> Caller:
    return services.itself(_SERVICE, secret.account, secret.region, str(uuid.uuid4()), now)
