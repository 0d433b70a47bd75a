"""Rules of event buses (EventBridge API reference, "PutRule"): which events, or which moments, concern its targets."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from entrepot.core.access import Caller
from entrepot.core.events import passed_roles, patterns, places, tagging
from entrepot.core.events.tagging import Tags
from entrepot.core.page import Page, cut
from entrepot.core.resource_tags import request_tags
from entrepot.db import event_buses as bus_rows
from entrepot.db import event_rules as rows
from entrepot.db.database import Reader, Transaction
from entrepot.db.event_records import Rule
from entrepot.errors import EventBusNotFound, EventInputInvalid, EventQuotaExceeded
from entrepot.pattern import schedules
from entrepot.spec.event_arns import DEFAULT_BUS, BusKey
from entrepot.spec.ulid import new_ulid

__all__ = ["Rule"]

MOST_RULES = 300
ENABLED, DISABLED = "ENABLED", "DISABLED"


@dataclass(frozen=True, slots=True)
class RuleDraft:
    """What a rule is to be; `id` is made before the unit of work, which may run twice."""

    bus: str
    name: str
    pattern: str | None
    schedule: str | None
    state: str
    description: str
    role_arn: str | None
    tags: Tags = ()
    id: str = field(default_factory=new_ulid)


def put(tx: Transaction, caller: Caller, draft: RuleDraft) -> Rule:
    """Make a rule, or make of one that is there what the draft says; its targets and tags stay.

    EventPatternInvalid, ScheduleExpressionInvalid, EventInputInvalid, EventBusNotFound, EventQuotaExceeded.
    """
    key = places.bus_key(caller, draft.bus)
    places.hold(tx, key.account)
    found = places.allow_rule(
        tx, caller, "PutRule", key, draft.name, {**patterns.keys(draft.pattern), **_tagged(draft)}
    )
    if draft.role_arn is not None:
        passed_roles.allow(tx, caller, draft.role_arn)
    if found is None:
        bus = bus_rows.find(tx, key)
        tagging.allow_new(caller, places.rule_resource(tx, key, bus, draft.name), draft.tags)
    _check(tx, draft, key)
    if found is None:
        kept = _added(tx, caller, draft, key)
    else:
        kept = replace(
            found,
            pattern=draft.pattern,
            schedule=draft.schedule,
            state=draft.state,
            description=draft.description,
            role_arn=draft.role_arn,
            updated_at=caller.at,
        )
        rows.put(tx, kept)
    places.changed(tx, caller, "PutRule", _told(draft), key.account)
    return kept


def describe(tx: Reader, caller: Caller, bus: str, name: str) -> Rule:
    """A rule: EventRuleNotFound, EventBusNotFound."""
    return places.require_rule(tx, caller, "DescribeRule", places.bus_key(caller, bus), name)


def list_of(tx: Reader, caller: Caller, bus: str, prefix: str, limit: int, after: str) -> Page[Rule]:
    """A page of a bus's rules whose names begin so, by name: EventBusNotFound."""
    places.allow_account(caller, "ListRules")
    found = rows.page(tx, _own_bus(tx, caller, bus), prefix, after, limit + 1)
    return cut(found, limit, lambda each: each.name)


def names_by_target(tx: Reader, caller: Caller, bus: str, arn: str, limit: int, after: str) -> Page[str]:
    """A page of the rules of a bus that have this target, by name: EventBusNotFound."""
    places.allow_account(caller, "ListRuleNamesByTarget")
    found = rows.names_by_target(tx, _own_bus(tx, caller, bus), arn, after, limit + 1)
    return cut(found, limit, str)


def enable(tx: Transaction, caller: Caller, bus: str, name: str) -> None:
    """Let a rule see events again: EventRuleNotFound, EventBusNotFound."""
    _set_state(tx, caller, "EnableRule", bus, name, ENABLED)


def disable(tx: Transaction, caller: Caller, bus: str, name: str) -> None:
    """Let a rule see no events until it is enabled again: EventRuleNotFound, EventBusNotFound."""
    _set_state(tx, caller, "DisableRule", bus, name, DISABLED)


def delete(tx: Transaction, caller: Caller, bus: str, name: str) -> None:
    """Remove a rule that has no targets; one that is not there is gone already: EventInputInvalid, EventBusNotFound."""
    key = places.bus_key(caller, bus)
    places.hold(tx, key.account)
    found = places.allow_rule(tx, caller, "DeleteRule", key, name)
    if found is not None:
        if rows.targets(tx, found.id):
            raise EventInputInvalid(reason="Rule can't be deleted since it has targets.")
        rows.remove(tx, found.id)
        bus_rows.remove_tags(tx, found.arn)
    places.changed(tx, caller, "DeleteRule", {"name": name, "eventBusName": bus}, key.account)


def _set_state(tx: Transaction, caller: Caller, operation: str, bus: str, name: str, state: str) -> None:
    key = places.bus_key(caller, bus)
    places.hold(tx, key.account)
    found = places.require_rule(tx, caller, operation, key, name)
    rows.set_state(tx, found.id, state, caller.at)
    places.changed(tx, caller, operation, {"name": name, "eventBusName": bus}, key.account)


def _check(tx: Transaction, draft: RuleDraft, key: BusKey) -> None:
    if draft.pattern is None and draft.schedule is None:
        raise EventInputInvalid(reason="Parameter(s) EventPattern or ScheduleExpression must be specified.")
    if draft.schedule is not None:
        if key.name != DEFAULT_BUS:
            raise EventInputInvalid(reason="ScheduleExpression is supported only on the default event bus.")
        schedules.parse(draft.schedule)
    if draft.pattern is not None:
        patterns.check(draft.pattern)
    arn = draft.role_arn
    if arn is not None and not passed_roles.trusted(tx, key.account, arn, key.rule_arn(draft.name)):
        raise EventInputInvalid(reason=f"Provided role '{arn}' cannot be assumed by principal '{places.PRINCIPAL}'.")


def _added(tx: Transaction, caller: Caller, draft: RuleDraft, key: BusKey) -> Rule:
    if rows.count(tx, key) >= MOST_RULES:
        raise EventQuotaExceeded(quota="RulesPerEventBus", limit=MOST_RULES)
    made = Rule(
        id=draft.id,
        bus=key,
        name=draft.name,
        pattern=draft.pattern,
        schedule=draft.schedule,
        state=draft.state,
        description=draft.description,
        role_arn=draft.role_arn,
        created_by=caller.principal.account,
        created_at=caller.at,
        updated_at=caller.at,
    )
    rows.add(tx, made)
    tagging.add(tx, made.arn, draft.tags)
    return made


def _own_bus(tx: Reader, caller: Caller, named: str) -> BusKey:
    """A bus of the caller's account: of another's, nothing is listed."""
    key = places.bus_key(caller, named)
    if key.account != caller.principal.account:
        raise EventBusNotFound(name=key.name)
    return places.present(bus_rows.find(tx, key), key, caller.region).key


def _tagged(draft: RuleDraft) -> dict[str, tuple[str, ...]]:
    return request_tags(draft.tags)


def _told(draft: RuleDraft) -> Mapping[str, object]:
    told = {
        "name": draft.name,
        "eventBusName": draft.bus,
        "eventPattern": draft.pattern,
        "scheduleExpression": draft.schedule,
        "state": draft.state,
        "description": draft.description or None,
        "roleArn": draft.role_arn,
        "tags": dict(draft.tags) or None,
    }
    return {name: value for name, value in told.items() if value is not None}
