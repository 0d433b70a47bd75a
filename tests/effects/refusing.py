"""How each documented error is provoked: the ground that all share, and inputs of botocore's models."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from tests.effects.acts import IMAGE, OTHER
from tests.effects.case import ACCOUNT
from tests.factories.layouts import image
from tests.factories.lifecycle import rule, text
from tests.factories.processes import Server
from tests.factories.registry import Registry

APP = "refusals/app"
ABSENT = "refusals/absent"
NO_DIGEST = "sha256:" + "0" * 64
NO_UPLOAD = "00000000-0000-4000-8000-000000000000"
V1 = {"imageTag": "v1"}
NO_IMAGE = {"imageTag": "absent"}
EXPIRE = text(rule(1, 1))
REFERRER = image(4104, layers=1, subject=IMAGE.manifest.descriptor(), artifactType="application/vnd.test")
ALONE = image(4105, layers=1)
TEMPLATE = {"prefix": "elsewhere", "appliedFor": ["CREATE_ON_PUSH"]}
PRINCIPAL = "arn:aws:iam::000000000000:role/refusals"


@dataclass(frozen=True)
class Ground:
    """A server that carries nothing out (it has no worker), and what is in its registries, private and public."""

    server: Server

    def client(self, service: str, region: str = "us-east-1") -> Any:
        """A service as the root."""
        return self.server.client(service, region=region)

    def call(self, service: str, operation: str, **given: Any) -> Any:
        """An operation as the root: with the members that it must have, and these in place of those."""
        client = self.client(service)
        return getattr(client, xform_name(operation))(**required(client, operation, given))

    def upload(self, service: str, *parts: bytes) -> str:
        """An upload of these parts into the application's repository."""
        upload = str(self.call(service, "InitiateLayerUpload")["uploadId"])
        first = 0
        for data in parts:
            where = {"partFirstByte": first, "partLastByte": first + len(data) - 1}
            self.call(service, "UploadLayerPart", uploadId=upload, layerPartBlob=data, **where)
            first += len(data)
        return upload


def required(client: Any, operation: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """An input: what the model requires, of things that are there, and what is given in its place or beside it."""
    shape = client.meta.service_model.operation_model(operation).input_shape
    if shape is None:
        return dict(given)
    service = client.meta.service_model.service_name
    return {name: _value(name, service) for name in shape.required_members if name not in given} | dict(given)


def arn(service: str, name: str) -> str:
    """The ARN of a repository."""
    place = "us-east-1:000000000000" if service == "ecr" else ":000000000000"
    return f"arn:aws:{service}:{place}:repository/{name}"


def put(made: Any = IMAGE, **more: Any) -> dict[str, Any]:
    """The input of PutImage for an image."""
    return {"imageManifest": made.manifest.data.decode(), "imageManifestMediaType": made.manifest.media_type, **more}


def _value(name: str, service: str) -> Any:
    return {**_VALUES, "resourceArn": arn(service, APP)}[name]


_VALUES: Mapping[str, Any] = {
    "repositoryName": APP,
    "repositoryNames": [APP],
    "imageIds": [V1],
    "imageId": V1,
    "subjectId": {"imageDigest": IMAGE.digest},
    "layerDigest": IMAGE.config.digest,
    "layerDigests": [IMAGE.config.digest],
    "layerPartBlob": b"part",
    "partFirstByte": 0,
    "partLastByte": 3,
    "uploadId": NO_UPLOAD,
    "imageManifest": IMAGE.manifest.data.decode(),
    "imageTagMutability": "MUTABLE",
    "imageScanningConfiguration": {"scanOnPush": False},
    "targetStorageClass": "ARCHIVE",
    "policyText": '{"Version": "2012-10-17", "Statement": []}',
    "lifecyclePolicyText": EXPIRE,
    "tags": [{"Key": "k", "Value": "v"}],
    "tagKeys": ["k"],
    "name": "BLOB_MOUNTING",
    "value": "ENABLED",
    "principalArn": PRINCIPAL,
    "prefix": "elsewhere",
    "appliedFor": ["CREATE_ON_PUSH"],
    "catalogData": {},
    "replicationConfiguration": {"rules": []},
    "replicationBackfillId": NO_UPLOAD,
    "destination": {"region": "eu-west-1", "registryId": ACCOUNT},
}


def furnish(server: Server) -> Ground:
    """In both registries a repository with an image, a referrer of it, and a blob that no image has."""
    ground = Ground(server)
    for service in ("ecr", "ecr-public"):
        ground.client(service).create_repository(repositoryName=APP)
        (name, token) = (APP, server.token()) if service == "ecr" else (_public(ground), server.public_token())
        registry = Registry(server, token)
        registry.push(name, IMAGE, "v1")
        registry.push(name, REFERRER)
        registry.push_blob(name, OTHER.config)
    return ground


def _public(ground: Ground) -> str:
    (registry,) = ground.client("ecr-public").describe_registries()["registries"]
    return f"public.ecr/{registry['aliases'][0]['name']}/{APP}"


def told(ask: Callable[[], Any]) -> tuple[str, str]:
    """The code and the message of a refusal; nothing where there was none."""
    try:
        ask()
    except ClientError as refused:
        error = refused.response["Error"]
        return str(error["Code"]), str(error["Message"])
    return "", ""


Ask = Callable[[Ground, str], Any]


def call(operation: str, **given: Any) -> Ask:
    """The operation with an input that provokes the error as things are."""
    return lambda ground, service: ground.call(service, operation, **given)


def twice(operation: str, **given: Any) -> Ask:
    """A call after one that did the same."""

    def ask(ground: Ground, service: str) -> Any:
        ground.call(service, operation, **given)
        return ground.call(service, operation, **given)

    return ask


@contextlib.contextmanager
def immutable(ground: Ground) -> Iterator[None]:
    """The application's repository, whose tags cannot be moved meanwhile."""
    ground.call("ecr", "PutImageTagMutability", imageTagMutability="IMMUTABLE")
    try:
        yield
    finally:
        ground.call("ecr", "PutImageTagMutability", imageTagMutability="MUTABLE")
