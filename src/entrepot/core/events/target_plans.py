"""How a target is delivered to as its configuration stands, or why it cannot be: rule, target, role, API destination.

A plan is made from the metadata and kept until the stamp of the region's buses or of the account's identities changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from entrepot.core.events import passed_roles
from entrepot.core.events.outcomes import (
    CLIENT_ERROR,
    DEFAULT_ATTEMPTS,
    DEFAULT_SECONDS,
    NO_PERMISSIONS,
    NO_RESOURCE,
    Failure,
    RetryPolicy,
)
from entrepot.core.events.target_kinds import Kind, kind_of
from entrepot.core.recent import Recent
from entrepot.core.resources import Resource
from entrepot.core.rights import Rights, rights_of
from entrepot.db import accounts, event_buses, event_connections, event_rules
from entrepot.db.database import Transaction
from entrepot.db.event_records import ApiDestination, Connection, Rule, Target
from entrepot.pattern.inputs import Template
from entrepot.pattern.paths import Path
from entrepot.policy.principals import Principal
from entrepot.spec import event_arns
from entrepot.spec.moments import moment

_MOST_PLANS = 4096
_SESSION = "EventBridge"
ACTIONS: Mapping[Kind, str] = {
    "api-destination": "events:InvokeApiDestination",
    "event-bus": "events:PutEvents",
    "sqs": "sqs:SendMessage",
    "sns": "sns:Publish",
    "lambda": "lambda:InvokeFunction",
    "kinesis": "kinesis:PutRecord",
}
_BY_ROLE_ALONE = frozenset[Kind]({"api-destination"})


@dataclass(frozen=True, slots=True)
class Plan:
    """A target that can be delivered to. `rights` are those of its role, where it has one."""

    rule: Rule
    target: Target
    kind: Kind
    policy: RetryPolicy
    template: Template | None = None
    path: Path | None = None
    rights: Rights | None = None
    destination: ApiDestination | None = None
    connection: Connection | None = None
    refusal: Failure | None = None  # whatever is sent, it would not be taken


class Plans:
    """The plans of one process."""

    def __init__(self) -> None:
        self._known: Recent[str, tuple[tuple[int, int], Plan]] = Recent(_MOST_PLANS)

    def of(self, tx: Transaction, target_key: str) -> Plan | None:
        """The plan for a target as it stands; None for one that its rule does not have any more."""
        rule_arn, _, target_id = target_key.partition(" ")
        of_alarms = event_arns.alarm_actions_in(rule_arn)
        if of_alarms is not None:
            return _of_alarms(*of_alarms, target_id)
        key = event_arns.parse(rule_arn)
        if key is None:
            return None
        account = accounts.find(tx, key.account)
        stamps = (event_buses.stamp(tx, key.account, key.region), 0 if account is None else account.stamp)
        known = self._known.get(target_key)
        if known is not None and known[0] == stamps:
            return known[1]
        bus, name = key.rule
        rule = event_rules.find(tx, event_arns.BusKey(key.account, key.region, bus), name)
        target = None if rule is None else event_rules.target(tx, rule.id, target_id)
        if rule is None or target is None:
            self._known.drop(target_key)
            return None
        plan = _plan(tx, rule, target)
        self._known.put(target_key, (stamps, plan))
        return plan


def _of_alarms(account: str, region: str, action: str) -> Plan:
    """The plan for an action of alarms: no rule has it, and no role is asked. The name is none that a rule can have."""
    bus = event_arns.BusKey(account, region, event_arns.DEFAULT_BUS)
    epoch = moment(0)
    rule = Rule("", bus, "CloudWatch alarms", None, None, "ENABLED", "", None, "", epoch, epoch)
    target = Target("", action, action)
    policy = RetryPolicy(DEFAULT_ATTEMPTS, DEFAULT_SECONDS)
    kind = kind_of(action)
    if kind not in {"sns", "lambda"}:
        nowhere = Failure(CLIENT_ERROR, f"alarms tell nothing to {action}", False)
        return Plan(rule, target, "sns", policy, refusal=nowhere)
    return Plan(rule, target, kind, policy)


def _plan(tx: Transaction, rule: Rule, target: Target) -> Plan:
    attempts = DEFAULT_ATTEMPTS if target.most_attempts is None else target.most_attempts
    seconds = DEFAULT_SECONDS if target.longest_seconds is None else target.longest_seconds
    kind = kind_of(target.arn)
    policy = RetryPolicy(attempts, seconds)
    if kind is None:
        nowhere = Failure(CLIENT_ERROR, f"nothing is delivered to {target.arn}", False)
        return Plan(rule, target, "api-destination", policy, refusal=nowhere)
    rights, refusal = _role(tx, rule, target, kind)
    destination = connection = None
    if kind == "api-destination":
        destination = event_connections.destination_by_arn(tx, target.arn)
        connection = None if destination is None else event_connections.by_arn(tx, destination.connection_arn)
        refusal = refusal or _unready(target, destination, connection)
    template, path = _input(target)
    return Plan(rule, target, kind, policy, template, path, rights, destination, connection, refusal)


def _role(tx: Transaction, rule: Rule, target: Target, kind: Kind) -> tuple[Rights | None, Failure | None]:
    """The rights of the target's role; why it cannot be used, where it cannot."""
    arn = target.role_arn
    if arn is None:
        needed = kind in _BY_ROLE_ALONE
        return None, Failure(NO_PERMISSIONS, "the target has no role", False) if needed else None
    found = passed_roles.find(tx, arn)
    if found is None or not passed_roles.trusted(tx, rule.bus.account, arn, rule.arn):
        return None, Failure(NO_PERMISSIONS, f"{arn} cannot be assumed by events.amazonaws.com", False)
    session = f"arn:aws:sts::{found.account}:assumed-role/{found.name}/{_SESSION}"
    subject = Principal(found.account, "role session", session, found.id, behind=arn, session=_SESSION)
    rights = rights_of(tx, subject, found.id)
    if kind == "event-bus":  # whose policy has a say too, and reads the event
        return rights, None
    # of the resource, its own policy decides at its endpoint; here the role's account decides as if it were its own
    decision = rights.decide(ACTIONS[kind], Resource(found.account, target.arn, kind), {})
    return rights, None if decision.allowed else Failure(NO_PERMISSIONS, f"{arn} may not {ACTIONS[kind]}", False)


def _unready(target: Target, destination: ApiDestination | None, connection: Connection | None) -> Failure | None:
    if destination is None:
        return Failure(NO_RESOURCE, f"{target.arn} does not exist", False)
    if connection is None:
        return Failure(NO_RESOURCE, f"{destination.connection_arn} does not exist", False)
    if connection.state == "AUTHORIZING":
        return Failure(NO_PERMISSIONS, f"{connection.arn} is being authorized", True)
    if connection.sealed is None or connection.state != "AUTHORIZED":
        return Failure(NO_PERMISSIONS, f"{connection.arn} is not authorized", True)
    return None


def _input(target: Target) -> tuple[Template | None, Path | None]:
    """What the target is given instead of the event; it was checked when it was stored."""
    if target.input_kind == "path":
        return None, Path(target.input)
    if target.input_kind == "transformer":
        given = msgspec.json.decode(target.input)
        return Template(given["InputTemplate"], given.get("InputPathsMap") or {}), None
    return None, None
