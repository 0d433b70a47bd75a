"""Identity policies decide over both doors, from the moment that the call which set them has been answered."""

import json

from tests.behaviour.callers import User, allow, deny, of, policy
from tests.behaviour.identities import Iam, refusal
from tests.factories.layouts import Image, image
from tests.factories.processes import Server
from tests.factories.registry import error_codes

PULL_ONLY = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"
POWER_USER = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPowerUser"


def test_pull_only_pulls_and_does_not_push(user: User, repository: str, pushed: Image):
    user.attach(PULL_ONLY)
    registry = user.registry()
    assert pushed.digest in registry.pull(repository, "v1")
    answer = registry.put_manifest(repository, "v2", pushed.manifest)
    assert answer.status == 403
    assert error_codes(answer) == ["DENIED"]
    sentence = (
        f"User: {user.arn} is not authorized to perform: ecr:PutImage on resource: {of(repository)} "
        "because no identity-based policy allows the ecr:PutImage action"
    )
    assert json.loads(answer.data)["errors"][0]["message"] == sentence
    manifest = pushed.manifest.data.decode()
    assert refusal(user.ecr.put_image, repositoryName=repository, imageManifest=manifest) == (
        "AccessDeniedException",
        sentence,
    )


def test_a_power_user_pushes_and_does_not_delete_the_repository(user: User, repository: str):
    user.attach(POWER_USER)
    user.registry().push(repository, image(2), "v1")
    assert refusal(user.ecr.delete_repository, repositoryName=repository, force=True)[0] == "AccessDeniedException"


def test_a_policy_holds_from_its_call_on_until_it_is_removed(user: User, repository: str, pushed: Image):
    user.put("login", allow("ecr:GetAuthorizationToken"))
    registry = user.registry()
    path = f"/v2/{repository}/manifests/{pushed.digest}"
    assert registry.request("HEAD", path).status == 403
    for _ in range(20):
        user.put("pull", allow("ecr:BatchGetImage", of(repository)))
        assert registry.request("HEAD", path).status == 200
        user.put("not", deny("ecr:*", of(repository)))
        assert registry.request("HEAD", path).status == 403
        user.iam.delete_user_policy(UserName=user.name, PolicyName="not")
        assert registry.request("HEAD", path).status == 200
        user.iam.delete_user_policy(UserName=user.name, PolicyName="pull")
        assert registry.request("HEAD", path).status == 403


def test_an_explicit_deny_is_named(user: User, repository: str):
    user.attach(POWER_USER)
    user.put("not", deny("ecr:DescribeImages"))
    _, message = refusal(user.ecr.describe_images, repositoryName=repository)
    assert message == (
        f"User: {user.arn} is not authorized to perform: ecr:DescribeImages on resource: {of(repository)} "
        "with an explicit deny in an identity-based policy"
    )


def test_a_group_gives_while_the_user_is_in_it(user: User, iam: Iam, repository: str):
    group = iam.name()
    iam.api.create_group(GroupName=group)
    iam.api.put_group_policy(GroupName=group, PolicyName="p", PolicyDocument=policy(allow("ecr:ListImages")))
    assert refusal(user.ecr.list_images, repositoryName=repository)[0] == "AccessDeniedException"
    iam.api.add_user_to_group(GroupName=group, UserName=user.name)
    user.ecr.list_images(repositoryName=repository)
    iam.api.remove_user_from_group(GroupName=group, UserName=user.name)
    assert refusal(user.ecr.list_images, repositoryName=repository)[0] == "AccessDeniedException"


def test_a_boundary_limits_what_is_given(user: User, iam: Iam, repository: str):
    user.put("all", allow("ecr:*"))
    document = policy(allow("ecr:ListImages"))
    bound = iam.api.create_policy(PolicyName=iam.name(), PolicyDocument=document)["Policy"]["Arn"]
    iam.api.put_user_permissions_boundary(UserName=user.name, PermissionsBoundary=bound)
    user.ecr.list_images(repositoryName=repository)
    _, message = refusal(user.ecr.describe_images, repositoryName=repository)
    assert message.endswith("because no permissions boundary allows the ecr:DescribeImages action")
    iam.api.delete_user_permissions_boundary(UserName=user.name)
    user.ecr.describe_images(repositoryName=repository)


def test_a_new_default_version_is_in_force_at_once(user: User, iam: Iam, repository: str):
    made = iam.api.create_policy(PolicyName=iam.name(), PolicyDocument=policy(allow("ecr:ListImages")))
    arn = made["Policy"]["Arn"]
    user.attach(arn)
    user.ecr.list_images(repositoryName=repository)
    nothing = policy(allow("ecr:DescribeRegistry"))
    iam.api.create_policy_version(PolicyArn=arn, PolicyDocument=nothing, SetAsDefault=True)
    assert refusal(user.ecr.list_images, repositoryName=repository)[0] == "AccessDeniedException"
    iam.api.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    user.ecr.list_images(repositoryName=repository)


def test_conditions_look_at_the_request_and_at_the_principals_tags(user: User, repository: str):
    near = {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}, "Bool": {"aws:SecureTransport": "false"}}
    tagged = {"StringEquals": {"aws:PrincipalTag/team": "blue"}}
    user.put("near", allow("ecr:ListImages", Condition=near), allow("ecr:DescribeImages", Condition=tagged))
    user.ecr.list_images(repositoryName=repository)
    assert refusal(user.ecr.describe_images, repositoryName=repository)[0] == "AccessDeniedException"
    user.iam.tag_user(UserName=user.name, Tags=[{"Key": "team", "Value": "blue"}])
    user.ecr.describe_images(repositoryName=repository)
    user.put("far", deny("ecr:*", Condition={"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}))
    assert refusal(user.ecr.list_images, repositoryName=repository)[0] == "AccessDeniedException"


def test_a_denial_does_not_tell_whether_a_repository_exists(user: User, repository: str):
    there = refusal(user.ecr.describe_images, repositoryName=repository)
    absent = refusal(user.ecr.describe_images, repositoryName=repository + "-absent")
    assert there == (absent[0], absent[1].replace("-absent", ""))
    user.put("all", allow("ecr:*"))
    assert refusal(user.ecr.describe_images, repositoryName=repository + "-absent")[0] == "RepositoryNotFoundException"


def test_a_user_of_another_account_is_nobody_here(server: Server, user: User, repository: str):
    user.put("all", allow("*"))
    foreign = {"repositoryName": repository, "registryId": "111122223333"}
    assert refusal(user.ecr.list_images, **foreign)[0] == "AccessDeniedException"
