"""Operations on lifecycle policies and their previews."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.ecr import keys
from entrepot.aws.protocol.call import Call
from entrepot.aws.repository import images as shared
from entrepot.aws.repository import pages
from entrepot.core.lifecycle import policies, previews
from entrepot.core.lifecycle.policies import StoredPolicy
from entrepot.core.lifecycle.previews import COMPLETE, IN_PROGRESS, PreviewImage, Shown
from entrepot.spec.repository import RepositoryKey

Output = Mapping[str, Any]
_PREVIEW = "GetLifecyclePolicyPreview"


async def put_lifecycle_policy(call: Call) -> Output:
    """PutLifecyclePolicy."""
    key, text = keys.repository(call), call.input["lifecyclePolicyText"]
    return _named(key, await call.core.units.write(policies.put, call.caller, key, text))


async def get_lifecycle_policy(call: Call) -> Output:
    """GetLifecyclePolicy."""
    key = keys.repository(call)
    return _policy(key, await call.core.units.read(policies.get, call.caller, key))


async def delete_lifecycle_policy(call: Call) -> Output:
    """DeleteLifecyclePolicy."""
    key = keys.repository(call)
    return _policy(key, await call.core.units.write(policies.delete, call.caller, key))


async def start_lifecycle_policy_preview(call: Call) -> Output:
    """StartLifecyclePolicyPreview."""
    key, text = keys.repository(call), call.input.get("lifecyclePolicyText")
    shown = await call.core.units.write(previews.start, call.caller, key, text)
    return {**_named(key, shown), "status": IN_PROGRESS}


async def get_lifecycle_policy_preview(call: Call) -> Output:
    """GetLifecyclePolicyPreview: what is to become of the images that are named, or a page of all."""
    key = keys.repository(call)
    if "imageIds" in call.input:
        pages.refuse(call, "imageIds")
        ids = [shared.named(each) for each in call.input["imageIds"]]
        return _preview(call, key, await call.core.units.read(previews.of_images, call.caller, key, ids))
    run, ordinal = pages.start(call, _PREVIEW, 2)
    which = call.input.get("filter", {}).get("tagStatus", "ANY")
    limit = pages.limit(call)
    return _preview(
        call, key, await call.core.units.read(previews.page, call.caller, key, which, limit, (run, ordinal))
    )


def _preview(call: Call, key: RepositoryKey, shown: Shown) -> Output:
    found = shown.preview
    return {
        **_named(key, found.text),
        "status": found.status,
        "previewResults": [_image(each) for each in shown.images],
        "nextToken": pages.following(call, _PREVIEW, shown.after),
        "summary": {
            "expiringImageTotalCount": found.expiring,
            "transitioningImageTotalCounts": [{"targetStorageClass": "ARCHIVE", "imageTotalCount": found.transitioning}]
            if found.transitioning
            else [],
        }
        if found.status == COMPLETE
        else None,
    }


def _image(image: PreviewImage) -> Output:
    """As AWS shows it: an image that only loses tags expires under these."""
    archives = image.action == "TRANSITION"
    return {
        "imageTags": list(image.tags) or None,
        "imageDigest": image.digest,
        "imagePushedAt": image.pushed_at,
        "action": {"type": "TRANSITION", "targetStorageClass": "ARCHIVE"} if archives else {"type": "EXPIRE"},
        "appliedRulePriority": image.priority,
        "storageClass": image.storage_class,
    }


def _policy(key: RepositoryKey, stored: StoredPolicy) -> Output:
    return {**_named(key, stored.text), "lastEvaluatedAt": stored.evaluated_at}


def _named(key: RepositoryKey, text: str) -> dict[str, Any]:
    return {"registryId": key.registry.account, "repositoryName": key.name, "lifecyclePolicyText": text}
