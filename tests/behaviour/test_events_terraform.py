"""The calls that Terraform's provider makes for its EventBridge resources, in their order: create, read, plan without
changes, change, destroy (aws_cloudwatch_event_bus, _rule, _target, _connection, _api_destination, _archive and
_permission).
"""

import json
from typing import Any

from tests.behaviour.events import PATTERN, PLACE, QUEUE, Events
from tests.behaviour.identities import ACCOUNT, refusal


def without(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def test_a_bus_with_a_rule_and_a_target(events: Events):
    api, bus, rule = events.api, events.name(), events.name()
    tags = [{"Key": "team", "Value": "a"}]
    arn = api.create_event_bus(Name=bus, Tags=tags)["EventBusArn"]
    assert api.describe_event_bus(Name=bus)["Arn"] == arn
    assert api.list_tags_for_resource(ResourceARN=arn)["Tags"] == tags
    put = {"Name": rule, "EventBusName": bus, "EventPattern": PATTERN, "State": "ENABLED"}
    rule_arn = api.put_rule(**put, Tags=tags)["RuleArn"]
    assert api.describe_rule(Name=rule, EventBusName=bus)["Arn"] == rule_arn
    assert api.list_tags_for_resource(ResourceARN=rule_arn)["Tags"] == tags
    target = {"Id": "terraform-1", "Arn": QUEUE}
    assert without(api.put_targets(Rule=rule, EventBusName=bus, Targets=[target])) == {
        "FailedEntryCount": 0,
        "FailedEntries": [],
    }
    assert api.list_targets_by_rule(Rule=rule, EventBusName=bus)["Targets"] == [target]
    first = without(api.describe_rule(Name=rule, EventBusName=bus))
    assert without(api.describe_rule(Name=rule, EventBusName=bus)) == first  # a plan finds nothing to change
    api.put_rule(**{**put, "Description": "changed"})
    assert api.describe_rule(Name=rule, EventBusName=bus)["Description"] == "changed"
    assert api.list_tags_for_resource(ResourceARN=rule_arn)["Tags"] == tags
    api.remove_targets(Rule=rule, EventBusName=bus, Ids=["terraform-1"])
    api.delete_rule(Name=rule, EventBusName=bus)
    assert refusal(api.describe_rule, Name=rule, EventBusName=bus)[0] == "ResourceNotFoundException"
    api.delete_event_bus(Name=bus)
    assert refusal(api.describe_event_bus, Name=bus)[0] == "ResourceNotFoundException"


def test_a_connection_with_a_destination_that_is_a_target(events: Events):
    api, name, role = events.api, events.name(), events.role()
    parameters = {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "v"}}
    made = api.create_connection(Name=name, AuthorizationType="API_KEY", AuthParameters=parameters)
    found = api.describe_connection(Name=name)
    assert (found["ConnectionState"], found["ConnectionArn"]) == ("AUTHORIZED", made["ConnectionArn"])
    where = {"InvocationEndpoint": "https://example.com/hook", "HttpMethod": "POST"}
    given = {"Name": name, "ConnectionArn": made["ConnectionArn"], "InvocationRateLimitPerSecond": 20, **where}
    destination = api.create_api_destination(**given)["ApiDestinationArn"]
    read = api.describe_api_destination(Name=name)
    assert {member: read[member] for member in given} == given
    rule = events.rule(ScheduleExpression="rate(5 minutes)", State="DISABLED")
    target = {"Id": "hook", "Arn": destination, "RoleArn": role, "HttpParameters": {"HeaderParameters": {"X-A": "b"}}}
    assert events.put(rule, target) == []
    assert api.list_targets_by_rule(Rule=rule)["Targets"] == [target]
    api.update_connection(Name=name, AuthorizationType="API_KEY", AuthParameters=parameters)
    assert api.describe_connection(Name=name)["ConnectionState"] == "AUTHORIZED"
    api.update_api_destination(**{**given, "InvocationRateLimitPerSecond": 30})
    api.remove_targets(Rule=rule, Ids=["hook"])
    api.delete_rule(Name=rule)
    api.delete_api_destination(Name=name)
    api.delete_connection(Name=name)
    for operation in (api.describe_api_destination, api.describe_connection):
        assert refusal(operation, Name=name)[0] == "ResourceNotFoundException"


def test_an_archive_and_a_permission(events: Events):
    api, name, bus = events.api, events.name(), events.bus()
    source = f"{PLACE}:event-bus/{bus}"
    api.create_archive(ArchiveName=name, EventSourceArn=source, EventPattern=PATTERN, RetentionDays=7)
    found = api.describe_archive(ArchiveName=name)
    assert (json.loads(found["EventPattern"]), found["RetentionDays"]) == (json.loads(PATTERN), 7)
    api.update_archive(ArchiveName=name, EventPattern=PATTERN, RetentionDays=1)
    api.put_permission(EventBusName=bus, StatementId="s", Principal=ACCOUNT, Action="events:PutEvents")
    (statement,) = json.loads(api.describe_event_bus(Name=bus)["Policy"])["Statement"]
    assert (statement["Sid"], statement["Principal"]) == ("s", {"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    api.remove_permission(EventBusName=bus, StatementId="s")
    assert "Policy" not in api.describe_event_bus(Name=bus)
    api.delete_archive(ArchiveName=name)
    assert refusal(api.describe_archive, ArchiveName=name)[0] == "ResourceNotFoundException"
