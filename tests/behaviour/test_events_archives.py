"""Archives and replays through boto3."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.behaviour.events import PATTERN, PLACE, Events
from tests.behaviour.identities import ACCOUNT, refusal

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def archived(events: Events, bus: str, **given: Any) -> str:
    """The name of a new archive."""
    name = events.name()
    events.api.create_archive(ArchiveName=name, EventSourceArn=f"{PLACE}:event-bus/{bus}", **given)
    return name


def replayed(bus: str, archive: str, **given: Any) -> dict[str, Any]:
    """What StartReplay is given."""
    return {
        "EventSourceArn": f"{PLACE}:archive/{archive}",
        "EventStartTime": NOW - timedelta(hours=1),
        "EventEndTime": NOW,
        "Destination": {"Arn": f"{PLACE}:event-bus/{bus}"},
        **given,
    }


def test_an_archive_is_made_changed_and_removed(events: Events):
    bus, name, api = events.bus(), events.name(), events.api
    source = f"{PLACE}:event-bus/{bus}"
    made = api.create_archive(
        ArchiveName=name, EventSourceArn=source, Description="text", EventPattern=PATTERN, RetentionDays=7
    )
    assert (made["ArchiveArn"], made["State"]) == (f"{PLACE}:archive/{name}", "ENABLED")
    found = api.describe_archive(ArchiveName=name)
    assert (found["EventSourceArn"], found["EventPattern"], found["RetentionDays"]) == (source, PATTERN, 7)
    assert (found["Description"], found["EventCount"], found["SizeBytes"]) == ("text", 0, 0)
    api.update_archive(ArchiveName=name, RetentionDays=0)
    found = api.describe_archive(ArchiveName=name)
    assert (found["RetentionDays"], found["Description"], found["EventPattern"]) == (0, "text", PATTERN)
    for given in ({"NamePrefix": name}, {"EventSourceArn": source}, {"EventSourceArn": source, "State": "ENABLED"}):
        assert [each["ArchiveName"] for each in api.list_archives(**given)["Archives"]] == [name]
    assert api.list_archives(NamePrefix=name, State="DISABLED")["Archives"] == []
    taken = ("ResourceAlreadyExistsException", f"Archive {name} already exists.")
    assert refusal(api.create_archive, ArchiveName=name, EventSourceArn=source) == taken
    api.delete_archive(ArchiveName=name)
    gone = ("ResourceNotFoundException", f"Archive {name} does not exist.")
    for operation in (api.describe_archive, api.delete_archive, api.update_archive):
        assert refusal(operation, ArchiveName=name) == gone


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"EventSourceArn": f"{PLACE}:event-bus/absent"}, "ResourceNotFoundException"),
        ({"EventSourceArn": "arn:aws:events:us-east-1:999988887777:event-bus/default"}, "ResourceNotFoundException"),
        ({"EventSourceArn": f"arn:aws:events:eu-west-1:{ACCOUNT}:event-bus/default"}, "ResourceNotFoundException"),
        ({"EventSourceArn": f"{PLACE}:rule/x"}, "ValidationException"),
        ({"EventPattern": "{"}, "InvalidEventPatternException"),
        ({"RetentionDays": 1_000_000}, "ValidationException"),
        ({"KmsKeyIdentifier": "alias/key"}, "ValidationException"),
    ],
)
def test_what_is_no_archive_is_refused(events: Events, given: dict[str, Any], code: str):
    valid = {"ArchiveName": events.name(), "EventSourceArn": f"{PLACE}:event-bus/default"}
    assert refusal(events.api.create_archive, **{**valid, **given})[0] == code


def test_a_replay_is_started_told_of_and_ends(events: Events):
    bus, name, api = events.bus(), events.name(), events.api
    archive, rule = archived(events, bus), events.rule(bus)
    given = replayed(bus, archive)
    given["Destination"]["FilterArns"] = [f"{PLACE}:rule/{bus}/{rule}"]
    made = api.start_replay(ReplayName=name, Description="again", **given)
    assert (made["ReplayArn"], made["State"]) == (f"{PLACE}:replay/{name}", "STARTING")
    found = api.describe_replay(ReplayName=name)
    assert found["Destination"] == given["Destination"]
    assert (found["EventSourceArn"], found["Description"]) == (given["EventSourceArn"], "again")
    assert (found["EventStartTime"], found["EventEndTime"]) == (given["EventStartTime"], NOW)
    assert [each["ReplayName"] for each in api.list_replays(EventSourceArn=given["EventSourceArn"])["Replays"]] == [
        name
    ]
    taken = ("ResourceAlreadyExistsException", f"Replay {name} already exists.")
    assert refusal(api.start_replay, ReplayName=name, **given) == taken


@pytest.mark.parametrize("wrong", ["archive", "bus", "other bus", "times", "rule", "rule of another bus"])
def test_what_is_no_replay_is_refused(events: Events, wrong: str):
    bus, other = events.bus(), events.bus()
    archive, rule = archived(events, bus), events.rule(other)
    given = replayed(bus, archive)
    arn = given["Destination"]["Arn"]
    change: dict[str, tuple[dict[str, Any], str]] = {
        "archive": ({"EventSourceArn": f"{PLACE}:archive/absent"}, "ValidationException"),
        "bus": ({"Destination": {"Arn": f"{PLACE}:event-bus/absent"}}, "ResourceNotFoundException"),
        "other bus": ({"Destination": {"Arn": f"{PLACE}:event-bus/{other}"}}, "ValidationException"),
        "times": ({"EventStartTime": NOW}, "ValidationException"),
        "rule": ({"Destination": {"Arn": arn, "FilterArns": ["x"]}}, "ResourceNotFoundException"),
        "rule of another bus": (
            {"Destination": {"Arn": arn, "FilterArns": [f"{PLACE}:rule/{other}/{rule}"]}},
            "ResourceNotFoundException",
        ),
    }
    more, code = change[wrong]
    assert refusal(events.api.start_replay, ReplayName=events.name(), **{**given, **more})[0] == code


def test_a_replay_that_is_not_there_or_has_ended_is_not_cancelled(events: Events):
    gone = ("ResourceNotFoundException", "Replay absent does not exist.")
    assert refusal(events.api.cancel_replay, ReplayName="absent") == gone
    assert refusal(events.api.describe_replay, ReplayName="absent") == gone
