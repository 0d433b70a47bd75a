"""The two doors behind one face: the same case runs through OCI Distribution and through the AWS API.

A refusal is told by a fact that both doors share; all that the doors do differently stands in DIFFERENCES.
"""

import json
import urllib.request
from collections.abc import Callable
from typing import Any, Literal, Protocol

import urllib3
from botocore.exceptions import ClientError

from tests.factories.layouts import MANIFEST_TYPES, Content, Image, Index
from tests.factories.processes import Server
from tests.factories.registry import Registry, error_codes, with_query

Name = Literal["oci", "aws"]

# what each door does where they differ on purpose; everything else must be the same
DIFFERENCES: dict[str, dict[Name, str]] = {
    # the same digest to the same tag, an immutable one too
    "put of what is there": {"oci": "done", "aws": "image exists"},
    # children of an index that are not in the repository
    "index without its children": {"oci": "done", "aws": "children missing"},
    # bytes that the repository already holds
    "upload of what is there": {"oci": "done", "aws": "layer exists"},
}

# how OCI says a fact: status and code
_OCI_FACTS = {
    (404, "NAME_UNKNOWN"): "repository absent",
    (404, "MANIFEST_UNKNOWN"): "image absent",
    (404, "BLOB_UNKNOWN"): "layer absent",
    (404, "MANIFEST_BLOB_UNKNOWN"): "layers missing",
    (400, "MANIFEST_BLOB_UNKNOWN"): "layers missing",
    (400, "DIGEST_INVALID"): "digest wrong",
    (400, "MANIFEST_INVALID"): "manifest invalid",
    (400, "TAG_INVALID"): "tag immutable",
    (403, "DENIED"): "image referenced",
    (409, "DENIED"): "image referenced",
    (405, "UNSUPPORTED"): "image referenced",
}
# how the AWS API says it: the exception's name, or the code of a failure in a batch
_AWS_FACTS = {
    "RepositoryNotFoundException": "repository absent",
    "ImageNotFound": "image absent",
    "LayersNotFoundException": "layers missing",
    "ReferencedImagesNotFoundException": "children missing",
    "LayerInaccessibleException": "layer absent",
    "InvalidLayerException": "digest wrong",
    "ImageDigestDoesNotMatchException": "digest wrong",
    "InvalidParameterException": "manifest invalid",
    "ImageTagAlreadyExistsException": "tag immutable",
    "ImageAlreadyExistsException": "image exists",
    "LayerAlreadyExistsException": "layer exists",
    "ImageReferencedByManifestList": "image referenced",
}


class Refused(Exception):
    """A door refused; `fact` says what, in words that do not depend on the door."""

    def __init__(self, fact: str, said: str) -> None:
        super().__init__(f"{fact}: {said}")
        self.fact = fact


class Door(Protocol):
    """What can be done to a repository's images through one door."""

    name: Name

    def upload(self, repository: str, blob: Content, digest: str | None = None) -> None: ...
    def put(self, repository: str, manifest: Content, tag: str | None, digest: str | None = None) -> None: ...
    def read(self, repository: str, reference: str) -> Content: ...
    def read_blob(self, repository: str, digest: str) -> bytes: ...
    def delete(self, repository: str, reference: str) -> None: ...
    def tags(self, repository: str) -> list[str]: ...


class OciDoor:
    """OCI Distribution; `prefix` stands before the names of repositories."""

    name: Name = "oci"

    def __init__(self, server: Server, token: str | None = None, prefix: str = "") -> None:
        self.registry = Registry(server, token)
        self.prefix = prefix

    def upload(self, repository: str, blob: Content, digest: str | None = None) -> None:
        opened = self._expect(202, self.registry.request("POST", f"/v2/{self.prefix}{repository}/blobs/uploads/", b""))
        location = with_query(opened.headers["Location"], digest=digest or blob.digest)
        self._expect(201, self.registry.request("PUT", location, blob.data, Content_Type="application/octet-stream"))

    def put(self, repository: str, manifest: Content, tag: str | None, digest: str | None = None) -> None:
        self._expect(
            201, self.registry.put_manifest(self.prefix + repository, tag or digest or manifest.digest, manifest)
        )

    def read(self, repository: str, reference: str) -> Content:
        path = f"/v2/{self.prefix}{repository}/manifests/{reference}"
        answer = self._expect(200, self.registry.request("GET", path, Accept=MANIFEST_TYPES))
        return Content(answer.headers["Content-Type"], answer.data)

    def read_blob(self, repository: str, digest: str) -> bytes:
        return self._expect(200, self.registry.request("GET", f"/v2/{self.prefix}{repository}/blobs/{digest}")).data

    def delete(self, repository: str, reference: str) -> None:
        self._expect(202, self.registry.request("DELETE", f"/v2/{self.prefix}{repository}/manifests/{reference}"))

    def tags(self, repository: str) -> list[str]:
        answer = self._expect(200, self.registry.request("GET", f"/v2/{self.prefix}{repository}/tags/list"))
        listed: list[str] = json.loads(answer.data)["tags"]
        return sorted(listed)

    @staticmethod
    def _expect(status: int, answer: urllib3.BaseHTTPResponse) -> urllib3.BaseHTTPResponse:
        if answer.status != status:
            code = error_codes(answer)[0]
            said = answer.data.decode()
            raise Refused(_OCI_FACTS.get((answer.status, code), f"{answer.status} {code}"), said)
        return answer


class AwsDoor:
    """The AWS API."""

    name: Name = "aws"

    def __init__(self, server: Server) -> None:
        self.server = server
        self.ecr = server.client()

    def upload(self, repository: str, blob: Content, digest: str | None = None) -> None:
        session = self._call(self.ecr.initiate_layer_upload, repositoryName=repository)["uploadId"]
        self._call(
            self.ecr.upload_layer_part,
            repositoryName=repository,
            uploadId=session,
            partFirstByte=0,
            partLastByte=len(blob.data) - 1,
            layerPartBlob=blob.data,
        )
        self._call(
            self.ecr.complete_layer_upload,
            repositoryName=repository,
            uploadId=session,
            layerDigests=[digest or blob.digest],
        )

    def put(self, repository: str, manifest: Content, tag: str | None, digest: str | None = None) -> None:
        named = {"imageTag": tag} if tag else {"imageDigest": digest or manifest.digest}
        self._call(
            self.ecr.put_image,
            repositoryName=repository,
            imageManifest=manifest.data.decode(),
            imageManifestMediaType=manifest.media_type,
            **named,
        )

    def read(self, repository: str, reference: str) -> Content:
        answer = self._call(
            self.ecr.batch_get_image,
            repositoryName=repository,
            imageIds=[image_id(reference)],
            acceptedMediaTypes=list(MANIFEST_TYPES),
        )
        self._check(answer)
        found = answer["images"][0]
        return Content(found["imageManifestMediaType"], found["imageManifest"].encode())

    def read_blob(self, repository: str, digest: str) -> bytes:
        try:
            answer = self._call(self.ecr.get_download_url_for_layer, repositoryName=repository, layerDigest=digest)
        except Refused as refusal:
            # one exception for both: what a put misses, and what a download asks for
            fact = "layer absent" if refusal.fact == "layers missing" else refusal.fact
            raise Refused(fact, str(refusal)) from refusal
        with urllib.request.urlopen(answer["downloadUrl"], context=self.server.context()) as stream:
            data: bytes = stream.read()
        return data

    def delete(self, repository: str, reference: str) -> None:
        ask = {"repositoryName": repository, "imageIds": [image_id(reference)]}
        self._check(self._call(self.ecr.batch_delete_image, **ask))

    def tags(self, repository: str) -> list[str]:
        listed = self._call(self.ecr.list_images, repositoryName=repository, filter={"tagStatus": "TAGGED"})
        return sorted(entry["imageTag"] for entry in listed["imageIds"])

    @staticmethod
    def _check(answer: dict[str, Any]) -> None:
        for failure in answer["failures"]:
            code = failure["failureCode"]
            raise Refused(_AWS_FACTS.get(code, code), failure["failureReason"])

    @staticmethod
    def _call(operation: Callable[..., dict[str, Any]], **parameters: Any) -> dict[str, Any]:
        try:
            return operation(**parameters)
        except ClientError as refusal:
            error = refusal.response["Error"]
            raise Refused(_AWS_FACTS.get(error["Code"], error["Code"]), error["Message"]) from refusal


class PublicAwsDoor(AwsDoor):
    """The AWS API of the public registry, which has no operation that reads: that is done as anybody may."""

    def __init__(self, server: Server, anybody: OciDoor) -> None:
        super().__init__(server)
        self.ecr = server.client("ecr-public")
        self._anybody = anybody

    def read(self, repository: str, reference: str) -> Content:
        return self._anybody.read(repository, reference)

    def read_blob(self, repository: str, digest: str) -> bytes:
        return self._anybody.read_blob(repository, digest)

    def tags(self, repository: str) -> list[str]:
        listed = self._call(self.ecr.describe_image_tags, repositoryName=repository)
        return sorted(entry["imageTag"] for entry in listed["imageTagDetails"])


def image_id(reference: str) -> dict[str, str]:
    """A tag or digest as the AWS API names images."""
    return {"imageDigest" if ":" in reference else "imageTag": reference}


def outcome(action: Callable[..., object], *arguments: object) -> str:
    """`done`, or the fact of the refusal."""
    try:
        action(*arguments)
    except Refused as refusal:
        return refusal.fact
    return "done"


def push(door: Door, repository: str, content: Image | Index, *tags: str) -> None:
    """Blobs, children and then the manifest, each tag in turn; untagged without one."""
    for each in content.children if isinstance(content, Index) else (content,):
        for blob in each.blobs:
            door.upload(repository, blob)
        if each is not content:
            door.put(repository, each.manifest, None)
    for tag in tags or (None,):
        door.put(repository, content.manifest, tag)
