"""Signatures of clients that know no subjects, under the tag `sha256-….sig`: they go where their image goes."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.behaviour.identities import refusal
from tests.behaviour.replicated import There, replicating, rule
from tests.factories.layouts import OCI_CONFIG, Content, Image, image, manifest
from tests.factories.lifecycle import EXPIRE
from tests.factories.lifecycle import rule as expiry
from tests.factories.lifecycle import text as policy_of
from tests.factories.processes import Server
from tests.factories.registry import Registry
from tests.factories.signing import Signer
from tests.factories.waiting import wait

GRACE = 3600
BY = Signer()


@pytest.fixture
def registry(server: Server) -> Registry:
    return Registry(server)


@pytest.fixture
def own(server: Server) -> Any:
    return server.client("entrepot")


def tag_of(digest: str) -> str:
    return digest.replace(":", "-") + ".sig"


def signature_of(signed: Image) -> Image:
    """As cosign 2 pushes it: an image config, a layer of simple signing."""
    config = Content(OCI_CONFIG, json.dumps({"os": "", "architecture": "", "of": signed.digest}).encode())
    layer = BY.simple(signed.digest)
    return Image(manifest(config, [layer]), config, (layer,))


def pushed(registry: Registry, repository: str, seed: int, tag: str = "v1") -> tuple[Image, Image]:
    """An image and its signature."""
    made = image(seed)
    registry.push(repository, made, tag)
    signature = signature_of(made)
    registry.push(repository, signature, tag_of(made.digest))
    return made, signature


def both(made: Image, signature: Image, tag: str = "v1") -> set[tuple[str, str]]:
    return {(made.digest, tag), (signature.digest, tag_of(made.digest))}


def images(ecr: Any, repository: str) -> set[tuple[str, str]]:
    found = ecr.list_images(repositoryName=repository, filter={"imageStatus": "ANY"})["imageIds"]
    return {(each["imageDigest"], each.get("imageTag", "")) for each in found}


def test_a_copy_with_referrers_brings_it_with_its_tag_and_moves_none(
    ecr, own, registry: Registry, repository: str, make_repository: Callable[..., str]
):
    made, signature = pushed(registry, repository, 6101)
    without, target = make_repository(), make_repository()
    asked = {"sourceRepositoryName": repository, "sourceImageId": {"imageTag": "v1"}}
    own.copy_image(**asked, repositoryName=without)
    assert images(ecr, without) == {(made.digest, "v1")}
    assert own.copy_image(**asked, repositoryName=target, includeReferrers=True)["copiedManifests"] == 2
    assert images(ecr, target) == both(made, signature)
    other = signature_of(made)
    registry.push(without, other, tag_of(made.digest))
    own.copy_image(**asked, repositoryName=without, includeReferrers=True)
    assert registry.pull_manifest(without, tag_of(made.digest)).data == other.manifest.data


def test_it_goes_to_the_archive_and_back_with_its_image_and_not_by_itself(ecr, registry: Registry, repository: str):
    made, signature = pushed(registry, repository, 6102)
    alone = {"repositoryName": repository, "imageId": {"imageDigest": signature.digest}}
    code, why = refusal(ecr.update_image_storage_class, **alone, targetStorageClass="ARCHIVE")
    assert (code, made.digest in why) == ("ImageStorageClassUpdateNotSupportedException", True)
    of_image = {"repositoryName": repository, "imageId": {"imageDigest": made.digest}}

    def classes() -> set[str]:
        found = ecr.describe_images(repositoryName=repository, filter={"imageStatus": "ANY"})["imageDetails"]
        return {each["imageStatus"] for each in found}

    ecr.update_image_storage_class(**of_image, targetStorageClass="ARCHIVE")
    assert classes() == {"ARCHIVED"}
    registry.push(repository, made, "v1")
    assert classes() == {"ACTIVE"}


def test_a_policy_that_keeps_one_image_keeps_its_signature_and_takes_the_others(
    ecr, own, registry: Registry, repository: str
):
    old, old_signature = pushed(registry, repository, 6103, "old")
    new, new_signature = pushed(registry, repository, 6104, "new")
    own.put_trash_configuration(graceSeconds=GRACE)
    try:
        ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=policy_of(expiry(1, 1, action=EXPIRE)))
        wait(lambda: images(ecr, repository) == both(new, new_signature, "new"), 60, "what is left")
        ecr.delete_lifecycle_policy(repositoryName=repository)
        restored = own.restore_image(repositoryName=repository, imageDigest=old.digest)["images"]
    finally:
        own.put_trash_configuration(graceSeconds=0)
    assert {each["imageDigest"] for each in restored} == {old.digest, old_signature.digest}
    assert both(old, old_signature, "old") <= images(ecr, repository)


def test_it_is_replicated_with_its_tag_whenever_it_was_pushed(server: Server, ecr, registry: Registry, repository: str):
    made, signature = pushed(registry, repository, 6105)
    there = There(server, repository)
    with replicating(server, rule(repository)):
        registry.push(repository, made, "again")  # the signature was there before the rule
        there.comes_to((made.digest, "again"), (signature.digest, tag_of(made.digest)))
    there.ecr.delete_repository(repositoryName=repository, force=True)


def test_what_has_a_name_of_its_own_too_follows_nobody(ecr, registry: Registry, repository: str):
    made, signature = pushed(registry, repository, 6106)
    registry.put_manifest(repository, "kept", signature.manifest)
    of_image = {"repositoryName": repository, "imageId": {"imageDigest": made.digest}}
    ecr.update_image_storage_class(**of_image, targetStorageClass="ARCHIVE")
    (found,) = ecr.describe_images(repositoryName=repository)["imageDetails"]
    assert found["imageDigest"] == signature.digest
