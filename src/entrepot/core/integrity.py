"""Whether what the rows promise is there: the continuous scrub, and fsck over everything.

The invariant is "every manifest resolvable": its config and distributable layers are linked in its repository, and the
bytes are in the store with their length and digest. What fails becomes damaged: absent to clients, so that a push
heals it.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from entrepot.core.reads import mark_damaged
from entrepot.core.units import BlockingUnits
from entrepot.db import blobs as blob_rows
from entrepot.db import integrity as rows
from entrepot.db import repositories
from entrepot.db.database import Database, Transaction
from entrepot.db.integrity import ManifestKey
from entrepot.db.records import Blob
from entrepot.errors import BlobBytesMissing, RepositoryKeyUnusable
from entrepot.spec.digest import Digest
from entrepot.store.blobs import BlobStore

_BATCH = 500


@dataclass(slots=True)
class Scrubbed:
    """What a scrub did; sizes in bytes. `locked` are those that no key opens: nothing was learnt of them."""

    checked: int = 0
    locked: int = 0
    checked_bytes: int = 0
    damaged: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Report:
    """What fsck found. `unresolvable` and `damaged` hold a line each; `repaired` counts mended rows, `trashed`
    those of the manifests that are in the trash. `locked` holds a line for each blob that no key opens at present: its
    length was checked alone, and nobody reads it until a key does.
    """

    manifests: int = 0
    trashed: int = 0
    resolvable: int = 0
    blobs: int = 0
    damaged: list[str] = field(default_factory=list)
    unresolvable: list[str] = field(default_factory=list)
    database: list[str] = field(default_factory=list)
    locked: list[str] = field(default_factory=list)
    orphans: int = 0
    repaired: int = 0

    @property
    def clean(self) -> bool:
        """Whether every manifest is resolvable and every blob whole; orphans are harmless."""
        return not (self.damaged or self.unresolvable or self.database)


class Integrity:
    """Checks one store against its rows, beside a running server."""

    def __init__(self, database: Database, store: BlobStore, store_name: str) -> None:
        self._units = BlockingUnits(database)
        self._store = store
        self._store_name = store_name

    def scrub(self, now: datetime, before: datetime, most_bytes: int) -> Scrubbed:
        """Compute again the digests of blobs last verified before `before`, the oldest first, up to `most_bytes`."""
        done = Scrubbed()
        for blob in self._units.read(blob_rows.due_for_scrub, self._store_name, before, _BATCH):
            if done.checked_bytes >= most_bytes:
                break
            done.checked += 1
            done.checked_bytes += blob.size
            try:
                whole = self._is_whole(blob, deep=True)
            except RepositoryKeyUnusable:
                whole, done.locked = True, done.locked + 1  # looked at again when its turn comes
            if whole:
                self._units.write(blob_rows.verified, blob.id, now)
            elif self._units.write(mark_damaged, blob):
                done.damaged.append(blob.digest)
        return done

    def fsck(
        self, now: datetime, *, repair: bool, deep: bool = True, progress: Callable[[int], None] = lambda _: None
    ) -> Report:
        """Check the database, every blob and every manifest; `repair` mends what can be mended.

        `deep` computes digests, else lengths only. `progress` is told the number of rows looked at since the last call.
        """
        report = Report(database=list(self._units.database.check()))
        known: dict[str, str] = {}
        broken: set[str] = set()
        for batch in self._blobs():
            for blob in batch:
                report.blobs += 1
                known[blob.location] = blob.digest
                if not self._check_blob(blob, report, now, repair=repair, deep=deep):
                    broken.add(blob.id)
            progress(len(batch))
        self._check_orphans(known, report)
        for keys in self._manifests():
            for key in keys:
                report.manifests += 1
                report.trashed += bool(key.trashed)
                self._check_manifest(key, broken, report, now, repair=repair)
            progress(len(keys))
        return report

    def _check_blob(self, blob: Blob, report: Report, now: datetime, *, repair: bool, deep: bool) -> bool:
        try:
            whole = self._is_whole(blob, deep=deep or blob.state != "live")
        except RepositoryKeyUnusable as fault:
            report.locked.append(f"{blob.digest} at {blob.location}: {fault}")
            return blob.state == "live"
        if whole and blob.state == "live":
            return True
        if whole:
            return self._restore(blob, report, now, repair=repair)
        if repair:
            self._units.write(mark_damaged, blob)
        report.damaged.append(f"{blob.digest} at {blob.location}: bytes missing or altered; push the layer again")
        return False

    def _restore(self, blob: Blob, report: Report, now: datetime, *, repair: bool) -> bool:
        """Take a damaged blob back whose bytes have come back by themselves, with their volume or from a copy of it."""
        if repair and self._units.write(blob_rows.restore, blob.id, blob.location, now):
            report.repaired += 1
            return True
        report.damaged.append(f"{blob.digest} at {blob.location}: damaged once, and whole now; repair takes it back")
        return False

    def _check_orphans(self, known: dict[str, str], report: Report) -> None:
        for location, _ in self._store.locations():
            if location not in known:
                report.orphans += 1

    def _check_manifest(
        self, key: ManifestKey, broken: Collection[str], report: Report, now: datetime, *, repair: bool
    ) -> None:
        missing = self._units.read(rows.unlinked, key, broken)
        if missing and repair:
            for digest in missing:
                report.repaired += self._units.write(self._relink, key, digest, now)
            missing = self._units.read(rows.unlinked, key, broken)
        if missing:
            report.unresolvable.append(f"{key.repository} {key.digest}: no bytes for {', '.join(missing)}")
        else:
            report.resolvable += 1

    def _relink(self, tx: Transaction, key: ManifestKey, digest: Digest, now: datetime) -> bool:
        """Give a repository back a blob that the store holds."""
        repository = repositories.find_by_id(tx, key.repository_id)
        encrypted_by = "" if repository is None else repository.encryption_key
        held = blob_rows.share_held(tx, self._store_name, digest, encrypted_by)
        if held is None or held.state != "live":
            return False
        blob_rows.link(tx, key.repository_id, digest, held.id, now)
        return True

    def _is_whole(self, blob: Blob, *, deep: bool) -> bool:
        try:
            if self._store.size(blob.location) != blob.size:
                return False
            return not deep or self._store.digest(blob.location, blob.digest.algorithm) == blob.digest.hex
        except (BlobBytesMissing, OSError):
            return False

    def _blobs(self) -> Iterator[list[Blob]]:
        after = ""
        while True:
            batch = list(self._units.read(blob_rows.page, self._store_name, after, _BATCH))
            if not batch:
                return
            yield batch
            after = batch[-1].id

    def _manifests(self) -> Iterator[list[ManifestKey]]:
        """Those of repositories, then those in the trash, which must be restorable."""
        yield from self._present()
        after = ""
        while batch := list(self._units.read(rows.trashed, after, _BATCH)):
            yield batch
            after = batch[-1].trashed

    def _present(self) -> Iterator[list[ManifestKey]]:
        after = ("", "")
        while True:
            batch = list(self._units.read(rows.manifests, after, _BATCH))
            if not batch:
                return
            yield batch
            after = (batch[-1].repository_id, batch[-1].digest)
