"""IAM's own condition keys: who may manage identities only within limits cannot step over them."""

from typing import Any

import pytest

from tests.behaviour.identities import ACCOUNT, TRUST, Iam, policy, refusal
from tests.behaviour.sessions import Person, allow, deny
from tests.factories.processes import Server

PULL_ONLY = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
HOLDERS = ("User", "Role")


class Delegation:
    """An administrator who may manage users and roles that a boundary limits, and nobody else."""

    def __init__(self, server: Server, iam: Iam) -> None:
        self.root, self.names = iam.api, iam.name
        made = self.root.create_policy(PolicyName=iam.name(), PolicyDocument=policy("ecr:*"))
        self.bound = made["Policy"]["Arn"]
        within = {"StringEquals": {"iam:PermissionsBoundary": self.bound}}
        limited = [f"iam:{verb}{noun}{what}" for noun in HOLDERS for verb, what in _LIMITED]
        person = Person(
            server,
            iam,
            allow(limited, Condition=within),
            allow(["iam:DeleteUser", "iam:DeleteRole", "iam:Get*", "iam:List*", "iam:CreateAccessKey"]),
            deny(["iam:DeleteUserPermissionsBoundary", "iam:DeleteRolePermissionsBoundary"]),
            deny(
                [
                    "iam:CreatePolicyVersion",
                    "iam:DeletePolicy",
                    "iam:DeletePolicyVersion",
                    "iam:SetDefaultPolicyVersion",
                ],
                self.bound,
            ),
        )
        self.api = server.client("iam", credentials=person.keys)

    def call(self, operation: str, noun: str, name: str, **given: Any) -> Any:
        """Call `create_user` for `create_{}` of a User."""
        return getattr(self.api, operation.format(noun.lower()))(**{f"{noun}Name": name}, **given)

    def refused(self, operation: str, noun: str, name: str, **given: Any) -> bool:
        called = getattr(self.api, operation.format(noun.lower()))
        return refusal(called, **{f"{noun}Name": name}, **given)[0] == "AccessDenied"

    def make(self, noun: str, **given: Any) -> str:
        """Create a user or role as the administrator."""
        name = self.names()
        self.call("create_{}", noun, name, **_trust(noun), **given)
        return name


_LIMITED = (
    ("Create", ""),
    ("Put", "Policy"),
    ("Delete", "Policy"),
    ("Attach", "Policy"),
    ("Detach", "Policy"),
    ("Put", "PermissionsBoundary"),
)


def _trust(noun: str) -> dict[str, str]:
    return {"AssumeRolePolicyDocument": TRUST} if noun == "Role" else {}


@pytest.fixture
def delegation(server: Server, iam: Iam) -> Delegation:
    return Delegation(server, iam)


@pytest.mark.parametrize("noun", HOLDERS)
def test_who_delegates_with_a_boundary_cannot_be_stepped_over(delegation: Delegation, iam: Iam, noun: str):
    inline = {"PolicyName": "p", "PolicyDocument": policy("*")}
    assert delegation.refused("create_{}", noun, iam.name(), **_trust(noun))
    other = iam.policy()
    assert delegation.refused("create_{}", noun, iam.name(), **_trust(noun), PermissionsBoundary=other)
    made = delegation.make(noun, PermissionsBoundary=delegation.bound)
    delegation.call("put_{}_policy", noun, made, **inline)
    delegation.call("attach_{}_policy", noun, made, PolicyArn=ADMINISTRATOR)
    assert delegation.refused("delete_{}_permissions_boundary", noun, made)
    assert delegation.refused("put_{}_permissions_boundary", noun, made, PermissionsBoundary=other)
    delegation.call("put_{}_permissions_boundary", noun, made, PermissionsBoundary=delegation.bound)
    version = {"PolicyArn": delegation.bound, "PolicyDocument": policy("*"), "SetAsDefault": True}
    assert refusal(delegation.api.create_policy_version, **version)[0] == "AccessDenied"
    delegation.call("detach_{}_policy", noun, made, PolicyArn=ADMINISTRATOR)
    delegation.call("delete_{}_policy", noun, made, PolicyName="p")
    delegation.call("delete_{}", noun, made)


@pytest.mark.parametrize("noun", HOLDERS)
def test_who_is_not_bounded_is_out_of_a_delegates_reach(delegation: Delegation, iam: Iam, noun: str):
    free = iam.make(noun.lower())
    inline = {"PolicyName": "p", "PolicyDocument": policy("*")}
    assert delegation.refused("put_{}_policy", noun, free, **inline)
    assert delegation.refused("attach_{}_policy", noun, free, PolicyArn=PULL_ONLY)
    getattr(iam.api, f"put_{noun.lower()}_policy")(**{f"{noun}Name": free}, **inline)
    assert delegation.refused("delete_{}_policy", noun, free, PolicyName="p")
    assert delegation.refused("detach_{}_policy", noun, free, PolicyArn=PULL_ONLY)


def test_a_user_made_by_a_delegate_does_what_both_allow(delegation: Delegation, server: Server, repository: str):
    made = delegation.make("User", PermissionsBoundary=delegation.bound)
    delegation.call("put_{}_policy", "User", made, PolicyName="p", PolicyDocument=policy("*"))
    keys = delegation.api.create_access_key(UserName=made)["AccessKey"]
    credentials = type(server.credentials)(keys["AccessKeyId"], keys["SecretAccessKey"])
    server.client(credentials=credentials).list_images(repositoryName=repository)
    assert refusal(server.client("iam", credentials=credentials).list_users)[0] == "AccessDenied"


@pytest.mark.parametrize("kind", ["user", "group", "role"])
def test_only_named_policies_are_attached_and_detached(server: Server, iam: Iam, kind: str):
    noun, name = kind.capitalize(), iam.make(kind)
    only = {"ArnEquals": {"iam:PolicyARN": PULL_ONLY}}
    person = Person(server, iam, allow([f"iam:Attach{noun}Policy", f"iam:Detach{noun}Policy"], Condition=only))
    api = server.client("iam", credentials=person.keys)
    attach, detach = getattr(api, f"attach_{kind}_policy"), getattr(api, f"detach_{kind}_policy")
    holder = {f"{noun}Name": name}
    assert refusal(attach, **holder, PolicyArn=ADMINISTRATOR)[0] == "AccessDenied"
    attach(**holder, PolicyArn=PULL_ONLY)
    getattr(iam.api, f"attach_{kind}_policy")(**holder, PolicyArn=ADMINISTRATOR)
    assert refusal(detach, **holder, PolicyArn=ADMINISTRATOR)[0] == "AccessDenied"
    detach(**holder, PolicyArn=PULL_ONLY)


def test_tags_of_a_request_and_of_what_there_is_decide(server: Server, iam: Iam):
    blue, red = [{"Key": "team", "Value": "blue"}], [{"Key": "team", "Value": "red"}]
    asked = {"StringEquals": {"aws:RequestTag/team": "blue"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}
    there = {"StringEquals": {"iam:ResourceTag/Team": "blue"}}
    person = Person(
        server,
        iam,
        allow(["iam:CreateUser", "iam:TagUser"], Condition=asked),
        allow(["iam:DeleteUser", "iam:GetRole", "iam:GetPolicy", "iam:UntagRole"], Condition=there),
        deny("iam:UntagRole", Condition={"ForAnyValue:StringEquals": {"aws:TagKeys": "kept"}}),
    )
    api = server.client("iam", credentials=person.keys)
    for wrong in ([], red, [*blue, {"Key": "more", "Value": "x"}]):
        assert refusal(api.create_user, UserName=iam.name(), Tags=wrong)[0] == "AccessDenied"
    name, free = iam.name(), iam.user()
    api.create_user(UserName=name, Tags=blue)
    assert refusal(api.tag_user, UserName=free, Tags=red)[0] == "AccessDenied"
    assert refusal(api.delete_user, UserName=free)[0] == "AccessDenied"
    api.delete_user(UserName=name)
    role, arn = iam.role(Tags=blue), iam.policy(Tags=blue)
    api.get_role(RoleName=role)
    api.get_policy(PolicyArn=arn)
    assert refusal(api.get_policy, PolicyArn=iam.policy(Tags=red))[0] == "AccessDenied"
    assert refusal(api.untag_role, RoleName=role, TagKeys=["kept"])[0] == "AccessDenied"
    api.untag_role(RoleName=role, TagKeys=["team"])
    assert refusal(api.get_role, RoleName=role)[0] == "AccessDenied"


def test_a_service_linked_role_is_made_for_a_named_service_only(server: Server, iam: Iam):
    only = {"StringEquals": {"iam:AWSServiceName": "ecr.amazonaws.com"}}
    person = Person(server, iam, allow("iam:CreateServiceLinkedRole", Condition=only))
    api = server.client("iam", credentials=person.keys)
    assert refusal(api.create_service_linked_role, AWSServiceName="inspector2.amazonaws.com")[0] == "AccessDenied"
    made = api.create_service_linked_role(AWSServiceName="ecr.amazonaws.com")["Role"]["RoleName"]
    iam.api.delete_service_linked_role(RoleName=made)


@pytest.mark.parametrize(("service", "passes"), [("ec2.amazonaws.com", True), ("ecs-tasks.amazonaws.com", False)])
def test_a_role_is_passed_to_a_named_service_only(server: Server, iam: Iam, service: str, passes: bool):
    profile, role = iam.name(), iam.role()
    iam.api.create_instance_profile(InstanceProfileName=profile)
    passing = allow("iam:PassRole", Condition={"StringEquals": {"iam:PassedToService": service}})
    person = Person(server, iam, allow("iam:AddRoleToInstanceProfile"), passing)
    api = server.client("iam", credentials=person.keys)
    given = {"InstanceProfileName": profile, "RoleName": role}
    if passes:
        api.add_role_to_instance_profile(**given)
    else:
        code, message = refusal(api.add_role_to_instance_profile, **given)
        assert code == "AccessDenied"
        assert f"iam:PassRole on resource: arn:aws:iam::{ACCOUNT}:role/{role} because no identity-based" in message
