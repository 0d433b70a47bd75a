"""What Terraform, Ansible and the AWS CLI call of IAM, replayed: every call does its work or says what is absent."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from entrepot.aws import iam as operations
from tests.behaviour.identities import ACCOUNT, DOCUMENT, TRUST, Iam

TOOLS: dict[str, dict[str, dict[str, Any]]] = tomllib.loads(Path(__file__).with_name("iam_tools.toml").read_text())
STAGES = ("create", "before", "read", "update", "destroy")
RESOURCES = [(tool, resource) for tool, resources in TOOLS.items() for resource in resources]
# what the answer is where there is nothing: no password policy is kept
ABSENT = {"GetAccountPasswordPolicy": "NoSuchEntity"}
SERVICE = "ecr.amazonaws.com"
# values that one operation takes and others do not
OTHERWISE = {
    "SetDefaultPolicyVersion": {"VersionId": "v2"},
    "UpdateAssumeRolePolicy": {"PolicyDocument": TRUST},
}
TAGS = [{"Key": "team", "Value": "a"}]


class Workspace:
    """The things of one resource, and what it needs of others, made before its own calls and by their names."""

    def __init__(self, iam: Iam, resource: dict[str, Any]) -> None:
        self.api = iam.api
        self.given: dict[str, Any] = {
            **{f"{noun}Name": iam.name() for noun in ("User", "Group", "Role", "Policy", "InstanceProfile")},
            "VirtualMFADeviceName": iam.name(),
            "AccountAlias": iam.name(),
            "PolicyDocument": DOCUMENT,
            "AssumeRolePolicyDocument": TRUST,
            "PermissionsBoundary": iam.policy(),
            "Password": "correct horse battery",
            "Status": "Inactive",
            "Description": "text",
            "Url": f"https://{iam.name()}.example.com",
            "ClientID": "client",
            "ThumbprintList": ["a" * 40],
            "Tags": TAGS,
            "TagKeys": ["team"],
            "VersionId": "v1",
            "AWSServiceName": SERVICE,
        }
        self.given["PolicyArn"] = f"arn:aws:iam::{ACCOUNT}:policy/{self.given['PolicyName']}"
        self.given["SerialNumber"] = f"arn:aws:iam::{ACCOUNT}:mfa/{self.given['VirtualMFADeviceName']}"
        if resource.get("role") == "service":
            self.given["RoleName"] = "AWSServiceRoleForECRTemplate"
        called = {name for stage in STAGES for name in resource.get(stage, ())}
        self._provide(called, service=resource.get("role") == "service")

    def _provide(self, called: set[str], *, service: bool) -> None:
        """What the calls name and do not make."""
        for noun in ("User", "Group", "Policy", *(() if service else ("Role",))):
            if f"Create{noun}" not in called:
                self.call(f"Create{noun}")

    def call(self, operation: str) -> None:
        """One call, with those of our values that the operation requires, and the name of the user where it may."""
        shape = self.api.meta.service_model.operation_model(operation).input_shape
        members = {} if shape is None else shape.members
        optional = {"UserName", "Password", "Tags"} if operation.startswith(("Create", "Delete")) else {"UserName"}
        wanted = {*(shape.required_members if shape else ()), *(optional & set(members))}
        values = self.given | OTHERWISE.get(operation, {})
        answer = getattr(self.api, xform_name(operation))(**{name: values[name] for name in wanted})
        self.given |= {
            name: value
            for part in (answer, *(each for each in answer.values() if isinstance(each, dict)))
            for name, value in part.items()
            if name in ("AccessKeyId", "OpenIDConnectProviderArn", "DeletionTaskId")
        }


@pytest.mark.parametrize(("tool", "resource"), RESOURCES)
def test_the_calls_of_a_tool_do_their_work(iam: Iam, tool: str, resource: str):
    calls = TOOLS[tool][resource]
    workspace = Workspace(iam, calls)
    for stage in STAGES:
        for operation in calls.get(stage, ()):
            if operation not in ABSENT:
                workspace.call(operation)
                continue
            with pytest.raises(ClientError) as refused:
                workspace.call(operation)
            assert refused.value.response["Error"]["Code"] == ABSENT[operation]


def test_every_call_of_every_tool_is_built():
    called = {
        operation
        for resources in TOOLS.values()
        for calls in resources.values()
        for stage in STAGES
        for operation in calls.get(stage, ())
    }
    assert called <= set(operations.OPERATIONS)
