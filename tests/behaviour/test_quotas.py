"""Service quotas and quotas of bytes, through both doors: what is more than an operator allows is refused and leaves
nothing behind; what is taken away makes room.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from entrepot.app.opened import read_as_root, write_as_root
from entrepot.core.quotas import settings
from entrepot.settings import load
from entrepot.spec.repository import RegistryKey, public_registry
from tests.behaviour.doors import Door, Refused, push
from tests.behaviour.identities import ACCOUNT, refusal
from tests.behaviour.public import PublicRegistry
from tests.factories.layouts import Content, Image, image, index
from tests.factories.processes import REGION, Server
from tests.factories.registry import Registry, error_codes, with_query

HERE, PUBLIC = RegistryKey("private", ACCOUNT, REGION), public_registry(ACCOUNT)
MIB = 1024 * 1024
Set = Callable[..., None]


@pytest.fixture
def quota(server: Server) -> Iterator[Set]:
    """Sets a service quota; all have AWS's values again afterwards."""
    found, was_set = load({"data": str(server.data)}, {}), []

    def put(name: str, value: int, key: RegistryKey = HERE) -> None:
        write_as_root(found, HERE, settings.put, key, name, value)
        was_set.append((key, name))

    yield put
    for key, name in was_set:
        write_as_root(found, HERE, settings.reset, key, name)


@pytest.fixture
def byte_quota(server: Server) -> Iterator[Set]:
    """Sets a quota of bytes; there is none afterwards."""
    found, was_set = load({"data": str(server.data)}, {}), set()

    def put(prefix: str, value: int) -> None:
        write_as_root(found, HERE, settings.put_bytes, HERE, prefix, value)
        was_set.add(prefix)

    yield put
    for prefix in was_set:
        write_as_root(found, HERE, settings.remove_bytes, HERE, prefix)


def used(server: Server, prefix: str = "") -> settings.Used:
    found = read_as_root(load({"data": str(server.data)}, {}), HERE, settings.usage, HERE)
    return next(each for each in found if each.prefix == prefix)


def size_of(*images: Image) -> int:
    return sum(len(blob.data) for made in images for blob in {each.digest: each for each in made.blobs}.values())


def test_a_registry_has_so_many_repositories(ecr: Any, quota: Set, make_repository: Callable[..., str]):
    make_repository()
    quota("Repositories", 1)
    code, message = refusal(ecr.create_repository, repositoryName="quotas/refused")
    assert code == "LimitExceededException"
    assert "maximum allowed number of repositories per registry which is '1'" in message
    assert refusal(ecr.describe_repositories, repositoryNames=["quotas/refused"])[0] == "RepositoryNotFoundException"
    quota("Repositories", 1_000_000)
    ecr.create_repository(repositoryName="quotas/refused")


def test_a_deleted_repository_makes_room(ecr: Any, quota: Set, make_repository: Callable[..., str]):
    name = make_repository()
    there = sum(len(page["repositories"]) for page in ecr.get_paginator("describe_repositories").paginate())
    quota("Repositories", there)
    assert refusal(ecr.create_repository, repositoryName="quotas/room")[0] == "LimitExceededException"
    ecr.delete_repository(repositoryName=name)
    ecr.create_repository(repositoryName="quotas/room")
    assert refusal(ecr.create_repository, repositoryName="quotas/more")[0] == "LimitExceededException"
    ecr.delete_repository(repositoryName="quotas/room")


def test_a_public_registry_has_quotas_of_its_own(server: Server, quota: Set, make_repository: Callable[..., str]):
    public = PublicRegistry(server)
    public.repository()
    quota("Repositories", 1, PUBLIC)
    make_repository()
    code, _ = refusal(public.api.create_repository, repositoryName="quotas/public")
    assert code == "LimitExceededException"


def test_a_repository_has_so_many_images_and_an_image_of_three_tags_is_one(
    door: Door, reader: Door, repository: str, quota: Set
):
    quota("ImagesPerRepository", 2)
    first, second, third = image(1), image(2), image(3)
    push(door, repository, first, "a")
    for tag in ("b", "c"):
        door.put(repository, first.manifest, tag)
    push(door, repository, second, "d")
    with pytest.raises(Refused, match="maximum allowed number of images per repository which is '2'"):
        push(door, repository, third, "e")
    assert reader.tags(repository) == ["a", "b", "c", "d"]
    door.put(repository, first.manifest, "f")
    door.delete(repository, second.digest)
    door.put(repository, third.manifest, "e")
    with pytest.raises(Refused, match="maximum allowed number of images per repository"):
        door.put(repository, second.manifest, "d")


def test_children_of_an_index_are_images_too(door: Door, repository: str, quota: Set):
    quota("ImagesPerRepository", 2)
    with pytest.raises(Refused, match="images per repository"):
        push(door, repository, index(1), "all")


def test_an_image_has_so_many_tags(door: Door, repository: str, quota: Set):
    quota("TagsPerImage", 2)
    made = image(1)
    push(door, repository, made, "a")
    door.put(repository, made.manifest, "b")
    with pytest.raises(Refused, match="maximum allowed number of tags per image which is '2'"):
        door.put(repository, made.manifest, "c")


def test_a_refusal_is_denied_at_the_registry(server: Server, repository: str, quota: Set):
    registry, made = Registry(server), image(1)
    registry.push(repository, made, "a")
    quota("TagsPerImage", 1)
    refused = registry.put_manifest(repository, "b", made.manifest)
    assert (refused.status, error_codes(refused)) == (403, ["DENIED"])


def test_a_layer_has_so_many_parts_of_so_many_bytes(ecr: Any, repository: str, quota: Set):
    quota("LayerPartMaximum", 8)
    quota("LayerPartMinimum", 4)
    quota("LayerParts", 2)
    opened = ecr.initiate_layer_upload(repositoryName=repository)
    assert opened["partSize"] == 8
    part = {"repositoryName": repository, "uploadId": opened["uploadId"]}
    code, message = refusal(ecr.upload_layer_part, **part, partFirstByte=0, partLastByte=8, layerPartBlob=b"123456789")
    assert (code, message) == ("LimitExceededException", "Layer parts must be at most 8 bytes in size; got 9")
    ecr.upload_layer_part(**part, partFirstByte=0, partLastByte=3, layerPartBlob=b"1234")
    ecr.upload_layer_part(**part, partFirstByte=4, partLastByte=7, layerPartBlob=b"1234")
    code, message = refusal(ecr.upload_layer_part, **part, partFirstByte=8, partLastByte=8, layerPartBlob=b"1")
    assert code == "LimitExceededException"
    assert "maximum allowed number of parts per layer which is '2'" in message
    digest = f"sha256:{hashlib.sha256(b'12341234').hexdigest()}"
    ecr.complete_layer_upload(**part, layerDigests=[digest])


def test_a_layer_has_so_many_bytes(door: Door, repository: str, quota: Set):
    quota("LayerSize", 10)
    door.upload(repository, Content("", b"0123456789"))
    with pytest.raises(Refused, match="larger than the allowed 10 bytes"):
        door.upload(repository, Content("", b"0123456789a"))


def test_lifecycle_policies_templates_and_exclusions_have_quotas(ecr: Any, repository: str, quota: Set):
    quota("LifecyclePolicyRules", 1)
    quota("CreationTemplates", 0)
    quota("PullTimeUpdateExclusions", 0)
    rules = [
        {
            "rulePriority": priority,
            "selection": {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": priority},
            "action": {"type": "expire"},
        }
        for priority in (1, 2)
    ]
    policy = json.dumps({"rules": rules})
    for operation in (ecr.put_lifecycle_policy, ecr.start_lifecycle_policy_preview):
        code, message = refusal(operation, repositoryName=repository, lifecyclePolicyText=policy)
        assert code == "InvalidParameterException"
        assert "must have at most 1 elements" in message
    applied = {"prefix": "quotas", "appliedFor": ["CREATE_ON_PUSH"]}
    assert refusal(ecr.create_repository_creation_template, **applied)[0] == "LimitExceededException"
    principal = f"arn:aws:iam::{ACCOUNT}:role/quotas"
    code, _ = refusal(ecr.register_pull_time_update_exclusion, principalArn=principal)
    assert code == "LimitExceededException"


def test_pull_through_cache_rules_and_replication_have_quotas(ecr: Any, quota: Set):
    quota("PullThroughCacheRules", 0)
    rule = {"ecrRepositoryPrefix": "quotas", "upstreamRegistryUrl": "registry.k8s.io"}
    assert refusal(ecr.create_pull_through_cache_rule, **rule)[0] == "LimitExceededException"
    replicated = {"rules": [{"destinations": [{"region": "eu-west-1", "registryId": ACCOUNT}]}]}
    for name in ("ReplicationRules", "ReplicationDestinations"):
        quota(name, 0)
        code, _ = refusal(ecr.put_replication_configuration, replicationConfiguration=replicated)
        assert code in {"InvalidParameterException", "ValidationException"}
        quota(name, 25)


def test_a_registry_begins_so_many_scans(ecr: Any, repository: str, pushed: Image, quota: Set):
    quota("BasicScansPerDay", 0)
    code, message = refusal(ecr.start_image_scan, repositoryName=repository, imageId={"imageTag": "v1"})
    assert code == "LimitExceededException"
    assert "0 images in 24 hours" in message


@pytest.mark.parametrize("of", ["the repository", "what is below", "the registry"])
def test_bytes_beyond_a_quota_are_refused_and_gone_at_once(
    server: Server, door: Door, reader: Door, repository: str, byte_quota: Set, of: str
):
    prefix = {"the repository": repository, "what is below": "behaviour/", "the registry": ""}[of]
    byte_quota(prefix, 1 << 40)
    before = used(server, prefix).held
    byte_quota(prefix, before + 1000)
    spools = set((server.data / "uploads").iterdir())
    door.upload(repository, Content("", b"a" * 600))
    with pytest.raises(Refused, match="exceeds the maximum allowed number of bytes"):
        door.upload(repository, Content("", b"b" * 401))
    found = used(server, prefix)
    assert (found.held, found.reserved) == (before + 600, 0)
    assert set((server.data / "uploads").iterdir()) == spools
    door.upload(repository, Content("", b"b" * 400))
    assert used(server, prefix).held == before + 1000


def test_a_repository_that_no_prefix_covers_takes_any(server: Server, door: Door, repository: str, byte_quota: Set):
    byte_quota(repository[:-1], 0)
    byte_quota("other/", 0)
    door.upload(repository, Content("", b"a" * 600))


def test_a_blob_counts_once_in_each_repository_and_is_given_back(
    server: Server, make_repository: Callable[..., str], byte_quota: Set
):
    one, other = make_repository(), make_repository()
    registry, blob = Registry(server), Content("", b"shared" * 100)
    byte_quota(one, 600)
    byte_quota(other, 599)
    registry.push_blob(one, blob)
    registry.push_blob(one, blob)
    assert used(server, one).held == 600
    mounted = registry.request("POST", f"/v2/{other}/blobs/uploads/?mount={blob.digest}&from={one}", b"")
    assert (mounted.status, error_codes(mounted)) == (403, ["DENIED"])
    byte_quota(other, 600)
    mounted = registry.request("POST", f"/v2/{other}/blobs/uploads/?mount={blob.digest}&from={one}", b"")
    assert mounted.status == 201
    assert used(server, other).held == 600
    assert registry.request("DELETE", f"/v2/{other}/blobs/{blob.digest}").status == 202
    assert (used(server, other).held, used(server, one).held) == (0, 600)


def test_what_is_on_its_way_is_reserved_until_it_is_cancelled(server: Server, repository: str, byte_quota: Set):
    registry = Registry(server)
    byte_quota(repository, 1000)
    opened = registry.request("POST", f"/v2/{repository}/blobs/uploads/", b"")
    sent = registry.request("PATCH", opened.headers["Location"], b"a" * 700)
    assert sent.status == 202
    assert used(server, repository).reserved >= 700
    blob = Content("", b"b" * 301)
    refused = registry.request("POST", f"/v2/{repository}/blobs/uploads/?digest={blob.digest}", blob.data)
    assert (refused.status, error_codes(refused)) == (403, ["DENIED"])
    assert registry.request("DELETE", sent.headers["Location"]).status == 204
    assert used(server, repository).reserved == 0
    closed = registry.request("POST", f"/v2/{repository}/blobs/uploads/?digest={blob.digest}", blob.data)
    assert closed.status == 201
    found = used(server, repository)
    assert (found.held, found.reserved) == (301, 0)


def test_a_session_that_is_refused_is_over(server: Server, repository: str, byte_quota: Set):
    registry = Registry(server)
    byte_quota(repository, 10)
    opened = registry.request("POST", f"/v2/{repository}/blobs/uploads/", b"")
    sent = registry.request("PATCH", opened.headers["Location"], b"a" * 10)
    refused = registry.request("PATCH", sent.headers["Location"], b"a")
    assert (refused.status, error_codes(refused)) == (403, ["DENIED"])
    digest = Content("", b"a" * 10).digest
    ended = registry.request("PUT", with_query(sent.headers["Location"], digest=digest))
    assert (ended.status, error_codes(ended)) == (404, ["BLOB_UPLOAD_UNKNOWN"])


def test_a_copy_needs_room(server: Server, make_repository: Callable[..., str], byte_quota: Set):
    one, other, made = make_repository(), make_repository(), image(1)
    Registry(server).push(one, made, "v1")
    byte_quota(other, size_of(made) - 1)
    own = server.client("entrepot")
    copied = {"sourceRepositoryName": one, "repositoryName": other, "sourceImageId": {"imageTag": "v1"}}
    code, message = refusal(own.copy_image, **copied)
    assert code == "LimitExceededException"
    assert "number of bytes" in message
    byte_quota(other, size_of(made))
    own.copy_image(**copied)
    assert used(server, other).held == size_of(made)
