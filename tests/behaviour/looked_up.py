"""The audit trail, as tests wait for what it will say."""

import json
from collections.abc import Callable
from typing import Any

from tests.factories.processes import Server
from tests.factories.waiting import wait

_PATIENCE = 20.0


def lookup(client: Any, attribute: str = "", value: str = "", **given: Any) -> list[dict[str, Any]]:
    """Every event, page by page; by an attribute where one is named."""
    if attribute:
        given["LookupAttributes"] = [{"AttributeKey": attribute, "AttributeValue": value}]
    pages = client.get_paginator("lookup_events").paginate(**given)
    return [event for page in pages for event in page["Events"]]


def awaited(look: Callable[[], list[dict[str, Any]]], count: int = 1) -> list[dict[str, Any]]:
    """What is found once so much is: records are kept a moment after the call that they tell of."""
    return wait(lambda: found if len(found := look()) >= count else [], _PATIENCE, f"{count} records")


def of_request(server: Server, request_id: str, attribute: str, value: str) -> list[dict[str, Any]]:
    """The records of one request among those that have a value."""
    client = server.client("cloudtrail")

    def look() -> list[dict[str, Any]]:
        told = [json.loads(event["CloudTrailEvent"]) for event in lookup(client, attribute, value)]
        return [record for record in told if record["requestID"] == request_id]

    return awaited(look)
