"""The aws command line against Amazon Inspector, unmodified."""

import json
from typing import Any

from tests.clients.workplace import Workplace

CRITERIA = json.dumps({"severity": [{"comparison": "EQUALS", "value": "LOW"}]})


def inspector(workplace: Workplace, operation: str, *arguments: str, **kwargs: Any) -> Any:
    said = workplace.run("aws", "inspector2", operation, *arguments, "--output", "json", **kwargs)
    return json.loads(said) if said.startswith("{") else said


def test_an_account_is_watched_and_not_any_more(workplace: Workplace):
    told = inspector(workplace, "enable", "--resource-types", "ECR")
    assert told["accounts"][0]["resourceStatus"]["ecr"] == "ENABLED"
    assert inspector(workplace, "batch-get-account-status")["accounts"][0]["state"]["status"] == "ENABLED"
    assert inspector(workplace, "list-findings", "--filter-criteria", CRITERIA)["findings"] == []
    inspector(workplace, "update-configuration", "--ecr-configuration", "rescanDuration=DAYS_60")
    windows = inspector(workplace, "get-configuration")["ecrConfiguration"]["rescanDurationState"]
    assert windows["rescanDuration"] == "DAYS_60"
    inspector(workplace, "disable", "--resource-types", "ECR")
    assert inspector(workplace, "batch-get-account-status")["accounts"][0]["state"]["status"] == "DISABLED"
    refused = inspector(workplace, "enable", "--resource-types", "EC2", succeeds=False)
    assert "ValidationException" in refused
    assert "ask for ECR alone" in refused


def test_a_filter_with_tags(workplace: Workplace):
    made = ["--name", "low", "--action", "SUPPRESS", "--filter-criteria", CRITERIA, "--tags", "team=a b"]
    arn = inspector(workplace, "create-filter", *made)["arn"]
    assert inspector(workplace, "list-tags-for-resource", "--resource-arn", arn)["tags"] == {"team": "a b"}
    inspector(workplace, "tag-resource", "--resource-arn", arn, "--tags", "x=y")
    inspector(workplace, "untag-resource", "--resource-arn", arn, "--tag-keys", "team")
    (found,) = inspector(workplace, "list-filters", "--arns", arn)["filters"]
    assert (found["tags"], found["action"], found["criteria"]) == ({"x": "y"}, "SUPPRESS", json.loads(CRITERIA))
    inspector(workplace, "delete-filter", "--arn", arn)
    assert inspector(workplace, "list-filters")["filters"] == []
    assert "ResourceNotFoundException" in inspector(workplace, "delete-filter", "--arn", arn, succeeds=False)
