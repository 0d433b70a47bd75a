"""How many scans a registry begins in 24 hours, counted by full hours."""

from datetime import datetime
from typing import Final

from entrepot.core.quotas import catalogue
from entrepot.db import registry_scanning
from entrepot.db.database import Transaction
from entrepot.spec.repository import RegistryKey

MOST_SCANS: Final = catalogue.QUOTAS["private"][catalogue.SCANS].value
_HOUR: Final = 3600


def take(tx: Transaction, registry: RegistryKey, at: datetime, most: int = MOST_SCANS) -> bool:
    """Count a scan that begins; False where there is no room for it."""
    hour = int(at.timestamp()) // _HOUR
    if registry_scanning.count(tx, registry, hour) >= most:
        return False
    registry_scanning.add(tx, registry, hour)
    return True
