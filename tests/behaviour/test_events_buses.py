"""Event buses, their policies and their tags through boto3."""

import json
from typing import Any

import pytest

from tests.behaviour.callers import User, allow
from tests.behaviour.events import PATTERN, PLACE, Events
from tests.behaviour.identities import ACCOUNT, refusal
from tests.factories.processes import Credentials, Server
from tests.operation.commands import entrepot

STRANGER = "555566667777"


@pytest.fixture(scope="module")
def stranger(server: Server) -> Any:
    made = entrepot("account", "create", "--id", STRANGER, "--data", server.data, "--output", "json").result
    return server.client("events", credentials=Credentials(made["access_key_id"], made["secret_access_key"]))


def test_the_default_bus_is_there_and_stays(events: Events):
    found = events.api.describe_event_bus()
    assert (found["Name"], found["Arn"]) == ("default", f"{PLACE}:event-bus/default")
    assert "default" in [bus["Name"] for bus in events.api.list_event_buses(NamePrefix="def")["EventBuses"]]
    assert refusal(events.api.delete_event_bus, Name="default") == (
        "ValidationException",
        "Cannot delete event bus default.",
    )
    taken = ("ResourceAlreadyExistsException", "Event bus default already exists.")
    assert refusal(events.api.create_event_bus, Name="default") == taken


def test_a_bus_is_made_described_changed_and_removed(events: Events):
    name = events.name()
    made = events.api.create_event_bus(Name=name, Description="orders", Tags=[{"Key": "team", "Value": "a"}])
    arn = f"{PLACE}:event-bus/{name}"
    assert (made["EventBusArn"], made["Description"]) == (arn, "orders")
    for named in (name, arn):
        found = events.api.describe_event_bus(Name=named)
        assert (found["Name"], found["Arn"], found["Description"]) == (name, arn, "orders")
        assert found["CreationTime"] == found["LastModifiedTime"]
    assert "Policy" not in found
    assert events.api.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "team", "Value": "a"}]
    taken = ("ResourceAlreadyExistsException", f"Event bus {name} already exists.")
    assert refusal(events.api.create_event_bus, Name=name) == taken
    assert events.api.update_event_bus(Name=name, Description="other")["Description"] == "other"
    assert events.api.describe_event_bus(Name=name)["Description"] == "other"
    rule = events.rule(name)
    assert refusal(events.api.delete_event_bus, Name=name)[0] == "ValidationException"
    events.api.delete_rule(Name=rule, EventBusName=name)
    events.api.delete_event_bus(Name=name)
    events.api.delete_event_bus(Name=name)
    absent = ("ResourceNotFoundException", f"Event bus {name} does not exist.")
    assert refusal(events.api.describe_event_bus, Name=name) == absent
    assert refusal(events.api.list_tags_for_resource, ResourceARN=arn)[0] == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"KmsKeyIdentifier": "alias/key"}, "KmsKeyIdentifier"),
        ({"DeadLetterConfig": {"Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"}}, "DeadLetterConfig"),
        ({"LogConfig": {"Level": "INFO"}}, "LogConfig"),
        ({"EventSourceName": "aws.partner/example.com/orders"}, "EventSourceName"),
        ({"Tags": [{"Key": "aws:team", "Value": "a"}]}, "aws:"),
    ],
)
def test_what_a_bus_cannot_have_is_refused(events: Events, given: dict[str, Any], word: str):
    code, message = refusal(events.api.create_event_bus, Name=events.name(), **given)
    assert code == "ValidationException"
    assert word in message


def test_buses_are_listed_in_pages(events: Events):
    prefix = events.name()
    names = [f"{prefix}.{number}" for number in range(5)]
    for name in reversed(names):
        events.api.create_event_bus(Name=name)
    found: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = events.api.list_event_buses(NamePrefix=f"{prefix}.", Limit=2, **token)
        found += [bus["Name"] for bus in page["EventBuses"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert found == names
    assert refusal(events.api.list_event_buses, NamePrefix="other", **token)[0] == "ValidationException"
    every = [bus["Name"] for page in _pages(events, Limit=3) for bus in page]
    assert every == sorted(set(every))
    assert "default" in every


def _pages(events: Events, **given: Any) -> list[list[dict[str, Any]]]:
    pages: list[list[dict[str, Any]]] = []
    token: dict[str, str] = {}
    while True:
        page = events.api.list_event_buses(**given, **token)
        pages.append(page["EventBuses"])
        if "NextToken" not in page:
            return pages
        token = {"NextToken": page["NextToken"]}


def test_statements_of_a_policy_are_set_and_removed_by_their_ids(events: Events, stranger: Any):
    name = events.bus()
    put, arn = events.api.put_permission, f"{PLACE}:event-bus/{name}"
    put(EventBusName=name, StatementId="them", Principal=STRANGER, Action="events:PutEvents")
    put(EventBusName=name, StatementId="all", Principal="*", Action="events:PutEvents")
    put(EventBusName=name, StatementId="all", Principal="*", Action="events:PutEvents")
    statements = json.loads(events.api.describe_event_bus(Name=name)["Policy"])["Statement"]
    assert statements == [
        {
            "Sid": "them",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{STRANGER}:root"},
            "Action": "events:PutEvents",
            "Resource": arn,
        },
        {"Sid": "all", "Effect": "Allow", "Principal": "*", "Action": "events:PutEvents", "Resource": arn},
    ]
    events.api.remove_permission(EventBusName=name, StatementId="all")
    absent = ("ResourceNotFoundException", "Statement with the provided id does not exist.")
    assert refusal(events.api.remove_permission, EventBusName=name, StatementId="all") == absent
    events.api.remove_permission(EventBusName=name, RemoveAllPermissions=True)
    assert "Policy" not in events.api.describe_event_bus(Name=name)


@pytest.mark.parametrize(
    "policy",
    [
        "{",
        json.dumps({"Statement": []}),
        json.dumps({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}}),
        json.dumps({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "events:PutEvents"}}),
        json.dumps(
            {
                "Statement": {
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/nobody-of-this-name"},
                    "Action": "events:PutEvents",
                    "Resource": "*",
                }
            }
        ),
    ],
)
def test_what_is_no_policy_of_a_bus_is_refused(events: Events, policy: str):
    name = events.bus()
    assert refusal(events.api.put_permission, EventBusName=name, Policy=policy)[0] == "ValidationException"
    assert "Policy" not in events.api.describe_event_bus(Name=name)


def test_a_policy_has_a_largest_size(events: Events):
    resources = ["*", "arn:aws:events:::" + "x" * 10240]
    statement = {"Effect": "Allow", "Principal": "*", "Action": "events:PutEvents", "Resource": resources}
    policy = json.dumps({"Statement": statement})
    refused = refusal(events.api.put_permission, EventBusName=events.bus(), Policy=policy)
    assert refused[0] == "PolicyLengthExceededException"


def test_another_account_puts_events_and_rules_as_far_as_the_policy_lets_it(events: Events, stranger: Any):
    name = events.bus()
    arn = f"{PLACE}:event-bus/{name}"
    entry = {"Source": "shop", "DetailType": "Sold", "Detail": "{}", "EventBusName": arn}
    assert refusal(stranger.put_events, Entries=[entry])[0] == "AccessDeniedException"
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": STRANGER},
        "Action": ["events:PutEvents", "events:PutRule", "events:DescribeRule"],
        "Resource": [arn, f"{PLACE}:rule/{name}/*"],
        "Condition": {"StringEquals": {"events:source": ["shop"]}},
    }
    whose = {
        "Effect": "Allow",
        "Principal": {"AWS": STRANGER},
        "Action": "events:DescribeRule",
        "Resource": f"{PLACE}:rule/{name}/*",
        "Condition": {"StringEquals": {"events:creatorAccount": STRANGER}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement, whose]})
    events.api.put_permission(EventBusName=name, Policy=policy)
    assert stranger.put_events(Entries=[entry])["FailedEntryCount"] == 0
    assert refusal(stranger.put_events, Entries=[{**entry, "Source": "bank"}])[0] == "AccessDeniedException"
    rule = stranger.put_rule(Name="theirs", EventBusName=arn, EventPattern=PATTERN)["RuleArn"]
    assert rule == f"{PLACE}:rule/{name}/theirs"
    assert stranger.describe_rule(Name="theirs", EventBusName=arn)["CreatedBy"] == STRANGER
    other = {"Name": "other", "EventBusName": arn}
    assert refusal(stranger.put_rule, EventPattern='{"source": ["bank"]}', **other)[0] == "AccessDeniedException"
    assert refusal(stranger.delete_rule, Name="theirs", EventBusName=arn)[0] == "AccessDeniedException"
    assert events.api.describe_rule(Name="theirs", EventBusName=name)["CreatedBy"] == STRANGER
    assert refusal(stranger.list_rules, EventBusName=arn)[0] == "ResourceNotFoundException"


def test_a_user_puts_events_of_the_sources_that_its_policy_names(events: Events, server: Server, user: User):
    name = events.bus()
    own = server.client("events", credentials=user.keys)
    entry = {"Source": "shop", "DetailType": "Sold", "Detail": "{}", "EventBusName": name}
    condition = {"StringEquals": {"events:source": "shop", "events:detail-type": "Sold"}}
    user.put("p", allow("events:PutEvents", f"{PLACE}:event-bus/{name}", Condition=condition))
    assert own.put_events(Entries=[entry, entry])["FailedEntryCount"] == 0
    for wrong in ({"Source": "bank"}, {"DetailType": "Lost"}, {"EventBusName": "default"}):
        assert refusal(own.put_events, Entries=[entry, {**entry, **wrong}])[0] == "AccessDeniedException"


def test_tags_are_set_replaced_and_taken_from_buses_and_rules(events: Events):
    bus = events.bus()
    rule = events.rule(bus, Tags=[{"Key": "a", "Value": "0"}])
    for arn in (f"{PLACE}:event-bus/{bus}", f"{PLACE}:rule/{bus}/{rule}"):
        events.api.tag_resource(ResourceARN=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}])
        events.api.untag_resource(ResourceARN=arn, TagKeys=["b", "absent"])
        assert events.api.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "1"}]
    twice = [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]
    assert refusal(events.api.tag_resource, ResourceARN=arn, Tags=twice)[0] == "ValidationException"
    many = [{"Key": f"k{number}", "Value": ""} for number in range(50)]
    assert refusal(events.api.tag_resource, ResourceARN=arn, Tags=many)[0] == "ValidationException"
    for other in (f"{PLACE}:archive/x", "arn:aws:s3:::x", "x"):
        assert refusal(events.api.list_tags_for_resource, ResourceARN=other)[0] == "ValidationException"
    absent = f"{PLACE}:rule/{bus}/absent"
    assert refusal(events.api.tag_resource, ResourceARN=absent, Tags=twice[:1])[0] == "ResourceNotFoundException"
