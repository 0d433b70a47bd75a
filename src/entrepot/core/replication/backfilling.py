"""The job `backfill`: finds out what each backfill has to bring, and brings it, a few images at a time.

How far it has come stands in rows: whoever is killed is followed by another. Each image and tag is one replication;
when half of a hundred or more have failed, the backfill fails.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from time import monotonic
from typing import Final

from entrepot.core.following import is_taken
from entrepot.core.replication import arriving, engine, failing, outcomes
from entrepot.core.replication.arriving import Way
from entrepot.core.replication.backfills import KEPT
from entrepot.core.replication.bearing import Bearer
from entrepot.core.replication.failing import Failed
from entrepot.core.replication.outcomes import Outcome
from entrepot.core.units import BlockingUnits
from entrepot.db import (
    image_pages,
    images,
    peers,
    replication_configurations,
    replication_options,
    replication_statuses,
    repositories,
)
from entrepot.db import replication_backfills as rows
from entrepot.db.database import Database, Reader, Transaction
from entrepot.db.records import Repository
from entrepot.db.replication_records import Backfill, Item, Status, destinations_of, tags_of
from entrepot.errors import Fact
from entrepot.errors.peers import PeerUnavailable
from entrepot.spec.digest import Digest
from entrepot.spec.event_ids import event_id
from entrepot.spec.manifest import Manifest
from entrepot.spec.moments import micros
from entrepot.spec.repository import RepositoryKey

TOO_MANY_FAILED: Final = "TooManyReplicationsFailed"
_PAGE: Final = 200
_REPOSITORIES: Final = 50
_SOME: Final = 20
_END: Final = "~"  # stands behind every digest
_JUDGED: Final = 100  # replications, before it is asked how many failed
_TURN_SECONDS: Final = 20.0
_REST_SECONDS: Final = 2.0  # of a backfill to a peer that cannot be used
_GONE: Final = Outcome("FAILED", "ImageNotFound", "the image was deleted meanwhile")
Elsewhere = Callable[[Way, str, str], Outcome]


def waiting(tx: Reader) -> object:
    """When this is another, there may be something to do."""
    return rows.waiting(tx)


class Backfilling:
    """Several may run: each step looks at the backfill again in its own transaction."""

    def __init__(
        self,
        database: Database,
        bearer: Bearer | None = None,
        turn_seconds: float = _TURN_SECONDS,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        """`bearer` as in the engine; `elsewhere` brings an image to a destination that a peer serves."""
        self._units = BlockingUnits(database)
        self._bearer = bearer
        self._elsewhere = elsewhere
        self._rests: dict[str, float] = {}
        self._turn_seconds = turn_seconds

    def run(self, now: datetime) -> Mapping[str, object]:
        """Go on with each that has not ended; how many images were dealt with, and how many backfills ended."""
        until, dealt, ended = monotonic() + self._turn_seconds, 0, 0
        while monotonic() < until:
            running = [each for each in self._units.read(rows.running) if self._rests.get(each.id, 0.0) <= monotonic()]
            if not running:
                break
            for backfill in running:
                dealt += self._go_on(backfill, now)
                ended += self._units.write(close, backfill.id, now)
        removed = self._expire(now)
        counts = {"images": dealt, "ended": ended, "removed": removed}
        return {name: count for name, count in counts.items() if count}

    def _go_on(self, backfill: Backfill, now: datetime) -> int:
        if backfill.status == "PREPARING":
            self._units.write(prepare, backfill.id)
            return 0
        items = self._units.read(rows.waiting_items, backfill.id, _SOME) if backfill.status == "IN_PROGRESS" else ()
        return sum(self._bring(backfill, item, now) for item in items)

    def _bring(self, backfill: Backfill, item: Item, now: datetime) -> bool:
        way = way_of(backfill, item)
        if self._elsewhere is not None and self._units.read(peers.at, backfill.destination) is not None:
            return self._bring_elsewhere(self._elsewhere, backfill, item, now)
        try:
            manifest = engine.carry(self._units, self._bearer, way, item.digest, now)
        except Fact as fact:
            outcome = outcomes.of_fact(fact)
            return self._units.write(fail, backfill, item, outcome, now, [outcome.code])
        try:
            return self._units.write(bring, backfill, item, manifest, now)
        except Fact as fact:
            return self._units.write(fail, backfill, item, outcomes.of_fact(fact), now, [])

    def _bring_elsewhere(self, elsewhere: Elsewhere, backfill: Backfill, item: Item, now: datetime) -> bool:
        """A peer that cannot be used now is asked again later: the image waits, and the backfill with it."""
        try:
            outcome = elsewhere(way_of(backfill, item), item.digest, item.tag)
        except PeerUnavailable:
            self._rests[backfill.id] = monotonic() + _REST_SECONDS
            return False
        return self._units.write(conclude, backfill, item, outcome, now)

    def _expire(self, now: datetime) -> int:
        removed = 0
        while (old := self._units.read(rows.expired, now - KEPT)) is not None:
            while self._units.write(rows.drop_items, old, _PAGE):
                pass
            self._units.write(rows.remove, old)
            removed += 1
        return removed


def way_of(backfill: Backfill, item: Item) -> Way:
    """Which way an image goes."""
    named = f"{backfill.id}/{item.name}/{item.digest}"
    request_id = event_id(micros(backfill.started_at), named, f"backfill/{item.tag}")
    return Way(RepositoryKey(backfill.registry, item.name), backfill.destination, request_id)


def prepare(tx: Transaction, backfill_id: str) -> None:
    """Find out some more of what a backfill has to bring: images that are in use, of repositories that the rules take
    to its destination.
    """
    found = rows.lock(tx, backfill_id)
    if found is None or found.status != "PREPARING":
        return
    added, after = 0, found.after
    for seen, image in enumerate(_next(tx, found)):
        after = image
        if image[1] != _END:
            rows.add_item(tx, found.id, *image)
            added += 1
        if seen >= _PAGE:
            break
    else:
        rows.put(tx, replace(found, status="IN_PROGRESS", total=found.total + added, is_prepared=True))
        return
    rows.put(tx, replace(found, after=after, total=found.total + added))


def _next(tx: Transaction, backfill: Backfill) -> Iterator[tuple[str, str, str]]:
    """(name, digest, tag) of what is behind `after`."""
    rules = replication_configurations.find(tx, backfill.registry)
    options = replication_options.find(tx, backfill.registry)
    name, digest, tag = backfill.after
    within = repositories.find(tx, RepositoryKey(backfill.registry, name)) if name else None
    if within is not None:
        yield from _images(tx, within, (digest, tag), tags_of(options, backfill.destination, name))
    while page := repositories.page(tx, backfill.registry, name, _REPOSITORIES):
        for each in page:
            name = each.key.name
            if backfill.destination in destinations_of(rules, name):
                yield from _images(tx, each, ("", ""), tags_of(options, backfill.destination, name))
            yield name, _END, ""


def _images(
    tx: Transaction, repository: Repository, after: tuple[str, str], filters: Sequence[str]
) -> Iterator[tuple[str, str, str]]:
    while page := image_pages.ids_page(tx, repository.id, "ANY", "ACTIVE", after, _PAGE):
        for digest, tag in page:
            if is_taken(tx, repository, digest, tag or "", filters):
                yield repository.key.name, digest, tag or ""
        after = (page[-1][0], page[-1][1] or "")


def bring(tx: Transaction, backfill: Backfill, item: Item, manifest: Manifest | None, now: datetime) -> bool:
    """Put an image at the destination and count it, unless it has been dealt with or the backfill is over."""
    if not _is_wanted(tx, backfill.id):
        return False
    digest = Digest(item.digest)
    outcome = _GONE
    if manifest is not None:
        arrived = arriving.arrive(tx, way_of(backfill, item), manifest, digest, item.tag, now)
        outcome = outcome if arrived.status == "GONE" else arrived
    return _count(tx, backfill.id, item, outcome, now, [] if manifest is not None and manifest.children else None)


def fail(
    tx: Transaction, backfill: Backfill, item: Item, outcome: Outcome, now: datetime, codes: Sequence[str]
) -> bool:
    """Count an image that could not be brought, and tell so; `codes` are those of the images that it names."""
    if not _is_wanted(tx, backfill.id):
        return False
    key = RepositoryKey(backfill.registry, item.name)
    source = repositories.find(tx, key)
    is_index = source is not None and images.kind(tx, source.id, item.digest) == "index"
    if not _count(tx, backfill.id, item, outcome, now, codes if is_index else None):
        return False
    place = ("" if source is None else source.id, 0, 0)
    failing.tell(tx, way_of(backfill, item), Failed("PUSH", item.digest, item.tag, place), outcome, now)
    return True


def conclude(tx: Transaction, backfill: Backfill, item: Item, outcome: Outcome, now: datetime) -> bool:
    """Count an image that was brought elsewhere, or not, as its destination has told."""
    if not _is_wanted(tx, backfill.id):
        return False
    source = repositories.find(tx, RepositoryKey(backfill.registry, item.name))
    is_index = source is not None and images.kind(tx, source.id, item.digest) == "index"
    codes = [outcome.code] if outcome.code else []
    return _count(
        tx, backfill.id, item, _GONE if outcome.status == "GONE" else outcome, now, codes if is_index else None
    )


def close(tx: Transaction, backfill_id: str, now: datetime) -> bool:
    """End a backfill that has nothing more to do, that too much of failed, or that is to stop; whether it ended."""
    found = rows.lock(tx, backfill_id)
    if found is None or found.status not in {"IN_PROGRESS", "STOPPING"}:
        return False
    done = found.completed + found.failed
    if found.status == "STOPPING":
        rows.put(tx, replace(found, status="STOPPED", ended_at=now))
    elif done >= _JUDGED and found.failed * 2 >= done:
        rows.put(tx, replace(found, status="FAILED", failure_code=TOO_MANY_FAILED, ended_at=now))
    elif not rows.waiting_items(tx, found.id, 1):
        rows.put(tx, replace(found, status="COMPLETE", ended_at=now))
    else:
        return False
    return True


def _is_wanted(tx: Transaction, backfill_id: str) -> bool:
    """Whether a backfill still brings images; one that is stopping lets those arrive that are on their way."""
    found = rows.lock(tx, backfill_id)
    return found is not None and found.ended_at is None


def _count(
    tx: Transaction, backfill_id: str, item: Item, outcome: Outcome, now: datetime, codes: Sequence[str] | None
) -> bool:
    found = rows.lock(tx, backfill_id)
    is_failed = outcome.status == "FAILED"
    status: Status = "FAILED" if is_failed else "COMPLETE"
    if found is None or not rows.finish_item(tx, backfill_id, item, status, outcome.code, codes):
        return False
    counted = replace(found, completed=found.completed + (not is_failed), failed=found.failed + is_failed)
    rows.put(tx, counted)
    source = repositories.find(tx, RepositoryKey(found.registry, item.name))
    if source is not None and images.known(tx, source.id, item.digest):
        told = (outcome.code, outcome.reason)
        replication_statuses.put(tx, source.id, item.digest, item.tag, found.destination, status, now, *told)
    return True
