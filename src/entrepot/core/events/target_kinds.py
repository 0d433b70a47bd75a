"""What can be a target, and whether a rule may have it: only what can be delivered to (EventBridge user guide, "Event
bus targets").
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec

from entrepot.core.events import passed_roles
from entrepot.db import accounts, event_buses, event_connections
from entrepot.db.database import Transaction
from entrepot.db.event_records import Rule, Target
from entrepot.errors import TargetInputInvalid
from entrepot.pattern import inputs, paths
from entrepot.spec.event_arns import DEFAULT_BUS, bus_of

Kind = Literal["api-destination", "event-bus", "sqs", "sns", "lambda", "kinesis"]
_PLACE = r"[a-z0-9-]{2,25}:[0-9]{12}"
_ARNS: Mapping[Kind, re.Pattern[str]] = {
    "api-destination": re.compile(rf"arn:aws:events:{_PLACE}:api-destination/[.\-_A-Za-z0-9]{{1,64}}/[\-A-Za-z0-9]+"),
    "event-bus": re.compile(rf"arn:aws:events:{_PLACE}:event-bus/[/.\-_A-Za-z0-9]{{1,256}}"),
    "sqs": re.compile(rf"arn:aws:sqs:{_PLACE}:[A-Za-z0-9_-]{{1,80}}(?:\.fifo)?"),
    "sns": re.compile(rf"arn:aws:sns:{_PLACE}:[A-Za-z0-9_-]{{1,256}}(?:\.fifo)?"),
    "lambda": re.compile(rf"arn:aws:lambda:{_PLACE}:function:[A-Za-z0-9_-]{{1,140}}(?::[A-Za-z0-9_$-]{{1,128}})?"),
    "kinesis": re.compile(rf"arn:aws:kinesis:{_PLACE}:stream/[A-Za-z0-9_.-]{{1,128}}"),
}
_ELSEWHERE: frozenset[Kind] = frozenset({"sqs", "sns", "lambda", "kinesis"})
# the members that only some kinds take
_PARAMETERS: Mapping[str, Kind] = {
    "HttpParameters": "api-destination",
    "KinesisParameters": "kinesis",
    "SqsParameters": "sqs",
}


class TargetRefused(Exception):
    """Why a rule cannot have a target; told with the target, beside those that it can have."""


@dataclass(frozen=True, slots=True)
class Reachable:
    """Where events can go beside API destinations: the regions served here, and the AWS services whose endpoints are
    configured.
    """

    regions: tuple[str, ...]
    services: frozenset[str]


def kind_of(arn: str) -> Kind | None:
    """What an ARN is of; None for what is no kind of target."""
    return next((kind for kind, pattern in _ARNS.items() if pattern.fullmatch(arn)), None)


def check(tx: Transaction, rule: Rule, target: Target, reachable: Reachable) -> None:
    """TargetRefused for what cannot be delivered to, or would be given nothing that it could read."""
    kind = kind_of(target.arn)
    if kind is None:
        raise TargetRefused(
            "Parameter Arn is not valid. Reason: targets are API destinations, event buses, queues of SQS, topics of "
            "SNS, functions of Lambda and streams of Kinesis."
        )
    _check_parameters(target, kind)
    _check_place(tx, rule, target, kind, reachable)
    if target.role_arn is not None and not passed_roles.trusted(tx, rule.bus.account, target.role_arn, rule.arn):
        raise TargetRefused(f"Provided role '{target.role_arn}' cannot be assumed by principal 'events.amazonaws.com'.")
    if target.dead_letter_arn is not None:
        _check_dead_letters(target.dead_letter_arn, reachable)
    _check_input(target)


def _check_parameters(target: Target, kind: Kind) -> None:
    for name in target.parameters or {}:
        wanted = _PARAMETERS.get(name)
        if wanted != kind:
            reason = "nothing here is a target of this kind" if wanted is None else f"it is for targets of {wanted}"
            raise TargetRefused(f"Parameter {name} is not valid. Reason: {reason}.")
    fifo = target.arn.endswith(".fifo")
    grouped = "SqsParameters" in (target.parameters or {})
    if kind == "sqs" and fifo != grouped:
        raise TargetRefused(
            f"Parameter(s) SqsParameters must {'' if fifo else 'not '}be specified for target: {target.id}."
        )


def _check_place(tx: Transaction, rule: Rule, target: Target, kind: Kind, reachable: Reachable) -> None:
    if kind in _ELSEWHERE:
        if kind not in reachable.services:
            raise TargetRefused(f"No endpoint of {kind} is configured: the setting aws_endpoints has none.")
        return
    if kind == "event-bus":
        _check_bus(tx, rule, target, reachable)
        return
    found = event_connections.destination_by_arn(tx, target.arn)
    if found is None or (found.key.account, found.key.region) != (rule.bus.account, rule.bus.region):
        raise TargetRefused(f"API destination {target.arn} does not exist.")
    if target.role_arn is None:
        raise TargetRefused(f"RoleArn is required for target {target.arn}.")


def _check_bus(tx: Transaction, rule: Rule, target: Target, reachable: Reachable) -> None:
    """A bus of the same account must be there; what another account has, is its own to tell."""
    key = bus_of(target.arn)
    if key is None or key.region not in reachable.regions or accounts.find(tx, key.account) is None:
        raise TargetRefused(f"Event bus {target.arn} does not exist.")
    if key == rule.bus:
        raise TargetRefused("An event bus cannot be the target of its own rules.")
    own = key.account == rule.bus.account
    if own and key.name != DEFAULT_BUS and event_buses.find(tx, key) is None:
        raise TargetRefused(f"Event bus {target.arn} does not exist.")
    if not own and target.role_arn is None:
        raise TargetRefused(f"RoleArn is required for target {target.arn}.")


def _check_dead_letters(arn: str, reachable: Reachable) -> None:
    if kind_of(arn) != "sqs" or arn.endswith(".fifo"):
        raise TargetRefused("Parameter DeadLetterConfig.Arn is not valid. Reason: it is not that of a standard queue.")
    if "sqs" not in reachable.services:
        raise TargetRefused("No endpoint of sqs is configured: the setting aws_endpoints has none.")


def _check_input(target: Target) -> None:
    try:
        _read_input(target)
    except TargetInputInvalid as invalid:
        raise TargetRefused(f"{invalid} (target {target.id})") from None


def _read_input(target: Target) -> None:
    match target.input_kind:
        case "constant":
            inputs.constant(target.input)
        case "path":
            paths.Path(target.input)
        case "transformer":
            given = msgspec.json.decode(target.input)
            inputs.Template(given["InputTemplate"], given.get("InputPathsMap", {}))
        case "event":
            return
