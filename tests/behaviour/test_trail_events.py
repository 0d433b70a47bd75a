"""Calls as events: while a trail is logging, `AWS API Call via CloudTrail` comes to the rules of the default bus."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.behaviour.identities import ACCOUNT
from tests.behaviour.looked_up import awaited, lookup
from tests.factories.processes import REGION, Server

BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"


@pytest.fixture
def logging_trail(server: Server) -> Iterator[str]:
    """A trail that logs."""
    trail, name = server.client("cloudtrail"), "events-of-calls"
    trail.create_trail(Name=name, S3BucketName="audit-logs")
    trail.start_logging(Name=name)
    yield name
    trail.delete_trail(Name=name)


@pytest.fixture
def archived(server: Server) -> Iterator[Callable[[], int]]:
    """How many calls of CreateRepository an archive has of the default bus."""
    events, name = server.client("events"), "calls"
    wanted = {"detail-type": ["AWS API Call via CloudTrail"], "detail": {"eventName": ["CreateRepository"]}}
    events.create_archive(ArchiveName=name, EventSourceArn=BUS, EventPattern=json.dumps(wanted))
    yield lambda: int(events.describe_archive(ArchiveName=name)["EventCount"])
    events.delete_archive(ArchiveName=name)


def test_a_write_is_an_event_only_while_a_trail_is_logging(
    server: Server, make_repository: Callable[..., str], archived: Callable[[], int], request: pytest.FixtureRequest
):
    before = make_repository()
    trail = server.client("cloudtrail")
    awaited(lambda: lookup(trail, "ResourceName", before))
    name: Any = request.getfixturevalue("logging_trail")
    make_repository()
    awaited(lambda: [{}] * archived())
    trail.stop_logging(Name=name)
    last = make_repository()
    awaited(lambda: lookup(trail, "ResourceName", last))
    assert archived() == 1
