"""Simulation over boto3: what a principal's requests would be answered, by which statements, and what is missing."""

import json
from typing import Any

import pytest

from tests.behaviour.identities import ACCOUNT, Iam, policy, refusal
from tests.behaviour.sessions import Person, Role, allow, deny, document, of
from tests.factories.processes import Server

OTHER = "444455556666"
PULL_ONLY = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"
PULL, PUT = "ecr:BatchGetImage", "ecr:PutImage"


def custom(iam: Iam, *statements: Any, actions: tuple[str, ...] = (PULL,), **given: Any) -> list[dict[str, Any]]:
    texts = [document(*statements)]
    found = iam.api.simulate_custom_policy(PolicyInputList=texts, ActionNames=list(actions), **given)
    results: list[dict[str, Any]] = found["EvaluationResults"]
    return results


def principal(iam: Iam, arn: str, *actions: str, **given: Any) -> list[dict[str, Any]]:
    found = iam.api.simulate_principal_policy(PolicySourceArn=arn, ActionNames=list(actions), **given)
    results: list[dict[str, Any]] = found["EvaluationResults"]
    return results


def verdicts(results: list[dict[str, Any]]) -> list[str]:
    return [result["EvalDecision"] for result in results]


def entry(name: str, *values: str, kind: str = "string") -> dict[str, Any]:
    return {"ContextKeyName": name, "ContextKeyValues": list(values), "ContextKeyType": kind}


def test_the_three_answers(iam: Iam):
    results = custom(iam, allow("ecr:Batch*"), deny("ecr:BatchDelete*"), actions=(PULL, "ecr:BatchDeleteImage", PUT))
    assert verdicts(results) == ["allowed", "explicitDeny", "implicitDeny"]
    assert [len(result["MatchedStatements"]) for result in results] == [1, 1, 0]
    assert all(result["EvalResourceName"] == "*" for result in results)


def test_a_statement_is_shown_where_it_stands(iam: Iam):
    written = (
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*",'
        '"Condition":{"DateGreaterThan":{"aws:CurrentTime":"2015-08-16T12:00:00Z"}}}}'
    )
    later = entry("aws:CurrentTime", "2019-04-25T11:00:00Z", kind="date")
    asked = {"ActionNames": ["dynamodb:CreateBackup"], "ContextEntries": [later]}
    (result,) = iam.api.simulate_custom_policy(PolicyInputList=[written], **asked)["EvaluationResults"]
    assert (result["EvalDecision"], result["MissingContextValues"]) == ("allowed", [])
    (matched,) = result["MatchedStatements"]
    assert matched["SourcePolicyId"] == "PolicyInputList.1"
    assert matched["StartPosition"] == {"Line": 1, "Column": 38}
    assert matched["EndPosition"] == {"Line": 1, "Column": 167}


def test_what_a_condition_lacks_is_named(iam: Iam):
    tagged = allow(PULL, Condition={"StringEquals": {"aws:RequestTag/Team": "${aws:username}", "aws:SourceIp": "x"}})
    (result,) = custom(iam, tagged)
    assert result["EvalDecision"] == "implicitDeny"
    assert sorted(result["MissingContextValues"]) == ["aws:RequestTag/Team", "aws:SourceIp"]
    named = iam.api.get_context_keys_for_custom_policy(PolicyInputList=[document(tagged)])["ContextKeyNames"]
    assert sorted(named) == ["aws:RequestTag/Team", "aws:SourceIp", "aws:username"]


@pytest.mark.parametrize(
    ("operator", "wanted", "given"),
    [
        ("StringEquals", "a", entry("k:key", "a")),
        ("NumericLessThan", "5", entry("k:key", "4", kind="numeric")),
        ("Bool", "true", entry("k:key", "true", kind="boolean")),
        ("IpAddress", "10.0.0.0/8", entry("k:key", "10.1.2.3", kind="ip")),
        ("BinaryEquals", "QmluYXJ5", entry("k:key", "QmluYXJ5", kind="binary")),
        ("DateLessThan", "2030-01-01T00:00:00Z", entry("k:key", "2026-01-01T00:00:00Z", kind="date")),
        ("ForAnyValue:StringEquals", "a", entry("k:key", "b", "a", kind="stringList")),
        ("ForAllValues:NumericEquals", ["1", "2"], entry("k:key", "1", "2", kind="numericList")),
    ],
)
def test_condition_keys_of_every_type(iam: Iam, operator: str, wanted: Any, given: dict[str, Any]):
    conditional = allow(PULL, Condition={operator: {"k:key": wanted}})
    assert verdicts(custom(iam, conditional, ContextEntries=[given])) == ["allowed"]


def test_a_users_simulation_has_its_groups_its_boundary_and_its_tags(server: Server, iam: Iam):
    person = Person(server, iam, allow(PULL, Condition={"StringEquals": {"aws:PrincipalTag/team": "blue"}}))
    assert verdicts(principal(iam, person.arn, PULL, PUT)) == ["implicitDeny", "implicitDeny"]
    iam.api.tag_user(UserName=person.name, Tags=[{"Key": "team", "Value": "blue"}])
    group = iam.group()
    iam.api.put_group_policy(GroupName=group, PolicyName="push", PolicyDocument=policy(PUT))
    iam.api.add_user_to_group(GroupName=group, UserName=person.name)
    iam.api.attach_user_policy(UserName=person.name, PolicyArn=PULL_ONLY)
    pulled, put = principal(iam, person.arn, PULL, PUT)
    assert {each["SourcePolicyId"]: each["SourcePolicyType"] for each in pulled["MatchedStatements"]} == {
        f"user_{person.name}_p": "user",
        "AmazonEC2ContainerRegistryPullOnly": "aws-managed",
    }
    assert put["MatchedStatements"][0]["SourcePolicyId"] == f"group_{group}_push"
    assert "PermissionsBoundaryDecisionDetail" not in pulled
    bound = iam.api.create_policy(PolicyName=iam.name(), PolicyDocument=policy(PULL))["Policy"]["Arn"]
    iam.api.put_user_permissions_boundary(UserName=person.name, PermissionsBoundary=bound)
    pulled, put = principal(iam, person.arn, PULL, PUT)
    assert [each["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"] for each in (pulled, put)] == [
        True,
        False,
    ]
    assert verdicts([pulled, put]) == ["allowed", "implicitDeny"]
    wider = [policy("ecr:*")]
    assert verdicts(principal(iam, person.arn, PUT, PermissionsBoundaryPolicyInputList=wider)) == ["allowed"]
    lifted = [{"PolicyType": "permission-boundary"}]
    assert verdicts(principal(iam, person.arn, PUT, PolicyExclusionList=lifted)) == ["allowed"]


def test_simulation_agrees_with_what_is_enforced(server: Server, iam: Iam, repository: str):
    person = Person(server, iam, allow("ecr:Describe*", of(repository)), deny("ecr:DescribeImageScanFindings"))
    ecr = server.client(credentials=person.keys)
    ecr.describe_images(repositoryName=repository)
    assert refusal(ecr.list_images, repositoryName=repository)[0] == "AccessDeniedException"
    asked = ("ecr:DescribeImages", "ecr:ListImages", "ecr:DescribeImageScanFindings")
    results = principal(iam, person.arn, *asked, ResourceArns=[of(repository)])
    assert verdicts(results) == ["allowed", "implicitDeny", "explicitDeny"]
    (specific,) = results[0]["ResourceSpecificResults"]
    assert (specific["EvalResourceName"], specific["EvalResourceDecision"]) == (of(repository), "allowed")


def test_policies_are_added_and_left_out(server: Server, iam: Iam):
    person = Person(server, iam, allow(PULL))
    iam.api.attach_user_policy(UserName=person.name, PolicyArn=PULL_ONLY)
    own = {"PolicyName": "p", "AttachmentType": "user", "AttachmentName": person.name}
    inline, attached = {"InlinePolicyIdentifier": own}, {"PolicyArn": PULL_ONLY}
    for excluded, verdict in (
        ([inline], "allowed"),
        ([attached], "allowed"),
        ([inline, attached], "implicitDeny"),
        ([{"PolicyType": "inline"}, {"PolicyType": "aws-managed"}], "implicitDeny"),
        ([{"PolicyType": "rcp"}], "allowed"),
    ):
        assert verdicts(principal(iam, person.arn, PULL, PolicyExclusionList=excluded)) == [verdict]
    assert verdicts(principal(iam, person.arn, PUT, PolicyInputList=[policy(PUT)])) == ["allowed"]
    (result,) = principal(iam, person.arn, PUT, PolicyInputList=[policy(PUT)])
    assert result["MatchedStatements"][0]["SourcePolicyId"] == "PolicyInputList.1"


def test_a_role_and_a_group_can_be_simulated(iam: Iam):
    role, group = Role(iam, allow(PULL)), iam.group()
    iam.api.put_group_policy(GroupName=group, PolicyName="p", PolicyDocument=policy(PUT))
    assert verdicts(principal(iam, role.arn, PULL, PUT)) == ["allowed", "implicitDeny"]
    arn = f"arn:aws:iam::{ACCOUNT}:group/{group}"
    assert verdicts(principal(iam, arn, PULL, PUT)) == ["implicitDeny", "allowed"]
    keys = iam.api.get_context_keys_for_principal_policy(PolicySourceArn=arn, PolicyInputList=[policy(PULL)])
    assert keys["ContextKeyNames"] == []


def test_across_accounts_both_sides_must_allow(iam: Iam):
    caller = f"arn:aws:iam::{ACCOUNT}:user/alice"
    theirs = f"arn:aws:ecr:us-east-1:{OTHER}:repository/app"
    granted = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": caller}, "Action": PULL}]}
    )
    given: dict[str, Any] = {"CallerArn": caller, "ResourceArns": [theirs]}
    (alone,) = custom(iam, allow(PULL), **given)
    assert alone["EvalDecision"] == "implicitDeny"
    assert alone["EvalDecisionDetails"] == {"IAM Policy": "allowed", "Resource Policy": "implicitDeny"}
    (both,) = custom(iam, allow(PULL), ResourcePolicy=granted, **given)
    assert both["EvalDecision"] == "allowed"
    assert {each["SourcePolicyType"] for each in both["MatchedStatements"]} == {"none", "resource"}
    (owned,) = custom(
        iam, allow("s3:GetObject"), actions=("s3:GetObject",), ResourceOwner=OTHER, ResourceArns=["arn:aws:s3:::b/k"]
    )
    assert owned["EvalDecision"] == "implicitDeny"


def test_organizations_limit_what_is_simulated(iam: Iam):
    levels = [{"ServiceControlPolicyInputList": [policy("*")]}, {"ServiceControlPolicyInputList": [policy(PULL)]}]
    results = custom(iam, allow("*"), actions=(PULL, PUT), OrderedOrganizationPolicyInputList=levels)
    assert verdicts(results) == ["allowed", "implicitDeny"]
    allowed = [result["OrganizationsDecisionDetail"]["AllowedByOrganizations"] for result in results]
    assert allowed == [True, False]


def test_results_come_in_pages(iam: Iam):
    actions = [f"ecr:Get{number}" for number in range(7)]
    pages = iam.api.get_paginator("simulate_custom_policy").paginate(
        PolicyInputList=[policy("*")],
        ActionNames=actions,
        ResourceArns=["*", of("a")],
        PaginationConfig={"PageSize": 3},
    )
    found = [result for page in pages for result in page["EvaluationResults"]]
    assert [each["EvalActionName"] for each in found] == [action for action in actions for _ in range(2)]
    assert [each["EvalResourceName"] for each in found] == ["*", of("a")] * 7


@pytest.mark.parametrize(
    "wrong",
    [
        {"PolicyInputList": ["{"]},
        {"ActionNames": ["PutImage"]},
        {"ActionNames": ["ecr:*"]},
        {"ResourceArns": ["repository"]},
        {"ResourceOwner": "me"},
        {"CallerArn": f"arn:aws:sts::{ACCOUNT}:assumed-role/r/s"},
        {"ResourcePolicy": policy(PULL), "CallerArn": f"arn:aws:iam::{ACCOUNT}:user/a"},
        {"ResourcePolicy": json.dumps({"Statement": {"Effect": "Allow", "Principal": "*", "Action": PULL}})},
        {"PermissionsBoundaryPolicyInputList": [policy(PULL), policy(PUT)]},
        {"ContextEntries": [entry("k:key", "x", kind="numeric")]},
        {"ContextEntries": [entry("k:key", "1", "2", kind="numeric")]},
    ],
)
def test_what_cannot_be_simulated_is_refused(iam: Iam, wrong: dict[str, Any]):
    given = {"PolicyInputList": [policy(PULL)], "ActionNames": [PULL], **wrong}
    assert refusal(iam.api.simulate_custom_policy, **given)[0] == "InvalidInput"


def test_an_absent_principal_is_named_to_who_may_simulate_it_only(server: Server, iam: Iam):
    absent = f"arn:aws:iam::{ACCOUNT}:user/absent"
    asked: dict[str, Any] = {"PolicySourceArn": absent, "ActionNames": [PULL]}
    assert refusal(iam.api.simulate_principal_policy, **asked)[0] == "NoSuchEntity"
    wrong = {**asked, "PolicySourceArn": f"arn:aws:iam::{ACCOUNT}:policy/absent"}
    assert refusal(iam.api.simulate_principal_policy, **wrong)[0] == "InvalidInput"
    person = Person(server, iam)
    theirs = server.client("iam", credentials=person.keys)
    assert refusal(theirs.simulate_principal_policy, **asked)[0] == "AccessDenied"
    assert refusal(theirs.simulate_custom_policy, PolicyInputList=[policy(PULL)], ActionNames=[PULL])[0] == (
        "AccessDenied"
    )
    assert refusal(theirs.get_context_keys_for_custom_policy, PolicyInputList=[policy(PULL)])[0] == "AccessDenied"
    assert refusal(theirs.get_context_keys_for_principal_policy, PolicySourceArn=absent)[0] == "AccessDenied"
    person.put(allow("iam:SimulatePrincipalPolicy", person.arn))
    own = principal_of(theirs, person.arn)
    assert verdicts(own) == ["implicitDeny"]


def principal_of(client: Any, arn: str) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = client.simulate_principal_policy(PolicySourceArn=arn, ActionNames=[PULL])[
        "EvaluationResults"
    ]
    return results
