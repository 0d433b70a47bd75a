"""What is tidied in the background beside collection: idle uploads, orphaned spools, journals of reads."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from entrepot.core.call_pages import groups
from entrepot.core.calls import common_of
from entrepot.core.pull_exclusions import is_excluded
from entrepot.core.units import BlockingUnits
from entrepot.db import byte_usage, images, journals, pull_exclusions, uploads
from entrepot.db.database import Database, Transaction
from entrepot.db.pull_exclusions import Excluded
from entrepot.journal import Batch, batches, drop, retire, retired
from entrepot.store.blobs import BlobStore

_BATCH = 500


def expire_uploads(database: Database, store: BlobStore, now: datetime, idle: timedelta) -> int:
    """End sessions that nobody has written to for `idle`, and drop spools without a session; how many sessions."""
    units = BlockingUnits(database)
    before = now - idle
    expired = 0
    while found := units.read(uploads.idle, before, _BATCH):
        for upload_id in found:
            if units.write(uploads.remove_idle, upload_id, before):
                store.discard(upload_id)
                expired += 1
    units.write(byte_usage.release_stale, before)
    for upload_id, modified_at in list(store.spools()):
        if modified_at < before.timestamp() and units.read(uploads.find, upload_id) is None:
            store.discard(upload_id)
    return expired


class JournalFold:
    """Takes what journals say of reads into the metadata: pull counts and times, each read once."""

    def __init__(
        self, database: Database, directory: Path, others: Sequence[Callable[[], Mapping[str, int]]] = ()
    ) -> None:
        """`others` tell how far the other databases have folded each journal."""
        self._units = BlockingUnits(database)
        self._directory = directory
        self._others = others

    def run(self) -> int:
        """Fold everything readable, retire journals that all are done with; the number of calls."""
        offsets = self._units.read(journals.offsets)
        folded = 0
        for batch in batches(self._directory, offsets):
            folded += self._units.write(fold, batch)
        retire(self._directory, self._done())
        for name in retired(self._directory):
            self._units.write(journals.forget, name)
            drop(self._directory, name)
        return folded

    def _done(self) -> Mapping[str, int]:
        """How far each journal is folded into every database."""
        own, *others = [self._units.read(journals.offsets), *(offsets() for offsets in self._others)]
        return {name: min([at, *(each.get(name, 0) for each in others)]) for name, at in own.items()}


def fold(tx: Transaction, batch: Batch) -> int:
    """Count a batch's pulls and store how far the journal is folded, at once; the number of calls. A repeated batch is
    skipped.
    """
    if not journals.advance(tx, batch.journal, batch.start, batch.offset):
        return 0
    told = 0
    alike = Counter[bytes]()
    latest: dict[bytes, int] = {}
    for record in batch.records:
        try:
            page = groups(record)
        except msgspec.DecodeError:
            continue  # of a version with other records: it is not counted, those after it are
        for group in page:
            common = bytes(group.common)
            told += group.count
            alike[common] += group.count
            latest[common] = max(latest.get(common, 0), *group.at)
    excluded = pull_exclusions.everywhere(tx)
    for (repository_id, digest), (count, at) in sorted(_pulled(alike, latest, excluded).items()):
        images.pulled(tx, repository_id, digest, count, at)
    return told


def _pulled(
    alike: Mapping[bytes, int], latest: Mapping[bytes, int], excluded: Collection[Excluded]
) -> Mapping[tuple[str, str], tuple[int, int]]:
    """How often each digest of a repository was handed out to somebody who counts, and when last, of what calls had in
    common.
    """
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for encoded, count in alike.items():
        try:
            common = common_of(encoded)
        except msgspec.DecodeError:
            continue
        if common.pulled and is_excluded(common, excluded):
            continue
        for digest in common.pulled:
            before, at = found.get((common.repository_id, digest), (0, 0))
            found[common.repository_id, digest] = before + count, max(at, latest[encoded])
    return found
