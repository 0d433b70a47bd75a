"""Audit records as events of the default bus: `AWS API Call via CloudTrail` while a trail is logging there, pulls, and
what was refused at a pull.

Records are told in the order in which blocks were kept, by a cursor; an event's id is always the same, and the events
database takes each once. Of calls that only read nothing is told unless a rule wants all management events.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from entrepot.core.audit import admission_events, pull_events, records, store
from entrepot.core.audit.operations import event_source, read_only
from entrepot.core.audit.store import Block
from entrepot.core.calls import Call
from entrepot.core.events.accepting import DEFAULT_BUS, Envelope, accept
from entrepot.core.events.measures import Meter
from entrepot.core.events.routing_table import BY_CLOUDTRAIL, EVERYTHING
from entrepot.core.units import BlockingUnits
from entrepot.db import event_rules, repository_admissions
from entrepot.db.database import Database, Transaction
from entrepot.spec.event_arns import BusKey
from entrepot.spec.event_ids import event_id
from entrepot.spec.moments import micros

READER = "announcing"  # its cursor
_PAGE = 16
_AT_ONCE = 100
Told = tuple[Envelope, str]  # an event and its order key
Logging = Callable[[Transaction, str, str], bool]


class Announcer:
    """Tells the events database of new records. `is_logging` says whether a trail logs in an account and region,
    `pulls` whether pulls are told too; `meter` is told of images that were not handed out.
    """

    def __init__(
        self,
        metadata: Database,
        audit: Database,
        events: Database,
        is_logging: Logging,
        *,
        aws_constants: bool,
        pulls: bool = False,
        meter: Meter | None = None,
    ) -> None:
        self._metadata = BlockingUnits(metadata)
        self._audit = BlockingUnits(audit)
        self._events = BlockingUnits(events)
        self._is_logging = is_logging
        self._aws_constants = aws_constants
        self._pulls = pulls
        self._meter = meter

    def run(self, now: datetime) -> int:
        """Tell what has been kept since the last run; how many events."""
        told, cursor = 0, self.passed()
        while blocks := self._audit.read(store.since, cursor, _PAGE):
            for block in blocks:
                told += self._tell(block, micros(now))
            cursor = blocks[-1].sequence
            self._audit.write(store.move_cursor, READER, cursor)
        return told

    def passed(self) -> int:
        """The sequence of the last block that has been told."""
        return self._audit.read(store.cursor, READER)

    def _tell(self, block: Block, at: int) -> int:
        events = self._of_pulls(block) if self._pulls else []
        if self._metadata.read(repository_admissions.is_any_set, block.account, block.region):
            events += self._of_admissions(block)
        if self._metadata.read(self._is_logging, block.account, block.region):
            reads = self._metadata.read(wants_reads, BusKey(block.account, block.region, DEFAULT_BUS))
            told = (call for call in block.calls() if reads or not read_only(call.common.operation))
            events += [(self._event(call, block), "") for call in told]
        for part in _parts(events):
            self._events.write(_accept, part, at)
        return len(events)

    def _of_pulls(self, block: Block) -> list[Told]:
        return [
            (event, call.common.repository_id)
            for call in block.calls()
            for event in pull_events.of_call(call, block.account, block.region)
        ]

    def _of_admissions(self, block: Block) -> list[Told]:
        calls = [call for call in block.calls() if call.response]
        if self._meter is not None and (points := admission_events.points(calls, block.account, block.region)):
            self._meter.tell(points)
        return [
            (event, call.common.repository_id)
            for call in calls
            for event in admission_events.of_call(call, block.account, block.region)
        ]

    def _event(self, call: Call, block: Block) -> Envelope:
        account, region = block.account, block.region
        return Envelope(
            id=event_id(call.at, call.request_id, f"{BY_CLOUDTRAIL}/{call.common.operation}/{account}"),
            detail_type=BY_CLOUDTRAIL,
            source=event_source(call.common.service),
            account=account,
            region=region,
            time=call.at,
            resources=(),
            detail=records.record(call, account, region, aws_constants=self._aws_constants),
        )


def wants_reads(tx: Transaction, bus: BusKey) -> bool:
    """Whether a rule of a bus wants the calls too that only read."""
    return any(route.rule.state == EVERYTHING for route in event_rules.routing(tx, bus))


def _accept(tx: Transaction, events: Sequence[Told], at: int) -> None:
    for event, order_key in events:
        accept(tx, event, order_key=order_key, at=at)


def _parts(events: Sequence[Told]) -> Iterator[Sequence[Told]]:
    return (events[start : start + _AT_ONCE] for start in range(0, len(events), _AT_ONCE))
