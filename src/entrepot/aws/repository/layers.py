"""Layers: checked, and uploaded in parts."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.protocol.call import Call
from entrepot.core import blobs
from entrepot.errors import DigestInvalid, LengthMismatch, ParameterInvalid
from entrepot.spec.digest import Digest
from entrepot.spec.repository import RepositoryKey

Output = Mapping[str, Any]
_DEFAULT_TYPE = "application/vnd.docker.image.rootfs.diff.tar.gzip"


async def check(call: Call, key: RepositoryKey) -> Output:
    """BatchCheckLayerAvailability."""
    digests: list[Digest] = []
    failures = []
    for text in dict.fromkeys(call.input["layerDigests"]):
        try:
            digests.append(Digest.parse(text))
        except DigestInvalid:
            failures.append(_failure(text))
    found = await call.core.units.read(blobs.availability, call.caller, key, digests)
    layers = [
        {"layerDigest": digest, "layerAvailability": "UNAVAILABLE"}
        if held is None
        else {
            "layerDigest": digest,
            "layerAvailability": "ARCHIVED" if held.archived else "AVAILABLE",
            "layerSize": held.size,
            "mediaType": held.media_type or _DEFAULT_TYPE,
        }
        for digest, held in found.items()
    ]
    return {"layers": layers, "failures": failures}


async def start(call: Call, key: RepositoryKey) -> Output:
    """InitiateLayerUpload."""
    upload = await call.core.transfers.start(call.caller, key)
    return {"uploadId": upload.id, "partSize": call.core.transfers.part_rules(key).largest_part}


async def append(call: Call, key: RepositoryKey) -> Output:
    """UploadLayerPart: parts follow each other without gaps."""
    data = call.input["layerPartBlob"]
    first, last = call.input["partFirstByte"], call.input["partLastByte"]
    if last < first:
        raise ParameterInvalid(parameter="partLastByte", reason="Member must not be less than partFirstByte")
    if last - first + 1 != len(data):
        raise LengthMismatch(expected=last - first + 1, actual=len(data))
    rules = call.core.transfers.part_rules(key)
    upload = await call.core.transfers.append_part(call.caller, key, call.input["uploadId"], first, data, rules)
    return {
        "registryId": key.registry.account,
        "repositoryName": key.name,
        "uploadId": upload.id,
        "lastByteReceived": upload.offset - 1,
    }


async def complete(call: Call, key: RepositoryKey) -> Output:
    """CompleteLayerUpload: one of the digests must be the layer's; sha256 is looked for first."""
    digests = sorted((Digest.parse(text) for text in call.input["layerDigests"]), key=lambda digest: digest.algorithm)
    rules = call.core.transfers.part_rules(key)
    blob = await call.core.transfers.complete_any(call.caller, key, call.input["uploadId"], digests, rules)
    return {
        "registryId": key.registry.account,
        "repositoryName": key.name,
        "uploadId": call.input["uploadId"],
        "layerDigest": blob.digest,
    }


def _failure(text: str) -> Output:
    if text == "":
        return {
            "layerDigest": text,
            "failureCode": "MissingLayerDigest",
            "failureReason": "Invalid request parameters: layer digest cannot be empty",
        }
    reason = "Invalid request parameters: layer digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'"
    return {"layerDigest": text, "failureCode": "InvalidLayerDigest", "failureReason": reason}
