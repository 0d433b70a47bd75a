"""What AWS's guides say of whole policies, a case each: IAM ("Policy evaluation logic", "Condition operators",
"Multivalued context keys", "Policy variables") and ECR ("Repository policies", "Registry permissions").
"""

from typing import Any

import pytest

from entrepot.policy.compiled import Policy
from entrepot.policy.document import parse
from entrepot.policy.evaluation import Policies, evaluate
from entrepot.policy.principals import Principal
from entrepot.policy.structure import Kind
from tests.factories.policies import (
    ACCOUNT,
    ALICE,
    OTHER,
    REPOSITORY,
    ROOT,
    SERVICE,
    SESSION,
    in_account,
    policy,
    request,
    statement,
    text,
)

PULL_ACTIONS = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
PUSH_ACTIONS = [
    "ecr:BatchCheckLayerAvailability",
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
]
ALL = policy(statement())
STRANGER = in_account(ALICE, OTHER)


def repository(*statements: dict[str, Any]) -> Policy:
    return Policy("repository", parse(text(*statements, version="2008-10-17"), Kind.REPOSITORY))


def registry(*statements: dict[str, Any]) -> Policy:
    return Policy("registry", parse(text(*statements), Kind.REGISTRY))


def permits(action: str, principal: Principal = ALICE, keys: Any = None, **policies: Any) -> bool:
    asked = request(principal, action, keys=keys)
    return evaluate(asked, Policies(**policies)).allowed


@pytest.mark.parametrize(("action", "allowed"), [*((one, True) for one in PULL_ACTIONS), ("ecr:PutImage", False)])
def test_another_account_may_pull_what_a_repository_policy_shares(action: str, allowed: bool):
    shared = repository(
        statement(action=PULL_ACTIONS, resource=None, Principal={"AWS": f"arn:aws:iam::{OTHER}:root"}, Sid="share it")
    )
    assert permits(action, STRANGER, identity=(ALL,), resource=(shared,)) is allowed
    assert not permits(action, STRANGER, resource=(shared,))
    assert not permits(action, STRANGER, identity=(ALL,))


def test_a_repository_policy_lets_one_user_push():
    pushers = repository(statement(action=PUSH_ACTIONS, resource=None, Principal={"AWS": [ALICE.arn]}))
    assert all(permits(action, resource=(pushers,)) for action in PUSH_ACTIONS)
    assert not permits("ecr:PutImage", SESSION, resource=(pushers,))
    assert not permits("ecr:BatchDeleteImage", resource=(pushers,))


def test_a_repository_policy_denies_who_comes_from_elsewhere():
    office = repository(
        statement(action="ecr:*", resource=None, Principal="*"),
        statement(
            "Deny",
            "ecr:*",
            None,
            Principal="*",
            Condition={"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24", "198.51.100.7"]}},
        ),
    )
    for address, allowed in {"203.0.113.5": True, "198.51.100.7": True, "198.51.100.8": False}.items():
        for principal in (ALICE, ROOT, SESSION):
            assert permits("ecr:PutImage", principal, {"aws:SourceIp": address}, resource=(office,)) is allowed


def test_a_service_pulls_for_the_function_that_it_names():
    function = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:*"
    shared = repository(
        statement(
            action=PULL_ACTIONS[1:],
            resource=None,
            Principal={"Service": SERVICE.arn},
            Condition={"StringLike": {"aws:sourceArn": function}},
        )
    )
    keys = {"aws:SourceArn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:resize"}
    assert permits("ecr:BatchGetImage", SERVICE, keys, resource=(shared,))
    assert not permits("ecr:BatchGetImage", SERVICE, {"aws:SourceArn": keys["aws:SourceArn"].replace("1", "2")})
    assert not permits("ecr:BatchGetImage", SERVICE, resource=(shared,))


def test_a_registry_policy_takes_replication_from_another_account():
    replicas = registry(
        statement(
            action=["ecr:CreateRepository", "ecr:ReplicateImage"],
            resource=f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/team/*",
            Principal={"AWS": f"arn:aws:iam::{OTHER}:root"},
        )
    )
    source = in_account(ROOT, OTHER)
    assert permits("ecr:ReplicateImage", source, resource=(replicas,))
    assert not permits("ecr:BatchDeleteImage", source, resource=(replicas,))
    elsewhere = request(source, "ecr:ReplicateImage", REPOSITORY.replace("team", "other"))
    assert not evaluate(elsewhere, Policies(resource=(replicas,))).allowed


def test_repository_policy_and_registry_policy_are_a_union_of_allows_and_of_denies():
    everyone = repository(statement(action="ecr:*", resource=None, Principal={"AWS": [OTHER, ACCOUNT]}))
    no_deletes = registry(statement("Deny", "ecr:*Delete*", "*", Principal="*"))
    both = (everyone, no_deletes)
    assert permits("ecr:PutImage", STRANGER, identity=(ALL,), resource=both)
    assert not permits("ecr:BatchDeleteImage", STRANGER, identity=(ALL,), resource=both)
    assert not permits("ecr:BatchDeleteImage", ROOT, resource=both)


def test_a_boundary_keeps_an_administrator_within_the_registry():
    boundary = policy(statement(action="ecr:*"), statement("Deny", "ecr:DeleteRepository"))
    assert permits("ecr:PutImage", identity=(ALL,), boundary=boundary)
    assert not permits("iam:CreateUser", identity=(ALL,), boundary=boundary)
    assert not permits("ecr:DeleteRepository", identity=(ALL,), boundary=boundary)


def test_a_service_control_policy_that_allows_all_but_one_region():
    control = policy(
        statement(),
        statement("Deny", Condition={"StringNotEquals": {"aws:RequestedRegion": ["eu-central-1", "eu-west-1"]}}),
    )
    for region, allowed in {"eu-west-1": True, "us-east-1": False}.items():
        keys = {"aws:RequestedRegion": region}
        assert permits("ecr:PutImage", keys=keys, identity=(ALL,), service_control=((control,),)) is allowed
        assert permits("ecr:PutImage", ROOT, keys, service_control=((control,),)) is allowed


def test_access_by_matching_tags_of_caller_and_repository():
    matching = policy(statement(Condition={"StringEquals": {"aws:ResourceTag/project": "${aws:PrincipalTag/project}"}}))
    for caller, owner, allowed in (("blue", "blue", True), ("blue", "red", False), ("*", "red", False)):
        keys = {"aws:PrincipalTag/project": caller, "aws:ResourceTag/project": owner}
        assert permits("ecr:PutImage", keys=keys, identity=(matching,)) is allowed
    assert not permits("ecr:PutImage", keys={"aws:ResourceTag/project": "blue"}, identity=(matching,))
    assert not permits("ecr:PutImage", keys={"aws:PrincipalTag/project": "blue"}, identity=(matching,))


@pytest.mark.parametrize(
    ("tags", "allowed"),
    [(("environment",), True), (("environment", "cost-center"), True), (("environment", "owner"), False), ((), True)],
)
def test_only_certain_tag_keys_may_be_set(tags: tuple[str, ...], allowed: bool):
    keys_only = {"ForAllValues:StringEquals": {"aws:TagKeys": ["environment", "cost-center"]}}
    tagging = policy(statement(action="ecr:TagResource", Condition=keys_only))
    assert permits("ecr:TagResource", keys={"aws:TagKeys": tags}, identity=(tagging,)) is allowed


def test_a_tag_must_be_among_those_that_are_set():
    required = {"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}, "Null": {"aws:TagKeys": "false"}}
    tagging = policy(statement(Condition=required))
    assert permits("ecr:TagResource", keys={"aws:TagKeys": ("a",)}, identity=(tagging,))
    assert not permits("ecr:TagResource", identity=(tagging,))


def test_sessions_older_than_a_revocation_are_refused():
    revoked = policy(statement("Deny", Condition={"DateLessThan": {"aws:TokenIssueTime": "2026-11-24T12:00:00Z"}}))
    for issued, allowed in {"2026-11-24T11:59:59Z": False, "2026-11-24T12:00:00Z": True}.items():
        keys = {"aws:TokenIssueTime": issued}
        assert permits("ecr:PutImage", SESSION, keys, identity=(ALL, revoked)) is allowed
    assert permits("ecr:PutImage", ALICE, identity=(ALL, revoked))


@pytest.mark.parametrize(
    ("operator", "present", "allowed"),
    [
        ("Bool", "true", True),
        ("Bool", "false", False),
        ("Bool", None, False),
        ("BoolIfExists", None, True),
        ("BoolIfExists", "false", False),
    ],
)
def test_multifactor_authentication_is_required(operator: str, present: str | None, allowed: bool):
    strict = policy(statement(Condition={operator: {"aws:MultiFactorAuthPresent": "true"}}))
    keys = {} if present is None else {"aws:MultiFactorAuthPresent": present}
    assert permits("ecr:DeleteRepository", keys=keys, identity=(strict,)) is allowed


def test_a_policy_may_protect_image_tags():
    guard = policy(
        statement(
            "Deny",
            ["ecr:PutImage", "ecr:BatchDeleteImage"],
            Condition={"ForAnyValue:StringLike": {"ecr:ImageTag": "prod-*"}},
        )
    )
    assert permits("ecr:PutImage", keys={"ecr:ImageTag": ("dev-1",)}, identity=(ALL, guard))
    assert permits("ecr:PutImage", identity=(ALL, guard))
    assert not permits("ecr:PutImage", keys={"ecr:ImageTag": ("prod-1",)}, identity=(ALL, guard))
    assert not permits("ecr:BatchDeleteImage", keys={"ecr:ImageTag": ("dev-1", "prod-1")}, identity=(ALL, guard))


def test_a_key_policy_delegates_to_the_account_or_keeps_even_its_administrators_out():
    root_only = text(statement(action="kms:*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}))
    alone = text(statement(action="kms:*", Principal={"AWS": SESSION.behind}))
    delegating = Policies(identity=(ALL,), resource=(Policy("key", parse(root_only, Kind.KEY)),), must_be_named=True)
    closed = Policies(identity=(ALL,), resource=(Policy("key", parse(alone, Kind.KEY)),), must_be_named=True)
    assert evaluate(request(ALICE, "kms:Decrypt"), delegating).allowed
    assert not evaluate(request(ALICE, "kms:Decrypt"), closed).allowed
    assert not evaluate(request(ROOT, "kms:Decrypt"), closed).allowed
    assert evaluate(request(SESSION, "kms:Decrypt"), closed).allowed


def test_a_deny_for_all_but_one_role_spares_only_who_is_listed_whole():
    spared = {"AWS": [ROOT.arn, SESSION.behind, SESSION.arn]}
    guard = repository(statement("Deny", "ecr:*", None, NotPrincipal=spared))
    assert permits("ecr:PutImage", SESSION, identity=(ALL,), resource=(guard,))
    assert not permits("ecr:PutImage", ALICE, identity=(ALL,), resource=(guard,))
    assert permits("ecr:PutImage", ROOT, resource=(guard,))


def test_the_wildcard_of_a_principal_arn_belongs_into_a_condition():
    roles = {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/ci/*"}}
    shared = repository(statement(action="ecr:*", resource=None, Principal="*", Condition=roles))
    assert permits("ecr:PutImage", SESSION, resource=(shared,))
    assert not permits("ecr:PutImage", ALICE, resource=(shared,))
