"""EventBridge for tests: names that are used once, things made with them."""

import itertools
import json
from typing import Any

from tests.behaviour.identities import ACCOUNT, Iam
from tests.factories.processes import Server

PLACE = f"arn:aws:events:us-east-1:{ACCOUNT}"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:queue"
PATTERN = json.dumps({"source": ["shop"], "detail-type": ["Sold"]})
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
_numbers = itertools.count()


class Events:
    """A client of EventBridge as the root, and things made with it."""

    def __init__(self, server: Server, iam: Iam) -> None:
        self.server, self.iam = server, iam
        self.api = server.client("events")

    def name(self) -> str:
        """A name that nothing has."""
        return f"e{next(_numbers):05d}"

    def bus(self, **given: Any) -> str:
        """The name of a new bus."""
        name = self.name()
        self.api.create_event_bus(Name=name, **given)
        return name

    def rule(self, bus: str = "default", **given: Any) -> str:
        """The name of a new rule, which wants a shop's events."""
        name = self.name()
        self.api.put_rule(Name=name, EventBusName=bus, **({"EventPattern": PATTERN} | given))
        return name

    def role(self, trust: str = TRUST) -> str:
        """The ARN of a new role, which EventBridge may take on."""
        made = self.iam.api.create_role(RoleName=self.iam.name(), AssumeRolePolicyDocument=trust)
        return str(made["Role"]["Arn"])

    def connection(self, **given: Any) -> str:
        """The ARN of a new connection with an API key."""
        parameters = {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "v"}}
        made = self.api.create_connection(
            **{"Name": self.name(), "AuthorizationType": "API_KEY", "AuthParameters": parameters, **given}
        )
        return str(made["ConnectionArn"])

    def destination(self, **given: Any) -> str:
        """The ARN of a new API destination."""
        given = {"InvocationEndpoint": "https://example.com/*", "HttpMethod": "POST", **given}
        if "ConnectionArn" not in given:
            given["ConnectionArn"] = self.connection()
        return str(self.api.create_api_destination(Name=self.name(), **given)["ApiDestinationArn"])

    def put(self, rule: str, *targets: dict[str, Any], bus: str = "default") -> list[dict[str, Any]]:
        """Put targets; those that were refused."""
        answer = self.api.put_targets(Rule=rule, EventBusName=bus, Targets=list(targets))
        assert answer["FailedEntryCount"] == len(answer["FailedEntries"])
        failed: list[dict[str, Any]] = answer["FailedEntries"]
        return failed
