"""Operations on what lifecycle policies leave alone."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.protocol.call import Call
from entrepot.aws.repository import pages
from entrepot.core.lifecycle import previews
from entrepot.core.lifecycle.previews import PreviewImage
from entrepot.spec.repository import RepositoryKey

Output = Mapping[str, Any]
_OPERATION = "ListSparedImages"


async def list_spared_images(call: Call) -> Output:
    """ListSparedImages: what would go by the last preview, and stays for it is in use."""
    key = RepositoryKey(call.registry, call.input["repositoryName"])
    run, ordinal = pages.start(call, _OPERATION, 2)
    shown = await call.core.units.read(previews.spared, call.caller, key, pages.limit(call), (run, ordinal))
    return {
        "registryId": key.registry.account,
        "repositoryName": key.name,
        "status": shown.preview.status,
        "sparedImages": [_image(each) for each in shown.images],
        "nextToken": pages.following(call, _OPERATION, shown.after),
    }


def _image(image: PreviewImage) -> Output:
    return {
        "imageDigest": image.digest,
        "imageTags": list(image.tags) or None,
        "action": image.action,
        "appliedRulePriority": image.priority,
        "inUseBy": list(image.clusters),
        "lastRecordedPullTime": image.pulled_at,
    }
