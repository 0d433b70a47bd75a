"""Pulls as events, which ECR does not tell: an `ECR Image Action` with the action type PULL for each image handed out.

Off unless the operator asks for them (`pull_events`): a busy registry has many.
"""

from collections.abc import Iterator
from typing import Any

from entrepot.core.audit.operations import event_source
from entrepot.core.calls import Call
from entrepot.core.events.accepting import Envelope
from entrepot.spec.event_ids import event_id

_TYPE = "ECR Image Action"


def of_call(call: Call, account: str, region: str) -> Iterator[Envelope]:
    """An event for each manifest that a call was given, where this account owns it."""
    if call.common.account != account:
        return
    tags = _tags(call)
    for ordinal, digest in enumerate(call.common.pulled):
        yield Envelope(
            id=event_id(call.at, call.request_id, f"{_TYPE}/PULL", ordinal),
            detail_type=_TYPE,
            source=event_source(call.common.service),
            account=account,
            region=region,
            time=call.at,
            resources=(),
            detail={
                "result": "SUCCESS",
                "repository-name": call.common.repository,
                "image-digest": digest,
                "action-type": "PULL",
                "image-tag": tags[ordinal] if len(tags) == len(call.common.pulled) else "",
            },
        )


def _tags(call: Call) -> list[str]:
    """The tags that were asked for, '' for an image that was asked for by its digest."""
    asked: Any = (call.parameters or {}).get("imageIds", ())
    return [str(each.get("imageTag", "")) for each in asked if isinstance(each, dict)]
