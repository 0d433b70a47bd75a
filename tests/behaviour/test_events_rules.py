"""Rules of event buses, and patterns by themselves, through boto3."""

import json
from typing import Any

import pytest

from tests.behaviour.callers import User, allow
from tests.behaviour.events import PATTERN, PLACE, QUEUE, Events
from tests.behaviour.identities import TRUST as TRUST_IN_USERS
from tests.behaviour.identities import refusal
from tests.factories.processes import Server

EVENT = {
    "id": "1",
    "account": "000000000000",
    "source": "shop",
    "time": "2026-01-01T00:00:00Z",
    "region": "us-east-1",
    "resources": [],
    "detail-type": "Sold",
    "detail": {"price": 10, "tags": ["a", None]},
}


@pytest.mark.parametrize("on_default", [True, False])
def test_a_rule_comes_back_as_it_was_put(events: Events, on_default: bool):
    bus, role = "default" if on_default else events.bus(), events.role()
    name = events.rule(bus, Description="sales", RoleArn=role, State="DISABLED")
    found = events.api.describe_rule(Name=name, EventBusName=bus)
    found.pop("ResponseMetadata")
    assert found == {
        "Name": name,
        "Arn": f"{PLACE}:rule/{'' if on_default else f'{bus}/'}{name}",
        "EventPattern": PATTERN,
        "State": "DISABLED",
        "Description": "sales",
        "RoleArn": role,
        "EventBusName": bus,
        "CreatedBy": "000000000000",
    }
    (listed,) = events.api.list_rules(NamePrefix=name, EventBusName=f"{PLACE}:event-bus/{bus}")["Rules"]
    assert listed == {key: value for key, value in found.items() if key != "CreatedBy"}


def test_a_rule_that_is_put_again_is_another_with_its_targets(events: Events):
    name = events.rule(Description="sales", Tags=[{"Key": "a", "Value": "b"}])
    assert events.put(name, {"Id": "one", "Arn": QUEUE}) == []
    events.api.put_rule(Name=name, ScheduleExpression="rate(5 minutes)")
    found = events.api.describe_rule(Name=name)
    assert found["ScheduleExpression"] == "rate(5 minutes)"
    assert {"EventPattern", "Description"}.isdisjoint(found)
    assert found["State"] == "ENABLED"
    assert [each["Id"] for each in events.api.list_targets_by_rule(Rule=name)["Targets"]] == ["one"]
    assert events.api.list_tags_for_resource(ResourceARN=found["Arn"])["Tags"] == [{"Key": "a", "Value": "b"}]


def test_a_rule_is_disabled_enabled_and_removed_once_it_has_no_targets(events: Events):
    bus = events.bus()
    name = events.rule(bus)
    named = {"Name": name, "EventBusName": bus}
    events.api.disable_rule(**named)
    assert events.api.describe_rule(**named)["State"] == "DISABLED"
    events.api.enable_rule(**named)
    assert events.api.describe_rule(**named)["State"] == "ENABLED"
    assert events.put(name, {"Id": "one", "Arn": QUEUE}, bus=bus) == []
    has_targets = ("ValidationException", "Rule can't be deleted since it has targets.")
    assert refusal(events.api.delete_rule, **named) == has_targets
    events.api.remove_targets(Rule=name, EventBusName=bus, Ids=["one"])
    events.api.delete_rule(**named)
    events.api.delete_rule(**named)
    absent = ("ResourceNotFoundException", f"Rule {name} does not exist on EventBus {bus}.")
    for operation in (events.api.describe_rule, events.api.disable_rule, events.api.enable_rule):
        assert refusal(operation, **named) == absent
    assert refusal(events.api.delete_rule, Name=name, EventBusName="absent")[0] == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "ValidationException"),
        ({"EventPattern": "{"}, "InvalidEventPatternException"),
        ({"EventPattern": '{"source": "shop"}'}, "InvalidEventPatternException"),
        ({"EventPattern": '{"source": [{"prefix": 1}]}'}, "InvalidEventPatternException"),
        ({"ScheduleExpression": "rate(5 parsecs)"}, "ValidationException"),
        ({"ScheduleExpression": "cron(* * * * *)"}, "ValidationException"),
        ({"EventPattern": PATTERN, "Name": "a b"}, "ValidationException"),
        ({"EventPattern": PATTERN, "State": "SLEEPING"}, "ValidationException"),
        ({"EventPattern": PATTERN, "EventBusName": "absent"}, "ResourceNotFoundException"),
        ({"EventPattern": PATTERN, "RoleArn": "arn:aws:iam::000000000000:role/absent"}, "ValidationException"),
        ({"EventPattern": PATTERN, "EventBusName": "arn:aws:events:us-east-1:000000000000:event-bus/"}, ""),
    ],
)
def test_what_is_no_rule_is_refused(events: Events, given: dict[str, Any], code: str):
    assert refusal(events.api.put_rule, **{"Name": events.name(), **given})[0] == (code or "ValidationException")


def test_a_schedule_is_for_the_default_bus(events: Events):
    code, message = refusal(
        events.api.put_rule, Name=events.name(), EventBusName=events.bus(), ScheduleExpression="rate(1 minute)"
    )
    expected = "ScheduleExpression is supported only on the default event bus."
    assert (code, message) == ("ValidationException", expected)


def test_a_role_must_trust_eventbridge_and_be_passed(events: Events, server: Server, user: User):
    distrusts, trusts = events.role(TRUST_IN_USERS), events.role()
    expected = f"Provided role '{distrusts}' cannot be assumed by principal 'events.amazonaws.com'."
    refused = refusal(events.api.put_rule, Name=events.name(), EventPattern=PATTERN, RoleArn=distrusts)
    assert refused == ("ValidationException", expected)
    own = server.client("events", credentials=user.keys)
    given = {"Name": events.name(), "EventPattern": PATTERN, "RoleArn": trusts}
    user.put("p", allow("events:PutRule"))
    assert refusal(own.put_rule, **given)[0] == "AccessDeniedException"
    to_others = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    user.put("p", allow("events:PutRule"), allow("iam:PassRole", trusts, Condition=to_others))
    assert refusal(own.put_rule, **given)[0] == "AccessDeniedException"
    to_us = {"StringEquals": {"iam:PassedToService": "events.amazonaws.com"}}
    user.put("p", allow("events:PutRule"), allow("iam:PassRole", trusts, Condition=to_us))
    own.put_rule(**given)


def test_rules_of_a_source_are_for_who_may_have_them(events: Events, server: Server, user: User):
    own = server.client("events", credentials=user.keys)
    user.put("p", allow("events:PutRule", Condition={"StringEquals": {"events:source": "shop"}}))
    own.put_rule(Name=events.name(), EventPattern=PATTERN)
    for pattern in ('{"source": ["bank"]}', '{"source": ["shop", {"prefix": ""}]}', '{"detail": {"a": [1]}}'):
        refused = refusal(own.put_rule, Name=events.name(), EventPattern=pattern)
        assert refused[0] == "AccessDeniedException", pattern


def test_a_bus_has_so_many_rules(events: Events):
    bus = events.bus()
    for number in range(300):
        events.api.put_rule(Name=f"r{number:03d}", EventBusName=bus, EventPattern=PATTERN)
    refused = refusal(events.api.put_rule, Name="one-more", EventBusName=bus, EventPattern=PATTERN)
    assert refused[0] == "LimitExceededException"
    events.api.put_rule(Name="r299", EventBusName=bus, EventPattern='{"source": ["bank"]}')
    pages = events.api.get_paginator("list_rules").paginate(EventBusName=bus, NamePrefix="r2")
    assert [rule["Name"] for page in pages for rule in page["Rules"]] == [f"r2{number:02d}" for number in range(100)]


@pytest.mark.parametrize(
    ("pattern", "result"),
    [
        ({"source": ["shop"]}, True),
        ({"source": ["bank"]}, False),
        ({"detail": {"price": [{"numeric": [">", 9.5]}], "tags": [None]}}, True),
        ({"detail": {"price": [{"anything-but": [10]}]}}, False),
        ({"$or": [{"source": ["bank"]}, {"detail-type": [{"suffix": "old"}]}]}, True),
    ],
)
def test_a_pattern_is_tried(events: Events, pattern: dict[str, Any], result: bool):
    tried = events.api.test_event_pattern(EventPattern=json.dumps(pattern), Event=json.dumps(EVENT))
    assert tried["Result"] is result


def test_what_is_no_pattern_or_no_event_is_told(events: Events):
    for pattern, event in (
        ("{", json.dumps(EVENT)),
        ('{"source": []}', json.dumps(EVENT)),
        (PATTERN, "{"),
        (PATTERN, "[]"),
        (PATTERN, json.dumps({key: value for key, value in EVENT.items() if key != "resources"})),
        (PATTERN, "[" * 100_000),
    ):
        refused = refusal(events.api.test_event_pattern, EventPattern=pattern, Event=event)
        assert refused[0] == "InvalidEventPatternException"
