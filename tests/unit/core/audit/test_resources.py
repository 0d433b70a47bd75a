"""Which resources a call is about, and by which names they are found."""

from typing import Any

import pytest

from entrepot.core.audit.blocks import indexed
from entrepot.core.audit.resources import concerned, plain_name
from tests.factories.callers import ACCOUNT, REGION
from tests.factories.calls import call

ROLE = f"arn:aws:iam::{ACCOUNT}:role/service/Deploy"


@pytest.mark.parametrize(
    ("service", "operation", "given", "found"),
    [
        ("iam", "CreateUser", {"UserName": "alice"}, [("AWS::IAM::User", "alice")]),
        ("iam", "DeleteAccessKey", {"accessKeyId": "AKIA1"}, [("AWS::IAM::AccessKey", "AKIA1")]),
        (
            "iam",
            "AttachRolePolicy",
            {"RoleName": "Deploy", "PolicyArn": "arn:aws:iam::aws:policy/job/Read"},
            [("AWS::IAM::Role", "Deploy"), ("AWS::IAM::Policy", "Read")],
        ),
        ("sts", "AssumeRole", {"RoleArn": ROLE}, [("AWS::IAM::Role", "Deploy")]),
        ("events", "PutRule", {"Name": "pushes"}, [("AWS::Events::Rule", "pushes")]),
        ("events", "CreateEventBus", {"Name": "orders"}, [("AWS::Events::EventBus", "orders")]),
        ("cloudtrail", "StartLogging", {"Name": "all"}, [("AWS::CloudTrail::Trail", "all")]),
        (
            "cloudwatch",
            "DeleteAlarms",
            {"AlarmNames": ["a", "b"]},
            [("AWS::CloudWatch::Alarm", "a"), ("AWS::CloudWatch::Alarm", "b")],
        ),
        ("ecr", "DescribeRepositories", {"repositoryNames": ["a", "b/c"]}, [("AWS::ECR::Repository", "b/c")]),
        (
            "ecr",
            "TagResource",
            {"resourceArn": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/b/c"},
            [("AWS::ECR::Repository", "b/c")],
        ),
        ("ecr", "GetAuthorizationToken", {}, []),
    ],
)
def test_a_call_is_about_what_its_parameters_name(
    service: str, operation: str, given: dict[str, Any], found: list[tuple[str, str]]
):
    made = call(operation, service=service, door="aws", repository="", repository_id="", parameters=given)
    names = [(each.type, each.name) for each in concerned(made)]
    assert names[-len(found) :] == found if found else names == []


def test_parameters_that_are_no_texts_name_nothing():
    made = call("CreateUser", service="iam", repository="", parameters={"UserName": {"x": 1}, "RoleName": [3, "r"]})
    assert [each.name for each in concerned(made)] == ["r"]


def test_a_repository_is_named_once_with_its_arn():
    (only,) = concerned(call(parameters={"repositoryName": "team/app"}))
    assert only.arn == f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/team/app"


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("team/app", "team/app"),
        (f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/team/app", "team/app"),
        (ROLE, "Deploy"),
        (f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:high", "high"),
        (f"arn:aws:events:{REGION}:{ACCOUNT}:rule/orders/pushes", "pushes"),
        ("arn:", ""),
    ],
)
def test_a_name_and_an_arn_lead_to_the_same(given: str, name: str):
    assert plain_name(given) == name


def test_the_index_takes_any_text():
    assert indexed("a\0b" + "x" * 1000) == "ab" + "x" * 509
