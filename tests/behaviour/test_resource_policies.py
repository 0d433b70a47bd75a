"""Repository and registry policies decide over both doors, for their own account and for others."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.behaviour.callers import User, allow, of, policy
from tests.behaviour.identities import ACCOUNT, Iam, refusal
from tests.factories.layouts import Image, image
from tests.factories.processes import Credentials, Server, create_account
from tests.factories.registry import Registry, error_codes

TENANT = "777788889999"
READS = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"]
PUSHES = [*READS, "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload", "ecr:PutImage"]
LOGIN = "ecr:GetAuthorizationToken"


@pytest.fixture(scope="session")
def tenant(server: Server) -> Credentials:
    """The root keys of another account."""
    return create_account(server, TENANT)


class Member(User):
    """A user of the other account, with one key."""

    def __init__(self, server: Server, root: Credentials, name: str) -> None:
        self.iam = server.client("iam", credentials=root)
        self.name = name
        self.iam.create_user(UserName=name)
        made = self.iam.create_access_key(UserName=name)["AccessKey"]
        self.keys = Credentials(made["AccessKeyId"], made["SecretAccessKey"])
        self.arn = f"arn:aws:iam::{TENANT}:user/{name}"
        self.server = server
        self.ecr = server.client(credentials=self.keys)


@pytest.fixture
def member(server: Server, iam: Iam, tenant: Credentials) -> Member:
    made = Member(server, tenant, iam.name())
    made.put("login", allow(LOGIN))
    return made


@pytest.fixture
def registry_policy(ecr: Any) -> Iterator[Any]:
    """Sets the registry's policy; it is gone after the test."""

    def put(*statements: dict[str, Any]) -> Any:
        return ecr.put_registry_policy(policyText=policy(*statements))

    yield put
    ecr.put_account_setting(name="REGISTRY_POLICY_SCOPE", value="V2")
    try:
        ecr.delete_registry_policy()
    except ecr.exceptions.RegistryPolicyNotFoundException:
        return


def grant(principal: Any, action: str | list[str] = "ecr:*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": action, **more}


def refuse(principal: Any, action: str | list[str] = "ecr:*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Principal": principal, "Action": action, **more}


def set_policy(ecr: Any, repository: str, *statements: dict[str, Any], **more: Any) -> str:
    answer = ecr.set_repository_policy(repositoryName=repository, policyText=policy(*statements), **more)
    return str(answer["policyText"])


def pulls(who: User, name: str, reference: str = "v1") -> bool:
    """Whether a pull by tag is answered; a refusal must be 403 DENIED."""
    answer = who.registry().request("GET", f"/v2/{name}/manifests/{reference}")
    if answer.status != 200:
        assert (answer.status, error_codes(answer)) == (403, ["DENIED"])
    return bool(answer.status == 200)


def test_a_repository_policy_is_printed_as_ecr_prints_it_and_gone_once_deleted(ecr: Any, repository: str):
    given = (
        '{"Version":"2008-10-17","Statement":[{"Sid":"any one","Effect":"Allow","Principal":"*",'
        '"Action":"ecr:ListImages"}]}'
    )
    answer = ecr.set_repository_policy(repositoryName=repository, policyText=given)
    assert (answer["registryId"], answer["repositoryName"]) == (ACCOUNT, repository)
    assert answer["policyText"].startswith('{\n  "Version" : "2008-10-17",\n  "Statement" : [')
    assert json.loads(answer["policyText"]) == json.loads(given)
    assert ecr.get_repository_policy(repositoryName=repository)["policyText"] == answer["policyText"]
    assert ecr.delete_repository_policy(repositoryName=repository)["policyText"] == answer["policyText"]
    code, message = refusal(ecr.get_repository_policy, repositoryName=repository)
    assert code == "RepositoryPolicyNotFoundException"
    assert message == (
        f"Repository policy does not exist for the repository with name '{repository}' in the registry with id "
        f"'{ACCOUNT}'"
    )
    assert refusal(ecr.delete_repository_policy, repositoryName=repository)[0] == "RepositoryPolicyNotFoundException"


def test_within_the_account_a_repository_policy_suffices(ecr: Any, user: User, repository: str, pushed: Image):
    user.put("login", allow(LOGIN))
    assert not pulls(user, repository)
    set_policy(ecr, repository, grant({"AWS": user.arn}, READS))
    assert pulls(user, repository)
    assert pushed.digest in user.registry().pull(repository, "v1")
    assert user.ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": "v1"}])["images"]
    assert refusal(user.ecr.list_images, repositoryName=repository)[0] == "AccessDeniedException"
    ecr.delete_repository_policy(repositoryName=repository)
    assert not pulls(user, repository)


def test_a_repository_policy_denies_whatever_identity_policies_say(
    ecr: Any, user: User, repository: str, pushed: Image
):
    user.put("all", allow("*"))
    assert pulls(user, repository)
    set_policy(ecr, repository, refuse({"AWS": user.arn}, "ecr:BatchGetImage"))
    code, message = refusal(user.ecr.batch_get_image, repositoryName=repository, imageIds=[{"imageTag": "v1"}])
    assert code == "AccessDeniedException"
    assert message == (
        f"User: {user.arn} is not authorized to perform: ecr:BatchGetImage on resource: {of(repository)} "
        "with an explicit deny in a resource-based policy"
    )
    assert not pulls(user, repository)


@pytest.mark.parametrize("named", ["the account", "the user"])
def test_across_accounts_both_sides_must_allow(ecr: Any, member: Member, repository: str, pushed: Image, named: str):
    principal = {"AWS": TENANT if named == "the account" else member.arn}
    place = f"{ACCOUNT}/us-east-1/{repository}"
    member.put("pull", allow(READS))
    assert not pulls(member, place)
    set_policy(ecr, repository, grant(principal, READS))
    assert pulls(member, place)
    assert pushed.digest in member.registry().pull(place, "v1")
    images = member.ecr.batch_get_image(registryId=ACCOUNT, repositoryName=repository, imageIds=[{"imageTag": "v1"}])
    assert images["images"][0]["imageId"]["imageDigest"] == pushed.digest
    member.iam.delete_user_policy(UserName=member.name, PolicyName="pull")
    assert not pulls(member, place)
    answer = member.registry().request("GET", f"/v2/{place}/manifests/v1")
    assert "because no identity-based policy allows the ecr:BatchGetImage action" in answer.data.decode()


def test_another_account_pushes_where_both_sides_allow(ecr: Any, member: Member, repository: str, server: Server):
    member.put("push", allow(PUSHES))
    set_policy(ecr, repository, grant({"AWS": TENANT}, PUSHES))
    made = image(2)
    member.registry().push(f"{ACCOUNT}/us-east-1/{repository}", made, "theirs")
    assert Registry(server).pull_manifest(repository, "theirs").digest == made.digest
    code, message = refusal(member.ecr.delete_repository, registryId=ACCOUNT, repositoryName=repository, force=True)
    assert code == "AccessDeniedException"
    assert "because no resource-based policy allows the ecr:DeleteRepository action" in message


def test_who_is_made_anew_under_an_old_name_inherits_nothing(ecr: Any, iam: Iam, server: Server, repository: str):
    pushed = image(3)
    Registry(server).push(repository, pushed, "v1")
    name = iam.user()
    arn = f"arn:aws:iam::{ACCOUNT}:user/{name}"
    first = iam.api.get_user(UserName=name)["User"]["UserId"]
    assert arn in set_policy(ecr, repository, grant({"AWS": arn}, READS))
    iam.api.delete_user(UserName=name)
    assert first in ecr.get_repository_policy(repositoryName=repository)["policyText"]
    iam.api.create_user(UserName=name)
    iam.api.put_user_policy(UserName=name, PolicyName="login", PolicyDocument=policy(allow(LOGIN)))
    made = iam.api.create_access_key(UserName=name)["AccessKey"]
    keys = Credentials(made["AccessKeyId"], made["SecretAccessKey"])
    heir = Registry(server, server.token(keys))
    assert heir.request("GET", f"/v2/{repository}/manifests/v1").status == 403


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (grant({"AWS": f"arn:aws:iam::{ACCOUNT}:user/nobody-of-this-name"}), "there is no principal"),
        (grant({"AWS": "999999999999"}), "there is no principal"),
        (grant("*", "s3:GetObject"), "Invalid repository policy provided"),
        (refuse("*", "ecr:SetRepositoryPolicy"), "set force"),
    ],
)
def test_a_repository_policy_is_refused(ecr: Any, repository: str, statement: dict[str, Any], reason: str):
    text = policy(statement)
    code, message = refusal(ecr.set_repository_policy, repositoryName=repository, policyText=text)
    assert code == "InvalidParameterException"
    assert message.startswith("Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository")
    assert reason in message
    assert refusal(ecr.get_repository_policy, repositoryName=repository)[0] == "RepositoryPolicyNotFoundException"


def test_force_sets_what_locks_out_and_the_registry_is_still_the_owners(ecr: Any, make_repository: Any):
    name = make_repository()
    set_policy(ecr, name, refuse("*", ["ecr:SetRepositoryPolicy", "ecr:DeleteRepositoryPolicy"]), force=True)
    assert refusal(ecr.delete_repository_policy, repositoryName=name)[0] == "AccessDeniedException"
    ecr.delete_repository(repositoryName=name)


def test_a_registry_policy_has_a_say_in_everything_from_v2_on(
    ecr: Any, registry_policy: Any, member: Member, repository: str, pushed: Image
):
    place = f"{ACCOUNT}/us-east-1/{repository}"
    member.put("pull", allow(READS))
    assert ecr.get_account_setting(name="REGISTRY_POLICY_SCOPE")["value"] == "V2"
    answer = registry_policy(grant({"AWS": TENANT}, READS, Resource=of("behaviour/*")))
    assert answer["registryId"] == ACCOUNT
    assert ecr.get_registry_policy()["policyText"] == answer["policyText"]
    assert pulls(member, place)
    ecr.put_account_setting(name="REGISTRY_POLICY_SCOPE", value="V1")
    assert not pulls(member, place)
    ecr.put_account_setting(name="REGISTRY_POLICY_SCOPE", value="V2")
    assert pulls(member, place)
    ecr.delete_registry_policy()
    assert not pulls(member, place)
    assert refusal(ecr.get_registry_policy)[0] == "RegistryPolicyNotFoundException"


@pytest.mark.parametrize("scope", ["V1", "V2"])
def test_a_registry_policy_lets_another_account_create_repositories(
    ecr: Any, registry_policy: Any, member: Member, iam: Iam, scope: str
):
    ecr.put_account_setting(name="REGISTRY_POLICY_SCOPE", value=scope)
    name = f"theirs/{iam.name()}"
    member.put("create", allow("ecr:CreateRepository"))
    assert refusal(member.ecr.create_repository, registryId=ACCOUNT, repositoryName=name)[0] == "AccessDeniedException"
    registry_policy(grant({"AWS": TENANT}, "ecr:CreateRepository", Resource=of("theirs/*")))
    made = member.ecr.create_repository(registryId=ACCOUNT, repositoryName=name)["repository"]
    assert made["repositoryArn"] == of(name)
    assert (
        refusal(member.ecr.create_repository, registryId=ACCOUNT, repositoryName="ours/x")[0] == "AccessDeniedException"
    )
    ecr.delete_repository(repositoryName=name)


def test_a_registry_policy_cannot_lock_its_account_out(ecr: Any, registry_policy: Any, repository: str):
    registry_policy(refuse("*", "ecr:*", Resource="*"))
    assert refusal(ecr.list_images, repositoryName=repository)[0] == "AccessDeniedException"
    ecr.delete_registry_policy()
    assert ecr.list_images(repositoryName=repository)["imageIds"] == []


@pytest.mark.parametrize(
    "statement", [grant("*", "s3:GetObject", Resource="*"), grant({"AWS": "999999999999"}, Resource="*")]
)
def test_a_registry_policy_is_refused(ecr: Any, statement: dict[str, Any]):
    code, message = refusal(ecr.put_registry_policy, policyText=policy(statement))
    assert code == "InvalidParameterException"
    assert "Invalid registry policy provided" in message


def test_account_settings_that_are_not_there_are_refused(ecr: Any):
    assert refusal(ecr.get_account_setting, name="REGISTRY_POLICY")[0] == "InvalidParameterException"
    code, message = refusal(ecr.put_account_setting, name="REGISTRY_POLICY_SCOPE", value="V3")
    assert (code, "V1, V2" in message) == ("InvalidParameterException", True)
