"""IAM for tests: names that are used once, and what must be refused."""

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.factories.processes import Server

ACCOUNT = "000000000000"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}],
    }
)
_numbers = itertools.count()


def policy(action: str) -> str:
    """An identity policy that allows one action."""
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


DOCUMENT = policy("ecr:BatchGetImage")


def refusal(operation: Callable[..., Any], **parameters: Any) -> tuple[str, str]:
    """(code, message) of a call that must be refused."""
    with pytest.raises(ClientError) as refused:
        operation(**parameters)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


class Iam:
    """A client of IAM as the root, and things made with it."""

    def __init__(self, server: Server) -> None:
        self.api = server.client("iam")

    def name(self) -> str:
        """A name that nothing has."""
        return f"n{next(_numbers):05d}"

    def user(self, **given: Any) -> str:
        """The name of a new user."""
        name = self.name()
        self.api.create_user(UserName=name, **given)
        return name

    def group(self, **given: Any) -> str:
        """The name of a new group."""
        name = self.name()
        self.api.create_group(GroupName=name, **given)
        return name

    def role(self, **given: Any) -> str:
        """The name of a new role."""
        name = self.name()
        self.api.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST, **given)
        return name

    def make(self, kind: str) -> str:
        """The name of a new user, group or role."""
        made: str = getattr(self, kind)()
        return made

    def policy(self, **given: Any) -> str:
        """The ARN of a new policy."""
        made = self.api.create_policy(PolicyName=self.name(), PolicyDocument=DOCUMENT, **given)
        return str(made["Policy"]["Arn"])
