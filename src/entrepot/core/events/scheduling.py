"""Scheduled rules: when one is due, its `Scheduled Event` enters the inbox, for its targets alone (docs: "Creating an
Amazon EventBridge rule that runs on a schedule").

What was due while nobody ran fires once, and the next time is counted from now.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

import msgspec

from entrepot.core.events import accepting
from entrepot.core.events.accepting import Envelope
from entrepot.core.units import BlockingUnits
from entrepot.db import event_rules, event_ticks
from entrepot.db.database import Row, Transaction
from entrepot.db.event_records import Rule
from entrepot.errors import ScheduleExpressionInvalid
from entrepot.pattern import schedules
from entrepot.pattern.schedules import Schedule
from entrepot.spec.event_ids import event_id
from entrepot.spec.moments import micros, moment

_NEVER = 2**62
_LOOK_EVERY = 1_000_000  # microseconds: schedules are to the minute
_MOST_EXPRESSIONS = 4096


class Scheduler:
    """Fires what is due; the rules are read again when the metadata may have changed."""

    def __init__(self, metadata: BlockingUnits, events: BlockingUnits) -> None:
        self._metadata = metadata
        self._events = events
        self._soonest = 0
        self._looked_at = 0

    def fire(self, now: datetime, *, changed: bool) -> int:
        """Tell the event of each rule that is due; how many."""
        at = micros(now)
        if at < self._soonest and (not changed or at - self._looked_at < _LOOK_EVERY):
            return 0
        self._looked_at = at
        rules = {route.rule.arn: route.rule for route in self._metadata.read(event_rules.scheduled)}
        known = {row.rule_arn: row for row in self._events.read(event_ticks.list_all)}
        self._soonest = min((row.due_at for row in known.values()), default=_NEVER)
        if known.keys() == rules.keys() and self._soonest > at and not _others(rules, known):
            return 0
        fired, self._soonest = self._events.write(_fire, rules, known, now)
        return fired

    @property
    def soonest(self) -> int:
        """When the next rule is due, in microseconds."""
        return self._soonest


def _others(rules: Mapping[str, Rule], known: Mapping[str, Row]) -> bool:
    return any(rules[arn].schedule != row.expression for arn, row in known.items())


def _fire(tx: Transaction, rules: Mapping[str, Rule], known: Mapping[str, Row], now: datetime) -> tuple[int, int]:
    """Bring every schedule to this moment; how many fired, and when the next one is due."""
    fired, soonest = 0, _NEVER
    for arn in known.keys() - rules.keys():
        event_ticks.remove(tx, arn)
    for arn, rule in rules.items():
        row = known.get(arn)
        expression = rule.schedule or ""
        due_at = row.due_at if row is not None and row.expression == expression else None
        if due_at is not None and due_at <= micros(now):
            accept(tx, rule, due_at, micros(now))
            fired += 1
        if due_at is None or due_at <= micros(now):
            due_at = _next(expression, now, due_at)
            event_ticks.put(tx, arn, expression, due_at)
        soonest = min(soonest, due_at)
    return fired, soonest


def accept(tx: Transaction, rule: Rule, due_at: int, now: int) -> None:
    """The event of one tick, which has the same id however often it is told."""
    envelope = Envelope(
        id=event_id(due_at, rule.id, "Scheduled Event"),
        detail_type="Scheduled Event",
        source="aws.events",
        account=rule.bus.account,
        region=rule.bus.region,
        time=due_at,
        resources=[rule.arn],
        detail=msgspec.Raw(b"{}"),
    )
    accepting.enter(
        tx,
        envelope.text(),
        event_id=envelope.id,
        account=rule.bus.account,
        region=rule.bus.region,
        bus=rule.bus.name,
        order_key=rule.arn,
        at=now,
        only=[rule.arn],
    )


def _next(expression: str, now: datetime, due_at: int | None) -> int:
    """The next time: of a rate counted from the last one, unless that is over as well."""
    schedule = _parsed(expression)
    if schedule is None:
        return _NEVER
    found = schedule.next_after(now if due_at is None else moment(due_at))
    if found is not None and found <= now:
        found = schedule.next_after(now)
    return _NEVER if found is None else micros(found)


@lru_cache(maxsize=_MOST_EXPRESSIONS)
def _parsed(expression: str) -> Schedule | None:
    try:
        return schedules.parse(expression)
    except ScheduleExpressionInvalid:  # it was checked when it was stored: by a version that knew more
        return None
