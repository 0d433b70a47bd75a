"""Manifests: pulled, pushed, deleted (Distribution specification, "Pulling manifests", "Pushing manifests")."""

from entrepot.core import deletion, images
from entrepot.core.reads import StoredManifest
from entrepot.errors import ImageNotFound, ManifestTooLarge, NotAcceptable, RequestTooLarge, TagInvalid
from entrepot.http.answer import Answer
from entrepot.http.blob_response import matches
from entrepot.http.body import read
from entrepot.oci.call import Call
from entrepot.oci.telling import image_asked, image_id
from entrepot.spec.manifest import LARGEST
from entrepot.spec.media_type import acceptable
from entrepot.spec.reference import Tag, parse_reference


async def head(call: Call, reference: str) -> Answer:
    """What a GET would answer, without the bytes; counts no pull."""
    found = await _found(call, reference, head=True)
    return Answer(headers=_headers(found) | {"Content-Length": str(found.size)})


async def get(call: Call, reference: str) -> Answer:
    """The exact bytes that were pushed."""
    found = await _found(call, reference)
    call.exchange.telling.pulled = (found.digest,)
    headers = _headers(found)
    if matches(call.request, headers["ETag"]):
        return Answer(status=304, headers=headers)
    return Answer(body=found.body, headers=headers)


async def put(call: Call, reference: str) -> Answer:
    """Store a manifest, and point the tag at it when it is put by tag."""
    parsed = parse_reference(reference)
    tag, digest = (parsed, "") if isinstance(parsed, Tag) else ("", parsed)
    await call.core.reads.require_put(call.caller, call.key, tag, digest)
    try:
        payload = await read(call.request, LARGEST, "the manifest")
    except RequestTooLarge:
        raise ManifestTooLarge(limit=LARGEST) from None
    text = payload.decode("utf-8", "replace")
    media_type = call.request.headers.get("Content-Type")
    telling = call.exchange.telling
    telling.parameters = {**image_id(parsed), "imageManifest": text, "imageManifestMediaType": media_type}
    manifest = await call.core.units.manifest(payload, media_type)
    image = await call.core.units.write(images.put, call.caller, call.key, parsed, manifest, images.OCI_RULES)
    digest = image.manifest.digest
    telling.response = {"image": {"imageId": {"imageDigest": digest, **image_id(parsed)}, "imageManifest": text}}
    headers = {"Location": call.location(f"manifests/{digest}"), "Docker-Content-Digest": digest}
    if manifest.subject is not None:
        headers["OCI-Subject"] = manifest.subject.digest
    return Answer(status=201, headers=headers)


async def delete(call: Call, reference: str) -> Answer:
    """Delete an image by digest, or a tag (and the image with its last one)."""
    parsed = parse_reference(reference)
    call.exchange.telling.parameters = {"imageIds": [image_id(parsed)]}
    await call.core.units.write(deletion.delete, call.caller, call.key, parsed)
    call.exchange.telling.response = {"imageIds": [image_id(parsed)], "failures": []}
    return Answer(status=202)


async def _found(call: Call, reference: str, *, head: bool = False) -> StoredManifest:
    telling, accept = call.exchange.telling, tuple(call.request.headers.getall("Accept", ()))
    try:
        parsed = parse_reference(reference)
    except TagInvalid:
        # a name that no tag can have is the name of nothing; told to those only who may look
        await call.core.reads.require(call.caller, call.key, "BatchGetImage")
        account = call.registry.account
        raise ImageNotFound(digest="null", tag=reference[:256], name=call.name, account=account) from None
    telling.alike = image_asked(parsed, accept)
    repository, found = await call.core.pull_through.pulls.manifest(call.caller, call.key, parsed, telling, head=head)
    telling.repository_id = repository.id
    if accept and isinstance(parsed, Tag) and not acceptable(accept, found.media_type):
        raise NotAcceptable(media_type=found.media_type)
    return found


def _headers(found: StoredManifest) -> dict[str, str]:
    return {
        "Content-Type": found.media_type,
        "Docker-Content-Digest": found.digest,
        "ETag": f'"{found.digest}"',
    }
