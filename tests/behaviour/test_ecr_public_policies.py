"""Policies on public repositories: they decide who pushes and who manages, and never who pulls."""

import json
from typing import Any

import pytest

from tests.behaviour.identities import Iam, refusal
from tests.behaviour.public import ACCOUNT, PUSH, TOKEN, PublicRegistry, answer_of, password
from tests.factories.layouts import Image, image
from tests.factories.processes import Credentials, Server, create_account
from tests.factories.registry import Registry, error_codes

TENANT = "666677778888"
PUSHES = [f"ecr-public:{action}" for action in PUSH]


def policy(effect: str, principal: Any, action: str | list[str], **more: Any) -> str:
    statement = {"Effect": effect, "Principal": principal, "Action": action, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(scope="module")
def public(server: Server) -> PublicRegistry:
    return PublicRegistry(server)


@pytest.fixture(scope="module")
def tenant(server: Server) -> Credentials:
    """The root keys of another account."""
    return create_account(server, TENANT)


def pushed(public: PublicRegistry, name: str, keys: Credentials | None = None) -> Image:
    """An image under a new tag, pushed with these keys; AssertionError when that is denied."""
    content = image(980)
    Registry(public.server, public.token(keys)).push(f"public.ecr/{public.alias}/{name}", content, "v1")
    return content


def is_pulled_by_anybody(public: PublicRegistry, name: str) -> bool:
    path = f"public.ecr/{public.alias}/{name}"
    anybody = public.anybody()
    return bool(anybody.pull(path, "v1")) and anybody.tags(path) == ["v1"]


def test_a_policy_is_set_told_and_removed_as_documented(public: PublicRegistry):
    name = public.repository()
    text = policy("Allow", "*", "ecr-public:PutImage")
    told = {"registryId": ACCOUNT, "repositoryName": name}
    absent = (
        "RepositoryPolicyNotFoundException",
        f"Repository policy does not exist for the repository with name '{name}' in the registry with id '{ACCOUNT}'",
    )
    assert refusal(public.api.get_repository_policy, repositoryName=name) == absent
    for answer in (
        answer_of(public.api.set_repository_policy, repositoryName=name, policyText=text),
        answer_of(public.api.get_repository_policy, repositoryName=name),
        answer_of(public.api.delete_repository_policy, repositoryName=name),
    ):
        assert json.loads(answer.pop("policyText")) == json.loads(text)
        assert answer == told
    assert refusal(public.api.delete_repository_policy, repositoryName=name) == absent
    code, _ = refusal(public.api.set_repository_policy, repositoryName=name, policyText='{"Statement": 1}')
    assert code == "InvalidParameterException"


def test_no_policy_denies_a_pull(public: PublicRegistry):
    name = public.repository()
    pushed(public, name)
    denial = policy("Deny", "*", "*")
    public.api.set_repository_policy(repositoryName=name, policyText=denial, force=True)
    assert is_pulled_by_anybody(public, name)
    assert len(Registry(public.server, public.token()).pull(f"public.ecr/{public.alias}/{name}", "v1")) == 4
    # it denies everything else, to the root of the account too
    assert refusal(public.api.describe_images, repositoryName=name)[0] == "AccessDeniedException"
    answer = Registry(public.server, public.token()).request(
        "POST", f"/v2/public.ecr/{public.alias}/{name}/blobs/uploads/", b""
    )
    assert (answer.status, error_codes(answer)) == (403, ["DENIED"])
    assert b"explicit deny in a resource-based policy" in answer.data


def test_a_policy_lets_another_account_push_that_lets_its_own_principals_too(
    public: PublicRegistry, server: Server, tenant: Credentials
):
    name = public.repository()
    with pytest.raises(AssertionError, match="no resource-based policy allows the ecr-public:InitiateLayerUpload"):
        pushed(public, name, tenant)
    grant = policy("Allow", {"AWS": f"arn:aws:iam::{TENANT}:root"}, PUSHES)
    public.api.set_repository_policy(repositoryName=name, policyText=grant)
    pushed(public, name, tenant)
    assert is_pulled_by_anybody(public, name)
    theirs = server.client("ecr-public", credentials=tenant)
    asked = {"registryId": public.alias, "repositoryName": name}
    assert theirs.initiate_layer_upload(**asked)["uploadId"]
    assert refusal(theirs.describe_images, registryId=ACCOUNT, repositoryName=name)[0] == "AccessDeniedException"
    iam = server.client("iam", credentials=tenant)
    iam.create_user(UserName="ann")
    keys = iam.create_access_key(UserName="ann")["AccessKey"]
    ann = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"])
    allow = {"Effect": "Allow", "Action": list(TOKEN), "Resource": "*"}
    iam.put_user_policy(
        UserName="ann",
        PolicyName="p",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]}),
    )
    with pytest.raises(AssertionError, match="no identity-based policy allows the ecr-public:InitiateLayerUpload"):
        pushed(public, name, ann)


@pytest.mark.parametrize(
    ("managed", "describes", "pushes", "makes"),
    [
        ("AmazonElasticContainerRegistryPublicReadOnly", True, False, False),
        ("AmazonElasticContainerRegistryPublicPowerUser", True, True, False),
        ("AmazonElasticContainerRegistryPublicFullAccess", True, True, True),
        ("AmazonEC2ContainerRegistryFullAccess", False, False, False),
    ],
)
def test_the_policies_of_aws_allow_what_their_names_say(
    public: PublicRegistry, server: Server, managed: str, describes: bool, pushes: bool, makes: bool
):
    name, user = public.repository(), public.iam.user()
    public.iam.api.attach_user_policy(UserName=user, PolicyArn=f"arn:aws:iam::aws:policy/{managed}")
    made = public.iam.api.create_access_key(UserName=user)["AccessKey"]
    keys = Credentials(made["AccessKeyId"], made["SecretAccessKey"])
    client = server.client("ecr-public", credentials=keys)

    def allowed(operation: Any, **asked: Any) -> bool:
        try:
            operation(**asked)
        except client.exceptions.ClientError as refused:
            return bool(refused.response["Error"]["Code"] != "AccessDeniedException")
        return True

    assert allowed(client.describe_images, repositoryName=name) is describes
    assert allowed(client.get_authorization_token) is describes
    assert allowed(client.initiate_layer_upload, repositoryName=name) is pushes
    assert allowed(client.create_repository, repositoryName=f"{name}/new") is makes
    if pushes:
        pushed(public, name, keys)
        assert is_pulled_by_anybody(public, name)


def test_a_policy_protects_tags(public: PublicRegistry):
    name = public.repository()
    content = pushed(public, name)
    protect = policy("Deny", "*", "ecr-public:PutImage", Condition={"StringLike": {"ecr:ImageTag": "prod-*"}})
    public.api.set_repository_policy(repositoryName=name, policyText=protect)
    owner = Registry(public.server, public.token())
    path = f"public.ecr/{public.alias}/{name}"
    assert owner.put_manifest(path, "prod-1", content.manifest).status == 403
    assert owner.put_manifest(path, "dev-1", content.manifest).status == 201
    asked = {"repositoryName": name, "imageManifest": content.manifest.data.decode(), "imageTag": "prod-2"}
    assert refusal(public.api.put_image, **asked)[0] == "AccessDeniedException"


def test_a_tag_on_a_repository_decides(public: PublicRegistry):
    tagged = public.repository(tags=[{"Key": "team", "Value": "blue"}])
    other = public.repository()
    name = Iam(public.server).user()
    keys = public.iam.api.create_access_key(UserName=name)["AccessKey"]
    condition = {"StringEquals": {"ecr-public:ResourceTag/team": "blue"}}
    statements = [
        {"Effect": "Allow", "Action": list(TOKEN), "Resource": "*"},
        {"Effect": "Allow", "Action": PUSHES, "Resource": "*", "Condition": condition},
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    public.iam.api.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document)
    credentials = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"])
    pushed(public, tagged, credentials)
    with pytest.raises(AssertionError, match="no identity-based policy allows the ecr-public:InitiateLayerUpload"):
        Registry(public.server, public.token(credentials)).push(f"public.ecr/{public.alias}/{other}", image(981), "v1")


def test_a_session_of_a_role_pushes_within_its_session_policy(public: PublicRegistry, server: Server):
    role = public.iam.role()
    statement = {"Effect": "Allow", "Action": [*TOKEN, "ecr-public:*"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    public.iam.api.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=document)
    keys = public.iam.api.create_access_key(UserName=user_who_assumes(public, role))["AccessKey"]
    sts = server.client("sts", credentials=Credentials(keys["AccessKeyId"], keys["SecretAccessKey"]))
    one, two = public.repository(), public.repository()
    narrow = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": list(TOKEN), "Resource": "*"},
            {"Effect": "Allow", "Action": PUSHES, "Resource": f"arn:aws:ecr-public::{ACCOUNT}:repository/{one}"},
        ],
    }
    made = sts.assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{role}", RoleSessionName="job", Policy=json.dumps(narrow)
    )["Credentials"]
    session = Credentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
    client = server.client("ecr-public", credentials=session)
    door, content = Registry(server, password(client)), image(982)
    door.push(f"public.ecr/{public.alias}/{one}", content, "v1")
    with pytest.raises(AssertionError, match="no session policy allows the ecr-public:InitiateLayerUpload"):
        door.push(f"public.ecr/{public.alias}/{two}", content, "v1")


def user_who_assumes(public: PublicRegistry, role: str) -> str:
    """The name of a new user who may assume a role."""
    name = public.iam.user()
    allow = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": f"arn:aws:iam::{ACCOUNT}:role/{role}"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    public.iam.api.put_user_policy(UserName=name, PolicyName="assume", PolicyDocument=document)
    return name
