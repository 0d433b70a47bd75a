"""What the audit record of a change holds: what was asked for."""

from typing import Any

from entrepot.core import deletion, public_registries, repositories
from entrepot.core.catalog_data import CatalogData
from entrepot.core.deletion import ImageId
from entrepot.core.public_registries import PublicDraft
from entrepot.core.repositories import RepositoryDraft
from entrepot.spec.reference import Tag
from entrepot.spec.repository import RepositoryKey, public_registry
from tests.factories.callers import ACCOUNT, image_manifest
from tests.factories.core_database import CoreDatabase

PNG = b"\x89PNG\r\n\x1a\n"
IMAGE = image_manifest([b"layer"])


def test_both_ways_to_delete_name_images_alike_in_the_audit(core: CoreDatabase):
    key = core.repository()
    core.image(key, "v1", "v2")
    core.write(deletion.delete, key, Tag("v1"))
    core.write(deletion.delete, key, IMAGE.digest)
    core.image(key, "v3")
    core.write(deletion.batch_delete, key, [ImageId(None, "v3")])
    told = [call.parameters or {} for call in core.calls("BatchDeleteImage")]
    assert [parameters["imageIds"] for parameters in told] == [
        [{"imageTag": "v1"}],
        [{"imageDigest": IMAGE.digest}],
        [{"imageDigest": IMAGE.digest, "imageTag": "v3"}],
    ]


def test_the_audit_of_settings_holds_what_was_asked_for(core: CoreDatabase):
    draft: dict[str, Any] = {
        "mutability": "IMMUTABLE_WITH_EXCLUSION",
        "exclusion_filters": ("dev-*",),
        "scan_on_push": True,
    }
    key = core.repository(resource_tags=(("team", "a"),), **draft)
    core.write(repositories.set_mutability, key, "MUTABLE_WITH_EXCLUSION", ["v*"])
    told = {call.common.operation: call.parameters for call in core.calls()}
    assert told["CreateRepository"] == {
        "repositoryName": "one",
        "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "dev-*"}],
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfiguration": {"encryptionType": "AES256"},
        "tags": {"team": "a"},
    }
    assert told["PutImageTagMutability"] == {
        "repositoryName": "one",
        "imageTagMutability": "MUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "v*"}],
    }


def test_the_audit_of_a_public_repository_holds_what_was_asked_for_but_no_logo(core: CoreDatabase):
    key = RepositoryKey(public_registry(ACCOUNT), "tool")
    draft = PublicDraft(RepositoryDraft(resource_tags=(("team", "a"),)), CatalogData("text", logo=PNG))
    core.write(public_registries.create_repository, key, draft)
    (call,) = core.calls()
    assert call.common.service == "ecr-public"
    assert call.parameters == {
        "repositoryName": "tool",
        "catalogData": {"description": "text", "logoImageBytes": 8},
        "tags": {"team": "a"},
    }
