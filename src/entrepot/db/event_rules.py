"""Rows of `event_rule` and `event_target`; the table by which events are routed, remembered under the stamp of
`event_buses.stamp`.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import bindparam, delete, insert, select, text, update

from entrepot.db.database import Reader, Row, Transaction
from entrepot.db.event_names import Names, Place
from entrepot.db.event_records import Route, Rule, Target
from entrepot.db.event_schema import event_rule, event_target
from entrepot.spec.event_arns import BusKey
from entrepot.spec.moments import micros, moment


def _rule(row: Row) -> Rule:
    return Rule(
        row.id,
        BusKey(row.account_id, row.region, row.bus),
        row.name,
        row.pattern,
        row.schedule,
        row.state,
        row.description,
        row.role_arn,
        row.created_by,
        moment(row.created_at),
        moment(row.updated_at),
    )


_RULES = Names(event_rule, _rule, ("account_id", "region", "bus"))
_INSERT = insert(event_rule)
_SET = (
    update(event_rule)
    .where(event_rule.c.id == bindparam("of"))
    .values(
        pattern=bindparam("new_pattern"),
        schedule=bindparam("new_schedule"),
        state=bindparam("new_state"),
        description=bindparam("new_description"),
        role_arn=bindparam("new_role"),
        updated_at=bindparam("at"),
    )
)
_SET_STATE = (
    update(event_rule)
    .where(event_rule.c.id == bindparam("of"))
    .values(state=bindparam("new_state"), updated_at=bindparam("at"))
)
_REMOVE = delete(event_rule).where(event_rule.c.id == bindparam("of"))
_ENABLED = select(event_rule).where(*_RULES.here, event_rule.c.state != "DISABLED").order_by(event_rule.c.name)
_SCHEDULED = (
    select(event_rule)
    .where(event_rule.c.schedule.is_not(None), event_rule.c.state != "DISABLED")
    .order_by(event_rule.c.id)
)
_TARGETS = select(event_target).where(event_target.c.rule_id == bindparam("of")).order_by(event_target.c.id)
_TARGETS_ON_BUS = (
    select(event_target)
    .select_from(event_target.join(event_rule, event_rule.c.id == event_target.c.rule_id))
    .where(*_RULES.here)
    .order_by(event_target.c.rule_id, event_target.c.id)
)
_TARGET = select(event_target).where(event_target.c.rule_id == bindparam("of"), event_target.c.id == bindparam("which"))
_PUT_TARGET = text(
    "INSERT INTO event_target (rule_id, id, arn, role_arn, input_kind, input, parameters, dead_letter_arn, "
    "most_attempts, longest_seconds) VALUES (:rule_id, :id, :arn, :role_arn, :input_kind, :input, :parameters, "
    ":dead_letter_arn, :most_attempts, :longest_seconds) ON CONFLICT (rule_id, id) DO UPDATE SET arn = excluded.arn, "
    "role_arn = excluded.role_arn, input_kind = excluded.input_kind, input = excluded.input, "
    "parameters = excluded.parameters, dead_letter_arn = excluded.dead_letter_arn, "
    "most_attempts = excluded.most_attempts, longest_seconds = excluded.longest_seconds"
)
_REMOVE_TARGET = delete(event_target).where(
    event_target.c.rule_id == bindparam("of"), event_target.c.id == bindparam("which")
)
_RULES_OF_TARGET = (
    select(event_rule.c.name)
    .select_from(event_rule.join(event_target, event_target.c.rule_id == event_rule.c.id))
    .where(*_RULES.here, event_target.c.arn == bindparam("of_arn"), event_rule.c.name > bindparam("after"))
    .distinct()
    .order_by(event_rule.c.name)
    .limit(bindparam("most"))
)


def routing(tx: Reader, bus: BusKey) -> Sequence[Route]:
    """Every rule of a bus that is not disabled, with its targets, by name."""
    named = _RULES.at(_place(bus))
    return _routes(tx.all(_ENABLED, **named), tx.all(_TARGETS_ON_BUS, **named))


def scheduled(tx: Reader) -> Sequence[Route]:
    """Every rule that has a schedule and is not disabled, of all accounts and regions, with its targets."""
    rules = tx.all(_SCHEDULED)
    return _routes(rules, (target for rule in rules for target in tx.all(_TARGETS, of=rule.id)))


def find(tx: Reader, bus: BusKey, name: str) -> Rule | None:
    """A rule of a bus."""
    return _RULES.find(tx, _place(bus), name)


def page(tx: Reader, bus: BusKey, prefix: str, after: str, most: int) -> Sequence[Rule]:
    """Rules of a bus whose names begin so, by name."""
    return _RULES.list_of(tx, _place(bus), prefix, after, most)


def count(tx: Reader, bus: BusKey) -> int:
    """How many rules a bus has."""
    return _RULES.count(tx, _place(bus))


def add(tx: Transaction, new: Rule) -> None:
    """A new rule without targets."""
    tx.run(
        _INSERT,
        id=new.id,
        account_id=new.bus.account,
        region=new.bus.region,
        bus=new.bus.name,
        name=new.name,
        pattern=new.pattern,
        schedule=new.schedule,
        state=new.state,
        description=new.description,
        role_arn=new.role_arn,
        created_by=new.created_by,
        created_at=micros(new.created_at),
        updated_at=micros(new.updated_at),
    )


def put(tx: Transaction, changed: Rule) -> None:
    """What an existing rule is now; its targets stay."""
    tx.run(
        _SET,
        of=changed.id,
        new_pattern=changed.pattern,
        new_schedule=changed.schedule,
        new_state=changed.state,
        new_description=changed.description,
        new_role=changed.role_arn,
        at=micros(changed.updated_at),
    )


def set_state(tx: Transaction, rule_id: str, state: str, at: datetime) -> None:
    """Enable or disable a rule."""
    tx.run(_SET_STATE, of=rule_id, new_state=state, at=micros(at))


def remove(tx: Transaction, rule_id: str) -> None:
    """Remove a rule that has no targets."""
    tx.run(_REMOVE, of=rule_id)


def targets(tx: Reader, rule_id: str) -> Sequence[Target]:
    """A rule's targets, by id."""
    return [_target(row) for row in tx.all(_TARGETS, of=rule_id)]


def target(tx: Reader, rule_id: str, target_id: str) -> Target | None:
    """One target of a rule."""
    row = tx.one(_TARGET, of=rule_id, which=target_id)
    return None if row is None else _target(row)


def put_target(tx: Transaction, new: Target) -> None:
    """A new target, or what an existing one is now."""
    tx.run(
        _PUT_TARGET,
        rule_id=new.rule_id,
        id=new.id,
        arn=new.arn,
        role_arn=new.role_arn,
        input_kind=new.input_kind,
        input=new.input,
        parameters=msgspec.json.encode(new.parameters or {}).decode(),
        dead_letter_arn=new.dead_letter_arn,
        most_attempts=new.most_attempts,
        longest_seconds=new.longest_seconds,
    )


def remove_target(tx: Transaction, rule_id: str, target_id: str) -> bool:
    """Remove one target; whether it was there."""
    return tx.run(_REMOVE_TARGET, of=rule_id, which=target_id) > 0


def names_by_target(tx: Reader, bus: BusKey, arn: str, after: str, most: int) -> Sequence[str]:
    """The rules of a bus that have this target, by name."""
    rows = tx.all(_RULES_OF_TARGET, **_RULES.at(_place(bus)), of_arn=arn, after=after, most=most)
    return [row.name for row in rows]


def _place(bus: BusKey) -> Place:
    return bus.account, bus.region, bus.name


def _routes(rules: Iterable[Row], of_rules: Iterable[Row]) -> Sequence[Route]:
    found = defaultdict[str, list[Target]](list)
    for row in of_rules:
        found[row.rule_id].append(_target(row))
    return [Route(_rule(row), tuple(found[row.id])) for row in rules]


def _target(row: Row) -> Target:
    return Target(
        row.rule_id,
        row.id,
        row.arn,
        row.role_arn,
        row.input_kind,
        row.input,
        msgspec.json.decode(row.parameters),
        row.dead_letter_arn,
        row.most_attempts,
        row.longest_seconds,
    )
