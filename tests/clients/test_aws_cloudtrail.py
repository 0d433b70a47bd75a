"""`aws cloudtrail lookup-events`, unmodified."""

import json
from typing import Any

from tests.clients.workplace import Workplace
from tests.factories.waiting import wait


def looked_up(workplace: Workplace, attribute: str, value: str) -> list[dict[str, Any]]:
    named = f"AttributeKey={attribute},AttributeValue={value}"
    said = workplace.run(
        "aws", "cloudtrail", "lookup-events", "--lookup-attributes", named, "--max-items", "5", "--output", "json"
    )
    found: list[dict[str, Any]] = json.loads(said)["Events"]
    return found


def test_the_cli_finds_who_made_a_repository(workplace: Workplace):
    name = f"{workplace.repository}-audited"
    workplace.run("aws", "ecr", "create-repository", "--repository-name", name, "--output", "json")
    (event,) = wait(lambda: looked_up(workplace, "ResourceName", name), 20, pause=0.2)
    record = json.loads(event["CloudTrailEvent"])
    assert (event["EventName"], event["Username"]) == ("CreateRepository", "root")
    assert record["userAgent"].startswith("aws-cli/")
    assert looked_up(workplace, "EventId", event["EventId"])[0]["EventId"] == event["EventId"]
