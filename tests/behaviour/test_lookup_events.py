"""LookupEvents through boto3: what anyone did is found by each attribute, with its answer, by its own account alone."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.behaviour.callers import User, allow
from tests.behaviour.identities import ACCOUNT, refusal
from tests.behaviour.looked_up import awaited, lookup, of_request
from tests.factories.layouts import Image
from tests.factories.processes import REGION, Server, create_account
from tests.factories.registry import Registry

STRANGER = "505050505050"


@pytest.fixture
def trail(server: Server) -> Any:
    return server.client("cloudtrail")


def test_a_call_is_found_by_each_attribute_of_it(trail: Any, server: Server, user: User, repository: str):
    user.put("tag", allow("ecr:PutImageTagMutability"))
    user.ecr.put_image_tag_mutability(repositoryName=repository, imageTagMutability="IMMUTABLE")
    (event,) = awaited(lambda: lookup(trail, "Username", user.name))
    record = json.loads(event["CloudTrailEvent"])
    arn = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{repository}"
    assert event["EventName"] == record["eventName"] == "PutImageTagMutability"
    assert (event["ReadOnly"], event["Username"]) == ("false", user.name)
    assert event["AccessKeyId"] == user.keys.access_key_id
    assert event["EventSource"] == "ecr.amazonaws.com"
    assert event["Resources"] == [{"ResourceType": "AWS::ECR::Repository", "ResourceName": arn}]
    assert record["userIdentity"]["arn"] == user.arn
    assert record["requestParameters"] == {"repositoryName": repository, "imageTagMutability": "IMMUTABLE"}
    assert record["responseElements"]["imageTagMutability"] == "IMMUTABLE"
    then = {
        "StartTime": event["EventTime"],
        "EndTime": event["EventTime"],
    }  # else there are pages of other tests' calls
    for attribute, value in {
        "EventId": event["EventId"],
        "EventName": "PutImageTagMutability",
        "ReadOnly": "false",
        "ResourceType": "AWS::ECR::Repository",
        "ResourceName": arn,
        "EventSource": "ecr.amazonaws.com",
        "AccessKeyId": user.keys.access_key_id,
    }.items():
        assert event["EventId"] in {each["EventId"] for each in lookup(trail, attribute, value, **then)}, attribute
    assert [each["EventName"] for each in lookup(trail, "ResourceName", repository)].count("PutImageTagMutability") == 1


def test_a_push_and_a_pull_are_the_actions_that_they_perform(
    trail: Any, pushed: Image, repository: str, server: Server
):
    Registry(server).pull(repository, "v1")

    blobs = len({pushed.config.digest, *(each.digest for each in pushed.layers)})

    def all_told() -> list[dict[str, Any]]:
        """They may be of several processes, each of which tells within a second."""
        events = lookup(trail, "ResourceName", repository)
        told = [each["EventName"] for each in events]
        pulled = "BatchGetImage" in told and told.count("GetDownloadUrlForLayer") >= blobs
        return events if pulled and {"InitiateLayerUpload", "CompleteLayerUpload", "PutImage"} <= set(told) else []

    events = awaited(all_told)
    told = [each["EventName"] for each in events]
    assert (told.count("PutImage"), told.count("GetDownloadUrlForLayer")) == (1, blobs)
    pull = next(json.loads(each["CloudTrailEvent"]) for each in events if each["EventName"] == "BatchGetImage")
    assert pull["requestParameters"]["imageIds"] == [{"imageTag": "v1"}]
    assert pull["requestParameters"]["repositoryName"] == repository
    assert pull["requestParameters"]["acceptedMediaTypes"]
    assert (pull["responseElements"], pull["readOnly"]) == (None, True)
    put = next(json.loads(each["CloudTrailEvent"]) for each in events if each["EventName"] == "PutImage")
    assert put["responseElements"]["image"]["imageId"]["imageDigest"] == pushed.digest
    assert put["userAgent"].startswith("python-urllib3")
    assert put["sourceIPAddress"] == "127.0.0.1"


def test_events_are_told_newest_first_and_page_by_page(trail: Any, ecr: Any, make_repository: Callable[..., str]):
    made = [make_repository() for _ in range(5)]
    awaited(lambda: lookup(trail, "ResourceName", made[-1]))
    pages = trail.get_paginator("lookup_events").paginate(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateRepository"}],
        PaginationConfig={"PageSize": 2, "MaxItems": 5},
    )
    sizes, told = [], []
    for page in pages:
        sizes.append(len(page["Events"]))
        told += [each["Resources"][0]["ResourceName"].partition("/")[2] for each in page["Events"]]
    assert told == made[::-1]
    assert max(sizes) == 2


def test_a_denied_call_is_told_with_its_error(server: Server, user: User, repository: str):
    with pytest.raises(ClientError) as denied:
        user.ecr.delete_repository(repositoryName=repository)
    request_id = denied.value.response["ResponseMetadata"]["RequestId"]
    (record,) = of_request(server, request_id, "Username", user.name)
    assert record["errorCode"].startswith("AccessDenied")
    assert user.arn in record["errorMessage"]
    assert record["responseElements"] is None


def test_times_bound_what_is_told(trail: Any, make_repository: Callable[..., str]):
    name = make_repository()
    (event,) = awaited(lambda: lookup(trail, "ResourceName", name))
    at = event["EventTime"]
    named = ("ResourceName", name)
    assert lookup(trail, *named, StartTime=at, EndTime=at) == [event]
    assert lookup(trail, *named, StartTime=at + timedelta(seconds=1)) == []
    assert lookup(trail, *named, EndTime=at - timedelta(seconds=1)) == []


def test_insights_are_there_none(trail: Any):
    assert trail.lookup_events(EventCategory="insight")["Events"] == []


def test_what_cannot_be_looked_up_is_refused(trail: Any):
    one = {"AttributeKey": "EventName", "AttributeValue": "PutImage"}
    code, _ = refusal(trail.lookup_events, LookupAttributes=[one, one])
    assert code == "InvalidLookupAttributesException"
    now = datetime.now(UTC)
    code, _ = refusal(trail.lookup_events, StartTime=now, EndTime=now - timedelta(hours=1))
    assert code == "InvalidTimeRangeException"
    token = trail.lookup_events(MaxResults=1)["NextToken"]
    for given in ({"NextToken": "x"}, {"NextToken": token, "LookupAttributes": [one]}):
        code, _ = refusal(trail.lookup_events, **given)
        assert code == "InvalidNextTokenException"


def test_a_lookup_needs_its_permission_and_shows_ones_own_account_alone(server: Server, user: User):
    mine = server.client("cloudtrail", credentials=user.keys)
    code, _ = refusal(mine.lookup_events)
    assert code == "AccessDeniedException"
    user.put("look", allow("cloudtrail:LookupEvents"))
    began = datetime.now(UTC) - timedelta(seconds=1)
    stranger = create_account(server, STRANGER)
    server.client(credentials=stranger).create_repository(repositoryName="theirs")
    theirs = server.client("cloudtrail", credentials=stranger)
    awaited(lambda: lookup(theirs, "ResourceName", "theirs"))
    for client, account in ((mine, ACCOUNT), (theirs, STRANGER)):
        told = [json.loads(each["CloudTrailEvent"]) for each in lookup(client, StartTime=began)]
        assert {each["recipientAccountId"] for each in told} == {account}


def test_a_ping_leaves_no_record(server: Server, user: User, trail: Any):
    user.put("log-in", allow("ecr:GetAuthorizationToken"))
    registry = user.registry()
    assert registry.request("GET", "/v2/").status == 200
    awaited(lambda: lookup(trail, "Username", user.name))
    assert {each["EventName"] for each in lookup(trail, "Username", user.name)} == {"GetAuthorizationToken"}


def test_no_secret_of_a_user_is_told(server: Server, user: User, trail: Any):
    user.put("log-in", allow("ecr:GetAuthorizationToken"))
    password = "Canary-0f3b!x"
    made = user.iam.create_login_profile(UserName=user.name, Password=password)
    assert made["LoginProfile"]["UserName"] == user.name
    token = server.token(user.keys)
    events = awaited(lambda: lookup(trail, "ResourceName", user.name), 3)
    events += lookup(trail, "Username", user.name)
    told = json.dumps([each["CloudTrailEvent"] for each in events])
    assert "CreateAccessKey" in told
    for secret in (user.keys.secret_access_key, password, token):
        assert secret not in told
