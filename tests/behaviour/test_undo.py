"""Deletion protection and the trash, through both doors: what is protected stays, what was deleted comes back, and what
is in the trash is nowhere else.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.behaviour.callers import User, allow, of
from tests.behaviour.doors import Door, Refused, outcome, push
from tests.behaviour.identities import ACCOUNT, refusal
from tests.behaviour.looked_up import awaited, lookup
from tests.factories.layouts import image, index
from tests.factories.processes import Server
from tests.factories.registry import Registry, error_codes

GRACE = 3600


@pytest.fixture(scope="session")
def own(server: Server) -> Any:
    """A client of what AWS has no API for."""
    return server.client("entrepot")


@pytest.fixture
def trash(own: Any) -> Iterator[Any]:
    """The same, while what is deleted may be restored."""
    own.put_trash_configuration(graceSeconds=GRACE)
    yield own
    own.put_trash_configuration(graceSeconds=0)


def entries(own: Any, repository: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    token: dict[str, str] = {}
    while True:
        page = own.list_trash(maxResults=2, **token)
        found += [each for each in page["trash"] if each["repositoryName"] == repository]
        if "nextToken" not in page:
            return found
        token = {"nextToken": page["nextToken"]}


@pytest.mark.parametrize("by", ["tag", "digest"])
def test_nothing_of_a_protected_repository_is_deleted(own: Any, ecr: Any, door: Door, reader: Door, repository, by):
    made = image(1)
    push(door, repository, made, "v1")
    door.put(repository, made.manifest, "v2")
    protected = own.put_repository_protection(repositoryName=repository, enabled=True)
    assert protected["enabled"] is True
    assert protected["owner"] == f"arn:aws:iam::{ACCOUNT}:root"
    with pytest.raises(Refused, match="protected from deletion"):
        door.delete(repository, "v1" if by == "tag" else made.digest)
    for force in (False, True):
        code, message = refusal(ecr.delete_repository, repositoryName=repository, force=force)
        assert code == "AccessDeniedException"
        assert "protected from deletion" in message
    assert reader.tags(repository) == ["v1", "v2"]
    own.put_repository_protection(repositoryName=repository, enabled=False)
    assert own.get_repository_protection(repositoryName=repository)["enabled"] is False
    door.delete(repository, made.digest)
    assert reader.tags(repository) == []


def test_a_protected_repository_takes_pushes_and_keeps_its_blobs(own: Any, server: Server, repository: str):
    registry, made = Registry(server), image(1)
    own.put_repository_protection(repositoryName=repository, enabled=True)
    registry.push_blob(repository, made.config)
    refused = registry.request("DELETE", f"/v2/{repository}/blobs/{made.config.digest}")
    assert (refused.status, error_codes(refused)) == (403, ["DENIED"])
    registry.push(repository, made, "v1")
    registry.push(repository, image(2), "v1")


def test_who_may_delete_may_not_unprotect(own: Any, user: User, server: Server, repository: str):
    user.put("p", allow(["ecr:*", "entrepot:GetRepositoryProtection"]))
    theirs = server.client("entrepot", credentials=user.keys)
    own.put_repository_protection(repositoryName=repository, enabled=True)
    assert theirs.get_repository_protection(repositoryName=repository)["enabled"] is True
    code, message = refusal(theirs.put_repository_protection, repositoryName=repository, enabled=False)
    assert code == "AccessDeniedException"
    assert f"entrepot:PutRepositoryProtection on resource: {of(repository)}" in message


def test_without_a_grace_what_is_deleted_is_gone(own: Any, door: Door, repository: str):
    assert own.get_trash_configuration()["graceSeconds"] == 0
    push(door, repository, image(1), "v1")
    door.delete(repository, "v1")
    assert entries(own, repository) == []
    asked = {"repositoryName": repository, "imageDigest": image(1).digest}
    assert refusal(own.restore_image, **asked)[0] == "TrashedNotFoundException"


@pytest.mark.parametrize("by", ["tag", "digest"])
def test_an_image_comes_back_with_its_tags_and_is_nowhere_until_then(trash, ecr, door, reader, repository, by):
    made = image(1)
    push(door, repository, made, "v1")
    if by == "digest":
        door.put(repository, made.manifest, "v2")
    had = ["v1"] if by == "tag" else ["v1", "v2"]
    door.delete(repository, "v1" if by == "tag" else made.digest)
    assert outcome(reader.read, repository, made.digest) == "image absent"
    assert reader.tags(repository) == []
    assert ecr.describe_images(repositoryName=repository)["imageDetails"] == []
    (entry,) = entries(trash, repository)
    assert (entry["imageDigest"], entry["imageTags"]) == (made.digest, had)
    assert entry["deletedBy"] == f"arn:aws:iam::{ACCOUNT}:root"
    assert (entry["expiresAt"] - entry["deletedAt"]).total_seconds() == GRACE
    restored = trash.restore_image(repositoryName=repository, imageDigest=made.digest)
    assert restored["images"] == [{"imageDigest": made.digest, "imageTags": had, "takenTags": []}]
    assert entries(trash, repository) == []
    for reference in (made.digest, *had):
        assert reader.read(repository, reference) == made.manifest
    assert reader.read_blob(repository, made.config.digest) == made.config.data


def test_a_tag_that_another_image_has_by_now_stays_there_and_is_told(trash, door, reader, repository):
    first, second = image(1), image(2)
    push(door, repository, first, "v1")
    door.put(repository, first.manifest, "v2")
    door.delete(repository, first.digest)
    push(door, repository, second, "v1")
    (restored,) = trash.restore_image(repositoryName=repository, imageDigest=first.digest)["images"]
    assert restored["imageTags"] == ["v2"]
    assert restored["takenTags"] == [{"imageTag": "v1", "imageDigest": second.digest}]
    assert reader.read(repository, "v1") == second.manifest
    assert reader.read(repository, "v2") == first.manifest


def test_an_immutable_tag_comes_back_where_it_was(trash, door, reader, make_repository):
    repository = make_repository(imageTagMutability="IMMUTABLE")
    push(door, repository, image(1), "v1")
    door.delete(repository, "v1")
    trash.restore_image(repositoryName=repository, imageDigest=image(1).digest)
    assert outcome(door.put, repository, image(1).manifest, "v2") == "done"
    push(door, repository, image(2), "v3")
    assert outcome(door.put, repository, image(2).manifest, "v1") == "tag immutable"
    assert reader.read(repository, "v1") == image(1).manifest


def test_an_index_comes_back_with_its_children(trash, ecr, server, reader, repository):
    whole = index(1)
    Registry(server).push(repository, whole, "v1")
    digests = [whole.digest, *(child.digest for child in whole.children)]
    ids = [{"imageDigest": digest} for digest in digests]
    assert ecr.batch_delete_image(repositoryName=repository, imageIds=ids)["failures"] == []
    assert len(entries(trash, repository)) == 3
    restored = trash.restore_image(repositoryName=repository, imageDigest=whole.digest)["images"]
    assert restored[0]["imageDigest"] == whole.digest
    assert {each["imageDigest"] for each in restored} == set(digests)
    assert set(digests) <= set(Registry(server).pull(repository, "v1"))
    assert reader.tags(repository) == ["v1"]


def test_a_referrer_that_went_with_its_subject_comes_back_with_it(trash, ecr, server, repository):
    registry, made = Registry(server), image(1)
    registry.push(repository, made, "v1")
    referrer = image(2, subject=made.manifest.descriptor())
    registry.push(repository, referrer)
    ids = [{"imageDigest": made.digest}, {"imageDigest": referrer.digest}]
    ecr.batch_delete_image(repositoryName=repository, imageIds=ids)
    trash.restore_image(repositoryName=repository, imageDigest=made.digest)
    listed = registry.request("GET", f"/v2/{repository}/referrers/{made.digest}")
    assert referrer.digest.encode() in listed.data


def test_a_blob_that_something_in_the_trash_needs_is_not_deleted(trash, ecr, server, repository):
    registry, made = Registry(server), image(1)
    registry.push(repository, made, "v1")
    ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageTag": "v1"}])
    path = f"/v2/{repository}/blobs/{made.config.digest}"
    assert registry.request("DELETE", path).status == 409
    (entry,) = entries(trash, repository)
    trash.purge_trash(repositoryName=repository, trashId=entry["trashId"])
    assert registry.request("DELETE", path).status == 202
    asked = {"repositoryName": repository, "trashId": entry["trashId"]}
    assert refusal(trash.restore_image, **asked)[0] == "TrashedNotFoundException"


def test_a_repository_comes_back_with_all_that_it_held(trash, ecr, door, reader, make_repository):
    tags = [{"Key": "team", "Value": "one"}]
    repository = make_repository(imageTagMutability="IMMUTABLE", tags=tags)
    policy = (
        '{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Principal": "*", "Action": "ecr:PutLifecycle*"}}'
    )
    before = ecr.describe_repositories(repositoryNames=[repository])["repositories"]
    text = ecr.set_repository_policy(repositoryName=repository, policyText=policy)["policyText"]
    push(door, repository, image(1), "v1")
    push(door, repository, image(2), "v2")
    door.delete(repository, "v2")
    ecr.delete_repository(repositoryName=repository, force=True)
    assert outcome(reader.read, repository, "v1") == "repository absent"
    assert outcome(reader.tags, repository) == "repository absent"
    assert ["imageDigest" in each for each in entries(trash, repository)] == [False]
    trash.restore_repository(repositoryName=repository)
    assert ecr.describe_repositories(repositoryNames=[repository])["repositories"] == before
    assert ecr.get_repository_policy(repositoryName=repository)["policyText"] == text
    assert ecr.list_tags_for_resource(resourceArn=before[0]["repositoryArn"])["tags"] == tags
    assert reader.tags(repository) == ["v1"]
    assert reader.read(repository, "v1") == image(1).manifest
    trash.restore_image(repositoryName=repository, imageDigest=image(2).digest)
    assert reader.read(repository, "v2") == image(2).manifest


def test_a_repository_whose_name_is_taken_waits(trash, ecr, door, reader, repository):
    push(door, repository, image(1), "v1")
    ecr.delete_repository(repositoryName=repository, force=True)
    ecr.create_repository(repositoryName=repository)
    assert outcome(reader.read, repository, "v1") == "image absent"
    assert refusal(trash.restore_repository, repositoryName=repository)[0] == "RepositoryAlreadyExistsException"
    ecr.delete_repository(repositoryName=repository)
    older = min(entries(trash, repository), key=lambda each: each["deletedAt"])["trashId"]
    trash.restore_repository(repositoryName=repository, trashId=older)
    assert reader.read(repository, "v1") == image(1).manifest


def test_a_purged_repository_is_gone(trash, ecr, repository):
    ecr.delete_repository(repositoryName=repository)
    (entry,) = entries(trash, repository)
    trash.purge_trash(repositoryName=repository, trashId=entry["trashId"])
    assert refusal(trash.restore_repository, repositoryName=repository)[0] == "TrashedNotFoundException"
    assert refusal(trash.purge_trash, repositoryName=repository, trashId=entry["trashId"])[0] == (
        "TrashedNotFoundException"
    )


def test_what_is_restored_is_audited_by_its_own_service(trash, ecr, server, repository):
    Registry(server).push(repository, image(1), "v1")
    ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageTag": "v1"}])
    trash.restore_image(repositoryName=repository, imageDigest=image(1).digest)
    client = server.client("cloudtrail")
    told = awaited(
        lambda: [each for each in lookup(client, "EventName", "RestoreImage") if repository in each["CloudTrailEvent"]]
    )
    assert [each["EventSource"] for each in told] == ["entrepot.amazonaws.com"]


def test_who_may_push_and_delete_may_not_restore(trash, user, server, ecr, repository):
    Registry(server).push(repository, image(1), "v1")
    ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageTag": "v1"}])
    user.put("p", allow("ecr:*"))
    theirs = server.client("entrepot", credentials=user.keys)
    asked = {"repositoryName": repository, "imageDigest": image(1).digest}
    assert refusal(theirs.restore_image, **asked)[0] == "AccessDeniedException"
    assert refusal(theirs.list_trash)[0] == "AccessDeniedException"
    user.put("restore", allow("entrepot:RestoreImage", of(repository)))
    assert theirs.restore_image(**asked)["images"][0]["imageTags"] == ["v1"]
