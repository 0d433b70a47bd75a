"""Roles, service-linked roles and instance profiles through boto3."""

import json
import re
from typing import Any

import pytest

from tests.behaviour.identities import ACCOUNT, DOCUMENT, TRUST, Iam, refusal


def test_a_role_comes_back_as_it_was_made(iam: Iam):
    name, boundary = iam.name(), iam.policy()
    made = iam.api.create_role(
        RoleName=name,
        Path="/ci/",
        AssumeRolePolicyDocument=TRUST,
        Description="builds",
        MaxSessionDuration=7200,
        PermissionsBoundary=boundary,
        Tags=[{"Key": "Team", "Value": "a"}],
    )["Role"]
    found = iam.api.get_role(RoleName=name)["Role"]
    assert found["Arn"] == made["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/ci/{name}"
    assert re.fullmatch("AROA[A-Z2-7]{17}", found["RoleId"])
    assert (found["Description"], found["MaxSessionDuration"]) == ("builds", 7200)
    assert found["AssumeRolePolicyDocument"] == json.loads(TRUST)
    assert found["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary
    assert found["Tags"] == [{"Key": "Team", "Value": "a"}]
    assert found["RoleLastUsed"] == {}
    expected = ("EntityAlreadyExists", f"Role with name {name} already exists.")
    assert refusal(iam.api.create_role, RoleName=name, AssumeRolePolicyDocument=TRUST) == expected


def test_a_role_is_changed(iam: Iam):
    name = iam.role()
    assert iam.api.get_role(RoleName=name)["Role"]["MaxSessionDuration"] == 3600
    iam.api.update_role(RoleName=name, Description="one", MaxSessionDuration=43200)
    found = iam.api.get_role(RoleName=name)["Role"]
    assert (found["Description"], found["MaxSessionDuration"]) == ("one", 43200)
    assert iam.api.update_role_description(RoleName=name, Description="two")["Role"]["Description"] == "two"
    trust = json.loads(TRUST.replace("sts:AssumeRole", "sts:*"))
    iam.api.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
    assert iam.api.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"] == trust
    assert refusal(iam.api.update_role, RoleName=name, MaxSessionDuration=43201)[0] == "ValidationError"


def test_a_boundary_that_is_not_there_makes_no_role_and_no_user(iam: Iam):
    name, absent = iam.name(), f"arn:aws:iam::{ACCOUNT}:policy/absent"
    trust = {"AssumeRolePolicyDocument": TRUST}
    assert refusal(iam.api.create_role, RoleName=name, PermissionsBoundary=absent, **trust)[0] == "InvalidInput"
    assert refusal(iam.api.create_user, UserName=name, PermissionsBoundary=absent)[0] == "InvalidInput"
    assert refusal(iam.api.get_role, RoleName=name)[0] == "NoSuchEntity"
    assert refusal(iam.api.get_user, UserName=name)[0] == "NoSuchEntity"


def test_an_absent_role_is_told_so(iam: Iam):
    absent = ("NoSuchEntity", "The role with name absent cannot be found.")
    assert refusal(iam.api.get_role, RoleName="absent") == absent
    assert refusal(iam.api.delete_role, RoleName="absent") == absent
    assert refusal(iam.api.attach_role_policy, RoleName="absent", PolicyArn="arn:aws:iam::aws:policy/x") == absent


def test_roles_are_listed_below_a_path_without_tags(iam: Iam):
    path = f"/{iam.name()}/"
    names = sorted(iam.role(Path=path, Tags=[{"Key": "a", "Value": "b"}]) for _ in range(3))
    pages = iam.api.get_paginator("list_roles").paginate(PathPrefix=path, PaginationConfig={"PageSize": 2})
    listed = [role for page in pages for role in page["Roles"]]
    assert [role["RoleName"] for role in listed] == names
    assert all("Tags" not in role and role["AssumeRolePolicyDocument"] == json.loads(TRUST) for role in listed)


def test_the_role_of_a_service_is_made_and_removed_whole_and_changed_by_nobody(iam: Iam):
    service, name = "ecr.amazonaws.com", "AWSServiceRoleForECRTemplate"  # which nothing else makes
    made = iam.api.create_service_linked_role(AWSServiceName=service, Description="copies")["Role"]
    assert (made["RoleName"], made["Path"]) == (name, f"/aws-service-role/{service}/")
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/{service}/{name}"
    attached = iam.api.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    assert [each["PolicyName"] for each in attached] == ["ECRTemplateServiceRolePolicy"]
    protected = (
        "UnmodifiableEntity",
        f"Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS",
    )
    arn = iam.policy()
    for refused in (
        refusal(iam.api.delete_role, RoleName=name),
        refusal(iam.api.attach_role_policy, RoleName=name, PolicyArn=arn),
        refusal(iam.api.put_role_policy, RoleName=name, PolicyName="x", PolicyDocument=DOCUMENT),
        refusal(iam.api.update_assume_role_policy, RoleName=name, PolicyDocument=TRUST),
        refusal(iam.api.put_role_permissions_boundary, RoleName=name, PermissionsBoundary=arn),
    ):
        assert refused == protected
    assert refusal(iam.api.create_service_linked_role, AWSServiceName=service)[0] == "InvalidInput"
    assert refusal(iam.api.create_service_linked_role, AWSServiceName="lambda.amazonaws.com")[0] == "InvalidInput"
    task = iam.api.delete_service_linked_role(RoleName=name)["DeletionTaskId"]
    assert iam.api.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"] == "SUCCEEDED"
    assert refusal(iam.api.get_service_linked_role_deletion_status, DeletionTaskId="task/other")[0] == "NoSuchEntity"
    assert refusal(iam.api.get_role, RoleName=name)[0] == "NoSuchEntity"


def test_nobody_makes_a_role_below_the_path_of_services(iam: Iam):
    given = {"RoleName": iam.name(), "Path": "/aws-service-role/x/", "AssumeRolePolicyDocument": TRUST}
    assert refusal(iam.api.create_role, **given)[0] == "InvalidInput"


def test_an_instance_profile_holds_one_role(iam: Iam):
    name, role, other = iam.name(), iam.role(), iam.role()
    made = iam.api.create_instance_profile(InstanceProfileName=name, Path="/x/")["InstanceProfile"]
    assert re.fullmatch("AIPA[A-Z2-7]{17}", made["InstanceProfileId"])
    assert (made["Arn"], made["Roles"]) == (f"arn:aws:iam::{ACCOUNT}:instance-profile/x/{name}", [])
    iam.api.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)
    code, _ = refusal(iam.api.add_role_to_instance_profile, InstanceProfileName=name, RoleName=other)
    assert code == "LimitExceeded"
    found = iam.api.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    assert [each["RoleName"] for each in found["Roles"]] == [role]
    listed = iam.api.list_instance_profiles_for_role(RoleName=role)["InstanceProfiles"]
    assert [each["InstanceProfileName"] for each in listed] == [name]
    first = ("DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.")
    assert refusal(iam.api.delete_instance_profile, InstanceProfileName=name) == first
    assert refusal(iam.api.delete_role, RoleName=role) == first
    code, _ = refusal(iam.api.remove_role_from_instance_profile, InstanceProfileName=name, RoleName=other)
    assert code == "NoSuchEntity"
    iam.api.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=role)
    iam.api.delete_instance_profile(InstanceProfileName=name)
    assert refusal(iam.api.get_instance_profile, InstanceProfileName=name) == (
        "NoSuchEntity",
        f"Instance Profile {name} cannot be found.",
    )


@pytest.mark.parametrize("waiter", ["role_exists", "user_exists", "policy_exists", "instance_profile_exists"])
def test_waiters_end_when_the_thing_is_there(iam: Iam, waiter: str):
    name = iam.name()
    iam.api.create_instance_profile(InstanceProfileName=name)
    given = {
        "role_exists": {"RoleName": iam.role()},
        "user_exists": {"UserName": iam.user()},
        "policy_exists": {"PolicyArn": iam.policy()},
        "instance_profile_exists": {"InstanceProfileName": name},
    }[waiter]
    iam.api.get_waiter(waiter).wait(**given, WaiterConfig={"Delay": 0, "MaxAttempts": 1})


def test_who_is_made_anew_under_an_old_name_is_not_trusted(iam: Iam):
    name = iam.user()
    arn, first = f"arn:aws:iam::{ACCOUNT}:user/{name}", iam.api.get_user(UserName=name)["User"]["UserId"]
    trust = json.dumps(json.loads(TRUST.replace(ACCOUNT, arn)))
    role = iam.name()

    def trusted() -> Any:
        return iam.api.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]

    made = iam.api.create_role(RoleName=role, AssumeRolePolicyDocument=trust)["Role"]
    assert made["AssumeRolePolicyDocument"] == json.loads(trust)
    assert trusted() == {"AWS": arn}
    iam.api.delete_user(UserName=name)
    assert trusted() == {"AWS": first}
    iam.api.create_user(UserName=name)
    assert trusted() == {"AWS": first}
    code, message = refusal(
        iam.api.update_assume_role_policy, RoleName=role, PolicyDocument=TRUST.replace(ACCOUNT, arn + "-absent")
    )
    assert (code, message) == ("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{arn}-absent"')
