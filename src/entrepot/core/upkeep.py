"""What is tidied in the background beside collection: idle uploads, orphaned spools, journals of reads."""

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

from entrepot.core import pulls
from entrepot.db import images, journals, uploads
from entrepot.db.database import Database, Transaction
from entrepot.journal import Batch, batches, forgettable
from entrepot.store.blobs import BlobStore

_BATCH = 500


def expire_uploads(database: Database, store: BlobStore, now: datetime, idle: timedelta) -> int:
    """End sessions that nobody has written to for `idle`, and drop spools without a session; how many sessions."""
    before = now - idle
    expired = 0
    while found := database.read(lambda tx: list(uploads.idle(tx, before, _BATCH))):
        for upload_id in found:
            if database.submit(lambda tx, of=upload_id: uploads.remove_idle(tx, of, before)).result():
                store.discard(upload_id)
                expired += 1
    for upload_id, modified_at in list(store.spools()):
        if modified_at < before.timestamp() and database.read(lambda tx, of=upload_id: uploads.find(tx, of)) is None:
            store.discard(upload_id)
    return expired


class JournalFold:
    """Takes what journals say of reads into the metadata: pull counts and times, each read once."""

    def __init__(self, database: Database, directory: Path) -> None:
        self._database = database
        self._directory = directory

    def run(self) -> int:
        """Fold everything readable, forget journals that are done; the number of records folded."""
        offsets = self._database.read(journals.offsets)
        folded = 0
        for batch in batches(self._directory, offsets):
            self._database.submit(lambda tx, it=batch: fold(tx, it)).result()
            folded += len(batch.records)
        offsets = self._database.read(journals.offsets)
        for name in list(forgettable(self._directory, offsets)):
            (self._directory / name).unlink(missing_ok=True)
            self._database.submit(lambda tx, of=name: journals.forget(tx, of)).result()
        return folded


def fold(tx: Transaction, batch: Batch) -> None:
    """Count a batch's pulls and store how far the journal is folded, in one transaction; a repeated batch is skipped."""
    if not journals.advance(tx, batch.journal, batch.offset):
        return
    pulled: Counter[tuple[str, str]] = Counter()
    latest: dict[tuple[str, str], int] = {}
    for record in batch.records:
        read = pulls.decode(record)
        if read.operation == "BatchGetImage":
            key = (read.repository_id, read.digest)
            pulled[key] += 1
            latest[key] = max(latest.get(key, 0), read.at)
    for (repository_id, digest), count in sorted(pulled.items()):
        images.pulled(tx, repository_id, digest, count, latest[repository_id, digest])
