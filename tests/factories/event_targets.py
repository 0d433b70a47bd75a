"""Rules of a real server that send to webhooks of the test: what EventBridge's users set up first."""

import json
from typing import Any

from tests.factories.processes import Server

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}
ALLOW_OUTBOUND = {"ENTREPOT_OUTBOUND_ALLOW": "localhost"}


def invoking_role(server: Server, name: str = "invoker", *actions: str) -> str:
    """A role that EventBridge takes on to invoke API destinations, or for other actions; its ARN."""
    iam = server.client("iam")
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    statement = {"Effect": "Allow", "Action": list(actions or ("events:InvokeApiDestination",)), "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document)
    return str(made["Role"]["Arn"])


def webhook_target(server: Server, name: str, url: str, role: str, **more: Any) -> dict[str, Any]:
    """An API destination behind an API key, as a target for PutTargets."""
    events = server.client("events")
    parameters = {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "canary-key"}}
    connection = events.create_connection(Name=name, AuthorizationType="API_KEY", AuthParameters=parameters)
    destination = events.create_api_destination(
        Name=name,
        ConnectionArn=connection["ConnectionArn"],
        InvocationEndpoint=url,
        HttpMethod="POST",
        InvocationRateLimitPerSecond=more.pop("rate", 300),
    )
    return {"Id": name, "Arn": destination["ApiDestinationArn"], "RoleArn": role, **more}


def rule(server: Server, name: str, pattern: dict[str, Any], *targets: dict[str, Any]) -> str:
    """A rule of the default bus with targets; its ARN."""
    events = server.client("events")
    arn = events.put_rule(Name=name, EventPattern=json.dumps(pattern))["RuleArn"]
    answer = events.put_targets(Rule=name, Targets=list(targets))
    assert answer["FailedEntryCount"] == 0, answer
    return str(arn)
