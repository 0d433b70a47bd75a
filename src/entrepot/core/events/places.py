"""What EventBridge has, as what is acted upon: first the permission, then the existence.

A bus's policy has a say in what is done to the bus and to its rules, by its own account and by others. The default bus
is in every account and region, whether or not anything of it was set.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from entrepot.core import access, changes
from entrepot.core.access import NO_KEYS, Caller, Keys
from entrepot.core.changes import new_stamp
from entrepot.core.page import Page, cut
from entrepot.core.resources import Resource, Tags
from entrepot.core.stored_policies import compiled
from entrepot.db import accounts
from entrepot.db import event_buses as bus_rows
from entrepot.db import event_rules as rule_rows
from entrepot.db.database import Reader, Transaction
from entrepot.db.event_names import Names, Place
from entrepot.db.event_records import Bus, Rule
from entrepot.errors import (
    EventBusNotFound,
    EventInputInvalid,
    EventQuotaExceeded,
    EventResourceAlreadyExists,
    EventResourceNotFound,
    EventRuleNotFound,
)
from entrepot.policy.compiled import Policy
from entrepot.spec import event_arns
from entrepot.spec.event_arns import DEFAULT_BUS, BusKey, EventKey

SERVICE = "events"
PRINCIPAL = "events.amazonaws.com"


class Keyed(Protocol):
    """An archive, a replay, a connection or an API destination."""

    @property
    def key(self) -> EventKey:
        """By what it is named."""


T = TypeVar("T", bound=Keyed)


def bus_key(caller: Caller, named: str = DEFAULT_BUS) -> BusKey:
    """The bus that a name or an ARN means; EventInputInvalid for an ARN of something else."""
    if not named.startswith("arn:"):
        return BusKey(caller.principal.account, caller.region, named)
    key = event_arns.bus_of(named)
    if key is None:
        raise EventInputInvalid(
            reason="Parameter EventBusName is not valid. Reason: it is not the ARN of an event bus."
        )
    return key


def bus_resource(tx: Reader, key: BusKey, found: Bus | None) -> Resource:
    """A bus, which need not exist."""
    return Resource(key.account, key.arn, SERVICE, policies=_policies(found), tags=lambda: _tags(tx, key.arn))


def rule_resource(tx: Reader, key: BusKey, found: Bus | None, rule: str) -> Resource:
    """A rule of a bus, neither of which need exist."""
    arn = key.rule_arn(rule)
    return Resource(key.account, arn, SERVICE, policies=_policies(found), tags=lambda: _tags(tx, arn))


def resource(caller: Caller, kind: str, name: str) -> Resource:
    """Something else of the caller's account and region, which need not exist."""
    return Resource(caller.principal.account, own(caller, kind, name).arn, SERVICE)


def own(caller: Caller, kind: str, name: str) -> EventKey:
    """The key of something of the caller's account and region."""
    return EventKey(caller.principal.account, caller.region, kind, name)


def here(caller: Caller) -> Place:
    """Where the caller is: names of archives and the like are unique there."""
    return caller.principal.account, caller.region


def require(tx: Reader, caller: Caller, operation: str, names: Names[T], kind: str, name: str, called: str) -> T:
    """Something else of the caller's account and region, for one who may do this to it: AccessDenied, then
    EventResourceNotFound, in which it is `called` so.
    """
    access.require(caller, operation, resource(caller, kind, name))
    found = names.find(tx, here(caller), name)
    if found is None:
        raise EventResourceNotFound(resource=called)
    return found


def require_new(tx: Reader, names: Names[T], place: Place, name: str, called: str) -> None:
    """EventResourceAlreadyExists, in which it is `called` so, where the name is taken."""
    if names.find(tx, place, name) is not None:
        raise EventResourceAlreadyExists(resource=called)


def require_room(tx: Reader, names: Names[T], place: Place, quota: str, most: int) -> None:
    """EventQuotaExceeded where there are as many as there may be."""
    if names.count(tx, place) >= most:
        raise EventQuotaExceeded(quota=quota, limit=most)


def page(
    tx: Reader,
    names: Names[T],
    place: Place,
    prefix: str,
    limit: int,
    after: str,
    wanted: Callable[[T], bool] = lambda _: True,
) -> Page[T]:
    """A page of those that are wanted and whose names begin so, by name."""
    found: list[T] = []
    while len(found) <= limit:
        batch = names.list_of(tx, place, prefix, after, limit + 1)
        found += filter(wanted, batch)
        if len(batch) <= limit:
            break
        after = batch[-1].key.name
    return cut(found, limit, lambda each: each.key.name)


def allow_account(caller: Caller, operation: str) -> None:
    """AccessDenied unless the caller may do this, which concerns no thing in particular."""
    access.require(caller, operation, Resource(caller.principal.account, "*", SERVICE))


def allow_bus(tx: Reader, caller: Caller, operation: str, key: BusKey, keys: Keys = NO_KEYS) -> Bus | None:
    """AccessDenied unless the caller may do this to a bus; what was set of it, where it is there."""
    found = bus_rows.find(tx, key)
    access.require(caller, operation, bus_resource(tx, key, found), keys)
    return found if key.region == caller.region else None


def require_bus(tx: Reader, caller: Caller, operation: str, key: BusKey, keys: Keys = NO_KEYS) -> Bus:
    """The bus, for a caller who may do this to it: AccessDenied, then EventBusNotFound."""
    return present(allow_bus(tx, caller, operation, key, keys), key, caller.region)


def present(found: Bus | None, key: BusKey, region: str) -> Bus:
    """The bus, or EventBusNotFound; one of another region is not here."""
    if found is None and (key.name != DEFAULT_BUS or key.region != region):
        raise EventBusNotFound(name=key.name)
    return found or Bus(key)


def allow_rule(
    tx: Reader,
    caller: Caller,
    operation: str,
    key: BusKey,
    name: str,
    keys: Mapping[str, tuple[str, ...]] | None = None,
) -> Rule | None:
    """AccessDenied unless the caller may do this to a rule; then the rule, if it is there; EventBusNotFound."""
    bus, rule = bus_rows.find(tx, key), rule_rows.find(tx, key, name)
    creator = caller.principal.account if rule is None else rule.created_by
    keys = {**(keys or {}), "events:creatoraccount": (creator,), "events:eventbusarn": (key.arn,)}
    access.require(caller, operation, rule_resource(tx, key, bus, name), keys)
    present(bus if key.region == caller.region else None, key, caller.region)
    return rule


def require_rule(
    tx: Reader,
    caller: Caller,
    operation: str,
    key: BusKey,
    name: str,
    keys: Mapping[str, tuple[str, ...]] | None = None,
) -> Rule:
    """The rule, for a caller who may do this to it: AccessDenied, then EventBusNotFound, EventRuleNotFound."""
    rule = allow_rule(tx, caller, operation, key, name, keys)
    if rule is None:
        raise EventRuleNotFound(name=name, bus=key.name)
    return rule


def hold(tx: Transaction, account: str) -> None:
    """Hold an account's row: one change of what it has at a time."""
    accounts.lock(tx, account)


def changed(tx: Transaction, caller: Caller, action: str, parameters: Mapping[str, object], account: str = "") -> None:
    """Tell the routers and the audit of a change, in the caller's account unless it is another's."""
    account = account or caller.principal.account
    bus_rows.restamp(tx, account, caller.region, new_stamp())
    changes.audit(tx, caller, action, parameters, account=account, region=caller.region, service=SERVICE)


def _policies(found: Bus | None) -> tuple[Policy, ...]:
    if found is None or found.policy is None:
        return ()
    return (compiled(f"the policy of event bus {found.key.name}", found.policy),)


def _tags(tx: Reader, arn: str) -> Tags:
    tags: Sequence[tuple[str, str]] = bus_rows.tags(tx, arn)
    return tags
