"""Changes of alarms' states, each in one transaction with what follows: history, event, actions, composite alarms.

Not authorised here: a caller's permission is checked before, and the job that evaluates alarms has none.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import msgspec

from entrepot.core.metrics import alarm_definitions, alarm_messages, alarm_places
from entrepot.core.metrics.alarm_definitions import CompositeAlarm
from entrepot.core.metrics.alarm_messages import Change
from entrepot.db import alarm_history, outbox
from entrepot.db import alarms as rows
from entrepot.db.alarm_records import AlarmKey, AlarmRow, HistoryRow
from entrepot.db.database import Transaction
from entrepot.errors import AlarmInvalid
from entrepot.metrics import alarm_rules, verdicts
from entrepot.spec.event_ids import event_id
from entrepot.spec.moments import moment

LONGEST_REASON: Final = 1023
SUPPRESSED_BY_ALARM: Final = "Alarm"
WAITING: Final = "WaitPeriod"
EXTENDED: Final = "ExtensionPeriod"
_SECOND: Final = 1_000_000


class State(msgspec.Struct, frozen=True):
    """A state and its reason; `data` is JSON or ''."""

    value: str
    reason: str
    data: str = ""
    evaluation: str = ""


class Moment(msgspec.Struct, frozen=True):
    """When something changes, in microseconds, and the text from which the ids of what it tells are made."""

    at: int
    seed: str


def change(tx: Transaction, row: AlarmRow, state: State, now: Moment) -> AlarmRow:
    """Give an alarm a state; when it is another one, tell it, run its actions and evaluate its parents."""
    changed = state.value != row.state
    after = replace(
        row,
        state=state.value,
        reason=state.reason[:LONGEST_REASON],
        reason_data=state.data,
        evaluation=state.evaluation,
        updated_at=now.at,
        transitioned_at=now.at if changed else row.transitioned_at,
        changes=row.changes + (1 if changed else 0),
    )
    rows.set_state(tx, after)
    if not changed:
        return after
    after = _settle(tx, Change(row, after), now)
    told = Change(row, after)
    summary = f"Alarm updated from {row.state} to {after.state}"
    remember(tx, after, "StateUpdate", summary, alarm_messages.state_update(told), now)
    _tell(tx, told, "event", alarm_messages.DETAIL_TYPE, msgspec.json.encode(alarm_messages.event(told)).decode(), now)
    _evaluate_parents(tx, after.key, now)
    return after


def evaluate(tx: Transaction, row: AlarmRow, now: Moment, because: AlarmRow | None = None) -> AlarmRow:
    """The state of a composite alarm, from those of the alarms that its rule names; `because` one of them changed."""
    definition = alarm_definitions.decoded(row.kind, row.definition)
    if not isinstance(definition, CompositeAlarm):
        return row
    holds = rule(row.key, definition.alarm_rule).holds
    states = {child.key.name: child.state for child in rows.children(tx, row.key)}
    value = verdicts.ALARM if holds(states) else verdicts.OK
    if value == row.state:
        return row
    if because is None:
        return change(tx, row, State(value, f"The rule of {row.key.name} was evaluated to {value}"), now)
    arn, at = alarm_places.arn_of(because), moment(because.transitioned_at)
    reason = f"{arn} transitioned to {because.state} at {at:%A %d %B, %Y %H:%M:%S UTC}"
    trigger = {"arn": arn, "state": {"value": because.state, "timestamp": f"{at:%Y-%m-%dT%H:%M:%S.%f}"[:23] + "+0000"}}
    return change(tx, row, State(value, reason, msgspec.json.encode({"triggeringAlarms": [trigger]}).decode()), now)


def rule(key: AlarmKey, text: str) -> alarm_rules.Rule:
    """The rule of a composite alarm: AlarmInvalid for one that is none, or refers to alarms of elsewhere."""

    def resolve(reference: str) -> str:
        name = alarm_places.name_at(key, reference)
        if name is None:
            raise AlarmInvalid(
                reason=f"AlarmRule refers to {reference}, which is not an alarm of this account and region"
            )
        return name

    return alarm_rules.parse(text, resolve)


def release(tx: Transaction, key: AlarmKey, now: Moment) -> None:
    """Look again whether the actions of a composite alarm are kept from running, and run them when they are not."""
    row = rows.lock(tx, key)
    if row is None or not row.suppressed_by:
        return
    definition = alarm_definitions.decoded(row.kind, row.definition)
    suppressor = definition.actions_suppressor if isinstance(definition, CompositeAlarm) else None
    if isinstance(definition, CompositeAlarm) and suppressor is not None:
        if _in_alarm(tx, key, suppressor):
            by, since = SUPPRESSED_BY_ALARM, row.suppressed_at if row.suppressed_by == SUPPRESSED_BY_ALARM else now.at
        elif row.suppressed_by == SUPPRESSED_BY_ALARM:
            by, since = EXTENDED, now.at
        else:
            by, since = row.suppressed_by, row.suppressed_at
        if not _is_over(definition, by, since, now.at):
            rows.suppress(tx, key, row.acted, by, since)
            return
    _act(tx, Change(replace(row, state=row.acted), row), now)


def remember(tx: Transaction, row: AlarmRow, item: str, summary: str, data: str, now: Moment) -> None:
    """Keep in an alarm's history that something happened."""
    of = event_id(now.at, now.seed, f"{alarm_places.arn_of(row)}/{item}/{summary}", row.changes)
    alarm_history.add(tx, HistoryRow(of, row.key, row.kind, now.at, item, summary[:255], data))


def _evaluate_parents(tx: Transaction, changed: AlarmKey, now: Moment) -> None:
    """One step up: each parent that changes evaluates its own. Rules have no cycles."""
    because = rows.find(tx, changed)
    for parent in rows.parents(tx, changed):
        locked = rows.lock(tx, parent.key)
        if locked is not None:
            evaluate(tx, locked, now, because)


def _settle(tx: Transaction, changed: Change, now: Moment) -> AlarmRow:
    """Run the actions of a state that has just begun, or keep them from running."""
    row = changed.after
    definition = alarm_definitions.decoded(row.kind, row.definition)
    if isinstance(definition, CompositeAlarm) and definition.actions_suppressor is not None:
        by, since = row.suppressed_by, row.suppressed_at
        if not by:
            by, since = (
                (SUPPRESSED_BY_ALARM if _in_alarm(tx, row.key, definition.actions_suppressor) else WAITING),
                now.at,
            )
        if not _is_over(definition, by, since, now.at):
            rows.suppress(tx, row.key, row.acted, by, since)
            return replace(row, suppressed_by=by, suppressed_at=since)
    _act(tx, changed, now)
    return replace(row, acted=row.state, suppressed_by="", suppressed_at=0)


def _in_alarm(tx: Transaction, key: AlarmKey, reference: str) -> bool:
    name = alarm_places.name_at(key, reference)
    found = None if name is None else rows.find(tx, AlarmKey(key.account, key.region, name))
    return found is not None and found.state == verdicts.ALARM


def _is_over(definition: CompositeAlarm, by: str, since: int, now: int) -> bool:
    periods = {
        WAITING: definition.actions_suppressor_wait_period,
        EXTENDED: definition.actions_suppressor_extension_period,
    }
    return by in periods and now - since >= (periods[by] or 0) * _SECOND


def _act(tx: Transaction, changed: Change, now: Moment) -> None:
    row = changed.after
    rows.suppress(tx, row.key, row.state, "", 0)
    definition = alarm_definitions.decoded(row.kind, row.definition)
    actions: Sequence[str] = (
        definition.of(row.state) if row.actions_enabled and changed.before.state != row.state else ()
    )
    for ordinal, action in enumerate(actions):
        of_function = action.startswith("arn:aws:lambda:")
        body = {
            "action": action,
            "subject": "" if of_function else alarm_messages.subject(changed),
            "message": alarm_messages.invocation(changed) if of_function else alarm_messages.notification(changed),
        }
        _tell(tx, changed, "action", action, msgspec.json.encode(body).decode(), now, ordinal)


def _tell(tx: Transaction, changed: Change, kind: str, name: str, body: str, now: Moment, ordinal: int = 0) -> None:
    """What is told of one alarm keeps its order."""
    row = changed.after
    arn = alarm_places.arn_of(row)
    outbox.add(
        tx,
        id=event_id(now.at, now.seed, f"{arn}/{kind}/{name}/{row.changes}", ordinal),
        kind=kind,
        account=row.key.account,
        region=row.key.region,
        repository_id=arn,
        revision=row.changes,
        ordinal=ordinal,
        name=name,
        body=body,
        at=moment(now.at),
    )
