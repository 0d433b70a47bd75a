"""Managed and inline policies, attachments and boundaries through boto3: versions, limits, who has what."""

import json
import re
from typing import Any
from urllib.parse import quote

import pytest

from tests.behaviour.identities import ACCOUNT, DOCUMENT, Iam, policy, refusal

READ_ONLY = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"
KINDS = ["user", "group", "role"]


def call(iam: Iam, text: str, kind: str) -> Any:
    """A method of the client by its name, where KIND stands for the kind of holder."""
    return getattr(iam.api, text.replace("KIND", kind))


def named(kind: str, name: str) -> dict[str, str]:
    return {f"{kind.capitalize()}Name": name}


def test_a_policy_comes_back_as_it_was_made(iam: Iam):
    name = iam.name()
    made = iam.api.create_policy(
        PolicyName=name,
        Path="/team/",
        PolicyDocument=DOCUMENT,
        Description="of a test",
        Tags=[{"Key": "a", "Value": ""}],
    )["Policy"]
    found = iam.api.get_policy(PolicyArn=made["Arn"])["Policy"]
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:policy/team/{name}"
    assert re.fullmatch("ANPA[A-Z2-7]{17}", made["PolicyId"])
    assert (found["Description"], found["Tags"]) == ("of a test", [{"Key": "a", "Value": ""}])
    assert (found["DefaultVersionId"], found["AttachmentCount"], found["IsAttachable"]) == ("v1", 0, True)
    assert iam.api.get_policy_version(PolicyArn=made["Arn"], VersionId="v1")["PolicyVersion"]["Document"] == json.loads(
        DOCUMENT
    )
    assert refusal(iam.api.create_policy, PolicyName=name.upper(), PolicyDocument=DOCUMENT) == (
        "EntityAlreadyExists",
        f"A policy called {name.upper()} already exists.",
    )


def test_documents_are_url_encoded_on_the_wire(iam: Iam):
    arn = iam.policy()
    wire: list[bytes] = []
    iam.api.meta.events.register(
        "before-parse.iam.GetPolicyVersion", lambda response_dict, **_: wire.append(response_dict["body"])
    )
    iam.api.get_policy_version(PolicyArn=arn, VersionId="v1")
    assert f"<Document>{quote(DOCUMENT, safe='')}</Document>".encode() in wire[0]


def test_a_policy_has_five_versions_whose_numbers_are_not_reused(iam: Iam):
    arn = iam.policy()
    for number in range(2, 6):
        made = iam.api.create_policy_version(
            PolicyArn=arn, PolicyDocument=policy(f"ecr:V{number}"), SetAsDefault=number == 3
        )
        assert made["PolicyVersion"]["VersionId"] == f"v{number}"
    assert refusal(iam.api.create_policy_version, PolicyArn=arn, PolicyDocument=DOCUMENT)[0] == "LimitExceeded"
    assert iam.api.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v3"
    assert refusal(iam.api.delete_policy_version, PolicyArn=arn, VersionId="v3") == (
        "DeleteConflict",
        "Cannot delete the default version of a policy.",
    )
    iam.api.delete_policy_version(PolicyArn=arn, VersionId="v5")
    assert iam.api.create_policy_version(PolicyArn=arn, PolicyDocument=DOCUMENT)["PolicyVersion"]["VersionId"] == "v6"
    iam.api.set_default_policy_version(PolicyArn=arn, VersionId="v6")
    pages = iam.api.get_paginator("list_policy_versions").paginate(PolicyArn=arn, PaginationConfig={"PageSize": 2})
    listed = [(each["VersionId"], each["IsDefaultVersion"]) for page in pages for each in page["Versions"]]
    assert listed == [("v6", True), ("v4", False), ("v3", False), ("v2", False), ("v1", False)]
    assert refusal(iam.api.delete_policy, PolicyArn=arn)[0] == "DeleteConflict"
    for number in range(1, 5):
        iam.api.delete_policy_version(PolicyArn=arn, VersionId=f"v{number}")
    iam.api.delete_policy(PolicyArn=arn)
    assert refusal(iam.api.get_policy, PolicyArn=arn)[0] == "NoSuchEntity"


def test_a_policy_of_another_account_or_path_is_not_found(iam: Iam):
    arn = iam.policy(Path="/right/")
    for wrong in (
        arn.replace("/right/", "/"),
        arn.replace(ACCOUNT, "111122223333"),
        arn.swapcase().replace("ARN:AWS:IAM", "arn:aws:iam").replace("POLICY", "policy"),
    ):
        assert refusal(iam.api.get_policy, PolicyArn=wrong)[0] in ("NoSuchEntity", "AccessDenied")


@pytest.mark.parametrize(
    "document", ["{", "{}", '{"Statement": []}', '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]}']
)
def test_what_is_no_policy_is_refused_wherever_one_is_taken(iam: Iam, document: str):
    name, arn, role = iam.name(), iam.policy(), iam.role()
    for operation, given in (
        (iam.api.create_policy, {"PolicyName": name, "PolicyDocument": document}),
        (iam.api.create_policy_version, {"PolicyArn": arn, "PolicyDocument": document}),
        (iam.api.put_user_policy, {"UserName": iam.user(), "PolicyName": name, "PolicyDocument": document}),
        (iam.api.create_role, {"RoleName": name, "AssumeRolePolicyDocument": document}),
        (iam.api.update_assume_role_policy, {"RoleName": role, "PolicyDocument": document}),
    ):
        assert refusal(operation, **given)[0] == "MalformedPolicyDocument"


def test_aws_own_policies_are_there_and_cannot_be_changed(iam: Iam):
    found = iam.api.get_policy(PolicyArn=READ_ONLY)["Policy"]
    assert (found["PolicyName"], found["DefaultVersionId"]) == ("AmazonEC2ContainerRegistryReadOnly", "v3")
    document = iam.api.get_policy_version(PolicyArn=READ_ONLY, VersionId="v3")["PolicyVersion"]["Document"]
    assert "ecr:BatchGetImage" in document["Statement"][0]["Action"]
    assert refusal(iam.api.delete_policy, PolicyArn=READ_ONLY)[0] == "InvalidInput"
    listed = {
        each["Arn"]
        for page in iam.api.get_paginator("list_policies").paginate(Scope="AWS")
        for each in page["Policies"]
    }
    assert READ_ONLY in listed
    assert "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy" in listed
    local = {
        each["Arn"]
        for page in iam.api.get_paginator("list_policies").paginate(Scope="Local")
        for each in page["Policies"]
    }
    assert not listed & local


@pytest.mark.parametrize("kind", KINDS)
def test_inline_policies_are_put_read_listed_and_removed(iam: Iam, kind: str):
    holder = named(kind, iam.make(kind))
    for name in ("b", "a", "c"):
        call(iam, "put_KIND_policy", kind)(**holder, PolicyName=name, PolicyDocument=policy(f"ecr:{name}"))
    found = call(iam, "get_KIND_policy", kind)(**holder, PolicyName="a")
    assert found["PolicyDocument"] == json.loads(policy("ecr:a"))
    pages = iam.api.get_paginator(f"list_{kind}_policies").paginate(**holder, PaginationConfig={"PageSize": 2})
    assert [page["PolicyNames"] for page in pages] == [["a", "b"], ["c"]]
    delete = getattr(iam.api, f"delete_{kind}")
    assert refusal(delete, **holder) == ("DeleteConflict", "Cannot delete entity, must delete policies first.")
    for name in "abc":
        call(iam, "delete_KIND_policy", kind)(**holder, PolicyName=name)
    absent = ("NoSuchEntity", f"The {kind} policy with name a cannot be found.")
    assert refusal(call(iam, "get_KIND_policy", kind), **holder, PolicyName="a") == absent
    assert refusal(call(iam, "delete_KIND_policy", kind), **holder, PolicyName="a") == absent
    delete(**holder)


@pytest.mark.parametrize(("kind", "limit"), [("user", 2048), ("group", 5120), ("role", 10240)])
def test_inline_policies_have_a_limit_in_all_without_white_space(iam: Iam, kind: str, limit: int):
    holder = named(kind, iam.make(kind))
    put = call(iam, "put_KIND_policy", kind)
    room = limit - len("".join(policy("ecr:").split()))
    put(**holder, PolicyName="large", PolicyDocument=policy("ecr:" + "x" * room) + " " * 100)
    code, message = refusal(put, **holder, PolicyName="more", PolicyDocument=DOCUMENT)
    name = next(iter(holder.values()))
    assert (code, message) == ("LimitExceeded", f"Maximum policy size of {limit} bytes exceeded for {kind} {name}")
    put(**holder, PolicyName="large", PolicyDocument=DOCUMENT)


@pytest.mark.parametrize("kind", KINDS)
def test_ten_policies_are_attached_and_no_more(iam: Iam, kind: str):
    holder = named(kind, iam.make(kind))
    attach, arns = call(iam, "attach_KIND_policy", kind), [iam.policy() for _ in range(10)]
    for arn in (*arns, arns[0]):
        attach(**holder, PolicyArn=arn)
    assert refusal(attach, **holder, PolicyArn=READ_ONLY) == (
        "LimitExceeded",
        f"Cannot exceed quota for PoliciesPer{kind.capitalize()}: 10",
    )
    call(iam, "detach_KIND_policy", kind)(**holder, PolicyArn=arns[0])
    attach(**holder, PolicyArn=READ_ONLY)
    paginator = iam.api.get_paginator(f"list_attached_{kind}_policies")
    listed = {
        each["PolicyArn"]
        for page in paginator.paginate(**holder, PaginationConfig={"PageSize": 3})
        for each in page["AttachedPolicies"]
    }
    assert listed == {*arns[1:], READ_ONLY}
    assert refusal(getattr(iam.api, f"delete_{kind}"), **holder)[0] == "DeleteConflict"
    assert refusal(call(iam, "detach_KIND_policy", kind), **holder, PolicyArn=arns[0])[0] == "NoSuchEntity"


def test_a_policy_that_somebody_has_is_not_removed(iam: Iam):
    arn, user, role = iam.policy(), iam.user(), iam.role()
    iam.api.attach_user_policy(UserName=user, PolicyArn=arn)
    iam.api.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=arn)
    found = iam.api.get_policy(PolicyArn=arn)["Policy"]
    assert (found["AttachmentCount"], found["PermissionsBoundaryUsageCount"]) == (1, 1)
    holders = iam.api.list_entities_for_policy(PolicyArn=arn)
    assert [each["UserName"] for each in holders["PolicyUsers"]] == [user]
    assert [each["RoleName"] for each in holders["PolicyRoles"]] == [role]
    assert holders["PolicyGroups"] == []
    bounded = iam.api.list_entities_for_policy(PolicyArn=arn, PolicyUsageFilter="PermissionsBoundary")
    assert (bounded["PolicyUsers"], len(bounded["PolicyRoles"])) == ([], 1)
    conflict = ("DeleteConflict", "Cannot delete a policy attached to entities.")
    assert refusal(iam.api.delete_policy, PolicyArn=arn) == conflict
    iam.api.detach_user_policy(UserName=user, PolicyArn=arn)
    assert refusal(iam.api.delete_policy, PolicyArn=arn) == conflict
    iam.api.delete_role_permissions_boundary(RoleName=role)
    iam.api.delete_policy(PolicyArn=arn)


def test_a_policy_that_is_not_there_cannot_be_attached(iam: Iam):
    user, absent = iam.user(), f"arn:aws:iam::{ACCOUNT}:policy/{iam.name()}"
    expected = ("NoSuchEntity", f"Policy {absent} does not exist or is not attachable.")
    assert refusal(iam.api.attach_user_policy, UserName=user, PolicyArn=absent) == expected
    assert refusal(iam.api.put_user_permissions_boundary, UserName=user, PermissionsBoundary=absent) == expected
    reserved = "arn:aws:iam::aws:policy/aws-service-role/ECRReplicationServiceRolePolicy"
    assert refusal(iam.api.attach_user_policy, UserName=user, PolicyArn=reserved)[0] == "PolicyNotAttachable"


@pytest.mark.parametrize("kind", ["user", "role"])
def test_a_boundary_is_shown_until_it_is_taken_away(iam: Iam, kind: str):
    name, arn = iam.make(kind), iam.policy()
    get = getattr(iam.api, f"get_{kind}")
    call(iam, "put_KIND_permissions_boundary", kind)(**named(kind, name), PermissionsBoundary=arn)
    assert get(**named(kind, name))[kind.capitalize()]["PermissionsBoundary"] == {
        "PermissionsBoundaryType": "Policy",
        "PermissionsBoundaryArn": arn,
    }
    delete = call(iam, "delete_KIND_permissions_boundary", kind)
    delete(**named(kind, name))
    assert "PermissionsBoundary" not in get(**named(kind, name))[kind.capitalize()]
    assert refusal(delete, **named(kind, name))[0] == "NoSuchEntity"
