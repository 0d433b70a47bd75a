"""Blobs: pulled, checked, deleted (Distribution specification, "Pulling blobs", "Content management")."""

import msgspec

from entrepot.core import blobs
from entrepot.core.pull_through.seam import ArrivingBlob
from entrepot.errors import RangeUnsatisfiable
from entrepot.http.answer import JSON, Answer
from entrepot.http.arriving_response import ArrivingResponse
from entrepot.http.blob_response import BlobResponse, matches, select
from entrepot.oci.call import Call
from entrepot.oci.telling import LayerAsked, LayersAsked
from entrepot.spec.digest import Digest

_TYPE = "application/octet-stream"


async def head(call: Call, reference: str) -> Answer:
    """What a GET would answer, without bytes."""
    call.exchange.telling.alike = LayersAsked((reference,))
    digest, size = await call.core.pull_through.pulls.blob(call.caller, call.key, Digest.parse(reference))
    headers = _headers(digest) | {"Content-Type": _TYPE, "Content-Length": str(size)}
    return Answer(headers=headers)


async def get(call: Call, reference: str) -> Answer | BlobResponse | ArrivingResponse:
    """The bytes, or the range of them that was asked for; all of a blob that is on its way here."""
    call.exchange.telling.alike = LayerAsked(reference)
    found = await call.core.pull_through.pulls.open_blob(call.caller, call.key, Digest.parse(reference))
    if isinstance(found, ArrivingBlob):
        headers = _headers(found.digest) | {"Content-Type": _TYPE}
        return ArrivingResponse(found.pieces, found.size, headers=headers)
    blob, file = found
    headers = _headers(blob.digest)
    if matches(call.request, headers["ETag"]):
        file.close()
        return Answer(status=304, headers=headers)
    try:
        start, count, partial = select(call.request, blob.size, headers["ETag"])
    except RangeUnsatisfiable as fact:
        file.close()
        return _unsatisfiable(fact, blob.size)
    headers["Content-Type"] = _TYPE
    if partial:
        headers["Content-Range"] = f"bytes {start}-{start + count - 1}/{blob.size}"
    return BlobResponse(file, start, count, status=206 if partial else 200, headers=headers)


async def delete(call: Call, reference: str) -> Answer:
    """Take the blob out of the repository, unless an image needs it."""
    call.exchange.telling.parameters = {"layerDigest": reference}
    await call.core.units.write(blobs.delete, call.caller, call.key, Digest.parse(reference))
    return Answer(status=202)


def _headers(digest: Digest) -> dict[str, str]:
    return {"Docker-Content-Digest": digest, "ETag": f'"{digest}"', "Accept-Ranges": "bytes"}


def _unsatisfiable(fact: RangeUnsatisfiable, size: int) -> Answer:
    body = msgspec.json.encode({"errors": [{"code": "SIZE_INVALID", "message": str(fact)}]})
    return Answer(416, JSON | {"Content-Range": f"bytes */{size}"}, body)
