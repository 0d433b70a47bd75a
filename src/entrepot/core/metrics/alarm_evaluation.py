"""The job `alarms`: evaluates metric alarms that are due, runs actions that have waited for their suppressor, and hands
actions to what delivers events. A run that is cut short is made up for by the next.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from entrepot.core.events import alarm_actions
from entrepot.core.metrics import alarm_definitions, alarm_places, alarm_points, alarm_states
from entrepot.core.metrics.alarm_definitions import MetricAlarm
from entrepot.core.metrics.alarm_states import Moment, State
from entrepot.core.units import BlockingUnits
from entrepot.db import alarm_history, outbox
from entrepot.db import alarms as rows
from entrepot.db.alarm_records import AlarmKey, AlarmRow
from entrepot.db.database import Database, Row, Transaction
from entrepot.spec.moments import micros

_PAGE: Final = 200
_MOST_ACTIONS: Final = 100
_MOST_FORGOTTEN: Final = 500
_REMEMBERED: Final = timedelta(days=30)
_Turn = tuple[int, int, int]  # when an alarm was configured, how often its state changed, until when it looked


class AlarmEvaluator:
    """The job's memory is what was evaluated last; without it everything is due."""

    def __init__(self, metadata: Database, metrics: Database, events: Database) -> None:
        self._metadata = BlockingUnits(metadata)
        self._metrics = BlockingUnits(metrics)
        self._events = BlockingUnits(events)
        self._turns: dict[AlarmKey, _Turn] = {}

    def run(self, now: datetime) -> int:
        """One turn; how many alarms changed their state or its reason."""
        changed = 0
        turns: dict[AlarmKey, _Turn] = {}
        for page in self._pages():
            due = [row for row in page if self._is_due(row, now, turns)]
            states = self._metrics.read(_states, due, now) if due else ()
            for row, state in zip(due, states, strict=True):
                if state is not None:
                    changes = self._metadata.write(_apply, row, state, micros(now))
                    changed += changes is not None
                    turns[row.key] = (row.configured_at, -1 if changes is None else changes, turns[row.key][2])
        self._turns = turns
        self._release(now)
        self._hand_over(now)
        before = micros(now - _REMEMBERED)
        if self._metadata.read(alarm_history.is_older, before):
            self._metadata.write(alarm_history.forget, before, _MOST_FORGOTTEN)
        return changed

    def _pages(self) -> Iterator[Sequence[AlarmRow]]:
        after = AlarmKey("", "", "")
        while page := self._metadata.read(rows.watching, after, _PAGE):
            yield page
            after = page[-1].key

    def _is_due(self, row: AlarmRow, now: datetime, turns: dict[AlarmKey, _Turn]) -> bool:
        turn = (row.configured_at, row.changes, alarm_points.slot(_definition(row), int(now.timestamp())))
        turns[row.key] = turn
        return self._turns.get(row.key) != turn

    def _release(self, now: datetime) -> None:
        for row in self._metadata.read(rows.suppressed, _PAGE):
            seed = f"suppressed/{alarm_places.arn_of(row)}/{row.changes}/{row.suppressed_at}"
            self._metadata.write(alarm_states.release, row.key, Moment(micros(now), seed))

    def _hand_over(self, now: datetime) -> None:
        """Actions are in the queue of deliveries before they leave the outbox: none is lost, none queued twice."""
        while waiting := self._metadata.read(outbox.page, "action", _MOST_ACTIONS):
            self._events.write(_queue, waiting, micros(now))
            self._metadata.write(_handed_over, waiting, micros(now))
            if len(waiting) < _MOST_ACTIONS:
                return


def _definition(row: AlarmRow) -> MetricAlarm:
    found = alarm_definitions.decoded(row.kind, row.definition)
    if not isinstance(found, MetricAlarm):
        raise TypeError(row.kind)
    return found


def _states(tx: Transaction, due: Sequence[AlarmRow], now: datetime) -> list[State | None]:
    return [alarm_points.state_of(tx, row, _definition(row), now) for row in due]


def _apply(tx: Transaction, seen: AlarmRow, state: State, now: int) -> int | None:
    """Give an alarm its state; how often it has changed. None when it has been changed since it was evaluated."""
    row = rows.lock(tx, seen.key)
    if row is None or (row.configured_at, row.changes) != (seen.configured_at, seen.changes):
        return None
    seed = f"evaluated/{alarm_places.arn_of(row)}/{row.changes}/{state.value}"
    return alarm_states.change(tx, row, state, Moment(now, seed)).changes


def _queue(tx: Transaction, waiting: Sequence[Row], now: int) -> None:
    for told in waiting:
        alarm_actions.queue(tx, told, now)


def _handed_over(tx: Transaction, waiting: Sequence[Row], now: int) -> None:
    for told in waiting:
        outbox.remove(tx, told.id)
        name = alarm_places.alarm_name(told.repository_id)
        row = None if name is None else rows.find(tx, AlarmKey(told.account_id, told.region, name))
        if row is not None:
            summary = f"Action {told.name} handed to delivery"
            alarm_states.remember(tx, row, "Action", summary, told.body[:4095], Moment(now, told.id))
