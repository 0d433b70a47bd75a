"""What AWS has no name for of replication: settings that go too, tags that go alone, repairs; and how copies stand in
other Regions and accounts, with the registry's policy there and without it.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.behaviour.callers import User, allow, policy
from tests.behaviour.doors import Door, push
from tests.behaviour.identities import ACCOUNT, refusal
from tests.behaviour.replicated import ABROAD, HERE, HOME, PATIENCE, There, replicating, rule, statuses
from tests.factories.layouts import image
from tests.factories.lifecycle import rule as lifecycle_rule
from tests.factories.lifecycle import text as lifecycle_text
from tests.factories.processes import Credentials, Server, create_account
from tests.factories.waiting import wait

TENANT = "777788885555"
SETTINGS = ["IMAGE_TAG_MUTABILITY", "SCAN_ON_PUSH", "RESOURCE_TAGS", "LIFECYCLE_POLICY", "REPOSITORY_POLICY"]
ABSENT = "00000000-0000-4000-8000-000000000000"
Asked = dict[str, Any]


@pytest.fixture(scope="session")
def tenant(server: Server) -> Credentials:
    """The root keys of an account that allows nothing until a test says so."""
    return create_account(server, TENANT)


@pytest.fixture
def own(server: Server) -> Iterator[Any]:
    """A client of what AWS has no API for; without options in the end."""
    client = server.client("entrepot")
    yield client
    client.put_replication_options(options=[])


@pytest.fixture
def there(server: Server, repository: str) -> There:
    return There(server, repository)


def option(prefix: str, *tags: str, settings: list[str] | None = None) -> Asked:
    """Of repositories of a prefix on their way to the other Region."""
    made: Asked = {"destination": HERE, "repositoryFilters": [{"filter": prefix, "filterType": "PREFIX_MATCH"}]}
    if tags:
        made["tagFilters"] = [{"filter": each, "filterType": "WILDCARD"} for each in tags]
    return made | ({} if settings is None else {"settings": settings})


def test_options_are_shown_as_they_were_given(own: Any):
    given = [option("a/", "v*", settings=SETTINGS), {"destination": HERE, "settings": ["RESOURCE_TAGS"]}]
    assert own.get_replication_options()["options"] == []
    assert own.put_replication_options(options=given)["options"] == given
    told = own.get_replication_options()
    assert (told["registryId"], told["options"]) == (ACCOUNT, given)
    code, message = refusal(own.put_replication_options, options=[option("a/", "a***")])
    assert (code, "wildcards" in message) == ("InvalidParameterException", True)
    assert own.get_replication_options()["options"] == given


def test_settings_come_with_the_first_image_and_whenever_they_change(
    own: Any, server, ecr, doors, repository, there: There
):
    own.put_replication_options(options=[option(repository, settings=SETTINGS)])
    arn = f"arn:aws:ecr:{HOME}:{ACCOUNT}:repository/{repository}"
    text = policy({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "ecr:BatchGetImage"})
    with replicating(server, rule(repository)):
        ecr.put_image_tag_mutability(repositoryName=repository, imageTagMutability="IMMUTABLE")
        ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=lifecycle_text(lifecycle_rule(1, 9)))
        push(doors["oci"], repository, image(3301), "v1")
        there.comes_to((image(3301).digest, "v1"))
        wait(lambda: described(there)["imageTagMutability"] == "IMMUTABLE", PATIENCE, "settings of the first image")
        ecr.put_image_scanning_configuration(repositoryName=repository, imageScanningConfiguration={"scanOnPush": True})
        ecr.tag_resource(resourceArn=arn, tags=[{"Key": "team", "Value": "a"}])
        ecr.set_repository_policy(repositoryName=repository, policyText=text)
        wait(lambda: described(there)["imageScanningConfiguration"]["scanOnPush"], PATIENCE, "scan on push")
        tags = {"resourceArn": described(there)["repositoryArn"]}
        wait(lambda: there.ecr.list_tags_for_resource(**tags)["tags"] == [{"Key": "team", "Value": "a"}], PATIENCE)
        wait(lambda: policy_of(there.ecr, repository) == policy_of(ecr, repository) != "", PATIENCE, "the policy")
        assert (
            there.ecr.get_lifecycle_policy(repositoryName=repository)["lifecyclePolicyText"]
            == (ecr.get_lifecycle_policy(repositoryName=repository)["lifecyclePolicyText"])
        )
        ecr.delete_repository_policy(repositoryName=repository)
        wait(lambda: policy_of(there.ecr, repository) == "", PATIENCE, "no policy")


def described(there: There) -> Asked:
    (found,) = there.ecr.describe_repositories(repositoryNames=[there.name])["repositories"]
    return dict(found)


def policy_of(ecr: Any, name: str) -> str:
    try:
        return str(ecr.get_repository_policy(repositoryName=name)["policyText"])
    except ecr.exceptions.RepositoryPolicyNotFoundException:
        return ""


def test_only_tags_that_match_go(own: Any, server, ecr, door: Door, repository, there: There):
    own.put_replication_options(options=[option(repository, "v*", "stable")])
    with replicating(server, rule(repository)):
        made = image(3302)
        push(door, repository, made, "dev")
        for tag in ("v1", "stable"):
            door.put(repository, made.manifest, tag)
        push(door, repository, image(3303), "dev")
        push(door, repository, image(3304), "v2")
        there.comes_to((made.digest, "v1"), (made.digest, "stable"), (image(3304).digest, "v2"))
    asked = ecr.describe_image_replication_status(repositoryName=repository, imageId={"imageTag": "dev"})
    assert asked["replicationStatuses"] == []


def test_a_repair_finds_what_differs_and_closes_it(own: Any, server, ecr, doors, repository, there: There):
    before, after = image(3305), image(3306)
    push(doors["oci"], repository, before, "before")
    with replicating(server, rule(repository, deletes=True)):
        push(doors["oci"], repository, after, "after")
        there.comes_to((after.digest, "after"))
        manifest = after.manifest.data.decode()
        there.ecr.put_image(repositoryName=repository, imageManifest=manifest, imageTag="surplus")
        asked = {"destination": HERE, "repositoryName": repository}
        dry = own.start_replication_repair(**asked, dryRun=True)
        assert (dry["registryId"], dry["destination"], dry["dryRun"]) == (ACCOUNT, HERE, True)
        told = repaired(own, dry)
        differences = [
            {"repositoryName": repository, "difference": "MISSING", "imageDigest": before.digest, "imageTag": "before"},
            {"repositoryName": repository, "difference": "EXTRA", "imageDigest": after.digest, "imageTag": "surplus"},
        ]
        assert (told["comparedCount"], told["differenceCount"], told["keptCount"]) == (4, 2, 0)
        assert told["differences"] == [{**each, "kept": False} for each in differences]
        page = own.describe_replication_repair(repairId=dry["repairId"], maxResults=1)
        rest = own.describe_replication_repair(repairId=dry["repairId"], maxResults=1, nextToken=page["nextToken"])
        assert page["differences"] + rest["differences"] == told["differences"]
        assert "nextToken" not in rest
        assert repaired(own, own.start_replication_repair(**asked))["differenceCount"] == 2
        there.comes_to((before.digest, "before"), (after.digest, "after"))
        assert statuses(ecr, repository, imageTag="before")[0]["status"] == "COMPLETE"
        assert repaired(own, own.start_replication_repair(**asked))["differenceCount"] == 0
    assert refusal(own.start_replication_repair, **asked)[0] == "InvalidParameterException"


def repaired(own: Any, begun: Asked) -> Asked:
    """A repair once it has compared everything."""

    def look() -> Asked | None:
        found: Asked = own.describe_replication_repair(repairId=begun["repairId"])
        return found if found["status"] == "COMPLETE" else None

    return wait(look, PATIENCE, "a repair that has ended") or {}


def test_who_may_replicate_may_not_set_options_nor_repair(server, user: User, own: Any):
    user.put("replication", allow("ecr:*"))
    theirs = server.client("entrepot", credentials=user.keys)
    for ask, given in (
        (theirs.put_replication_options, {"options": []}),
        (theirs.get_replication_options, {}),
        (theirs.start_replication_repair, {"destination": HERE}),
        (theirs.describe_replication_repair, {"repairId": ABSENT}),
    ):
        assert refusal(ask, **given)[0] == "AccessDeniedException"
    user.put("options", allow("entrepot:*ReplicationOptions"))
    assert theirs.put_replication_options(options=[])["options"] == []
    assert refusal(own.describe_replication_repair, repairId=ABSENT)[0] == "ReplicationRepairNotFoundException"


@pytest.mark.parametrize("allowed", [(), (HOME,), (ABROAD,), (HOME, ABROAD)])
def test_each_copy_stands_as_the_policy_of_its_registry_says(
    server, ecr, repository, doors, tenant: Credentials, allowed: tuple[str, ...]
):
    clients = {region: server.client(region=region, credentials=tenant) for region in (HOME, ABROAD)}
    source = {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}
    for region in allowed:
        resource = f"arn:aws:ecr:{region}:{TENANT}:repository/*"
        grant = allow(["ecr:ReplicateImage", "ecr:CreateRepository"], resource, **source)
        clients[region].put_registry_policy(policyText=policy(grant))
    places = [HERE, *({"region": region, "registryId": TENANT} for region in (ABROAD, HOME))]
    try:
        with replicating(server, rule(repository, *places)):
            made = image(3307)
            push(doors["oci"], repository, made, "v1")
            told = {(each["region"], each["registryId"]): each for each in statuses(ecr, repository, imageTag="v1")}
        assert told[ABROAD, ACCOUNT] == {**HERE, "status": "COMPLETE"}
        for region in (HOME, ABROAD):
            copy, place = There(server, repository, region, tenant), {"region": region, "registryId": TENANT}
            if region in allowed:
                assert told[region, TENANT] == {**place, "status": "COMPLETE"}
                assert copy.images() == {(made.digest, "v1")}
            else:
                assert told[region, TENANT] == {**place, "status": "FAILED", "failureCode": "AccessDenied"}
                assert copy.images() == set()
    finally:
        for region in allowed:
            clients[region].delete_registry_policy()
