"""Targets of rules through boto3: put one by one, each refused for itself."""

import json
from typing import Any

import pytest

from tests.behaviour.callers import User, allow
from tests.behaviour.events import PLACE, QUEUE, Events
from tests.behaviour.identities import ACCOUNT, refusal
from tests.behaviour.identities import TRUST as TRUST_IN_USERS
from tests.factories.processes import Server

ELSEWHERE = f"us-east-1:{ACCOUNT}"


def test_targets_come_back_as_they_were_put(events: Events):
    rule, role = events.rule(), events.role()
    targets: list[dict[str, Any]] = [
        {"Id": "1", "Arn": QUEUE, "Input": '{"a": 1}', "DeadLetterConfig": {"Arn": QUEUE}},
        {"Id": "2", "Arn": f"arn:aws:sns:{ELSEWHERE}:topic", "InputPath": "$.detail"},
        {
            "Id": "3",
            "Arn": f"arn:aws:lambda:{ELSEWHERE}:function:f",
            "RoleArn": role,
            "InputTransformer": {"InputPathsMap": {"a": "$.id"}, "InputTemplate": '"<a> of <aws.events.rule-name>"'},
            "RetryPolicy": {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60},
        },
        {
            "Id": "4",
            "Arn": f"arn:aws:kinesis:{ELSEWHERE}:stream/s",
            "RoleArn": role,
            "KinesisParameters": {"PartitionKeyPath": "$.id"},
        },
        {
            "Id": "5",
            "Arn": events.destination(),
            "RoleArn": role,
            "HttpParameters": {
                "PathParameterValues": ["a"],
                "HeaderParameters": {"X-A": "b"},
                "QueryStringParameters": {"q": "1"},
            },
        },
    ]
    assert events.put(rule, *targets) == []
    assert events.api.list_targets_by_rule(Rule=rule)["Targets"] == targets
    pages = events.api.get_paginator("list_targets_by_rule").paginate(Rule=rule, PaginationConfig={"PageSize": 2})
    assert [each["Id"] for page in pages for each in page["Targets"]] == ["1", "2", "3", "4", "5"]


def test_a_target_gives_way_to_another_of_its_id_and_a_rule_has_five(events: Events):
    rule = events.rule()
    assert events.put(rule, *({"Id": str(number), "Arn": QUEUE} for number in range(1, 6))) == []
    assert events.put(rule, {"Id": "5", "Arn": f"{QUEUE}.fifo", "SqsParameters": {"MessageGroupId": "g"}}) == []
    assert events.api.list_targets_by_rule(Rule=rule)["Targets"][4]["SqsParameters"] == {"MessageGroupId": "g"}
    refused = refusal(events.api.put_targets, Rule=rule, Targets=[{"Id": "6", "Arn": QUEUE}])
    assert refused[0] == "LimitExceededException"
    answer = events.api.remove_targets(Rule=rule, Ids=["1", "absent"])
    assert [each["TargetId"] for each in answer["FailedEntries"]] == ["absent"]
    assert [each["Id"] for each in events.api.list_targets_by_rule(Rule=rule)["Targets"]] == ["2", "3", "4", "5"]


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"Arn": "x"}, "Arn"),
        ({"Arn": f"arn:aws:states:{ELSEWHERE}:stateMachine:m"}, "Arn"),
        ({"Arn": f"arn:aws:firehose:{ELSEWHERE}:deliverystream/s"}, "Arn"),
        ({"Arn": f"{PLACE}:event-bus/absent"}, "does not exist"),
        ({"Arn": f"{PLACE}:event-bus/default"}, "own rules"),
        ({"Arn": "arn:aws:events:us-east-1:999988887777:event-bus/default"}, "does not exist"),
        ({"Arn": f"arn:aws:events:eu-north-1:{ACCOUNT}:event-bus/default"}, "does not exist"),
        ({"Arn": f"{PLACE}:api-destination/absent/00000000-0000-4000-8000-000000000000"}, "does not exist"),
        ({"Arn": QUEUE, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/absent"}, "cannot be assumed"),
        ({"Arn": QUEUE, "DeadLetterConfig": {"Arn": f"arn:aws:sns:{ELSEWHERE}:t"}}, "DeadLetterConfig"),
        ({"Arn": QUEUE, "DeadLetterConfig": {"Arn": f"{QUEUE}.fifo"}}, "DeadLetterConfig"),
        ({"Arn": f"{QUEUE}.fifo"}, "SqsParameters"),
        ({"Arn": QUEUE, "SqsParameters": {"MessageGroupId": "g"}}, "SqsParameters"),
        ({"Arn": QUEUE, "HttpParameters": {}}, "HttpParameters"),
        ({"Arn": QUEUE, "BatchParameters": {"JobDefinition": "d", "JobName": "n"}}, "BatchParameters"),
        ({"Arn": QUEUE, "Input": "{"}, "JSON"),
        ({"Arn": QUEUE, "InputPath": "detail"}, "JSONPath"),
        ({"Arn": QUEUE, "InputTransformer": {"InputTemplate": "<absent>"}}, "absent"),
    ],
)
def test_a_target_that_cannot_be_is_told_and_the_others_are_put(events: Events, given: dict[str, Any], word: str):
    rule = events.rule()
    (failed,) = events.put(rule, {"Id": "good", "Arn": QUEUE}, {"Id": "bad", **given})
    assert (failed["TargetId"], failed["ErrorCode"]) == ("bad", "ValidationException")
    assert word in failed["ErrorMessage"]
    assert [each["Id"] for each in events.api.list_targets_by_rule(Rule=rule)["Targets"]] == ["good"]


def test_a_call_that_cannot_be_understood_puts_nothing(events: Events):
    rule = events.rule()
    for targets in (
        [{"Id": "1", "Arn": QUEUE}, {"Id": "1", "Arn": QUEUE}],
        [{"Id": "1", "Arn": QUEUE, "Input": "1", "InputPath": "$"}],
        [{"Id": "!", "Arn": QUEUE}],
        [{"Id": "1", "Arn": QUEUE, "RetryPolicy": {"MaximumRetryAttempts": 186}}],
    ):
        assert refusal(events.api.put_targets, Rule=rule, Targets=targets)[0] == "ValidationException"
    assert events.api.list_targets_by_rule(Rule=rule)["Targets"] == []
    absent = {"Rule": "absent", "Targets": [{"Id": "1", "Arn": QUEUE}]}
    expected = ("ResourceNotFoundException", "Rule absent does not exist on EventBus default.")
    assert refusal(events.api.put_targets, **absent) == expected


def test_other_buses_and_destinations_are_targets_with_the_roles_that_they_need(events: Events):
    rule, role = events.rule(), events.role()
    bus, destination = f"{PLACE}:event-bus/{events.bus()}", events.destination()
    assert events.put(rule, {"Id": "bus", "Arn": bus}) == []
    assert events.put(rule, {"Id": "far", "Arn": f"arn:aws:events:eu-west-1:{ACCOUNT}:event-bus/default"}) == []
    (failed,) = events.put(rule, {"Id": "hook", "Arn": destination})
    assert "RoleArn" in failed["ErrorMessage"]
    (failed,) = events.put(rule, {"Id": "hook", "Arn": destination, "RoleArn": events.role(TRUST_IN_USERS)})
    assert "cannot be assumed" in failed["ErrorMessage"]
    assert events.put(rule, {"Id": "hook", "Arn": destination, "RoleArn": role}) == []
    only_of_another_rule = json.dumps(
        {
            "Statement": {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {"ArnLike": {"aws:SourceArn": f"{PLACE}:rule/another"}},
            }
        }
    )
    (failed,) = events.put(rule, {"Id": "hook", "Arn": destination, "RoleArn": events.role(only_of_another_rule)})
    assert "cannot be assumed" in failed["ErrorMessage"]


def test_the_rules_of_a_target_are_listed(events: Events):
    bus, queue = events.bus(), f"arn:aws:sqs:{ELSEWHERE}:{events.name()}"
    names = sorted(events.rule(bus) for _ in range(3))
    for name in names:
        assert events.put(name, {"Id": "1", "Arn": queue}, {"Id": "2", "Arn": queue}, bus=bus) == []
    listing = events.api.get_paginator("list_rule_names_by_target")
    pages = listing.paginate(TargetArn=queue, EventBusName=bus, PaginationConfig={"PageSize": 2})
    assert [name for page in pages for name in page["RuleNames"]] == names
    assert events.api.list_rule_names_by_target(TargetArn=queue)["RuleNames"] == []


def test_what_may_be_a_target_is_what_a_policy_says(events: Events, server: Server, user: User):
    rule, own = events.rule(), server.client("events", credentials=user.keys)
    condition = {"ArnLike": {"events:TargetArn": "arn:aws:sqs:*:*:*"}}
    user.put("p", allow("events:PutTargets", Condition=condition))
    topic = {"Id": "1", "Arn": f"arn:aws:sns:{ELSEWHERE}:topic"}
    assert refusal(own.put_targets, Rule=rule, Targets=[topic])[0] == "AccessDeniedException"
    assert own.put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": QUEUE}])["FailedEntryCount"] == 0
    role = {"Id": "2", "Arn": QUEUE, "RoleArn": events.role()}
    assert refusal(own.put_targets, Rule=rule, Targets=[role])[0] == "AccessDeniedException"
