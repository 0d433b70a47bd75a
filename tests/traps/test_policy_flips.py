"""A policy that is changed under load decides every request that is sent after its call was answered, in every process.

Whoever pulls notes what held before it sent and after it was answered: where that was the same, and nobody was in the
middle of a change, there is one right answer. Wrong answers are counted; there may be none.
"""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.behaviour.sessions import keys_of
from tests.factories.layouts import Image, image
from tests.factories.processes import Credentials, Server, serve
from tests.factories.registry import Registry
from tests.operation.commands import entrepot
from tests.traps.workers import Worker, one_of_each

WORKERS = 2
FLIPS = 24
MANY_FLIPS = 1000
ACCOUNT = "000000000000"
TENANT = "888899990000"
READS = ["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
NAME = "flips/app"
PLACE = f"/v2/{ACCOUNT}/us-east-1/{NAME}/manifests/v1"
ALLOW = {"Effect": "Allow", "Action": READS, "Resource": "*"}
DENY = {"Effect": "Deny", "Action": READS, "Resource": "*"}
NOTHING = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
Flip = Callable[[bool], Any]


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@dataclass
class House:
    """A server, its root's clients, and another account's."""

    server: Server
    image: Image
    tenant: Credentials
    iam: Any = field(init=False)
    ecr: Any = field(init=False)
    theirs: Any = field(init=False)

    def __post_init__(self) -> None:
        self.iam, self.ecr = self.server.client("iam"), self.server.client()
        self.theirs = self.server.client("iam", credentials=self.tenant)

    def user(self, iam: Any, name: str, *statements: dict[str, Any]) -> Credentials:
        """A new user with these rights."""
        iam.create_user(UserName=name)
        if statements:
            iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document(*statements))
        made = iam.create_access_key(UserName=name)["AccessKey"]
        return Credentials(made["AccessKeyId"], made["SecretAccessKey"])


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with serve(tmp_path_factory.mktemp("flips"), extra=("--workers", str(WORKERS))) as running:
        running.client().create_repository(repositoryName=NAME)
        pushed = image(1)
        Registry(running).push(NAME, pushed, "v1")
        made = entrepot("account", "create", "--id", TENANT, "--data", running.data, "--output", "json").result
        keys = Credentials(made["access_key_id"], made["secret_access_key"])
        yield House(running, pushed, keys)


def by_identity(house: House) -> tuple[str, Flip]:
    token = house.server.token(house.user(house.iam, "identity", ALLOW))
    put = house.iam.put_user_policy
    return token, lambda on: put(
        UserName="identity", PolicyName="p", PolicyDocument=document(ALLOW, *([] if on else [DENY]))
    )


def by_group(house: House) -> tuple[str, Flip]:
    house.iam.create_group(GroupName="pullers")
    house.iam.put_group_policy(GroupName="pullers", PolicyName="p", PolicyDocument=document(ALLOW))
    keys = house.user(house.iam, "member")
    house.iam.add_user_to_group(GroupName="pullers", UserName="member")
    calls = {True: house.iam.add_user_to_group, False: house.iam.remove_user_from_group}
    return house.server.token(keys), lambda on: calls[on](GroupName="pullers", UserName="member")


def by_managed_policy(house: House) -> tuple[str, Flip]:
    arn = house.iam.create_policy(PolicyName="pull", PolicyDocument=document(ALLOW))["Policy"]["Arn"]
    house.iam.create_policy_version(PolicyArn=arn, PolicyDocument=document(NOTHING))
    keys = house.user(house.iam, "attached")
    house.iam.attach_user_policy(UserName="attached", PolicyArn=arn)
    token = house.server.token(keys)
    put = house.iam.set_default_policy_version
    return token, lambda on: put(PolicyArn=arn, VersionId="v1" if on else "v2")


def by_boundary(house: House) -> tuple[str, Flip]:
    arns = {
        on: house.iam.create_policy(PolicyName=f"bound{on}", PolicyDocument=document(statement))["Policy"]["Arn"]
        for on, statement in ((True, ALLOW), (False, NOTHING))
    }
    token = house.server.token(house.user(house.iam, "bounded", ALLOW))
    put = house.iam.put_user_permissions_boundary
    return token, lambda on: put(UserName="bounded", PermissionsBoundary=arns[on])


def by_key(house: House) -> tuple[str, Flip]:
    keys = house.user(house.iam, "keyed", ALLOW)
    put, key = house.iam.update_access_key, keys.access_key_id
    token = house.server.token(keys)
    return token, lambda on: put(UserName="keyed", AccessKeyId=key, Status="Active" if on else "Inactive")


def by_role(house: House) -> tuple[str, Flip]:
    trust = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    arn = house.iam.create_role(RoleName="puller", AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    put = house.iam.put_role_policy

    def flip(on: bool) -> None:
        put(RoleName="puller", PolicyName="p", PolicyDocument=document(ALLOW if on else NOTHING))

    flip(True)
    keys = house.user(house.iam, "assumer", {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arn})
    sts = house.server.client("sts", credentials=keys)
    session = keys_of(sts.assume_role(RoleArn=arn, RoleSessionName="flips"))
    return house.server.token(session), flip


def by_repository_policy(house: House) -> tuple[str, Flip]:
    keys = house.user(house.theirs, "repository", ALLOW)
    named = {"AWS": f"arn:aws:iam::{TENANT}:user/repository"}
    grant = {"Effect": "Allow", "Principal": named, "Action": READS[1:]}
    put, remove = house.ecr.set_repository_policy, house.ecr.delete_repository_policy

    def flip(on: bool) -> None:
        if on:
            put(repositoryName=NAME, policyText=document(grant))
        else:
            remove(repositoryName=NAME)

    flip(True)
    return house.server.token(keys), flip


def by_registry_policy(house: House) -> tuple[str, Flip]:
    keys = house.user(house.theirs, "registry", ALLOW)
    grant = {"Effect": "Allow", "Principal": {"AWS": TENANT}, "Action": READS[1:], "Resource": "*"}
    house.ecr.put_registry_policy(policyText=document(grant))
    put = house.ecr.put_account_setting
    return house.server.token(keys), lambda on: put(name="REGISTRY_POLICY_SCOPE", value="V2" if on else "V1")


def by_resource_tag(house: House) -> tuple[str, Flip]:
    tagged = {"StringEquals": {"aws:ResourceTag/open": "yes"}}
    token_alone = {"Effect": "Allow", "Action": READS[0], "Resource": "*"}
    token = house.server.token(house.user(house.iam, "tagged", token_alone, {**ALLOW, "Condition": tagged}))
    arn, put = f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/{NAME}", house.ecr.tag_resource
    put(resourceArn=arn, tags=[{"Key": "open", "Value": "yes"}])
    return token, lambda on: put(resourceArn=arn, tags=[{"Key": "open", "Value": "yes" if on else "no"}])


WAYS = [
    by_identity,
    by_group,
    by_managed_policy,
    by_boundary,
    by_key,
    by_role,
    by_repository_policy,
    by_registry_policy,
    by_resource_tag,
]


class Truth:
    """What holds now: its number, None while it is being changed."""

    def __init__(self) -> None:
        self.number = 0
        self.settled = True

    def now(self) -> tuple[int, bool]:
        return self.number, self.settled

    def change(self, flip: Flip) -> None:
        self.settled = False
        flip((self.number + 1) % 2 == 0)
        self.number += 1
        self.settled = True


def judge(worker: Worker, token: str, truth: Truth, ended: threading.Event, told: list[tuple[int, int]]) -> None:
    """Pull until it has ended: (right answer, answer) of each request for which there is one."""
    while not ended.is_set():
        before = truth.now()
        status = worker.ask("GET", PLACE, token).status
        if before == truth.now() and before[1]:
            told.append((200 if before[0] % 2 == 0 else 403, status))


@pytest.mark.parametrize("way", WAYS)
def test_a_change_decides_every_request_after_its_answer(house: House, full: bool, way: Callable[..., Any]) -> None:
    token, flip = way(house)
    workers, truth, ended = one_of_each(house.server, WORKERS), Truth(), threading.Event()
    told: list[list[tuple[int, int]]] = [[] for _ in workers]
    threads = [
        threading.Thread(target=judge, args=(worker, token, truth, ended, heard))
        for worker, heard in zip(workers, told, strict=True)
    ]
    for thread in threads:
        thread.start()
    settle = threading.Event()
    try:
        for _ in range(MANY_FLIPS if full else FLIPS):
            truth.change(flip)
            heard = [len(each) for each in told]
            while any(len(each) < before + 2 for each, before in zip(told, heard, strict=True)):
                assert all(thread.is_alive() for thread in threads), "whoever asks has stopped"
                settle.wait(0.001)
    finally:
        ended.set()
        for thread in threads:
            thread.join(30)
    refused = 401 if way is by_key else 403
    answers = [(right if right == 200 else refused, got) for heard_by in told for right, got in heard_by]
    assert {got for _, got in answers} == {200, refused}
    assert [pair for pair in answers if pair[0] != pair[1]] == []
