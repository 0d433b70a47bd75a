"""Operations on the targets of rules."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from entrepot.aws.events import inputs
from entrepot.aws.protocol.call import Call
from entrepot.core.events import targets
from entrepot.core.events.targets import FailedTarget, InputKind, Target
from entrepot.errors import ParameterInvalid

Output = Mapping[str, Any]
_INPUTS: Mapping[str, InputKind] = {
    "Input": "constant",
    "InputPath": "path",
    "InputTransformer": "transformer",
}
_OWN = ("Id", "Arn", "RoleArn", "DeadLetterConfig", "RetryPolicy", *_INPUTS)


async def put_targets(call: Call) -> Output:
    """PutTargets: those that cannot be are told, the others are put."""
    drafts = [_target(given) for given in call.input["Targets"]]
    failed = await call.core.units.write(
        targets.put, call.caller, inputs.bus(call), call.input["Rule"], drafts, call.core.events.reachable
    )
    return _failures(failed)


async def remove_targets(call: Call) -> Output:
    """RemoveTargets; `Force` is for rules that services manage, and there are none here."""
    failed = await call.core.units.write(
        targets.remove, call.caller, inputs.bus(call), call.input["Rule"], call.input["Ids"]
    )
    return _failures(failed)


async def list_targets_by_rule(call: Call) -> Output:
    """ListTargetsByRule."""
    after, most = inputs.start(call, "ListTargetsByRule"), inputs.limit(call)
    page = await call.core.units.read(targets.list_of, call.caller, inputs.bus(call), call.input["Rule"], most, after)
    return inputs.shown_page(call, "ListTargetsByRule", page, "Targets", _shown)


def _target(given: Mapping[str, Any]) -> Target:
    kinds = [name for name in _INPUTS if name in given]
    if len(kinds) > 1:
        reason = f"Only one of Input, InputPath, or InputTransformer must be provided for target {given['Id']}."
        raise ParameterInvalid(parameter="Targets", reason=reason)
    named = kinds[0] if kinds else ""
    value = given.get(named, "")
    retry = given.get("RetryPolicy", {})
    return Target(
        rule_id="",
        id=given["Id"],
        arn=given["Arn"],
        role_arn=given.get("RoleArn"),
        input_kind=_INPUTS.get(named, "event"),
        input=value if isinstance(value, str) else msgspec.json.encode(value).decode(),
        parameters={name: each for name, each in given.items() if name not in _OWN},
        dead_letter_arn=given.get("DeadLetterConfig", {}).get("Arn"),
        most_attempts=retry.get("MaximumRetryAttempts"),
        longest_seconds=retry.get("MaximumEventAgeInSeconds"),
    )


def _shown(target: Target) -> Output:
    shown: dict[str, Any] = {"Id": target.id, "Arn": target.arn, "RoleArn": target.role_arn}
    for name, kind in _INPUTS.items():
        if kind == target.input_kind:
            shown[name] = msgspec.json.decode(target.input) if kind == "transformer" else target.input
    if target.dead_letter_arn is not None:
        shown["DeadLetterConfig"] = {"Arn": target.dead_letter_arn}
    retry = {"MaximumRetryAttempts": target.most_attempts, "MaximumEventAgeInSeconds": target.longest_seconds}
    if any(value is not None for value in retry.values()):
        shown["RetryPolicy"] = retry
    return {**shown, **(target.parameters or {})}


def _failures(failed: Sequence[FailedTarget]) -> Output:
    entries = [{"TargetId": each.id, "ErrorCode": each.code, "ErrorMessage": each.message} for each in failed]
    return {"FailedEntryCount": len(entries), "FailedEntries": entries}
