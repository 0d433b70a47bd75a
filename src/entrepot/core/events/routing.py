"""From what happened to who wants it: events of the outbox and the inbox become deliveries and archived events.

All of a batch is one transaction of the events database; only then do the outbox rows go. A batch that is routed again
after a crash finds its events taken already: nothing is lost, nothing doubled.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from entrepot.core.events import accepting
from entrepot.core.events.accepting import Envelope
from entrepot.core.events.measures import Meter, Tally
from entrepot.core.events.routing_table import Tables, Wanted
from entrepot.core.units import BlockingUnits
from entrepot.db import archived_events, event_deliveries, event_inbox, outbox
from entrepot.db.database import Reader, Row, Transaction
from entrepot.spec.event_arns import DEFAULT_BUS, BusKey

__all__ = ["Router"]

BATCH = 200
_OF_EACH = 100  # events of one repository in a batch: those of the others wait no longer than for these
_FORGOTTEN_AT_ONCE = 2000
_REMEMBERED = 3600 * 1_000_000  # how long a taken event is known, in microseconds


@dataclass(frozen=True, slots=True)
class Event:
    """One event before the rules of a bus; `key` under which it is seen is '' for one of the inbox, seen already."""

    id: str
    bus: BusKey
    order_key: str
    hops: int
    only: Sequence[str]
    replay: str
    at: int
    body: str
    told: Mapping[str, Any]
    key: str = ""


class Router:
    """Routes batches; one at a time in a deployment."""

    def __init__(self, metadata: BlockingUnits, events: BlockingUnits, meter: Meter) -> None:
        self._metadata = metadata
        self._events = events
        self._meter = meter
        self._tables = Tables()
        self._last_repository = ""
        self._passed = False

    def route(self, now: int) -> int:
        """Route one batch; how many events it had, 0 when nothing waits."""
        told = self._metadata.read(outbox.next_events, self._last_repository, BATCH, _OF_EACH)
        self._last_repository = told[-1].repository_id if len(told) >= BATCH else ""
        ended = len(told) < BATCH
        waiting = self._events.read(event_inbox.page, BATCH)
        batch = [_of_outbox(row) for row in told] + [_of_inbox(row) for row in waiting]
        if not batch:
            self._passed = True
            return 0
        wanted = self._metadata.read(self._wanted, batch)
        tally = self._events.write(_keep, batch, wanted, [row.sequence for row in waiting], now)
        if told:
            self._forget([row.id for row in told])
        tally.tell(self._meter, now)
        self._passed = self._passed or ended
        return len(batch)

    def prune(self, now: int) -> int:
        """Forget which events were taken long ago. Not before every repository had its turn once: a process that was
        killed may have left the first rows of some in the outbox, taken already.
        """
        forgotten = 0
        while self._passed and (some := self._events.write(event_inbox.forget, now - _REMEMBERED, _FORGOTTEN_AT_ONCE)):
            forgotten += some
        return forgotten

    def _wanted(self, reader: Reader, batch: Sequence[Event]) -> Sequence[Wanted]:
        """What the rules say to each event, as they stand in one state of the metadata."""
        tables = {bus: self._tables.of(reader, bus) for bus in {event.bus for event in batch}}
        return [tables[event.bus].wanted(event.told, event.only, replayed=bool(event.replay)) for event in batch]

    def _forget(self, ids: Sequence[str]) -> None:
        """A power cut may bring the rows back: they are known to be taken."""

        def remove(tx: Transaction) -> None:
            for each in ids:
                outbox.remove(tx, each)

        self._metadata.database.submit(remove, relaxed=True).result()


def _keep(tx: Transaction, batch: Sequence[Event], wanted: Sequence[Wanted], routed: Sequence[int], now: int) -> Tally:
    """The deliveries and archived events of a batch, each event once."""
    tally = Tally()
    sizes: dict[str, tuple[int, int]] = {}
    for event, wants in zip(batch, wanted, strict=True):
        if event.key and not event_inbox.see(tx, event.key, now):
            continue
        for route in wants.routes:
            tally.rule(route.rule.arn, "MatchedEvents")
            tally.rule(route.rule.arn, "TriggeredRules")
            for target in route.targets:
                event_deliveries.add(
                    tx,
                    target=event_deliveries.target_key(route.rule.arn, target.id),
                    event_id=event.id,
                    account=event.bus.account,
                    region=event.bus.region,
                    order_key=event.order_key,
                    hops=event.hops,
                    accepted_at=event.at,
                    due_at=now,
                    body=event.body,
                )
        for archive in wants.archives:
            archived_events.add(tx, archive.id, event.id, event.order_key, event.at, event.body)
            events, size = sizes.get(archive.id, (0, 0))
            sizes[archive.id] = (events + 1, size + len(event.body))
    for archive_id, (events, size) in sizes.items():
        archived_events.grow(tx, archive_id, events, size)
    for sequence in routed:
        event_inbox.remove(tx, sequence)
    return tally


def _of_outbox(row: Row) -> Event:
    """An event that a change of a repository has told."""
    told = msgspec.json.decode(row.body)
    envelope = Envelope(
        id=row.id,
        detail_type=row.name,
        source=told["source"],
        account=row.account_id,
        region=row.region,
        time=row.created_at,
        resources=told["resources"],
        detail=told["detail"],
    )
    body = envelope.text()
    bus = BusKey(row.account_id, row.region, DEFAULT_BUS)
    key = accepting.seen_as(row.id, bus.account, bus.region, bus.name)
    order = row.repository_id or row.id
    return Event(row.id, bus, order, 0, (), "", row.created_at, body, msgspec.json.decode(body), key)


def _of_inbox(row: Row) -> Event:
    """An event that came another way."""
    only = msgspec.json.decode(row.only) if row.only else ()
    bus = BusKey(row.account_id, row.region, row.bus)
    told = msgspec.json.decode(row.body)
    return Event(row.event_id, bus, row.order_key, row.hops, only, row.replay, row.accepted_at, row.body, told)
