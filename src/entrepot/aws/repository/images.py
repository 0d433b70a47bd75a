"""Images: put and deleted; ids, failures and manifests as they are shown."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.protocol.call import Call
from entrepot.aws.repository import pages
from entrepot.core import deletion, images
from entrepot.core.deletion import ImageId, Refusal
from entrepot.core.images import AWS_RULES, Described, Filter, Image
from entrepot.core.reads import StoredManifest
from entrepot.errors import ParameterInvalid
from entrepot.spec.digest import Digest
from entrepot.spec.reference import Tag
from entrepot.spec.repository import RepositoryKey

Output = Mapping[str, Any]


async def put(call: Call, key: RepositoryKey) -> Output:
    """PutImage."""
    given = call.input
    await call.core.reads.require_put(call.caller, key, given.get("imageTag", ""), given.get("imageDigest", ""))
    tag = Tag.parse(given["imageTag"]) if "imageTag" in given else None
    digest = Digest.parse(given["imageDigest"]) if "imageDigest" in given else None
    payload = given["imageManifest"].encode()
    manifest = await call.core.units.manifest(payload, given.get("imageManifestMediaType"))
    image = await call.core.units.write(images.put, call.caller, key, digest or tag, manifest, AWS_RULES, tag)
    return {"image": shown(image)}


async def delete(call: Call, key: RepositoryKey) -> Output:
    """BatchDeleteImage."""
    removed, refusals = await call.core.units.write(
        deletion.batch_delete, call.caller, key, ids(call.input["imageIds"])
    )
    return {"imageIds": [shown_id(item) for item in removed], "failures": [failure(item) for item in refusals]}


async def describe(call: Call, key: RepositoryKey, scope: str, wanted: Filter) -> tuple[Described, str | None]:
    """(images, next token) of DescribeImages: those named (ImageNotFound for the whole call if one is missing), or a
    page of all; `scope` names its pages.
    """
    if "imageIds" in call.input:
        pages.refuse(call, "imageIds")
        asked = [named(item) for item in call.input["imageIds"]]
        return await call.core.units.read(images.describe_these, call.caller, key, asked), None
    (after,) = pages.start(call, scope, 1)
    page = await call.core.units.read(images.describe, call.caller, key, wanted, pages.limit(call), after)
    return page, pages.following(call, scope, page.after)


def referenced(manifest: StoredManifest) -> dict[str, Any]:
    """What is shown of an image wherever it is shown without its tags."""
    return {
        "imageDigest": manifest.digest,
        "imageSizeInBytes": manifest.image_size,
        "imagePushedAt": manifest.pushed_at,
        "imageManifestMediaType": manifest.media_type,
        "artifactMediaType": manifest.artifact_type,
    }


def named(given: Mapping[str, str], member: str = "imageIds") -> tuple[Digest | None, Tag | None]:
    """An id of a call that fails as a whole: ParameterInvalid for one that names nothing, DigestInvalid, TagInvalid."""
    if not given:
        raise ParameterInvalid(parameter=member, reason="both tag and digest cannot be null")
    digest = Digest.parse(given["imageDigest"]) if "imageDigest" in given else None
    return digest, Tag.parse(given["imageTag"]) if "imageTag" in given else None


def ids(given: list[Mapping[str, str]]) -> list[ImageId]:
    """`imageIds` of a batch, whatever they hold."""
    return [ImageId(item.get("imageDigest"), item.get("imageTag")) for item in given]


def shown_id(image_id: ImageId) -> Output:
    """An ImageIdentifier."""
    return {"imageDigest": image_id.digest, "imageTag": image_id.tag}


def failure(refusal: Refusal) -> Output:
    """An ImageFailure."""
    return {"imageId": shown_id(refusal.id), "failureCode": refusal.code, "failureReason": refusal.reason}


def shown(image: Image) -> Output:
    """An Image, with its manifest."""
    return {
        "registryId": image.key.registry.account,
        "repositoryName": image.key.name,
        "imageId": shown_id(ImageId(image.manifest.digest, image.tag)),
        "imageManifest": image.manifest.body.decode(),
        "imageManifestMediaType": image.manifest.media_type,
    }
