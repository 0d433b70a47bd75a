"""Verified bytes of an upload become a blob: durable in the store first, then a row, then the repository's.

What the store holds already, under the same key of KMS, is not stored again.
"""

import asyncio
from concurrent.futures import Executor
from functools import partial
from typing import NamedTuple

from entrepot.core import uploads
from entrepot.core.access import Caller
from entrepot.core.hot import Hot
from entrepot.core.transfer_rules import PartRules
from entrepot.core.units import Units
from entrepot.core.uploads import Bytes
from entrepot.db.records import Blob, Upload
from entrepot.spec.digest import Digest
from entrepot.spec.repository import RepositoryKey
from entrepot.spec.ulid import new_ulid
from entrepot.store.blobs import BlobStore, Spool


class Arrived(NamedTuple):
    """An upload whose spool has all its bytes, which are those of a digest."""

    upload: Upload
    spool: Spool
    digest: Digest


class Adopting:
    """Adopts into one store, for one event loop."""

    def __init__(self, units: Units, hot: Hot, store: BlobStore, store_name: str, syncing: Executor) -> None:
        self._units = units
        self._hot = hot
        self._store = store
        self._store_name = store_name
        self._syncing = syncing

    async def keep(
        self, arrived: Arrived, caller: Caller, key: RepositoryKey, *, known: str | None, rules: PartRules
    ) -> Blob:
        """Make the bytes durable, unless the store holds them already, then let the repository hold them; `known` is
        the session that ends with it.
        """
        sealed = arrived.upload.sealed
        encrypted_by = "" if sealed is None else sealed.key
        seen, bad = self._look(arrived.digest, arrived.upload.offset, encrypted_by)
        fresh = None
        while True:
            if seen is None and fresh is None:
                fresh = await self._adopt(arrived)
            found = Bytes(arrived.digest, self._store_name, fresh, seen, bad, encrypted_by)
            blob = await self._units.write(uploads.finish, caller, key, known, found, refuse_held=rules.refuse_held)
            if blob is not None:
                break
            seen = None
        if fresh is not None and blob.location != fresh.location:
            self._store.remove(fresh.location)
        return blob

    def _look(self, digest: Digest, size: int, key: str) -> tuple[str | None, str | None]:
        """(location of a held blob whose bytes are there, location of one whose bytes are not)."""
        held = self._hot.held(self._store_name, digest, key)
        if held is None:
            return None, None
        if held.state == "live" and self._store.size(held.location) == size:
            return held.location, None
        return None, held.location

    async def _adopt(self, arrived: Arrived) -> Blob:
        upload, spool, digest = arrived
        generation = new_ulid()
        spool.finish(digest)
        adopt = partial(self._store.adopt, upload.id, digest, generation, sealed=upload.sealed is not None)
        location = await asyncio.get_running_loop().run_in_executor(self._syncing, adopt)
        return Blob(generation, self._store_name, digest, location, upload.offset, "live", upload.sealed)
