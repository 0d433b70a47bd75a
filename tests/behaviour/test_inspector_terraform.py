"""The calls that Terraform's provider makes for `aws_inspector2_enabler` and `aws_inspector2_filter`, in their order:
create, read, plan without changes, change, destroy.
"""

from typing import Any

import pytest

from tests.behaviour.identities import ACCOUNT, refusal
from tests.factories.processes import Server

REGION = "eu-west-1"
TYPES = ("ec2", "ecr", "lambda", "lambdaCode", "codeRepository")


@pytest.fixture
def inspector(server: Server) -> Any:
    return server.client("inspector2", region=REGION)


def read(inspector: Any) -> dict[str, str]:
    (account,) = inspector.batch_get_account_status(accountIds=[ACCOUNT])["accounts"]
    return {name: account["resourceState"][name]["status"] for name in TYPES}


def test_an_enabler(inspector):
    asked = {"accountIds": [ACCOUNT], "resourceTypes": ["ECR"]}
    answer = inspector.enable(**asked, clientToken="terraform-1")
    assert answer["failedAccounts"] == []
    enabled = dict.fromkeys(TYPES, "DISABLED") | {"ecr": "ENABLED"}
    assert read(inspector) == enabled
    assert read(inspector) == enabled  # a plan finds nothing to change
    assert inspector.enable(**asked)["accounts"][0]["status"] == "ENABLED"  # nor does an apply that was broken off
    assert inspector.disable(**asked)["failedAccounts"] == []
    assert read(inspector) == dict.fromkeys(TYPES, "DISABLED")


def test_a_filter(inspector):
    criteria = {"ecrImageRepositoryName": [{"comparison": "PREFIX", "value": "dev/"}]}
    arn = inspector.create_filter(
        name="terraform", action="SUPPRESS", filterCriteria=criteria, reason="not in use", tags={"team": "a"}
    )["arn"]

    def described() -> dict[str, Any]:
        (found,) = inspector.list_filters(arns=[arn])["filters"]
        return {name: value for name, value in found.items() if name != "updatedAt"}

    first = described()
    assert (first["criteria"], first["tags"]) == (criteria, {"team": "a"})
    assert described() == first
    inspector.update_filter(filterArn=arn, name="terraform", action="NONE", filterCriteria=criteria, reason="used")
    assert described() == {**first, "action": "NONE", "reason": "used"}
    inspector.untag_resource(resourceArn=arn, tagKeys=["team"])
    inspector.tag_resource(resourceArn=arn, tags={"owner": "b"})
    assert inspector.list_tags_for_resource(resourceArn=arn)["tags"] == {"owner": "b"}
    inspector.delete_filter(arn=arn)
    assert inspector.list_filters(arns=[arn])["filters"] == []
    assert refusal(inspector.delete_filter, arn=arn)[0] == "ResourceNotFoundException"
