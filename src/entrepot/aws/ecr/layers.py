"""Operations on layers: checked, uploaded in parts, downloaded by URL."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from entrepot.aws.ecr import keys
from entrepot.aws.protocol.call import Call
from entrepot.core import blobs
from entrepot.core.transfers import AWS_PARTS
from entrepot.errors import DigestInvalid, LengthMismatch, ParameterInvalid
from entrepot.spec.digest import Digest

Output = Mapping[str, Any]
PART_SIZE = 10 * 1024 * 1024
_DEFAULT_TYPE = "application/vnd.docker.image.rootfs.diff.tar.gzip"


async def batch_check_layer_availability(call: Call) -> Output:
    """BatchCheckLayerAvailability."""
    digests: list[Digest] = []
    failures = []
    for text in dict.fromkeys(call.input["layerDigests"]):
        try:
            digests.append(Digest.parse(text))
        except DigestInvalid:
            failures.append(_failure(text))
    found = await call.core.units.read(blobs.availability, call.caller, keys.repository(call), digests)
    layers = [
        {"layerDigest": digest, "layerAvailability": "UNAVAILABLE"}
        if held is None
        else {
            "layerDigest": digest,
            "layerAvailability": "AVAILABLE",
            "layerSize": held.size,
            "mediaType": held.media_type or _DEFAULT_TYPE,
        }
        for digest, held in found.items()
    ]
    return {"layers": layers, "failures": failures}


async def initiate_layer_upload(call: Call) -> Output:
    """InitiateLayerUpload."""
    upload = await call.core.transfers.start(call.caller, keys.repository(call))
    return {"uploadId": upload.id, "partSize": PART_SIZE}


async def upload_layer_part(call: Call) -> Output:
    """UploadLayerPart: parts follow each other without gaps."""
    key, data = keys.repository(call), call.input["layerPartBlob"]
    first, last = call.input["partFirstByte"], call.input["partLastByte"]
    if last < first:
        raise ParameterInvalid(parameter="partLastByte", reason="Member must not be less than partFirstByte")
    if last - first + 1 != len(data):
        raise LengthMismatch(expected=last - first + 1, actual=len(data))
    upload = await call.core.transfers.append_part(
        call.caller, key, call.input["uploadId"], first, data, AWS_PARTS.smallest_part
    )
    return {
        "registryId": key.registry.account,
        "repositoryName": key.name,
        "uploadId": upload.id,
        "lastByteReceived": upload.offset - 1,
    }


async def complete_layer_upload(call: Call) -> Output:
    """CompleteLayerUpload: one of the digests must be the layer's; sha256 is looked for first."""
    key = keys.repository(call)
    digests = sorted((Digest.parse(text) for text in call.input["layerDigests"]), key=lambda digest: digest.algorithm)
    blob = await call.core.transfers.complete_any(call.caller, key, call.input["uploadId"], digests, AWS_PARTS)
    return {
        "registryId": key.registry.account,
        "repositoryName": key.name,
        "uploadId": call.input["uploadId"],
        "layerDigest": blob.digest,
    }


async def get_download_url_for_layer(call: Call) -> Output:
    """GetDownloadUrlForLayer: a URL of this server's, good for an hour, that needs no further credentials."""
    key, digest = keys.repository(call), Digest.parse(call.input["layerDigest"])
    blob = await call.core.units.read(blobs.require_downloadable, call.caller, key, digest)
    token = call.core.credentials.issue_download(call.caller.principal, key, digest)
    base = call.addressing.url(key, call.exchange)
    return {"downloadUrl": f"{base}/blobs/{digest}?token={quote(token)}", "layerDigest": blob.digest}


def _failure(text: str) -> Output:
    if text == "":
        return {
            "layerDigest": text,
            "failureCode": "MissingLayerDigest",
            "failureReason": "Invalid request parameters: layer digest cannot be empty",
        }
    reason = "Invalid request parameters: layer digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'"
    return {"layerDigest": text, "failureCode": "InvalidLayerDigest", "failureReason": reason}
