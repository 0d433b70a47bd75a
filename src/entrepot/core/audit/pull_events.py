"""Pulls as events, which ECR does not tell: an `ECR Image Action` with the action type PULL for each image handed out.

Off unless the operator asks for them (`pull_events`): a busy registry has many.
"""

from collections.abc import Iterator
from typing import Any

from entrepot.core.audit.call_events import envelope
from entrepot.core.calls import Call
from entrepot.core.events.accepting import Envelope

_TYPE = "ECR Image Action"


def of_call(call: Call, account: str, region: str) -> Iterator[Envelope]:
    """An event for each manifest that a call was given, where this account owns it."""
    if call.common.account != account:
        return
    tags = _tags(call)
    for ordinal, digest in enumerate(call.common.pulled):
        detail = {
            "result": "SUCCESS",
            "repository-name": call.common.repository,
            "image-digest": digest,
            "action-type": "PULL",
            "image-tag": tags[ordinal] if len(tags) == len(call.common.pulled) else "",
        }
        yield envelope(call, region, _TYPE, (f"{_TYPE}/PULL", ordinal), detail)


def _tags(call: Call) -> list[str]:
    """The tags that were asked for, '' for an image that was asked for by its digest."""
    asked: Any = (call.asked or {}).get("imageIds", ())
    return [str(each.get("imageTag", "")) for each in asked if isinstance(each, dict)]
