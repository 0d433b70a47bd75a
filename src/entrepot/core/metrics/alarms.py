"""Alarms: put, delete, enable, set to a state (CloudWatch API reference). How they are read is alarm_listing."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from entrepot.core import access, changes
from entrepot.core.access import Caller, Keys
from entrepot.core.metrics import alarm_definitions, alarm_messages, alarm_places, alarm_states, tagging
from entrepot.core.metrics.alarm_definitions import CompositeAlarm, MetricAlarm
from entrepot.core.metrics.alarm_states import Moment, State
from entrepot.core.resource_tags import request_tags
from entrepot.db import accounts
from entrepot.db import alarms as rows
from entrepot.db import dashboards as tag_rows
from entrepot.db.alarm_records import AlarmKey, AlarmRow
from entrepot.db.database import Transaction
from entrepot.errors import (
    AlarmInUse,
    AlarmInvalid,
    AlarmNotFound,
    AlarmReasonInvalid,
    AlarmsTooMany,
)
from entrepot.metrics import verdicts
from entrepot.spec.moments import micros
from entrepot.spec.strict_json import decode

MOST_ALARMS: Final = 5000  # of an account in a region
MOST_PARENTS: Final = 150
_DEEPEST: Final = 10  # composite alarms over composite alarms
_DEEPEST_DATA: Final = 50
_UNCHECKED: Final = "Unchecked: Initial alarm creation"


@dataclass(frozen=True, slots=True)
class Draft:
    """An alarm as its owner wants it; tags count when it is new."""

    name: str
    definition: MetricAlarm | CompositeAlarm
    enabled: bool
    tags: tuple[tuple[str, str], ...]


def put_metric(tx: Transaction, caller: Caller, draft: Draft, reachable: Collection[str]) -> None:
    """Make a metric alarm, or define it anew: AlarmInvalid, AlarmsTooMany. `reachable` are the services with endpoints
    that its actions can be at. It is evaluated within seconds.
    """
    _allow_put(tx, caller, "PutMetricAlarm", draft)
    definition = draft.definition
    if not isinstance(definition, MetricAlarm):
        raise AlarmInvalid(reason="Not a metric alarm")
    alarm_definitions.check_metric_alarm(definition, caller.principal.account)
    metric = ""
    if definition.metric_name:
        metric = alarm_definitions.metric_key(definition.namespace, definition.metric_name, definition.dimensions)
    _put(tx, caller, draft, metric, reachable)
    _changed(tx, caller, "PutMetricAlarm", _told(draft))


def put_composite(tx: Transaction, caller: Caller, draft: Draft, reachable: Collection[str]) -> None:
    """Make a composite alarm, or define it anew, and evaluate it: AlarmInvalid for a rule that names what is not
    there, or itself by way of others; AlarmsTooMany.
    """
    _allow_put(tx, caller, "PutCompositeAlarm", draft)
    key, definition = alarm_places.key_of(caller, draft.name), draft.definition
    if not isinstance(definition, CompositeAlarm):
        raise AlarmInvalid(reason="Not a composite alarm")
    names = alarm_states.rule(key, definition.alarm_rule).names
    _check_names(tx, key, names)
    _check_suppressor(tx, key, definition)
    row = _put(tx, caller, draft, "", reachable)
    rows.set_children(tx, key, sorted(names))
    alarm_states.evaluate(tx, row, _now(caller))
    _changed(tx, caller, "PutCompositeAlarm", _told(draft))


def delete(tx: Transaction, caller: Caller, names: Sequence[str]) -> None:
    """Remove those that are there: AlarmNotFound for none, AlarmInUse while a composite alarm that stays names one."""
    for name in names or (alarm_places.ALL,):
        access.require(caller, "DeleteAlarms", alarm_places.alarm(tx, alarm_places.key_of(caller, name)))
    accounts.lock(tx, caller.principal.account)
    locked = [rows.lock(tx, alarm_places.key_of(caller, name)) for name in sorted(set(names))]
    found = [row for row in locked if row is not None]
    if names and not found:
        raise AlarmNotFound(name=names[0])
    if sum(row.kind == "composite" for row in found) > 1:
        raise AlarmInvalid(reason="At most one composite alarm can be deleted at a time")
    for row in sorted(found, key=lambda row: row.kind):  # composite alarms first
        parents = rows.parents(tx, row.key)
        if parents:
            raise AlarmInUse(name=row.key.name, parent=parents[0].key.name)
        rows.remove(tx, row.key)
        tag_rows.remove_tags(tx, row.key.account, alarm_places.arn_of(row))
        data = alarm_messages.configuration_update("Delete", row)
        alarm_states.remember(
            tx, row, "ConfigurationUpdate", f'Alarm "{row.key.name}" deleted'[:255], data, _now(caller)
        )
    _changed(tx, caller, "DeleteAlarms", {"alarmNames": list(names)})


def enable(tx: Transaction, caller: Caller, names: Sequence[str], *, enabled: bool) -> None:
    """Let the actions of alarms run, or not; names of none are passed over."""
    operation = "EnableAlarmActions" if enabled else "DisableAlarmActions"
    for name in names or (alarm_places.ALL,):
        access.require(caller, operation, alarm_places.alarm(tx, alarm_places.key_of(caller, name)))
    for name in sorted(set(names)):
        row = rows.lock(tx, alarm_places.key_of(caller, name))
        if row is not None and row.actions_enabled != enabled:
            rows.enable(tx, row.key, enabled=enabled)
            summary = f'Alarm actions of "{row.key.name}" {"enabled" if enabled else "disabled"}'
            data = alarm_messages.configuration_update("Update", row)
            alarm_states.remember(tx, row, "ConfigurationUpdate", summary, data, _now(caller))
    _changed(tx, caller, operation, {"alarmNames": list(names)})


def set_state(tx: Transaction, caller: Caller, name: str, state: State) -> None:
    """Give an alarm a state until it is evaluated next: AlarmNotFound, AlarmReasonInvalid."""
    key = alarm_places.key_of(caller, name)
    access.require(caller, "SetAlarmState", alarm_places.alarm(tx, key))
    if state.data:
        _check_data(state.data)
    alarm_states.change(tx, require_locked(tx, key), state, _now(caller))
    told = {"alarmName": name, "stateValue": state.value, "stateReason": state.reason}
    _changed(tx, caller, "SetAlarmState", told)


def require_locked(tx: Transaction, key: AlarmKey) -> AlarmRow:
    """The alarm, held until the transaction ends: AlarmNotFound. Not authorised here."""
    row = rows.lock(tx, key)
    if row is None:
        raise AlarmNotFound(name=key.name)
    return row


def _allow_put(tx: Transaction, caller: Caller, operation: str, draft: Draft) -> None:
    keys: Keys = {**request_tags(draft.tags), "cloudwatch:alarmactions": draft.definition.all}
    resource = alarm_places.alarm(tx, alarm_places.key_of(caller, draft.name))
    access.require(caller, operation, resource, keys)
    if draft.tags:
        access.require(caller, "TagResource", resource, keys)
        wrong = tagging.fault((), draft.tags)
        if wrong is not None:
            raise AlarmInvalid(reason=wrong)


def _put(tx: Transaction, caller: Caller, draft: Draft, metric: str, reachable: Collection[str]) -> AlarmRow:
    alarm_definitions.check_name(draft.name)
    alarm_definitions.check_actions(draft.definition, caller.principal.account, caller.region, reachable)
    accounts.lock(tx, caller.principal.account)
    key, now = alarm_places.key_of(caller, draft.name), _now(caller)
    kind = "metric" if isinstance(draft.definition, MetricAlarm) else "composite"
    there = rows.lock(tx, key)
    if there is not None and there.kind != kind:
        raise AlarmInvalid(reason=f"{draft.name} is the name of an alarm of another type")
    if there is None and rows.count(tx, key.account, key.region) >= MOST_ALARMS:
        raise AlarmsTooMany(limit=MOST_ALARMS, what="alarms")
    row = AlarmRow(
        key=key,
        kind=kind,
        metric=metric,
        definition=msgspec.json.encode(draft.definition).decode(),
        actions_enabled=draft.enabled,
        configured_at=now.at,
        state=verdicts.UNKNOWN if there is None else there.state,
        reason=_UNCHECKED if there is None else there.reason,
        reason_data="" if there is None else there.reason_data,
        updated_at=now.at if there is None else there.updated_at,
        transitioned_at=now.at if there is None else there.transitioned_at,
        evaluation="",
        changes=0 if there is None else there.changes,
        acted=verdicts.UNKNOWN if there is None else there.acted,
        suppressed_by="" if there is None else there.suppressed_by,
        suppressed_at=0 if there is None else there.suppressed_at,
    )
    if there is None:
        rows.add(tx, row)
        tagging.put(tx, key.account, alarm_places.alarm_arn(key), draft.tags)
    else:
        rows.configure(tx, row)
    word = "Create" if there is None else "Update"
    data = alarm_messages.configuration_update(word, row)
    summary = f'Alarm "{draft.name}" {word.lower()}d'
    alarm_states.remember(tx, row, "ConfigurationUpdate", summary, data, now)
    return row


def _check_names(tx: Transaction, key: AlarmKey, names: Collection[str]) -> None:
    for name in sorted(names):
        child = AlarmKey(key.account, key.region, name)
        if name != key.name and rows.find(tx, child) is None:
            raise AlarmInvalid(reason=f"Could not save the composite alarm: alarm {name} in the rule does not exist")
        parents = {row.key.name for row in rows.parents(tx, child)}
        if len(parents | {key.name}) > MOST_PARENTS:
            raise AlarmsTooMany(limit=MOST_PARENTS, what=f"composite alarms that name {name}")
    _check_cycles(tx, key, names)


def _check_cycles(tx: Transaction, key: AlarmKey, names: Collection[str]) -> None:
    """AlarmInvalid when the rule would come to name its own alarm."""
    level, seen = set(names), set(names)
    for _ in range(_DEEPEST):
        if key.name in level:
            raise AlarmInvalid(reason="Could not save the composite alarm: its rule depends on itself")
        below = {row.key.name for name in level for row in rows.children(tx, AlarmKey(key.account, key.region, name))}
        level = below - seen
        seen |= below
        if not level:
            return
    raise AlarmInvalid(reason=f"Could not save the composite alarm: more than {_DEEPEST} alarms above each other")


def _check_suppressor(tx: Transaction, key: AlarmKey, definition: CompositeAlarm) -> None:
    periods = (definition.actions_suppressor_wait_period, definition.actions_suppressor_extension_period)
    if definition.actions_suppressor is None:
        if any(period is not None for period in periods):
            raise AlarmInvalid(reason="ActionsSuppressor must be given with its wait and extension periods")
        return
    if any(period is None or period < 0 for period in periods):
        raise AlarmInvalid(reason="ActionsSuppressor needs a wait period and an extension period, in seconds")
    name = alarm_places.name_at(key, definition.actions_suppressor)
    if name is None or rows.find(tx, AlarmKey(key.account, key.region, name)) is None:
        raise AlarmInvalid(reason=f"ActionsSuppressor {definition.actions_suppressor} does not exist")


def _check_data(text: str) -> None:
    try:
        decode(text, _DEEPEST_DATA)
    except ValueError:
        raise AlarmReasonInvalid from None


def _now(caller: Caller) -> Moment:
    return Moment(micros(caller.at), caller.request_id)


def _told(draft: Draft) -> dict[str, object]:
    """An alarm as its audit record shows it."""
    members = alarm_definitions.shown(draft.definition)
    told = {name[:1].lower() + name[1:]: value for name, value in members.items()}
    return {"alarmName": draft.name, "actionsEnabled": draft.enabled, **told, "tags": dict(draft.tags)}


def _changed(tx: Transaction, caller: Caller, operation: str, told: changes.Json) -> None:
    changes.audit(
        tx, caller, operation, told, account=caller.principal.account, region=caller.region, service="cloudwatch"
    )
