"""Repository keys and images, as ECR's operations name them."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.protocol.call import Call
from entrepot.spec.digest import Digest
from entrepot.spec.reference import Tag
from entrepot.spec.repository import RepositoryKey


def repository(call: Call) -> RepositoryKey:
    """The repository that a call names; the model has checked the name's form."""
    return RepositoryKey(call.registry, call.input["repositoryName"])


def image_id(given: Mapping[str, Any]) -> tuple[Digest | None, Tag | None]:
    """The image of an imageId: DigestInvalid, TagInvalid."""
    digest = Digest.parse(given["imageDigest"]) if "imageDigest" in given else None
    return digest, Tag.parse(given["imageTag"]) if "imageTag" in given else None
