"""Connections and API destinations through boto3: what is secret is shown to nobody."""

from typing import Any

import pytest

from tests.behaviour.events import PLACE, Events
from tests.behaviour.identities import refusal
from tests.factories.processes import Server

SECRET = "canary-of-connections"
BASIC = {"BasicAuthParameters": {"Username": "alice", "Password": SECRET}}
KEY = {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": SECRET}}
OAUTH = {
    "OAuthParameters": {
        "ClientParameters": {"ClientID": "id", "ClientSecret": SECRET},
        "AuthorizationEndpoint": "https://idp.example.invalid/token",
        "HttpMethod": "POST",
        "OAuthHttpParameters": {"BodyParameters": [{"Key": "scope", "Value": "all", "IsValueSecret": False}]},
    }
}
MORE = {
    "InvocationHttpParameters": {
        "HeaderParameters": [
            {"Key": "X-Plain", "Value": "seen", "IsValueSecret": False},
            {"Key": "X-Hidden", "Value": SECRET, "IsValueSecret": True},
        ]
    }
}


@pytest.mark.parametrize(
    ("kind", "parameters", "shown", "states"),
    [
        ("BASIC", BASIC, {"BasicAuthParameters": {"Username": "alice"}}, {"AUTHORIZED"}),
        ("API_KEY", KEY, {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key"}}, {"AUTHORIZED"}),
        (
            "OAUTH_CLIENT_CREDENTIALS",
            OAUTH,
            {"OAuthParameters": {**OAUTH["OAuthParameters"], "ClientParameters": {"ClientID": "id"}}},
            {"AUTHORIZING", "DEAUTHORIZED"},
        ),
    ],
)
def test_a_connection_is_shown_without_what_is_secret(
    events: Events, kind: str, parameters: Any, shown: Any, states: set[str]
):
    name = events.name()
    made = events.api.create_connection(
        Name=name, Description="to them", AuthorizationType=kind, AuthParameters={**parameters, **MORE}
    )
    assert made["ConnectionArn"].startswith(f"{PLACE}:connection/{name}/")
    found = events.api.describe_connection(Name=name)
    assert (found["ConnectionArn"], found["Description"]) == (made["ConnectionArn"], "to them")
    assert (found["AuthorizationType"], found["ConnectionState"] in states) == (kind, True)
    headers = [MORE["InvocationHttpParameters"]["HeaderParameters"][0], {"Key": "X-Hidden", "IsValueSecret": True}]
    assert found["AuthParameters"] == {**shown, "InvocationHttpParameters": {"HeaderParameters": headers}}
    (listed,) = events.api.list_connections(NamePrefix=name)["Connections"]
    assert listed["ConnectionArn"] == made["ConnectionArn"]
    assert SECRET not in str([made, found, listed])
    taken = ("ResourceAlreadyExistsException", f"Connection {name} already exists.")
    given = {"Name": name, "AuthorizationType": kind, "AuthParameters": parameters}
    assert refusal(events.api.create_connection, **given) == taken


def test_a_connection_is_changed_in_parts_deauthorized_and_removed(events: Events):
    name, api = events.name(), events.api
    api.create_connection(Name=name, AuthorizationType="BASIC", AuthParameters={**BASIC, **MORE})
    api.update_connection(Name=name, AuthParameters={"BasicAuthParameters": {"Username": "bob"}})
    found = api.describe_connection(Name=name)["AuthParameters"]
    assert (found["BasicAuthParameters"], "InvocationHttpParameters" in found) == ({"Username": "bob"}, True)
    other = {"Name": name, "AuthorizationType": "API_KEY"}
    assert refusal(api.update_connection, **other)[0] == "ValidationException"
    api.update_connection(**other, AuthParameters=KEY)
    found = api.describe_connection(Name=name)
    assert found["AuthorizationType"] == "API_KEY"
    assert "BasicAuthParameters" not in found["AuthParameters"]
    assert api.deauthorize_connection(Name=name)["ConnectionState"] == "DEAUTHORIZED"
    api.update_connection(Name=name, Description="text")
    found = api.describe_connection(Name=name)
    assert (found["ConnectionState"], found["Description"]) == ("DEAUTHORIZED", "text")
    assert [each["Name"] for each in _listed(events, ConnectionState="DEAUTHORIZED", NamePrefix=name)] == [name]
    assert _listed(events, ConnectionState="AUTHORIZED", NamePrefix=name) == []
    assert api.update_connection(Name=name, AuthParameters=KEY)["ConnectionState"] == "AUTHORIZED"
    assert api.delete_connection(Name=name)["ConnectionState"] == "DELETING"
    gone = f"Failed to describe the connection(s). Connection '{name}' does not exist."
    assert refusal(api.describe_connection, Name=name) == ("ResourceNotFoundException", gone)


def _listed(events: Events, **given: Any) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = events.api.list_connections(**given)["Connections"]
    return listed


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("BASIC", KEY),
        ("BASIC", {}),
        ("API_KEY", {**KEY, **BASIC}),
        (
            "OAUTH_CLIENT_CREDENTIALS",
            {"OAuthParameters": {**OAUTH["OAuthParameters"], "AuthorizationEndpoint": "ftp://a"}},
        ),
        (
            "OAUTH_CLIENT_CREDENTIALS",
            {"OAuthParameters": {**OAUTH["OAuthParameters"], "AuthorizationEndpoint": "http://10.0.0.1/token"}},
        ),
    ],
)
def test_what_is_no_connection_is_refused(events: Events, kind: str, parameters: Any):
    given = {"Name": events.name(), "AuthorizationType": kind, "AuthParameters": parameters}
    assert refusal(events.api.create_connection, **given)[0] == "ValidationException"
    assert refusal(events.api.describe_connection, Name=given["Name"])[0] == "ResourceNotFoundException"


def test_a_destination_is_made_changed_and_removed(events: Events):
    name, connection, api = events.name(), events.connection(), events.api
    given = {"InvocationEndpoint": "https://example.com/*", "HttpMethod": "POST"}
    made = api.create_api_destination(Name=name, ConnectionArn=connection, Description="hook", **given)
    assert made["ApiDestinationArn"].startswith(f"{PLACE}:api-destination/{name}/")
    found = api.describe_api_destination(Name=name)
    assert (found["ConnectionArn"], found["InvocationEndpoint"], found["HttpMethod"], found["Description"]) == (
        connection,
        "https://example.com/*",
        "POST",
        "hook",
    )
    assert (found["InvocationRateLimitPerSecond"], found["ApiDestinationState"]) == (300, "ACTIVE")
    other = events.connection()
    api.update_api_destination(Name=name, ConnectionArn=other, InvocationRateLimitPerSecond=5, HttpMethod="PUT")
    found = api.describe_api_destination(Name=name)
    assert (found["ConnectionArn"], found["InvocationRateLimitPerSecond"], found["HttpMethod"]) == (other, 5, "PUT")
    listed = api.list_api_destinations(ConnectionArn=other)["ApiDestinations"]
    assert [each["Name"] for each in listed] == [name]
    assert api.list_api_destinations(ConnectionArn=connection)["ApiDestinations"] == []
    taken = f"An api-destination '{name}' already exists."
    refused = refusal(api.create_api_destination, Name=name, ConnectionArn=connection, **given)
    assert refused == ("ResourceAlreadyExistsException", taken)
    api.delete_connection(Name=other.split("/")[1])
    assert api.describe_api_destination(Name=name)["ApiDestinationState"] == "INACTIVE"
    api.delete_api_destination(Name=name)
    gone = f"Failed to describe the api-destination(s). An api-destination '{name}' does not exist."
    assert refusal(api.describe_api_destination, Name=name) == ("ResourceNotFoundException", gone)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (
            {"ConnectionArn": f"{PLACE}:connection/absent/00000000-0000-4000-8000-000000000000"},
            "ResourceNotFoundException",
        ),
        ({"InvocationEndpoint": "https://user:password@example.com/"}, "ValidationException"),
        ({"InvocationEndpoint": "https://127.0.0.1/"}, "ValidationException"),
        ({"InvocationEndpoint": "file:///etc/passwd"}, "ValidationException"),
        ({"InvocationRateLimitPerSecond": 301}, "ValidationException"),
        ({"HttpMethod": "TRACE"}, "ValidationException"),
    ],
)
def test_what_is_no_destination_is_refused(events: Events, given: dict[str, Any], code: str):
    valid = {"InvocationEndpoint": "https://example.com/", "HttpMethod": "POST", "ConnectionArn": events.connection()}
    assert refusal(events.api.create_api_destination, Name=events.name(), **{**valid, **given})[0] == code


def test_a_secret_is_in_no_file_of_the_server(events: Events, server: Server):
    name = events.name()
    events.api.create_connection(Name=name, AuthorizationType="BASIC", AuthParameters={**BASIC, **MORE})
    events.api.update_connection(Name=name, AuthorizationType="API_KEY", AuthParameters={**KEY, **MORE})
    found = [path for path in server.data.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    assert found == []
    assert SECRET.encode() not in server.log.read_bytes()
