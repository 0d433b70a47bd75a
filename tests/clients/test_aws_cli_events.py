"""The aws command line and EventBridge, unmodified: patterns tried, a rule with its target, and events sent."""

import json
from typing import Any

from tests.clients.workplace import Workplace

PATTERN = json.dumps({"source": ["shop"], "detail": {"price": [{"numeric": [">", 5]}]}})
EVENT = {
    "id": "1",
    "account": "000000000000",
    "source": "shop",
    "time": "2026-01-01T00:00:00Z",
    "region": "us-east-1",
    "resources": [],
    "detail-type": "Sold",
    "detail": {"price": 10},
}


def events(workplace: Workplace, operation: str, *arguments: str, **kwargs: Any) -> Any:
    said = workplace.run("aws", "events", operation, *arguments, "--output", "json", **kwargs)
    return json.loads(said) if said.startswith("{") else said


def test_a_pattern_is_tried(workplace: Workplace):
    for price, result in ((10, True), (1, False)):
        event = json.dumps({**EVENT, "detail": {"price": price}})
        tried = events(workplace, "test-event-pattern", "--event-pattern", PATTERN, "--event", event)
        assert tried == {"Result": result}
    refused = events(workplace, "test-event-pattern", "--event-pattern", "{", "--event", "{}", succeeds=False)
    assert "InvalidEventPatternException" in refused


def test_a_rule_is_put_given_a_target_and_events(workplace: Workplace):
    events(workplace, "create-event-bus", "--name", "cli")
    made = events(workplace, "put-rule", "--name", "r", "--event-bus-name", "cli", "--event-pattern", PATTERN)
    assert made["RuleArn"].endswith(":rule/cli/r")
    bus = "arn:aws:events:us-east-1:000000000000:event-bus/default"
    place = ["--rule", "r", "--event-bus-name", "cli"]
    assert events(workplace, "put-targets", *place, "--targets", f"Id=1,Arn={bus}")["FailedEntryCount"] == 0
    assert events(workplace, "list-targets-by-rule", *place)["Targets"] == [{"Id": "1", "Arn": bus}]
    entry = json.dumps([{"Source": "shop", "DetailType": "Sold", "Detail": '{"price": 10}', "EventBusName": "cli"}])
    assert events(workplace, "put-events", "--entries", entry)["FailedEntryCount"] == 0
