"""What a killed process leaves behind of what it brought: spools that nobody writes, images that nobody brings."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from entrepot.core.pull_through import importing
from entrepot.core.units import BlockingUnits
from entrepot.db import pull_through_cache as rows
from entrepot.db import uploads, upstream_fetches
from entrepot.db.database import Database
from entrepot.errors import BlobBytesMissing, UploadBusy
from entrepot.spec.moments import micros
from entrepot.store.blobs import BlobStore

_BATCH = 100
_YOUNG = timedelta(seconds=5)


class Tidying:
    """The job."""

    def __init__(self, database: Database, store: BlobStore) -> None:
        self._units = BlockingUnits(database)
        self._store = store

    def run(self, now: datetime) -> Mapping[str, object]:
        """Drop what is over; how much of it."""
        if self._units.read(upstream_fetches.has_expired, micros(now)):  # an idle server writes nothing
            self._units.write(upstream_fetches.forget_expired, micros(now))
        images = self._units.read(rows.expired, now, _BATCH)
        for repository_id, digest in images:
            self._units.write(importing.expire, repository_id, digest)
        spools = sum(self._drop(upload_id, at, now) for upload_id, at in list(self._store.spools()))
        return {name: count for name, count in (("images", len(images)), ("spools", spools)) if count}

    def _drop(self, upload_id: str, modified_at: float, now: datetime) -> bool:
        """Remove a spool without a session that no process holds; what is new may get its session yet."""
        if modified_at > (now - _YOUNG).timestamp() or self._units.read(uploads.find, upload_id) is not None:
            return False
        try:
            self._store.spool(upload_id, create=False).close()
        except (UploadBusy, BlobBytesMissing):
            return False
        self._store.discard(upload_id)
        return True
