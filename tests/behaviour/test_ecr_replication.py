"""Replication: what is pushed comes to the registries that the rules name, by their own rules, and is told there."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.behaviour.callers import User, allow, policy
from tests.behaviour.doors import Door, push
from tests.behaviour.identities import ACCOUNT, Iam, refusal
from tests.behaviour.looked_up import awaited, lookup
from tests.behaviour.replicated import ABROAD, HERE, HOME, There, replicating, rule, statuses
from tests.behaviour.test_referrers_wire import artifact
from tests.behaviour.test_referrers_wire import put as put_manifests
from tests.factories.layouts import Image, image, index
from tests.factories.lifecycle import rule as lifecycle_rule
from tests.factories.lifecycle import text as lifecycle_text
from tests.factories.processes import Credentials, Server, create_account
from tests.factories.registry import Registry

TENANT = "777788881111"
ROLE = "AWSServiceRoleForECRReplication"


@pytest.fixture(scope="session")
def tenant(server: Server) -> Credentials:
    """The root keys of another account."""
    return create_account(server, TENANT)


@pytest.fixture
def there(server: Server, repository: str) -> There:
    """The repository of the same name in the other Region."""
    return There(server, repository)


@pytest.fixture
def rules(server: Server, repository: str) -> Iterator[Any]:
    """What is pushed to the repository goes to the other Region."""
    with replicating(server, rule(repository)) as ecr:
        yield ecr


def test_a_push_comes_to_the_destination_byte_by_byte(server, ecr, rules, repository, door: Door, there: There):
    made = image(3001)
    push(door, repository, made, "v1")
    there.comes_to((made.digest, "v1"))
    (copy,) = there.ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": "v1"}])["images"]
    assert copy["imageManifest"].encode() == made.manifest.data
    abroad = Registry(server)
    for blob in made.blobs:
        assert abroad.pull_blob(f"{ACCOUNT}/{ABROAD}/{repository}", blob.digest) == blob.data
    expected = [{"region": ABROAD, "registryId": ACCOUNT, "status": "COMPLETE"}]
    assert statuses(ecr, repository, imageTag="v1") == expected
    assert statuses(ecr, repository, imageDigest=made.digest) == expected


def test_a_configuration_is_shown_as_it_was_given_until_it_is_taken_away(server, ecr, repository):
    given = [rule("a/", deletes=True), {"destinations": [HERE]}, rule("bb", deletes=False)]
    with replicating(server, *given):
        told = ecr.describe_registry()
        assert (told["registryId"], told["replicationConfiguration"]) == (ACCOUNT, {"rules": given})
        assert server.client(region=ABROAD).describe_registry()["replicationConfiguration"] == {"rules": []}
    assert ecr.describe_registry()["replicationConfiguration"] == {"rules": []}


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ([rule("aa", {"region": HOME, "registryId": ACCOUNT})], "cannot be the same as the source registry"),
        ([rule("aa", {"region": "eu-north-1", "registryId": ACCOUNT})], "eu-north-1 is not served"),
        ([rule("aa")] * 26, "less than or equal to 25"),
        ([rule("aa", *({"region": HOME, "registryId": f"{n:012d}"} for n in range(1, 27)))], "at most 25 destinations"),
        ([{"destinations": [HERE], "repositoryFilters": rule("ab")["repositoryFilters"] * 101}], "equal to 100"),
        ([rule("UP")], "regular expression pattern"),
        ([rule("aa", HERE, HERE)], "once"),
    ],
)
def test_rules_that_cannot_be_are_refused_and_change_nothing(ecr, rules, said: str):
    code, message = refusal(ecr.put_replication_configuration, replicationConfiguration={"rules": rules})
    assert (code, said in message) == ("InvalidParameterException", True), message
    assert ecr.describe_registry()["replicationConfiguration"] == {"rules": []}


def test_only_what_a_prefix_names_and_what_is_pushed_later_is_replicated(
    server, ecr, make_repository, doors, there: There, repository, pushed: Image
):
    other = make_repository()
    with replicating(server, rule(f"{repository}x"), rule(repository)):
        made = image(3002)
        push(doors["oci"], other, made, "v1")
        push(doors["oci"], repository, made, "v2")
        there.comes_to((made.digest, "v2"))
    status = ecr.describe_image_replication_status
    assert status(repositoryName=other, imageId={"imageTag": "v1"})["replicationStatuses"] == []
    assert status(repositoryName=repository, imageId={"imageTag": "v1"})["replicationStatuses"] == []
    assert There(server, other).images() == set()


def test_an_index_comes_with_its_images_and_what_refers_to_them(server, rules, doors, repository, there: There):
    content = index(3003)
    signature = artifact(content.manifest, 1)
    put_manifests(Registry(server), repository, signature)
    push(doors["oci"], repository, content, "v1")
    children = [(child.digest, "") for child in content.children]
    there.comes_to((content.digest, "v1"), (signature.digest, ""), *children)
    (told,) = there.ecr.list_image_referrers(repositoryName=repository, subjectId={"imageDigest": content.digest})[
        "referrers"
    ]
    assert told["digest"] == signature.digest


def test_children_from_before_the_rule_come_with_their_index(server, doors, repository, there: There):
    content = index(3004)
    for child in content.children:
        push(doors["oci"], repository, child)
    with replicating(server, rule(repository)):
        doors["oci"].put(repository, content.manifest, "v1")
        there.comes_to((content.digest, "v1"), *((child.digest, "") for child in content.children))


def test_a_tag_that_moves_moves_there_too(rules, doors, repository, there: There):
    first, second = image(3005), image(3006)
    push(doors["oci"], repository, first, "v1")
    push(doors["aws"], repository, second, "v1")
    there.comes_to((first.digest, ""), (second.digest, "v1"))
    doors["aws"].put(repository, first.manifest, "v1")
    there.comes_to((first.digest, "v1"), (second.digest, ""))


def test_deletions_stay_at_home_unless_the_rule_says_otherwise(ecr, rules, door: Door, repository, there: There):
    kept, gone = image(3007), image(3008)
    push(door, repository, kept, "v1")
    push(door, repository, gone, "v2")
    there.comes_to((kept.digest, "v1"), (gone.digest, "v2"))
    door.delete(repository, gone.digest)
    door.put(repository, kept.manifest, "later")
    there.comes_to((kept.digest, "v1"), (kept.digest, "later"), (gone.digest, "v2"))


def test_deletions_and_tags_taken_off_go_where_the_rule_says_so(server, doors, door: Door, repository, there: There):
    with replicating(server, rule(repository, deletes=True)):
        tagged, gone, last = image(3009), image(3010), image(3011)
        for content, tags in ((tagged, ("a", "b")), (gone, ("c", "d")), (last, ("e",))):
            for tag in tags:
                push(doors["oci"], repository, content, tag)
        pairs = [(tagged.digest, "a"), (tagged.digest, "b"), (gone.digest, "c"), (gone.digest, "d"), (last.digest, "e")]
        there.comes_to(*pairs)
        there.ecr.put_image(repositoryName=repository, imageManifest=last.manifest.data.decode(), imageTag="own")
        door.delete(repository, "b")
        door.delete(repository, gone.digest)
        door.delete(repository, "e")
        there.comes_to((tagged.digest, "a"))


def test_what_a_lifecycle_policy_expires_is_deleted_there_too(server, ecr, doors, repository, there: There):
    with replicating(server, rule(repository, deletes=True)):
        old, new = image(3012), image(3013)
        push(doors["oci"], repository, old, "v1")
        push(doors["oci"], repository, new, "v2")
        there.comes_to((old.digest, "v1"), (new.digest, "v2"))
        ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=lifecycle_text(lifecycle_rule(1, 1)))
        there.comes_to((new.digest, "v2"))


def test_an_immutable_tag_there_stays_and_the_status_says_so(ecr, rules, doors, repository, there: There):
    there.ecr.create_repository(repositoryName=repository, imageTagMutability="IMMUTABLE")
    first, second = image(3014), image(3015)
    push(doors["oci"], repository, first, "v1")
    there.comes_to((first.digest, "v1"))
    push(doors["oci"], repository, second, "v1")
    there.comes_to((first.digest, "v1"), (second.digest, ""))
    failed = {"region": ABROAD, "registryId": ACCOUNT, "status": "FAILED", "failureCode": "ImageTagAlreadyExists"}
    assert statuses(ecr, repository, imageTag="v1") == [failed]
    doors["oci"].put(repository, second.manifest, "v2")
    there.comes_to((first.digest, "v1"), (second.digest, "v2"))
    assert statuses(ecr, repository, imageTag="v2")[0]["status"] == "COMPLETE"
    assert statuses(ecr, repository, imageDigest=second.digest) == [failed]


def test_what_was_replicated_goes_no_further(server, ecr, repository, doors, there: There, tenant: Credentials):
    beyond = {"region": ABROAD, "registryId": TENANT}
    grant(server, tenant, "ecr:ReplicateImage", "ecr:CreateRepository")
    with replicating(server, rule(repository)), replicating(server, rule(repository, beyond), region=ABROAD):
        replicated, own = image(3016), image(3017)
        push(doors["oci"], repository, replicated, "v1")
        there.comes_to((replicated.digest, "v1"))
        Registry(server).push(f"{ACCOUNT}/{ABROAD}/{repository}", own, "v2")
        There(server, repository, keys=tenant).comes_to((own.digest, "v2"))


def grant(server: Server, keys: Credentials, *actions: str, region: str = ABROAD) -> None:
    """The registry policy of another account: the account of these tests may do this."""
    ecr = server.client(region=region, credentials=keys)
    source = {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}
    resource = f"arn:aws:ecr:{region}:{TENANT}:repository/*"
    ecr.put_registry_policy(policyText=policy(allow(list(actions), resource, **source)))


def test_another_account_must_allow_it(server, ecr, repository, doors, tenant: Credentials):
    there = There(server, repository, HOME, tenant)
    abroad = server.client(region=HOME, credentials=tenant)
    with replicating(server, rule(repository, {"region": HOME, "registryId": TENANT})):
        status = {"region": HOME, "registryId": TENANT}
        denied = {**status, "status": "FAILED", "failureCode": "AccessDenied"}
        first, second = image(3018), image(3019)
        push(doors["oci"], repository, first, "v1")
        assert statuses(ecr, repository, imageTag="v1") == [denied]
        grant(server, tenant, "ecr:ReplicateImage", region=HOME)
        push(doors["oci"], repository, first, "v2")
        assert statuses(ecr, repository, imageTag="v2") == [denied]
        assert there.images() == set()
        abroad.create_repository(repositoryName=repository)
        push(doors["oci"], repository, second, "v3")
        assert statuses(ecr, repository, imageTag="v3") == [{**status, "status": "COMPLETE"}]
        there.comes_to((second.digest, "v3"))
        abroad.delete_repository(repositoryName=repository, force=True)
        grant(server, tenant, "ecr:ReplicateImage", "ecr:CreateRepository", region=HOME)
        push(doors["oci"], repository, second, "v4")
        there.comes_to((second.digest, "v4"))
    trail = server.client("cloudtrail")

    def told() -> list[dict[str, Any]]:
        found = [json.loads(event["CloudTrailEvent"]) for event in lookup(trail, "EventName", "ReplicateImage")]
        return [each for each in found if each["requestParameters"]["repositoryName"] == repository]

    records = awaited(told, 4)
    assert sorted(record.get("errorCode", "") for record in records) == ["", "", "AccessDenied", "AccessDenied"]
    for record in records:
        assert record["userIdentity"]["arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/{ROLE}/ECRReplication"


def test_a_template_of_the_destination_shapes_what_is_made_there(rules, doors, repository, there: There):
    made = {"prefix": "behaviour", "appliedFor": ["REPLICATION"], "imageTagMutability": "IMMUTABLE"}
    there.ecr.create_repository_creation_template(**made)
    try:
        push(doors["oci"], repository, image(3020), "v1")
        there.comes_to((image(3020).digest, "v1"))
        (found,) = there.ecr.describe_repositories(repositoryNames=[repository])["repositories"]
        assert found["imageTagMutability"] == "IMMUTABLE"
    finally:
        there.ecr.delete_repository_creation_template(prefix="behaviour")


def test_settings_policies_and_archives_stay_at_home(ecr, rules, doors, repository, there: There):
    ecr.put_image_tag_mutability(repositoryName=repository, imageTagMutability="IMMUTABLE")
    ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=lifecycle_text(lifecycle_rule(1, 9)))
    ecr.tag_resource(
        resourceArn=f"arn:aws:ecr:{HOME}:{ACCOUNT}:repository/{repository}", tags=[{"Key": "k", "Value": "v"}]
    )
    made = image(3021)
    push(doors["oci"], repository, made, "v1")
    there.comes_to((made.digest, "v1"))
    named = {"repositoryName": repository, "imageId": {"imageDigest": made.digest}}
    ecr.update_image_storage_class(targetStorageClass="ARCHIVE", **named)
    ecr.update_image_storage_class(targetStorageClass="STANDARD", **named)
    assert statuses(ecr, repository, imageTag="v1")[0]["status"] == "COMPLETE"
    (found,) = there.ecr.describe_repositories(repositoryNames=[repository])["repositories"]
    assert found["imageTagMutability"] == "MUTABLE"
    assert there.ecr.list_tags_for_resource(resourceArn=found["repositoryArn"])["tags"] == []
    assert refusal(there.ecr.get_lifecycle_policy, repositoryName=repository)[0] == "LifecyclePolicyNotFoundException"
    (image_there,) = there.ecr.describe_images(repositoryName=repository)["imageDetails"]
    assert image_there["imageStatus"] == "ACTIVE"


def test_what_is_restored_at_home_or_archived_there_comes_back(ecr, server, repository, doors, there: There):
    made = image(3022)
    push(doors["oci"], repository, made, "v1")
    named = {"repositoryName": repository, "imageId": {"imageDigest": made.digest}}
    ecr.update_image_storage_class(targetStorageClass="ARCHIVE", **named)
    with replicating(server, rule(repository)):
        ecr.update_image_storage_class(targetStorageClass="STANDARD", **named)
        there.comes_to((made.digest, "v1"))
        there.ecr.update_image_storage_class(targetStorageClass="ARCHIVE", **named)
        doors["oci"].put(repository, made.manifest, "v2")
        there.comes_to((made.digest, "v1"), (made.digest, "v2"))
        (found,) = there.ecr.describe_images(repositoryName=repository)["imageDetails"]
        assert found["imageStatus"] == "ACTIVE"


def test_the_first_rules_make_the_role_and_whoever_sets_them_must_be_allowed_to(server, ecr, iam: Iam, user: User):
    with replicating(server, rule("none")):
        made = iam.api.get_role(RoleName=ROLE)["Role"]
        assert made["Path"] == "/aws-service-role/replication.ecr.amazonaws.com/"
    given = {"replicationConfiguration": {"rules": [rule("none")]}}
    iam.api.delete_service_linked_role(RoleName=ROLE)
    user.put("replication", allow("ecr:PutReplicationConfiguration"))
    code, message = refusal(user.ecr.put_replication_configuration, **given)
    assert (code, "iam:CreateServiceLinkedRole" in message) == ("AccessDeniedException", True)
    assert ecr.describe_registry()["replicationConfiguration"] == {"rules": []}
    user.put("role", allow("iam:CreateServiceLinkedRole"))
    try:
        user.ecr.put_replication_configuration(**given)
        assert iam.api.get_role(RoleName=ROLE)["Role"]["RoleName"] == ROLE
    finally:
        ecr.put_replication_configuration(replicationConfiguration={"rules": []})


def test_a_status_is_of_an_image_that_is_there(ecr, repository, pushed: Image):
    ask = ecr.describe_image_replication_status
    assert ask(repositoryName=repository, imageId={"imageTag": "v1"})["replicationStatuses"] == []
    assert refusal(ask, repositoryName=repository, imageId={"imageTag": "absent"})[0] == "ImageNotFoundException"
    assert refusal(ask, repositoryName=repository, imageId={})[0] == "InvalidParameterException"
    assert (
        refusal(ask, repositoryName="behaviour/absent", imageId={"imageTag": "v"})[0] == "RepositoryNotFoundException"
    )


@pytest.mark.parametrize("encrypted", ["source", "destination"])
def test_bytes_are_encrypted_for_whoever_holds_them(server, ecr, make_repository, doors, encrypted: str):
    kms = {"encryptionConfiguration": {"encryptionType": "KMS"}}
    name = make_repository(**(kms if encrypted == "source" else {}))
    there, made = There(server, name), index(3023)
    if encrypted == "destination":
        there.ecr.create_repository(repositoryName=name, **kms)
    with replicating(server, rule(name)):
        push(doors["oci"], name, made, "v1")
        there.comes_to((made.digest, "v1"), *((child.digest, "") for child in made.children))
        assert statuses(ecr, name, imageTag="v1")[0]["status"] == "COMPLETE"
    (found,) = there.ecr.describe_repositories(repositoryNames=[name])["repositories"]
    shown = found["encryptionConfiguration"]["encryptionType"]
    assert shown == ("AES256" if encrypted == "source" else "KMS")
    abroad = Registry(server)
    for child in made.children:
        for blob in child.blobs:
            assert abroad.pull_blob(f"{ACCOUNT}/{ABROAD}/{name}", blob.digest) == blob.data
