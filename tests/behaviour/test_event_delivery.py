"""What happens in a registry is at a webhook within a second, pushed through either door and asked of PutEvents."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.factories.event_targets import ALLOW_OUTBOUND, invoking_role, rule, webhook_target
from tests.factories.layouts import image
from tests.factories.origins import Origin, body, origin
from tests.factories.processes import Server, serve
from tests.factories.registry import Registry
from tests.factories.waiting import wait


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> Iterator[Server]:
    """A server whose events may go to webhooks on loopback."""
    with serve(tmp_path_factory.mktemp("events"), environment=ALLOW_OUTBOUND) as running:
        yield running


@pytest.fixture(scope="module")
def role(told: Server) -> str:
    return invoking_role(told)


@pytest.fixture
def hook(tmp_path) -> Iterator[Origin]:
    with origin(tmp_path, tls=False) as made:
        made.answers["/"] = body(b"")
        yield made


def events_at(hook: Origin) -> list[dict[str, Any]]:
    return [json.loads(asked.body) for asked in hook.asked]


def test_a_push_is_at_its_webhook_within_a_second(told: Server, role: str, hook: Origin):
    told.client().create_repository(repositoryName="told/pushed")
    target = webhook_target(told, "pushed", hook.url(), role)
    rule(told, "pushed", {"source": ["aws.ecr"], "detail": {"action-type": ["PUSH"]}}, target)
    made = image(1)
    registry = Registry(told)
    registry.push("told/pushed", made, "first")
    wait(lambda: hook.asked)  # the jobs have begun
    took: list[float] = []
    for number in range(5):
        registry.push("told/pushed", made, f"v{number}")
        pushed = time.monotonic()
        wait(lambda: len(hook.asked) > len(took) + 1)
        took.append(time.monotonic() - pushed)
    assert sorted(took)[2] < 1.0, took
    assert [event["detail"]["image-tag"] for event in events_at(hook)] == [
        "first",
        *(f"v{number}" for number in range(5)),
    ]
    assert {asked.headers["X-Key"] for asked in hook.asked} == {"canary-key"}


def test_an_event_of_ones_own_reaches_the_rules_that_want_it(told: Server, role: str, hook: Origin):
    target = webhook_target(told, "own", hook.url(), role, InputPath="$.detail")
    rule(told, "own", {"source": ["my.app"], "detail": {"n": [{"numeric": [">", 1]}]}}, target)
    entries = [{"Source": "my.app", "DetailType": "T", "Detail": json.dumps({"n": number})} for number in range(4)]
    answer = told.client("events").put_events(Entries=entries)
    assert answer["FailedEntryCount"] == 0
    wait(lambda: len(hook.asked) == 2)
    assert sorted(event["n"] for event in events_at(hook)) == [2, 3]


def test_a_replay_gives_events_again(told: Server, role: str, hook: Origin):
    events = told.client("events")
    bus = events.describe_event_bus()["Arn"]
    archive = events.create_archive(
        ArchiveName="kept", EventSourceArn=bus, EventPattern=json.dumps({"source": ["replayed"]})
    )
    rule(told, "replayed", {"source": ["replayed"]}, webhook_target(told, "replayed", hook.url(), role))
    sent = events.put_events(Entries=[{"Source": "replayed", "DetailType": "T", "Detail": "{}"}])["Entries"][0]
    wait(lambda: len(hook.asked) == 1)
    now = time.time()
    events.start_replay(
        ReplayName="again",
        EventSourceArn=archive["ArchiveArn"],
        EventStartTime=now - 3600,
        EventEndTime=now + 1,
        Destination={"Arn": bus},
    )
    wait(lambda: events.describe_replay(ReplayName="again")["State"] == "COMPLETED")
    wait(lambda: len(hook.asked) == 2)
    first, second = events_at(hook)
    assert second.pop("replay-name") == "again"
    assert first == second
    assert first["id"] == sent["EventId"]
    assert events.describe_archive(ArchiveName="kept")["EventCount"] == 1


def test_what_cannot_be_delivered_is_told_by_a_metric(told: Server, role: str, hook: Origin):
    hook.answers["/"] = body(b"", 400)
    rule(told, "refused", {"source": ["refused"]}, webhook_target(told, "refused", hook.url(), role))
    told.client("events").put_events(Entries=[{"Source": "refused", "DetailType": "T", "Detail": "{}"}])
    wait(lambda: hook.asked)
    cloudwatch = told.client("cloudwatch")

    def failed() -> float:
        now = time.time()
        found = cloudwatch.get_metric_statistics(
            Namespace="AWS/Events",
            MetricName="FailedInvocations",
            Dimensions=[{"Name": "RuleName", "Value": "refused"}],
            StartTime=now - 3600,
            EndTime=now + 60,
            Period=60,
            Statistics=["Sum"],
        )
        return float(sum(point["Sum"] for point in found["Datapoints"]))

    wait(lambda: failed() == 1.0)


def test_the_end_of_a_scan_is_at_its_webhook(told: Server, role: str, hook: Origin):
    ecr = told.client()
    ecr.create_repository(repositoryName="told/scanned", imageScanningConfiguration={"scanOnPush": True})
    pattern = {
        "source": ["aws.ecr"],
        "detail-type": ["ECR Image Scan"],
        "detail": {"repository-name": ["told/scanned"]},
    }
    rule(told, "scanned", pattern, webhook_target(told, "scanned", hook.url(), role))
    made = image(3)
    Registry(told).push("told/scanned", made, "v1")
    wait(lambda: hook.asked)
    (event,) = events_at(hook)
    (shown,) = ecr.describe_repositories(repositoryNames=["told/scanned"])["repositories"]
    assert event["resources"] == [shown["repositoryArn"]]
    assert event["detail"] == {
        "scan-status": "FAILED",
        "repository-name": "told/scanned",
        "finding-severity-counts": {},
        "image-digest": made.digest,
        "image-tags": ["v1"],
    }
