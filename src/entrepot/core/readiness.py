"""Whether a node can serve: its database answers and its blob store has room to answer."""

from collections.abc import Awaitable, Callable

from entrepot.core.units import Units
from entrepot.db import accounts
from entrepot.db.database import DatabaseUnavailable
from entrepot.store.blobs import BlobStore


def readiness(units: Units, store: BlobStore) -> Callable[[], Awaitable[tuple[str, ...]]]:
    """A check that tells what does not answer."""

    async def faults() -> tuple[str, ...]:
        found = []
        try:
            await units.read(accounts.find, "")
        except DatabaseUnavailable as error:
            found.append(f"database: {error}")
        try:
            store.free_bytes()
        except OSError as error:
            found.append(f"blob store: {error.strerror}")
        return tuple(found)

    return faults
