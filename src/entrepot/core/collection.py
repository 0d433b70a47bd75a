"""Online garbage collection: condemn, then delete; links first, then blobs, then bytes, then rows.

Every step is a small unit of work that finds candidates, locks one, and decides by a check in a later statement.
Nothing is read-only meanwhile, nothing is refreshed by reads:

    linked ──(unreferenced for `grace`)──> condemned ──(still so for `grace`)──> unlinked
    held by nobody ──> deleting ──(`drain`)──> bytes removed ──> row removed

A condemned link answers "absent" to HEAD, availability checks and mounts, so that a client sends the bytes and takes
it back; a manifest put may still use it, and takes it back too.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Concatenate, ParamSpec, TypeVar

from entrepot.core.changes import new_stamp
from entrepot.core.encryption import configuration
from entrepot.core.scanning import enhanced_work
from entrepot.core.units import BlockingUnits
from entrepot.db import collection as rows
from entrepot.db import repositories, trash
from entrepot.db.collection import LinkKey
from entrepot.db.database import Database, Transaction
from entrepot.db.records import Blob
from entrepot.spec.moments import micros
from entrepot.spec.ulid import new_ulid
from entrepot.store.blobs import BlobStore

K = TypeVar("K")
P = ParamSpec("P")
_BATCH = 200
_NOWHERE = LinkKey("", "")


@dataclass(frozen=True, slots=True)
class Periods:
    """`grace`: how long a link may be unreferenced, and again how long it stays condemned; longer than any cache is
    stale. `drain`: how long a released blob's bytes stay, at least the longest download that began before.
    """

    grace: timedelta
    drain: timedelta


@dataclass(slots=True)
class Collected:
    """What a run did: counts of links and blobs, bytes freed; `expired` is what may not be restored any more."""

    condemned: int = 0
    unlinked: int = 0
    released: int = 0
    removed_blobs: int = 0
    removed_bytes: int = 0
    orphans: int = 0
    emptied_repositories: int = 0
    expired: int = 0
    on_hold: bool = False
    candidates: list[str] = field(default_factory=list)


class Collector:
    """Runs the steps of collection over one store, beside everything else."""

    def __init__(self, database: Database, store: BlobStore, store_name: str, periods: Periods) -> None:
        self._units = BlockingUnits(database)
        self._store = store
        self._store_name = store_name
        self._periods = periods

    def run(self, now: datetime) -> Collected:
        """One pass of every step. Blocking; call it in a thread or a process of its own."""
        done = Collected()
        if self._units.read(rows.is_on_hold, micros(now)):
            done.on_hold = True
            return done
        done.expired = self._expire_trash(now)
        done.emptied_repositories = self._empty_tombstones(now)
        for batch in self._batches_to_condemn(now):
            done.condemned += self._write_each(condemn, batch, now, self._periods.grace)
        done.unlinked = self._unlink_all(now)
        done.released = self._release_all(now)
        self._remove_all(now, done)
        return done

    def preview(self, now: datetime) -> Collected:
        """What a run would do, at most; changes nothing."""
        done = Collected()
        if self._units.read(rows.is_on_hold, micros(now)):
            done.on_hold = True
            return done
        for batch in self._batches_to_condemn(now):
            done.condemned += len(batch)
            done.candidates += [key.digest for key in batch]
        before = micros(now - self._periods.grace)
        done.unlinked = self._units.read(rows.count_to_unlink, before)
        done.released = self._units.read(rows.count_unheld, self._store_name, before)
        drained = micros(now - self._periods.drain)
        done.removed_blobs, done.removed_bytes = self._units.read(rows.total_removable, self._store_name, drained)
        return done

    def sweep(self, now: datetime) -> int:
        """Claim bytes that no row names, older than the grace, as deleting; how many."""
        claimed = 0
        if self._units.read(rows.is_on_hold, micros(now)):
            return claimed  # whoever holds collection may bring bytes before rows
        oldest = (now - self._periods.grace).timestamp()
        for location, modified_at in self._store.locations():
            if modified_at >= oldest:
                continue
            known = self._units.read(rows.is_known_location, self._store_name, location)
            if not known:
                orphan = self._orphan(location)
                claimed += self._units.write(rows.add_orphan, orphan, micros(now))
        return claimed

    def _orphan(self, location: str) -> Blob:
        digest = self._store.digest_of_location(location)
        return Blob(new_ulid(), self._store_name, digest, location, self._store.size(location) or 0, "deleting")

    def _batches_to_condemn(self, now: datetime) -> Iterator[list[LinkKey]]:
        before = micros(now - self._periods.grace)
        after = _NOWHERE
        while True:
            found = list(self._units.read(rows.to_condemn, before, after, _BATCH))
            if not found:
                return
            yield found
            after = found[-1]

    def _unlink_all(self, now: datetime) -> int:
        before = micros(now - self._periods.grace)
        total = 0
        while True:
            found = self._units.read(rows.to_unlink, before, _BATCH)
            if not found:
                return total
            gone = self._write_each(unlink, found, now, self._periods.grace)
            total += gone
            if gone == 0:
                return total  # the rest is locked by others, or was taken back: the next run looks again

    def _release_all(self, now: datetime) -> int:
        before = micros(now - self._periods.grace)
        total = 0
        while True:
            found = self._units.read(rows.unheld, self._store_name, before, _BATCH)
            gone = self._write_each(release, [blob.id for blob in found], now)
            total += gone
            if gone == 0:
                return total

    def _remove_all(self, now: datetime, done: Collected) -> None:
        before = micros(now - self._periods.drain)
        while True:
            found = self._units.read(rows.removable, self._store_name, before, _BATCH)
            for blob in found:
                self._store.remove(blob.location)
                done.removed_bytes += blob.size
            gone = self._write_each(rows.forget, [blob.id for blob in found])
            done.removed_blobs += gone
            if gone == 0:
                return

    def _expire_trash(self, now: datetime) -> int:
        """End what has been in the trash for its grace; repositories that stay there are watched no more."""
        total = 0
        while gone := self._units.write(trash.expire, now, _BATCH):
            total += gone
        while watched := self._units.read(trash.watched_repositories, _BATCH):
            for repository_id in watched:
                while self._units.write(unwatch, repository_id, _BATCH, now):
                    pass
        return total

    def _empty_tombstones(self, now: datetime) -> int:
        emptied = 0
        for repository_id in self._units.read(repositories.tombstones, _BATCH):
            while self._units.write(enhanced_work.close_some, repository_id, _BATCH, now):
                pass
            while self._units.write(rows.drop_some, repository_id, _BATCH):
                pass
            self._units.write(configuration.retire_by_id, repository_id, now)
            self._units.write(rows.remove_tombstone, repository_id)
            emptied += 1
        return emptied

    def _write_each(
        self, work: Callable[Concatenate[Transaction, K, P], bool], keys: Iterable[K], *args: P.args, **kwargs: P.kwargs
    ) -> int:
        """Run one unit for each key, queued together so that they share commits; how many did something."""
        futures = [self._units.queue(work, key, *args, **kwargs) for key in keys]
        return sum(bool(future.result()) for future in futures)


def unwatch(tx: Transaction, repository_id: str, limit: int, now: datetime) -> int:
    """Close up to `limit` findings of a repository in the trash, then forget as many enhanced scans: should it come
    back, its images are scanned anew. How many.
    """
    if not trash.is_kept(tx, repository_id):
        return 0
    return enhanced_work.close_some(tx, repository_id, limit, now) or trash.unwatch(tx, repository_id, limit)


def condemn(tx: Transaction, key: LinkKey, now: datetime, grace: timedelta) -> bool:
    """Condemn a link that is old and unreferenced still; caches of its repository see it at once."""
    repository = repositories.lock_by_id(tx, key.repository_id)
    locked = rows.lock_link(tx, key) if repository is not None else None
    if repository is None or locked is None:
        return False
    linked_at, condemned_at = locked
    if condemned_at is not None or linked_at >= micros(now - grace) or rows.is_referenced(tx, key):
        return False
    rows.condemn(tx, key, micros(now))
    repositories.bump(tx, repository.id, repository.revision + 1, new_stamp())
    return True


def unlink(tx: Transaction, key: LinkKey, now: datetime, grace: timedelta) -> bool:
    """Remove a link that has been condemned for the grace, and that nobody has taken back."""
    repository = repositories.lock_by_id(tx, key.repository_id)
    locked = rows.lock_link(tx, key) if repository is not None else None
    if repository is None or locked is None:
        return False
    condemned_at = locked[1]
    if condemned_at is None or condemned_at >= micros(now - grace) or rows.is_referenced(tx, key):
        return False
    rows.unlink(tx, key)
    repositories.bump(tx, repository.id, repository.revision + 1, new_stamp())
    return True


def release(tx: Transaction, blob_id: str, now: datetime) -> bool:
    """Mark a blob that nobody holds as deleting: a push of its digest makes a new one."""
    state = rows.lock_blob(tx, blob_id)
    if state in (None, "deleting") or rows.is_held(tx, blob_id):
        return False
    rows.mark_deleting(tx, blob_id, micros(now))
    return True
