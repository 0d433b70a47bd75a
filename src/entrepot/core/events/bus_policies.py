"""Policies of event buses: which accounts, roles and organizations may put events and rules (EventBridge user guide,
"Permissions for event buses").

A whole policy is set at once, or a statement that lets an account put events is set or removed by its id.
"""

import json
from dataclasses import dataclass
from typing import Any

from entrepot.core import named_principals
from entrepot.core.access import Caller
from entrepot.core.events import places
from entrepot.core.named_principals import PrincipalUnknown
from entrepot.db import event_buses as rows
from entrepot.db.database import Transaction
from entrepot.db.event_records import Bus
from entrepot.errors import EventBusPolicyTooLarge, EventInputInvalid, EventResourceNotFound
from entrepot.policy import document
from entrepot.policy.rules import LIMITS
from entrepot.policy.structure import Kind, Wrong
from entrepot.spec.event_arns import BusKey

_LIMIT = LIMITS[Kind.EVENT_BUS]


@dataclass(frozen=True, slots=True)
class Grant:
    """A statement that lets an account, or everyone (`*`), put events; `condition` is (operator, key, value)."""

    statement_id: str
    principal: str
    condition: tuple[str, str, str] | None


def put(tx: Transaction, caller: Caller, name: str, text: str) -> None:
    """Replace a bus's policy: EventBusNotFound, EventInputInvalid, EventBusPolicyTooLarge."""
    key, found = _locked(tx, caller, "PutPermission", name)
    _store(tx, caller, found, text)
    places.changed(tx, caller, "PutPermission", {"eventBusName": name, "policy": text}, key.account)


def grant(tx: Transaction, caller: Caller, name: str, given: Grant) -> None:
    """Set one statement of a bus's policy, and keep the others: as `put`."""
    key, found = _locked(tx, caller, "PutPermission", name)
    everyone = given.principal == "*"
    statement: dict[str, Any] = {
        "Sid": given.statement_id,
        "Effect": "Allow",
        "Principal": "*" if everyone else {"AWS": f"arn:aws:iam::{given.principal}:root"},
        "Action": "events:PutEvents",
        "Resource": key.arn,
    }
    if given.condition is not None:
        operator, condition_key, value = given.condition
        statement["Condition"] = {operator: {condition_key: value}}
    _store(tx, caller, found, _written([*_without(found, given.statement_id), statement]))
    told = {"eventBusName": name, "principal": given.principal, "statementId": given.statement_id}
    places.changed(tx, caller, "PutPermission", {**told, "action": "events:PutEvents"}, key.account)


def remove(tx: Transaction, caller: Caller, name: str, statement_id: str) -> None:
    """Remove one statement of a bus's policy: EventBusNotFound, EventResourceNotFound."""
    key, found = _locked(tx, caller, "RemovePermission", name)
    rest = _without(found, statement_id)
    if len(rest) == len(_statements(found)):
        raise EventResourceNotFound(resource="Statement with the provided id")
    rows.put(tx, key, found.description, _written(rest) if rest else None, caller.at)
    told = {"eventBusName": name, "statementId": statement_id}
    places.changed(tx, caller, "RemovePermission", told, key.account)


def remove_all(tx: Transaction, caller: Caller, name: str) -> None:
    """Remove a bus's policy: EventBusNotFound."""
    key, found = _locked(tx, caller, "RemovePermission", name)
    rows.put(tx, key, found.description, None, caller.at)
    told = {"eventBusName": name, "removeAllPermissions": True}
    places.changed(tx, caller, "RemovePermission", told, key.account)


def _locked(tx: Transaction, caller: Caller, operation: str, name: str) -> tuple[BusKey, Bus]:
    """A bus of the caller's own, for a caller who may manage permissions: its policy has no say in that."""
    key = places.bus_key(caller, name)
    places.allow_account(caller, operation)
    places.hold(tx, key.account)
    found = rows.find(tx, key) if key.account == caller.principal.account else None
    return key, places.present(found, key, caller.region)


def _store(tx: Transaction, caller: Caller, found: Bus, text: str) -> None:
    try:
        document.checked(text, Kind.EVENT_BUS)
        kept = named_principals.stored(tx, text)
    except Wrong as wrong:
        raise EventInputInvalid(reason=f"Parameter Policy is not valid. Reason: {wrong}") from None
    except PrincipalUnknown as unknown:
        raise EventInputInvalid(reason=f"Parameter Policy is not valid. Reason: no principal {unknown}.") from None
    if document.size(text) > _LIMIT:
        raise EventBusPolicyTooLarge(limit=_LIMIT)
    rows.put(tx, found.key, found.description, kept, caller.at)


def _statements(found: Bus) -> list[dict[str, Any]]:
    statements = [] if found.policy is None else json.loads(found.policy)["Statement"]
    return statements if isinstance(statements, list) else [statements]


def _without(found: Bus, statement_id: str) -> list[dict[str, Any]]:
    return [each for each in _statements(found) if each.get("Sid") != statement_id]


def _written(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, ensure_ascii=False)
