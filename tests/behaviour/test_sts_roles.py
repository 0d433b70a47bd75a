"""A role is assumed by who is trusted and allowed, and its session is what the role is, over both doors, at once."""

import pytest

from tests.behaviour.identities import ACCOUNT, Iam, refusal
from tests.behaviour.sessions import Person, Role, allow, deny, document, keys_of, of, registry, trust
from tests.factories.layouts import image
from tests.factories.processes import Server
from tests.factories.registry import error_codes

LOGIN = allow("ecr:GetAuthorizationToken")
ASSUME = allow("sts:AssumeRole")


@pytest.fixture
def person(server: Server, iam: Iam) -> Person:
    return Person(server, iam, allow("sts:*"))


def test_a_session_of_a_role_pushes_and_pulls_over_both_doors(
    server: Server, iam: Iam, person: Person, repository: str
):
    role = Role(iam, LOGIN, allow("ecr:*", of(repository)))
    keys = role.assume(person.sts)
    made = image(3)
    door = registry(server, keys)
    door.push(repository, made, "v1")
    assert made.digest in door.pull(repository, "v1")
    listed = server.client(credentials=keys).list_images(repositoryName=repository)["imageIds"]
    assert listed == [{"imageDigest": made.digest, "imageTag": "v1"}]
    assert refusal(server.client(credentials=keys).describe_repositories, repositoryNames=["other"])[0] == (
        "AccessDeniedException"
    )


def test_a_session_says_who_it_is(server: Server, iam: Iam, person: Person):
    role = Role(iam, Path="/ci/")
    answer = person.sts.assume_role(RoleArn=role.arn, RoleSessionName="run@7")
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role.name}/run@7"
    assert answer["AssumedRoleUser"] == {"AssumedRoleId": f"{role.id}:run@7", "Arn": arn}
    assert answer["Credentials"]["AccessKeyId"].startswith("ASIA")
    assert "PackedPolicySize" not in answer
    told = server.client("sts", credentials=keys_of(answer)).get_caller_identity()
    assert (told["UserId"], told["Account"], told["Arn"]) == (f"{role.id}:run@7", ACCOUNT, arn)
    assert person.sts.get_access_key_info(AccessKeyId=answer["Credentials"]["AccessKeyId"])["Account"] == ACCOUNT


def test_a_denial_names_the_session(server: Server, iam: Iam, person: Person, repository: str):
    role = Role(iam, LOGIN)
    keys = role.assume(person.sts)
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role.name}/run-7"
    _, message = refusal(server.client(credentials=keys).list_images, repositoryName=repository)
    assert message == (
        f"User: {arn} is not authorized to perform: ecr:ListImages on resource: {of(repository)} "
        "because no identity-based policy allows the ecr:ListImages action"
    )
    answer = registry(server, keys).request("GET", f"/v2/{repository}/tags/list")
    assert (answer.status, error_codes(answer)) == (403, ["DENIED"])
    assert message in answer.data.decode()


def test_both_the_caller_and_the_role_must_allow_it(server: Server, iam: Iam):
    trusting, other = Role(iam), Role(iam, trusted=[trust({"AWS": "111122223333"})])
    nobody, allowed = Person(server, iam), Person(server, iam, ASSUME)
    told = refusal(nobody.sts.assume_role, RoleArn=trusting.arn, RoleSessionName="run")
    assert told[0] == "AccessDenied"
    assert refusal(allowed.sts.assume_role, RoleArn=other.arn, RoleSessionName="run")[0] == "AccessDenied"
    trusting.assume(allowed.sts)
    other.retrust(trust({"AWS": nobody.arn}))
    other.assume(nobody.sts)  # who is named needs no policy of its own in the same account
    nobody.put(deny("sts:AssumeRole"))
    assert refusal(nobody.sts.assume_role, RoleArn=other.arn, RoleSessionName="run")[0] == "AccessDenied"


def test_a_denial_does_not_tell_whether_the_role_exists(server: Server, iam: Iam, person: Person):
    for holder in (person, Person(server, iam)):
        for trusted in ([trust({"AWS": "111122223333"})], [trust({"Service": "ecs.amazonaws.com"})]):
            role = Role(iam, trusted=trusted)
            there = refusal(holder.sts.assume_role, RoleArn=role.arn, RoleSessionName="run")
            absent = refusal(holder.sts.assume_role, RoleArn=role.arn + "-absent", RoleSessionName="run")
            assert there == (absent[0], absent[1].replace("-absent", ""))


def test_a_session_policy_limits_a_session_and_never_widens_it(
    server: Server, iam: Iam, person: Person, repository: str
):
    role = Role(iam, LOGIN, allow(["ecr:ListImages", "ecr:DescribeImages"]))
    answer = person.sts.assume_role(
        RoleArn=role.arn,
        RoleSessionName="run",
        Policy=document(allow(["ecr:ListImages", "ecr:PutImage", "ecr:GetAuthorizationToken"])),
    )
    assert 0 < answer["PackedPolicySize"] < 100
    ecr = server.client(credentials=keys_of(answer))
    ecr.list_images(repositoryName=repository)
    _, message = refusal(ecr.describe_images, repositoryName=repository)
    assert message.endswith("because no session policy allows the ecr:DescribeImages action")
    assert refusal(ecr.put_image, repositoryName=repository, imageManifest="{}")[0] == "AccessDeniedException"
    door = registry(server, keys_of(answer))
    assert door.request("GET", f"/v2/{repository}/tags/list").status == 200
    assert door.request("GET", f"/v2/{repository}/manifests/v1").status == 403


def test_managed_policies_limit_a_session_as_well(server: Server, iam: Iam, person: Person, repository: str):
    role = Role(iam, allow("ecr:*"))
    pull = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"
    ecr = server.client(credentials=role.assume(person.sts, PolicyArns=[{"arn": pull}]))
    ecr.get_authorization_token()
    assert refusal(ecr.delete_repository, repositoryName=repository)[0] == "AccessDeniedException"
    absent = f"arn:aws:iam::{ACCOUNT}:policy/absent"
    given = {"RoleArn": role.arn, "RoleSessionName": "run", "PolicyArns": [{"arn": absent}]}
    assert refusal(person.sts.assume_role, **given)[0] == "ValidationError"


def test_a_changed_role_is_changed_in_its_sessions(server: Server, iam: Iam, person: Person, repository: str):
    role = Role(iam, LOGIN, allow("ecr:*"))
    keys = role.assume(person.sts)
    ecr, door = server.client(credentials=keys), registry(server, keys)
    path = f"/v2/{repository}/tags/list"
    assert door.request("GET", path).status == 200
    role.put(LOGIN)
    assert door.request("GET", path).status == 403
    assert refusal(ecr.list_images, repositoryName=repository)[0] == "AccessDeniedException"
    role.put(LOGIN, allow("ecr:*"))
    bound = iam.api.create_policy(PolicyName=iam.name(), PolicyDocument=document(LOGIN))["Policy"]["Arn"]
    iam.api.put_role_permissions_boundary(RoleName=role.name, PermissionsBoundary=bound)
    assert door.request("GET", path).status == 403
    iam.api.delete_role_permissions_boundary(RoleName=role.name)
    assert door.request("GET", path).status == 200


def test_a_deleted_role_takes_its_sessions_and_their_tokens_with_it(
    server: Server, iam: Iam, person: Person, repository: str
):
    role = Role(iam, LOGIN, allow("ecr:*"))
    keys = role.assume(person.sts)
    door, sts = registry(server, keys), server.client("sts", credentials=keys)
    assert door.request("GET", "/v2/").status == 200
    iam.api.delete_role_policy(RoleName=role.name, PolicyName="p")
    iam.api.delete_role(RoleName=role.name)
    assert door.request("GET", "/v2/").status == 401
    assert refusal(sts.get_caller_identity)[0] == "InvalidClientTokenId"
    trusted = document(trust({"AWS": ACCOUNT}))
    iam.api.create_role(RoleName=role.name, AssumeRolePolicyDocument=trusted)  # one of the same name is another
    assert door.request("GET", "/v2/").status == 401
    assert refusal(sts.get_caller_identity)[0] == "InvalidClientTokenId"
