"""Sessions for tests: roles that are made to be assumed, and what their sessions see."""

from collections.abc import Mapping
from typing import Any

from tests.behaviour.callers import allow, deny, of
from tests.behaviour.callers import policy as document
from tests.behaviour.identities import ACCOUNT, Iam
from tests.factories.processes import Credentials, Server
from tests.factories.registry import Registry

__all__ = ["allow", "deny", "document", "of"]


def trust(principal: Any, action: str | list[str] = "sts:AssumeRole", **more: Any) -> dict[str, Any]:
    """A statement of a trust policy."""
    return {"Effect": "Allow", "Principal": principal, "Action": action, **more}


def keys_of(answer: Mapping[str, Any]) -> Credentials:
    """The credentials in an answer of STS."""
    made = answer["Credentials"]
    return Credentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])


class Person:
    """A user with one key."""

    def __init__(self, server: Server, iam: Iam, *statements: Mapping[str, Any]) -> None:
        self.server, self.iam = server, iam.api
        self.name = iam.user()
        self.arn = f"arn:aws:iam::{ACCOUNT}:user/{self.name}"
        made = self.iam.create_access_key(UserName=self.name)["AccessKey"]
        self.keys = Credentials(made["AccessKeyId"], made["SecretAccessKey"])
        self.sts = server.client("sts", credentials=self.keys)
        if statements:
            self.put(*statements)

    def put(self, *statements: Mapping[str, Any], name: str = "p") -> None:
        """Set one of its policies."""
        self.iam.put_user_policy(UserName=self.name, PolicyName=name, PolicyDocument=document(*statements))


class Role:
    """A role that may be assumed by whom `trusted` says, by default the account's principals."""

    def __init__(self, iam: Iam, *statements: Mapping[str, Any], trusted: Any = None, **given: Any) -> None:
        self.iam = iam.api
        self.name = iam.name()
        trusted = trusted or [trust({"AWS": ACCOUNT})]
        made = self.iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=document(*trusted), **given)["Role"]
        self.arn, self.id = made["Arn"], made["RoleId"]
        if statements:
            self.put(*statements)

    def put(self, *statements: Mapping[str, Any], name: str = "p") -> None:
        """Set one of its policies."""
        self.iam.put_role_policy(RoleName=self.name, PolicyName=name, PolicyDocument=document(*statements))

    def retrust(self, *statements: Mapping[str, Any]) -> None:
        """Who may assume it from now on."""
        self.iam.update_assume_role_policy(RoleName=self.name, PolicyDocument=document(*statements))

    def assume(self, sts: Any, name: str = "run-7", **given: Any) -> Credentials:
        """Credentials of a session."""
        return keys_of(sts.assume_role(RoleArn=self.arn, RoleSessionName=name, **given))


def registry(server: Server, keys: Credentials) -> Registry:
    """The registry as whoever has these keys sees it."""
    return Registry(server, server.token(keys))
