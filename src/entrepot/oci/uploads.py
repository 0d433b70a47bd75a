"""Uploads: started, written, asked after, completed, cancelled (Distribution specification, "Pushing blobs")."""

import re

from aiohttp import web

from entrepot.core import blobs
from entrepot.core.transfers import Upload
from entrepot.errors import (
    DigestInvalid,
    NameInvalid,
    RegionNotServed,
    RegistryNotFound,
    RepositoryNameReserved,
    RequestMalformed,
)
from entrepot.http.answer import Answer
from entrepot.http.body import chunks, expects_body
from entrepot.oci.call import Call
from entrepot.spec.digest import ALGORITHMS, Digest

_CONTENT_RANGE = re.compile(r"(?:bytes[ =])?(\d{1,19})-(\d{1,19})(?:/(?:\d{1,19}|\*))?", re.ASCII)


async def post(call: Call) -> Answer:
    """Start a session; or mount a blob of another repository; or take a whole blob in this one request."""
    mount, digest = call.query("mount"), call.query("digest")
    if mount is not None:
        mounted = await _mount(call, Digest.parse(mount), call.query("from"))
        return mounted or await _start(call)
    if digest is not None:
        call.exchange.telling.operation = "CompleteLayerUpload"
        call.exchange.telling.parameters = {"layerDigests": [digest]}
        blob = await call.core.transfers.put_blob(call.caller, call.key, Digest.parse(digest), chunks(call.request))
        return _created(call, blob.digest)
    return await _start(call)


async def get(call: Call, upload_id: str) -> Answer:
    """How far the session is."""
    return _status(call, await call.core.transfers.find(call.caller, call.key, upload_id), 204)


async def patch(call: Call, upload_id: str) -> Answer:
    """Add bytes: a stream, or a chunk that says where it belongs."""
    start, telling = _chunk_start(call.request), call.exchange.telling
    telling.parameters = {"uploadId": upload_id, "partFirstByte": start}
    upload = await call.core.transfers.append(call.caller, call.key, upload_id, chunks(call.request), start)
    telling.response = {"uploadId": upload_id, "lastByteReceived": upload.offset - 1}
    return _status(call, upload, 202)


async def put(call: Call, upload_id: str) -> Answer:
    """Complete the session as a blob; the body, if any, is the rest of it."""
    digest = call.query("digest")
    if digest is None:
        raise DigestInvalid(digest="")
    start, telling = _chunk_start(call.request), call.exchange.telling
    telling.parameters = {"uploadId": upload_id, "layerDigests": [digest]}
    if start is not None:
        await call.core.transfers.require_offset(call.caller, call.key, upload_id, start)
    body = chunks(call.request) if expects_body(call.request) else None
    blob = await call.core.transfers.complete(call.caller, call.key, upload_id, Digest.parse(digest), body)
    telling.response = {"uploadId": upload_id, "layerDigest": blob.digest}
    return _created(call, blob.digest)


async def delete(call: Call, upload_id: str) -> Answer:
    """Give the session up."""
    call.exchange.telling.parameters = {"uploadId": upload_id}
    await call.core.transfers.cancel(call.caller, call.key, upload_id)
    return Answer(status=204)


async def _mount(call: Call, digest: Digest, source: str | None) -> Answer | None:
    """201 when the blob could be mounted; a source that may not be read is as if it were absent."""
    if source is None:
        return None
    try:
        key = call.addressing.repository(call.exchange.host, source)
    except (NameInvalid, RepositoryNameReserved, RegionNotServed, RegistryNotFound):
        return None
    await call.core.transfers.begin(call.caller, call.key)
    mounted = await call.core.units.write(blobs.mount, call.caller, call.key, key, digest)
    if mounted:
        call.exchange.telling.operation = "MountLayer"
        call.exchange.telling.parameters = {"sourceRepositoryName": key.name, "layerDigest": digest}
    return _created(call, digest) if mounted else None


async def _start(call: Call) -> Answer:
    algorithm = call.query("digest-algorithm") or "sha256"
    if algorithm not in ALGORITHMS:
        raise DigestInvalid(digest=f"{algorithm[:32]}:")
    upload = await call.core.transfers.start(call.caller, call.key, algorithm)
    call.exchange.telling.response = {"uploadId": upload.id}
    return _status(call, upload, 202)


def _chunk_start(request: web.BaseRequest) -> int | None:
    """Where a chunk belongs, when Content-Range says so: RequestMalformed for one that cannot be."""
    text = request.headers.get("Content-Range")
    if text is None:
        return None
    match = _CONTENT_RANGE.fullmatch(text.strip())
    if match is None or int(match[2]) < int(match[1]):
        raise RequestMalformed(reason=f"Content-Range '{text[:64]}' is not <first byte>-<last byte>")
    length = request.headers.get("Content-Length", "")
    if length.isdigit() and int(length) != int(match[2]) - int(match[1]) + 1:
        raise RequestMalformed(reason=f"Content-Range '{text[:64]}' does not fit Content-Length {length}")
    return int(match[1])


def _status(call: Call, upload: Upload, status: int) -> Answer:
    return Answer(status=status, headers=progress(call, upload.id, upload.offset))


def progress(call: Call, upload_id: str, offset: int) -> dict[str, str]:
    """Where to go on, and the range of bytes that is held (`0-0` when there is none)."""
    return {
        "Location": call.location(f"blobs/uploads/{upload_id}"),
        "Range": f"0-{max(offset - 1, 0)}",
        "Docker-Upload-UUID": upload_id,
    }


def _created(call: Call, digest: Digest) -> Answer:
    headers = {"Location": call.location(f"blobs/{digest}"), "Docker-Content-Digest": str(digest)}
    return Answer(status=201, headers=headers)
