"""A creation template with a key of KMS: whatever makes the repository, what comes there is encrypted by that key."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.behaviour.callers import allow, policy
from tests.behaviour.doors import Door, push
from tests.behaviour.identities import ACCOUNT, Iam
from tests.behaviour.replicated import ABROAD, There, replicating, rule
from tests.behaviour.test_creation_templates import trust
from tests.factories.layouts import Image, image
from tests.factories.processes import Server
from tests.factories.pull_through import Upstream
from tests.factories.registry import Registry, error_codes
from tests.factories.waiting import wait

NEEDED = ["ecr:CreateRepository", "kms:DescribeKey", "kms:CreateGrant"]
REGION = "us-east-1"


def role(server: Server, *actions: str) -> str:
    """A role that ECR may assume, and that may do this."""
    iam = Iam(server)
    name = iam.name() + "keyed"
    iam.api.create_role(RoleName=name, AssumeRolePolicyDocument=policy(*trust()["Statement"]))
    iam.api.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy(allow(list(actions))))
    return str(iam.api.get_role(RoleName=name)["Role"]["Arn"])


@contextmanager
def template(server: Server, name: str, occasion: str, custom: str, region: str = REGION) -> Iterator[str]:
    """A template with a key of its own for what a repository is below, until the end; the key."""
    ecr = server.client(region=region)
    key = str(server.client("kms", region=region).create_key()["KeyMetadata"]["Arn"])
    prefix = name.rpartition("/")[0]
    ecr.create_repository_creation_template(
        prefix=prefix,
        appliedFor=[occasion],
        encryptionConfiguration={"encryptionType": "KMS", "kmsKey": key},
        customRoleArn=custom,
    )
    try:
        yield key
    finally:
        ecr.delete_repository_creation_template(prefix=prefix)


def require_encrypted(server: Server, name: str, key: str, made: Image, region: str = REGION) -> None:
    """The repository has the key, ECR its grants, and each blob is there encrypted and comes back whole."""
    (found,) = server.client(region=region).describe_repositories(repositoryNames=[name])["repositories"]
    assert found["encryptionConfiguration"] == {"encryptionType": "KMS", "kmsKey": key}
    grants = server.client("kms", region=region).list_grants(KeyId=key)["Grants"]
    context = {"aws:ecr:arn": found["repositoryArn"]}
    assert [each["Constraints"]["EncryptionContextSubset"] for each in grants] == [context] * 2
    path = name if region == REGION else f"{ACCOUNT}/{region}/{name}"
    for blob in made.blobs:
        assert Registry(server).pull_blob(path, blob.digest) == blob.data
        files = (server.data / "blobs").rglob(f"{blob.digest.partition(':')[2]}.*")
        assert ".sealed" in {each.suffix for each in files}


def test_a_first_push_makes_it_by_the_rights_of_the_templates_role(server: Server, iam: Iam, door: Door):
    name, made = f"{iam.name()}/app", image(6201)
    with template(server, name, "CREATE_ON_PUSH", role(server, *NEEDED)) as key:
        push(door, name, made, "v1")
    require_encrypted(server, name, key, made)


@pytest.mark.parametrize("missing", NEEDED[1:])
def test_without_the_roles_right_to_the_key_a_first_push_makes_nothing(
    server: Server, iam: Iam, ecr: Any, missing: str
):
    name, allowed = f"{iam.name()}/app", [each for each in NEEDED if each != missing]
    with template(server, name, "CREATE_ON_PUSH", role(server, *allowed)):
        answer = Registry(server).request("POST", f"/v2/{name}/blobs/uploads/", b"")
    assert (answer.status, error_codes(answer)) == (403, ["DENIED"])
    assert name not in {each["repositoryName"] for each in ecr.describe_repositories()["repositories"]}


def test_a_pull_through_the_cache_makes_it(hub: Upstream, cache: Server):
    made, name = image(6203), "hub/library/sealed"
    hub.put("library/sealed", made, "v1")
    with template(cache, name, "PULL_THROUGH_CACHE", role(cache, *NEEDED)) as key:
        held = Registry(cache).pull(name, "v1")
        assert all(held[each.digest] == each.data for each in made.blobs)
        wait(lambda: cache.client().describe_images(repositoryName=name)["imageDetails"], what="what was pulled")
    require_encrypted(cache, name, key, made)


def test_a_replication_makes_it_at_the_destination(server: Server, doors: dict[str, Door], repository: str):
    made, there = image(6204), There(server, repository)
    with (
        template(server, repository, "REPLICATION", role(server, *NEEDED), ABROAD) as key,
        replicating(server, rule(repository)),
    ):
        push(doors["oci"], repository, made, "v1")
        there.comes_to((made.digest, "v1"))
    require_encrypted(server, repository, key, made, ABROAD)
    there.ecr.delete_repository(repositoryName=repository, force=True)
