"""Backfills: what was there before the rule comes to its destination too, and each image's end is told."""

from typing import Any

import pytest

from tests.behaviour.doors import push
from tests.behaviour.identities import ACCOUNT, refusal
from tests.behaviour.replicated import ABROAD, HERE, PATIENCE, There, replicating, rule, statuses
from tests.factories.layouts import image, index
from tests.factories.processes import Server
from tests.factories.waiting import wait

ABSENT = "00000000-0000-4000-8000-000000000000"
ELSEWHERE = {"region": ABROAD, "registryId": "777788882222"}
Results = dict[str, Any]


@pytest.fixture
def there(server: Server, repository: str) -> There:
    return There(server, repository)


def ended(ecr: Any, backfill_id: str, **given: Any) -> Results:
    """A backfill once it has ended."""

    def look() -> Results | None:
        found: Results = ecr.describe_replication_backfill_results(replicationBackfillId=backfill_id, **given)
        return found if "endedAt" in found else None

    return wait(look, PATIENCE, "a backfill that has ended") or {}


def results(ecr: Any, backfill_id: str, **given: Any) -> set[tuple[str, str, str, str]]:
    pages = ecr.get_paginator("describe_replication_backfill_results").paginate(
        replicationBackfillId=backfill_id, **given
    )
    return {
        (each["repositoryName"], each["imageId"]["imageDigest"], each["imageId"].get("imageTag", ""), each["status"])
        for page in pages
        for each in page["results"]
    }


def test_a_backfill_brings_what_was_there_and_tells_of_each_image_and_tag(
    server, ecr, doors, repository, make_repository, there: There
):
    content, plain, other = index(3101), image(3102), make_repository()
    push(doors["oci"], repository, content, "v1")
    push(doors["oci"], repository, plain, "v2")
    doors["oci"].put(repository, plain.manifest, "v3")
    push(doors["oci"], other, plain, "v1")
    with replicating(server, rule(repository)):
        begun = ecr.start_replication_backfill(destination=HERE)
        assert (begun["registryId"], begun["destination"], begun["status"]) == (ACCOUNT, HERE, "PREPARING")
        named = begun["replicationBackfillId"]
        found = ended(ecr, named)
    children = {(child.digest, "") for child in content.children}
    pairs = {(content.digest, "v1"), (plain.digest, "v2"), (plain.digest, "v3"), *children}
    there.comes_to(*pairs)
    assert There(server, other).images() == set()
    assert (found["status"], found["progress"]) == (
        "COMPLETE",
        {
            "totalReplicationCount": len(pairs),
            "completedReplicationCount": len(pairs),
            "failedReplicationCount": 0,
            "failureCodes": [],
        },
    )
    assert results(ecr, named) == {(repository, *pair, "COMPLETE") for pair in pairs}
    assert results(ecr, named, PaginationConfig={"PageSize": 2}) == results(ecr, named)
    assert results(ecr, named, resultStatusFilter="FAILED") == set()
    assert [each for each in found["results"] if "subImageFailureCodes" in each] == [
        {
            "repositoryName": repository,
            "imageId": {"imageDigest": content.digest, "imageTag": "v1"},
            "status": "COMPLETE",
            "subImageFailureCodes": [],
        }
    ]


def test_a_backfill_is_listed_with_the_newest_first(server, ecr, repository, pushed):
    with replicating(server, rule(repository)):
        named = [backfilled(ecr) for _ in range(2)]
    pages = ecr.get_paginator("list_replication_backfills").paginate(PaginationConfig={"PageSize": 1})
    listed = [each for page in pages for each in page["backfills"]]
    assert [each["replicationBackfillId"] for each in listed[:2]] == named[::-1]
    assert listed[0]["status"] == "COMPLETE"
    assert listed[0]["progress"]["totalReplicationCount"] == 1
    assert [each["startedAt"] for each in listed] == sorted((each["startedAt"] for each in listed), reverse=True)


def backfilled(ecr: Any) -> str:
    """The id of a backfill that has ended."""
    named = str(ecr.start_replication_backfill(destination=HERE)["replicationBackfillId"])
    assert ended(ecr, named)["endedAt"]
    return named


def test_what_cannot_be_brought_is_counted_with_its_reason(server, ecr, doors, repository):
    made = image(3103)
    push(doors["oci"], repository, made, "v1")
    with replicating(server, rule(repository, ELSEWHERE)):
        named = ecr.start_replication_backfill(destination=ELSEWHERE)["replicationBackfillId"]
        found = ended(ecr, named, resultStatusFilter="FAILED")
    assert found["progress"]["failureCodes"] == ["AccessDenied"]
    assert found["results"] == [
        {
            "repositoryName": repository,
            "imageId": {"imageDigest": made.digest, "imageTag": "v1"},
            "status": "FAILED",
            "failureCode": "AccessDenied",
        }
    ]
    assert statuses(ecr, repository, imageTag="v1")[0]["failureCode"] == "AccessDenied"


def test_a_backfill_that_has_ended_cannot_be_stopped_and_others_have_none_of_it(server, ecr, repository):
    with replicating(server, rule(repository)):
        named = ecr.start_replication_backfill(destination=HERE)["replicationBackfillId"]
        ended(ecr, named)
    code, _ = refusal(ecr.stop_replication_backfill, replicationBackfillId=named)
    assert code == "ReplicationBackfillInvalidStatusException"
    for region, of in (("us-east-1", ABSENT), (ABROAD, named)):
        elsewhere = server.client(region=region)
        for ask in (elsewhere.stop_replication_backfill, elsewhere.describe_replication_backfill_results):
            assert refusal(ask, replicationBackfillId=of)[0] == "ReplicationBackfillNotFoundException"


def test_a_backfill_goes_to_a_destination_of_the_rules_only(ecr):
    code, message = refusal(ecr.start_replication_backfill, destination=HERE)
    assert (code, "not in the replication configuration" in message) == ("InvalidParameterException", True)
