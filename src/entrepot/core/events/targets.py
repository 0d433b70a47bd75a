"""Targets of rules (EventBridge API reference, "PutTargets"): put and removed one by one, each with its own answer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from entrepot.core.access import Caller
from entrepot.core.events import passed_roles, places, target_kinds
from entrepot.core.events.target_kinds import Reachable, TargetRefused
from entrepot.core.page import Page, cut
from entrepot.db import event_rules as rows
from entrepot.db.database import Reader, Transaction
from entrepot.db.event_records import InputKind, Rule, Target
from entrepot.errors import EventInputInvalid, EventQuotaExceeded

__all__ = ["InputKind", "Target"]

MOST_TARGETS = 5


@dataclass(frozen=True, slots=True)
class FailedTarget:
    """A target that was not put or removed, and why."""

    id: str
    code: str
    message: str


def put(
    tx: Transaction, caller: Caller, bus: str, rule: str, drafts: Sequence[Target], reachable: Reachable
) -> tuple[FailedTarget, ...]:
    """Give a rule these targets beside those it has; a target of the same id gives way. Those that cannot be are told.

    EventRuleNotFound, EventBusNotFound, EventQuotaExceeded; EventInputInvalid for an id that stands twice.
    """
    key = places.bus_key(caller, bus)
    places.hold(tx, key.account)
    arns = tuple(dict.fromkeys(draft.arn for draft in drafts))
    found = places.require_rule(tx, caller, "PutTargets", key, rule, {"events:targetarn": arns})
    for arn in {draft.role_arn for draft in drafts if draft.role_arn is not None}:
        passed_roles.allow(tx, caller, arn)
    _check_ids(tx, found, drafts)
    failed = []
    for draft in drafts:
        target = replace(draft, rule_id=found.id)
        try:
            target_kinds.check(tx, found, target, reachable)
        except TargetRefused as refused:
            failed.append(FailedTarget(draft.id, "ValidationException", str(refused)))
        else:
            rows.put_target(tx, target)
    told = {"rule": rule, "eventBusName": bus, "targets": [_told(draft) for draft in drafts]}
    places.changed(tx, caller, "PutTargets", told, key.account)
    return tuple(failed)


def remove(tx: Transaction, caller: Caller, bus: str, rule: str, ids: Sequence[str]) -> tuple[FailedTarget, ...]:
    """Take targets from a rule; those that it has not are told: EventRuleNotFound, EventBusNotFound."""
    key = places.bus_key(caller, bus)
    places.hold(tx, key.account)
    found = places.require_rule(tx, caller, "RemoveTargets", key, rule)
    failed = [
        FailedTarget(each, "ResourceNotFoundException", f"Rule {rule} has no target {each}.")
        for each in ids
        if not rows.remove_target(tx, found.id, each)
    ]
    places.changed(tx, caller, "RemoveTargets", {"rule": rule, "eventBusName": bus, "ids": list(ids)}, key.account)
    return tuple(failed)


def list_of(tx: Reader, caller: Caller, bus: str, rule: str, limit: int, after: str) -> Page[Target]:
    """A page of a rule's targets, by id: EventRuleNotFound, EventBusNotFound."""
    found = places.require_rule(tx, caller, "ListTargetsByRule", places.bus_key(caller, bus), rule)
    ahead = [target for target in rows.targets(tx, found.id) if target.id > after]
    return cut(ahead, limit, lambda each: each.id)


def _check_ids(tx: Reader, rule: Rule, drafts: Sequence[Target]) -> None:
    ids = {draft.id for draft in drafts}
    if len(ids) != len(drafts):
        raise EventInputInvalid(reason="Parameter Targets is not valid. Reason: an Id stands more than once.")
    if len(ids | {target.id for target in rows.targets(tx, rule.id)}) > MOST_TARGETS:
        raise EventQuotaExceeded(quota="TargetsPerRule", limit=MOST_TARGETS)


def _told(draft: Target) -> dict[str, object]:
    """A target as its audit record shows it; without HTTP parameters, among which secrets may be."""
    shown: dict[str, object] = {"id": draft.id, "arn": draft.arn, "roleArn": draft.role_arn}
    if draft.input_kind == "transformer":
        shown["inputTransformer"] = msgspec.json.decode(draft.input)
    elif draft.input_kind != "event":
        shown["input" if draft.input_kind == "constant" else "inputPath"] = draft.input
    shown["deadLetterConfig"] = None if draft.dead_letter_arn is None else {"arn": draft.dead_letter_arn}
    return {name: value for name, value in shown.items() if value is not None}
