"""Service control policies limit an account as a whole: over both doors, at once, its root and its sessions too."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.behaviour.identities import refusal
from tests.behaviour.sessions import allow, deny, document
from tests.factories.layouts import image
from tests.factories.processes import Credentials, Server, serve
from tests.factories.registry import Registry, error_codes
from tests.operation.commands import entrepot, refused

ACCOUNT = "121212121212"
FULL = allow("*")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(tmp_path_factory.mktemp("control"), extra=["--workers", "2"]) as running:
        yield running


class Limited:
    """An account of its own with a repository, and what limits it."""

    def __init__(self, server: Server) -> None:
        made = self.run(server, "account", "create")
        self.server, self.account = server, made["account_id"]
        self.keys = Credentials(made["access_key_id"], made["secret_access_key"])
        self.ecr = server.client(credentials=self.keys)
        self.ecr.create_repository(repositoryName="team")
        self.path = f"{self.account}/us-east-1/team"

    def put(self, name: str, *statements: Mapping[str, Any]) -> None:
        file = self.server.data.parent / f"{self.account}.json"
        file.write_text(document(*statements))
        self.run(self.server, "account", "policy", "put", file, "--account", self.account, "--name", name)

    def delete(self, name: str) -> None:
        self.run(self.server, "account", "policy", "delete", "--account", self.account, "--name", name)

    def names(self) -> list[str]:
        listed = self.run(self.server, "account", "policy", "list", "--account", self.account)
        return [each["name"] for each in listed]

    def user(self) -> Credentials:
        """A user who may do everything."""
        iam = self.server.client("iam", credentials=self.keys)
        iam.create_user(UserName="u")
        iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=document(FULL))
        made = iam.create_access_key(UserName="u")["AccessKey"]
        return Credentials(made["AccessKeyId"], made["SecretAccessKey"])

    @staticmethod
    def run(server: Server, *arguments: object) -> Any:
        ended = entrepot(*arguments, "--data", server.data, "--output", "json")
        assert (ended.status, ended.complaint) == (0, ""), ended
        return ended.result


@pytest.fixture
def limited(server: Server) -> Limited:
    return Limited(server)


def test_a_denial_holds_for_the_root_over_both_doors_at_once(server: Server, limited: Limited):
    registry = Registry(server, server.token(limited.keys))
    registry.push(limited.path, image(7), "v1")
    limited.put("full", FULL)
    assert registry.request("HEAD", f"/v2/{limited.path}/manifests/v1").status == 200
    limited.put("no-pulls", deny("ecr:BatchGetImage"))
    sentence = (
        f"User: arn:aws:iam::{limited.account}:root is not authorized to perform: ecr:BatchGetImage on resource: "
        f"arn:aws:ecr:us-east-1:{limited.account}:repository/team with an explicit deny in a service control policy"
    )
    answer = registry.request("GET", f"/v2/{limited.path}/manifests/v1")
    assert (answer.status, error_codes(answer)) == (403, ["DENIED"])
    assert json.loads(answer.data)["errors"][0]["message"] == sentence
    asked = {"repositoryName": "team", "imageIds": [{"imageTag": "v1"}]}
    assert refusal(limited.ecr.batch_get_image, **asked) == ("AccessDeniedException", sentence)
    # each on a connection of its own, so that both workers are asked
    token = server.token(limited.keys)
    path = f"/v2/{limited.path}/manifests/v1"
    assert {Registry(server, token).request("HEAD", path).status for _ in range(8)} == {403}
    limited.delete("no-pulls")
    assert {Registry(server, token).request("HEAD", path).status for _ in range(8)} == {200}


def test_once_there_is_one_something_must_allow(limited: Limited):
    limited.put("reading", allow("ecr:Describe*"))
    limited.ecr.describe_repositories(repositoryNames=["team"])
    _, message = refusal(limited.ecr.list_images, repositoryName="team")
    assert message.endswith("because no service control policy allows the ecr:ListImages action")
    limited.put("listing", allow("ecr:ListImages"))
    limited.ecr.list_images(repositoryName="team")
    assert limited.names() == ["listing", "reading"]
    for name in limited.names():
        limited.delete(name)
    limited.ecr.get_authorization_token()


def test_users_and_sessions_are_limited_and_gain_nothing(server: Server, limited: Limited):
    user = limited.user()
    sts = server.client("sts", credentials=user)
    session = sts.get_session_token()["Credentials"]
    keys = Credentials(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
    clients = [server.client(credentials=each) for each in (user, keys)]
    for ecr in clients:
        ecr.list_images(repositoryName="team")
    limited.put("full", FULL, deny("ecr:ListImages", Condition={"StringNotLike": {"aws:PrincipalArn": "*:root"}}))
    for ecr in clients:
        _, message = refusal(ecr.list_images, repositoryName="team")
        assert message.endswith("with an explicit deny in a service control policy")
    limited.ecr.list_images(repositoryName="team")


def test_another_account_is_not_limited(server: Server, limited: Limited):
    limited.put("nothing", deny("*"))
    assert refusal(limited.ecr.describe_registry)[0] == "AccessDeniedException"
    server.client().describe_registry()


def test_what_is_no_such_policy_is_refused(server: Server, tmp_path: Path):
    file = tmp_path / "policy.json"
    for written, told in (
        ("{", "Syntax errors in policy"),
        (document({**FULL, "Principal": "*"}), "should not specify a principal"),
        (document(*(allow(f"ecr:Get{number:0500d}") for number in range(10))), "5120"),
    ):
        file.write_text(written)
        assert told in refused("account", "policy", "put", file, "--name", "p", "--data", server.data)
    assert Limited.run(server, "account", "policy", "list") == []


def test_an_account_or_a_policy_that_is_absent_is_named(server: Server, limited: Limited, tmp_path: Path):
    file = tmp_path / "policy.json"
    file.write_text(document(FULL))
    absent = ("--account", ACCOUNT, "--data", server.data)
    assert ACCOUNT in refused("account", "policy", "put", file, "--name", "p", *absent)
    assert ACCOUNT in refused("account", "policy", "list", *absent)
    gone = ("--account", limited.account, "--name", "gone", "--data", server.data)
    assert "gone" in refused("account", "policy", "delete", *gone)
    assert "name" in refused("account", "policy", "put", file, "--name", "a/b", "--data", server.data)
    assert "absent.json" in refused("account", "policy", "put", "absent.json", "--name", "p", "--data", server.data)


def test_a_policy_is_read_from_standard_input(server: Server, limited: Limited):
    put = ("account", "policy", "put", "-", "--account", limited.account, "--name", "piped", "--data", server.data)
    assert entrepot(*put, text=document(FULL)).status == 0
    assert limited.names() == ["piped"]
    assert "Syntax errors in policy" in entrepot(*put).complaint
