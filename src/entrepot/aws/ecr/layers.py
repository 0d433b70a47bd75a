"""Operations on layers: checked, uploaded in parts, downloaded by URL."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from entrepot.aws.ecr import keys
from entrepot.aws.protocol.call import Call
from entrepot.aws.repository import layers
from entrepot.core.pull_through import merging
from entrepot.spec.digest import Digest

Output = Mapping[str, Any]


async def batch_check_layer_availability(call: Call) -> Output:
    """BatchCheckLayerAvailability."""
    return await layers.check(call, keys.repository(call))


async def initiate_layer_upload(call: Call) -> Output:
    """InitiateLayerUpload."""
    return await layers.start(call, keys.repository(call))


async def upload_layer_part(call: Call) -> Output:
    """UploadLayerPart."""
    return await layers.append(call, keys.repository(call))


async def complete_layer_upload(call: Call) -> Output:
    """CompleteLayerUpload."""
    return await layers.complete(call, keys.repository(call))


async def get_download_url_for_layer(call: Call) -> Output:
    """GetDownloadUrlForLayer: a URL of this server's that needs no further credentials (`download_seconds`)."""
    key, digest = keys.repository(call), Digest.parse(call.input["layerDigest"])
    digest = await merging.require_downloadable(call.core.units, call.core.pull_through.pulls, call.caller, key, digest)
    token = call.core.credentials.issue_download(call.caller.principal, key, digest)
    base = call.addressing.url(key, call.exchange)
    return {"downloadUrl": f"{base}/blobs/{digest}?token={quote(token)}", "layerDigest": digest}
