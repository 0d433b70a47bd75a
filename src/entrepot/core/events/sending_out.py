"""One event to one target, whatever kind it is of: what it is given, and who takes it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
import structlog

from entrepot.core.events import accepting, outcomes, places
from entrepot.core.events.aws_services import AwsServices, Message
from entrepot.core.events.invocations import Invocations
from entrepot.core.events.outcomes import CLIENT_ERROR, NO_PERMISSIONS, NO_RESOURCE, Failure
from entrepot.core.events.target_plans import ACTIONS, Plan
from entrepot.core.units import Units
from entrepot.db import accounts, event_buses
from entrepot.db.database import Row, Transaction
from entrepot.outbound import Sender
from entrepot.pattern.inputs import Circumstances, part_of
from entrepot.spec import event_arns
from entrepot.spec.event_arns import DEFAULT_BUS
from entrepot.spec.moments import micros, moment

log = structlog.get_logger()
INTERNAL = "INTERNAL_ERROR"
MOST_HOPS = 5  # buses that send an event on


class Targets:
    """Hands events over."""

    def __init__(self, metadata: Units, events: Units, invocations: Invocations, services: AwsServices) -> None:
        self._metadata = metadata
        self._events = events
        self._invocations = invocations
        self._services = services

    async def attempt(self, sender: Sender, plan: Plan, row: Row, now: datetime) -> Failure | None:
        """`deliver`, of which a mistake in the house is a failure of this one event, not of those beside it."""
        try:
            return await self.deliver(sender, plan, row, now)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as fault:
            log.exception("event not delivered", event=row.event_id, target=row.target)
            return Failure(INTERNAL, type(fault).__name__, True)

    async def deliver(self, sender: Sender, plan: Plan, row: Row, now: datetime) -> Failure | None:
        """Hand one event over; None when the target has it."""
        if plan.refusal is not None:
            return plan.refusal
        event: Mapping[str, Any] = msgspec.json.decode(row.body)
        if plan.kind == "event-bus":
            return await self._send_on(plan, row, event, now)
        text = given(plan, row, event)
        if plan.kind == "api-destination":
            return await self._invocations.invoke(sender, plan, event, text)
        parameters = plan.target.parameters or {}
        return await self._services.send(sender, Message(plan.target.arn, text, row.event_id, event, parameters, {}))

    async def _send_on(self, plan: Plan, row: Row, event: Mapping[str, Any], now: datetime) -> Failure | None:
        """Put an event before the rules of another bus; a circle of buses ends where it began."""
        if row.hops >= MOST_HOPS:
            return Failure(CLIENT_ERROR, f"the event has been sent on by {MOST_HOPS} buses", False)
        refused = await self._metadata.read(_bus_refuses, plan, event)
        if refused is not None:
            return refused
        key = event_arns.bus_of(plan.target.arn)
        if key is None:
            return Failure(NO_RESOURCE, f"{plan.target.arn} is no event bus", False)
        await self._events.write(
            accepting.enter,
            row.body,
            event_id=row.event_id,
            account=key.account,
            region=key.region,
            bus=key.name,
            order_key=row.order_key,
            at=micros(now),
            hops=row.hops + 1,
        )
        return None


def given(plan: Plan, row: Row, event: Mapping[str, Any]) -> str:
    """What a target gets of an event: all of it, a part, a constant, or a filled template."""
    if plan.path is not None:
        return part_of(event, plan.path)
    if plan.template is not None:
        received = f"{moment(row.accepted_at):%Y-%m-%dT%H:%M:%SZ}"
        return plan.template.fill(event, Circumstances(plan.rule.arn, plan.rule.name, received))
    return plan.target.input if plan.target.input_kind == "constant" else str(row.body)


def _bus_refuses(tx: Transaction, plan: Plan, event: Mapping[str, Any]) -> Failure | None:
    """Why a bus does not take an event: it is not there, or its policy and the role do not both allow it."""
    key = event_arns.bus_of(plan.target.arn)
    found = None if key is None else event_buses.find(tx, key)
    if key is None or (found is None and (key.name != DEFAULT_BUS or accounts.find(tx, key.account) is None)):
        return Failure(NO_RESOURCE, f"{plan.target.arn} does not exist", False)
    if plan.rights is None:
        own = key.account == plan.rule.bus.account
        return None if own else Failure(NO_PERMISSIONS, "the target has no role", False)
    keys = {
        "events:source": (str(event.get("source", "")),),
        "events:detail-type": (str(event.get("detail-type", "")),),
        "aws:sourcearn": (plan.rule.arn,),
        "aws:sourceaccount": (plan.rule.bus.account,),
    }
    decision = plan.rights.decide(ACTIONS["event-bus"], places.bus_resource(tx, key, found), keys)
    if decision.allowed:
        return None
    message = outcomes.shortened(f"{plan.target.role_arn} may not {ACTIONS['event-bus']} on {key.arn}")
    return Failure(NO_PERMISSIONS, message, False)
