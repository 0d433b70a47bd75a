"""Users of the registry in tests, what they may do, and the statements that say it."""

import json
from collections.abc import Mapping
from typing import Any

from tests.behaviour.identities import ACCOUNT, Iam
from tests.factories.processes import Credentials, Server
from tests.factories.registry import Registry


class User:
    """A user with one key, and what it sees of the registry."""

    def __init__(self, server: Server, iam: Iam) -> None:
        self.iam = iam.api
        self.name = iam.user()
        made = self.iam.create_access_key(UserName=self.name)["AccessKey"]
        self.keys = Credentials(made["AccessKeyId"], made["SecretAccessKey"])
        self.arn = f"arn:aws:iam::{ACCOUNT}:user/{self.name}"
        self.server = server
        self.ecr = server.client(credentials=self.keys)

    def attach(self, arn: str) -> None:
        self.iam.attach_user_policy(UserName=self.name, PolicyArn=arn)

    def put(self, name: str, *statements: dict[str, Any]) -> None:
        self.iam.put_user_policy(UserName=self.name, PolicyName=name, PolicyDocument=policy(*statements))

    def registry(self) -> Registry:
        return Registry(self.server, self.server.token(self.keys))


def policy(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str | list[str], resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str | list[str], resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def of(repository: str) -> str:
    return f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/{repository}"
