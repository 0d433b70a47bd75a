"""Amazon Inspector through boto3: who is watched, for how long, which filters there are."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.behaviour.identities import refusal
from tests.factories.processes import Server

ACCOUNT, OTHER = "000000000000", "111122223333"
REGION = "ap-south-1"  # other tests scan in the first one, and replicate to the second
CRITICAL = {"severity": [{"comparison": "EQUALS", "value": "CRITICAL"}]}


@pytest.fixture
def inspector(server: Server) -> Iterator[Any]:
    client = server.client("inspector2", region=REGION)
    yield client
    client.disable()
    for found in client.list_filters()["filters"]:
        client.delete_filter(arn=found["arn"])


def state(client: Any) -> str:
    (account,) = client.batch_get_account_status(accountIds=[ACCOUNT])["accounts"]
    assert account["state"]["status"] == account["resourceState"]["ecr"]["status"]
    assert account["resourceState"]["ec2"]["status"] == "DISABLED"
    return str(account["state"]["status"])


def made(client: Any, name: str = "old", **given: Any) -> str:
    return str(client.create_filter(name=name, **{"action": "NONE", "filterCriteria": CRITICAL, **given})["arn"])


def listed(client: Any, **given: Any) -> list[dict[str, Any]]:
    pages = client.get_paginator("list_filters").paginate(**given)
    return [found for page in pages for found in page["filters"]]


def test_what_inspector_enables_is_how_the_registry_is_scanned(server: Server, inspector):
    ecr = server.client("ecr", region=REGION)
    assert state(inspector) == "DISABLED"
    (account,) = inspector.enable(accountIds=[ACCOUNT], resourceTypes=["ECR"])["accounts"]
    assert (account["status"], account["resourceStatus"]["ecr"]) == ("ENABLED", "ENABLED")
    scanning = ecr.get_registry_scanning_configuration()["scanningConfiguration"]
    assert scanning["scanType"] == "ENHANCED"
    assert scanning["rules"] == [
        {"scanFrequency": "CONTINUOUS_SCAN", "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}]}
    ]
    assert state(inspector) == "ENABLED"
    (account,) = inspector.disable(accountIds=[ACCOUNT], resourceTypes=["ECR"])["accounts"]
    assert account["status"] == "DISABLED"
    assert ecr.get_registry_scanning_configuration()["scanningConfiguration"] == {"scanType": "BASIC", "rules": []}
    assert state(inspector) == "DISABLED"


def test_how_the_registry_is_scanned_is_what_inspector_tells(server: Server, inspector):
    ecr = server.client("ecr", region=REGION)
    ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=[])
    assert state(inspector) == "ENABLED"
    ecr.put_registry_scanning_configuration(scanType="BASIC", rules=[])
    assert state(inspector) == "DISABLED"


def test_what_cannot_be_scanned_is_refused_with_what_can_be(inspector):
    for asked in (["EC2"], ["ECR", "LAMBDA"]):
        code, message = refusal(inspector.enable, resourceTypes=asked)
        assert code == "ValidationException"
        assert "ask for ECR alone" in message
    assert state(inspector) == "DISABLED"


def test_another_account_is_not_administered(inspector):
    answer = inspector.enable(accountIds=[OTHER], resourceTypes=["ECR"])
    assert answer["accounts"] == []
    assert [(each["accountId"], each["errorCode"]) for each in answer["failedAccounts"]] == [(OTHER, "ACCESS_DENIED")]
    answer = inspector.batch_get_account_status(accountIds=[OTHER, ACCOUNT])
    assert [each["accountId"] for each in answer["accounts"]] == [ACCOUNT]
    assert [each["accountId"] for each in answer["failedAccounts"]] == [OTHER]
    assert state(inspector) == "DISABLED"


def test_an_account_may_do_to_itself_what_there_is(inspector):
    permissions = inspector.list_account_permissions(service="ECR")["permissions"]
    assert {each["operation"] for each in permissions} >= {"ENABLE_SCANNING", "DISABLE_SCANNING"}
    assert inspector.list_account_permissions(service="EC2")["permissions"] == []


def test_how_long_images_are_scanned_is_what_was_set(inspector):
    def durations() -> dict[str, Any]:
        found: dict[str, Any] = inspector.get_configuration()["ecrConfiguration"]["rescanDurationState"]
        return found

    assert durations()["rescanDuration"] == "DAYS_14"
    inspector.update_configuration(ecrConfiguration={"rescanDuration": "LIFETIME", "pullDateRescanDuration": "DAYS_60"})
    found = durations()
    assert (found["rescanDuration"], found["pullDateRescanDuration"]) == ("LIFETIME", "DAYS_60")
    assert found["status"] == "SUCCESS"
    assert (datetime.now(UTC) - found["updatedAt"]).total_seconds() < 60
    inspector.update_configuration(
        ecrConfiguration={"rescanDuration": "DAYS_30", "pullDateRescanMode": "LAST_PULL_DATE"}
    )
    found = durations()
    assert (found["pullDateRescanDuration"], found["pullDateRescanMode"]) == ("DAYS_60", "LAST_PULL_DATE")
    inspector.update_configuration(ecrConfiguration={"rescanDuration": "DAYS_14", "pullDateRescanDuration": "DAYS_14"})


def test_what_cannot_be_configured_is_refused(inspector):
    for wrong in ({"ec2Configuration": {"scanMode": "EC2_HYBRID"}}, {}):
        assert refusal(inspector.update_configuration, **wrong)[0] == "ValidationException"
    other = {"accountId": OTHER, "ecrConfiguration": {"rescanDuration": "DAYS_30"}}
    assert refusal(inspector.update_configuration, **other)[0] == "ValidationException"
    wrong = {"ecrConfiguration": {"rescanDuration": "DAYS_31"}}
    assert refusal(inspector.update_configuration, **wrong)[0] == "ValidationException"


def test_a_filter_is_listed_as_it_was_made(inspector):
    criteria = {
        **CRITICAL,
        "epssScore": [{"lowerInclusive": 0.5}],
        "firstObservedAt": [{"startInclusive": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)}],
        "vulnerablePackages": [{"name": {"comparison": "PREFIX", "value": "lib"}}],
    }
    arn = made(inspector, description="d", reason="r", tags={"team": "a b"}, filterCriteria=criteria)
    (found,) = inspector.list_filters(arns=[arn])["filters"]
    assert found["arn"].startswith(f"arn:aws:inspector2:{REGION}:{ACCOUNT}:owner/{ACCOUNT}/filter/")
    assert found["criteria"] == criteria
    said = ("name", "action", "ownerId", "description", "reason", "tags")
    assert [found[name] for name in said] == ["old", "NONE", ACCOUNT, "d", "r", {"team": "a b"}]
    assert found["createdAt"] == found["updatedAt"]


def test_a_change_of_a_filter_leaves_what_it_does_not_name(inspector):
    arn = made(inspector, description="d")
    assert inspector.update_filter(filterArn=arn, name="new", reason="r")["arn"] == arn
    (found,) = inspector.list_filters()["filters"]
    assert (found["name"], found["description"], found["reason"], found["criteria"]) == ("new", "d", "r", CRITICAL)
    assert found["updatedAt"] > found["createdAt"]


def test_the_name_of_a_filter_is_taken_once(inspector):
    made(inspector, "one")
    two = made(inspector, "two")
    assert refusal(made, client=inspector, name="one")[0] == "BadRequestException"
    assert refusal(inspector.update_filter, filterArn=two, name="one")[0] == "ValidationException"
    inspector.update_filter(filterArn=two, name="two")


def test_filters_are_listed_page_by_page(inspector):
    arns = {made(inspector, f"f{number}", action=("NONE", "SUPPRESS")[number % 2]) for number in range(7)}
    pages = list(inspector.get_paginator("list_filters").paginate(PaginationConfig={"PageSize": 3}))
    assert [len(page["filters"]) for page in pages] == [3, 3, 1]
    assert {found["arn"] for page in pages for found in page["filters"]} == arns
    assert len(listed(inspector, action="SUPPRESS")) == 3
    wrong = {"nextToken": pages[0]["nextToken"], "action": "NONE"}
    assert refusal(inspector.list_filters, **wrong)[0] == "ValidationException"


def test_a_filter_that_is_gone_is_not_found(inspector):
    arn = made(inspector)
    inspector.delete_filter(arn=arn)
    assert listed(inspector) == []
    for operation, given in (
        (inspector.delete_filter, {"arn": arn}),
        (inspector.update_filter, {"filterArn": arn, "name": "x"}),
        (inspector.list_tags_for_resource, {"resourceArn": arn}),
    ):
        assert refusal(operation, **given)[0] == "ResourceNotFoundException"


def test_a_filter_has_tags(inspector):
    arn = made(inspector, tags={"a": "1"})
    inspector.tag_resource(resourceArn=arn, tags={"b c": "2/3", "a": "4"})
    assert inspector.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "4", "b c": "2/3"}
    inspector.untag_resource(resourceArn=arn, tagKeys=["a", "absent"])
    assert inspector.list_tags_for_resource(resourceArn=arn)["tags"] == {"b c": "2/3"}
    assert refusal(inspector.tag_resource, resourceArn=arn, tags={"AWS:x": "y"})[0] == "BadRequestException"
    many = {str(number): "" for number in range(51)}
    assert refusal(inspector.tag_resource, resourceArn=arn, tags=many)[0] == "BadRequestException"


def test_what_is_not_built_or_not_there_is_said_so(inspector):
    assert refusal(inspector.list_members)[0] == "UnknownOperationException"
    assert inspector.list_findings()["findings"] == []
    assert inspector.list_coverage()["coveredResources"] == []
    assert inspector.list_coverage_statistics(groupBy="SCAN_STATUS_CODE")["totalCounts"] == 0
    assert inspector.list_finding_aggregations(aggregationType="PACKAGE")["responses"] == []
    assert (
        inspector.search_vulnerabilities(filterCriteria={"vulnerabilityIds": ["CVE-2026-1"]})["vulnerabilities"] == []
    )
    absent = f"arn:aws:inspector2:{REGION}:{ACCOUNT}:finding/{'0' * 32}"
    (error,) = inspector.batch_get_finding_details(findingArns=[absent])["errors"]
    assert (error["findingArn"], error["errorCode"]) == (absent, "FINDING_DETAILS_NOT_FOUND")
