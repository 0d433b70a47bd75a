"""PutEvents through boto3: answers in order, durable before they are given."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from tests.behaviour.events import Events
from tests.behaviour.identities import refusal

GOOD = {"Source": "shop", "DetailType": "Sold", "Detail": '{"price": 10}'}


def test_events_are_answered_in_order_each_for_itself(events: Events):
    given: list[tuple[dict[str, Any], str]] = [
        (GOOD, ""),
        ({**GOOD, "Source": ""}, "InvalidArgument"),
        ({key: value for key, value in GOOD.items() if key != "DetailType"}, "InvalidArgument"),
        ({key: value for key, value in GOOD.items() if key != "Detail"}, "InvalidArgument"),
        ({**GOOD, "Detail": "[]"}, "MalformedDetail"),
        ({**GOOD, "Detail": "{"}, "MalformedDetail"),
        ({**GOOD, "Source": "aws.ecr"}, "NotAuthorizedForSource"),
        ({**GOOD, "EventBusName": "absent"}, "ResourceNotFoundException"),
        ({**GOOD, "Resources": ["arn:aws:s3:::b"], "Time": datetime(2026, 1, 1, tzinfo=UTC)}, ""),
    ]
    answer = events.api.put_events(Entries=[entry for entry, _ in given])
    assert [entry.get("ErrorCode", "") for entry in answer["Entries"]] == [code for _, code in given]
    assert answer["FailedEntryCount"] == 7
    ids = [entry["EventId"] for entry in answer["Entries"] if "EventId" in entry]
    assert len(set(ids)) == 2
    assert all(UUID(each) for each in ids)
    missing = answer["Entries"][1]["ErrorMessage"]
    assert missing == "Parameter Source is not valid. Reason: Source is a required argument."


@pytest.mark.parametrize(
    "detail",
    [
        '{"a": NaN}',
        '{"a": "\\ud800"}',
        '{"a": ' + "[" * 100 + "]" * 100 + "}",
        '{"a": 1, "a": 2}',
        "[" * 100_000,
        '"text"',
        "1",
    ],
)
def test_a_detail_that_not_everyone_can_read_is_refused(events: Events, detail: str):
    answer = events.api.put_events(Entries=[{**GOOD, "Detail": detail}, GOOD])
    assert [entry.get("ErrorCode", "") for entry in answer["Entries"]] == ["MalformedDetail", ""]


def test_a_call_has_so_many_entries_and_bytes(events: Events):
    assert refusal(events.api.put_events, Entries=[GOOD] * 11)[0] == "ValidationException"
    large = '{"a": "' + "x" * 1024 * 1024 + '"}'
    refused = refusal(events.api.put_events, Entries=[GOOD, {**GOOD, "Detail": large}])
    assert refused == ("ValidationException", "Total size of the entries in the request is over the limit.")
    fits = '{"a": "' + "x" * (1024 * 1024 - 30) + '"}'
    assert events.api.put_events(Entries=[{**GOOD, "Detail": fits}])["FailedEntryCount"] == 0
