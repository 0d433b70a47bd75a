"""What provokes KmsException: a repository is encrypted with a key that is switched off afterwards."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from tests.effects.acts import IMAGE
from tests.effects.refusing import ABSENT, Ask, Ground, put
from tests.factories.registry import Registry

_ENCRYPTED = "refusals/encrypted"


def _encryption(key: str) -> dict[str, str]:
    return {"encryptionType": "KMS", "kmsKey": key}


@contextlib.contextmanager
def _switched_off(ground: Ground, service: str, *parts: bytes) -> Iterator[str]:
    """A repository with an image, whose key is disabled; an upload into it of these parts."""
    kms = ground.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    named = {"repositoryName": _ENCRYPTED}
    ground.call(service, "CreateRepository", **named, encryptionConfiguration=_encryption(key))
    Registry(ground.server).push(_ENCRYPTED, IMAGE, "v1")
    upload = str(ground.call(service, "InitiateLayerUpload", **named)["uploadId"])
    for data in parts:
        last = len(data) - 1
        ground.call(service, "UploadLayerPart", **named, uploadId=upload, partLastByte=last, layerPartBlob=data)
    kms.disable_key(KeyId=key)
    try:
        yield upload
    finally:
        ground.call(service, "DeleteRepository", **named, force=True)


def _created(ground: Ground, service: str) -> Any:
    """A repository with a key that is not there."""
    encryption = _encryption("alias/absent")
    return ground.call(service, "CreateRepository", repositoryName=ABSENT, encryptionConfiguration=encryption)


def _in_it(operation: str, *parts: bytes, uploads: bool = False, **given: Any) -> Ask:
    """An operation on the repository."""

    def ask(ground: Ground, service: str) -> Any:
        with contextlib.ExitStack() as held:
            upload = held.enter_context(_switched_off(ground, service, *parts))
            more = {"uploadId": upload} if uploads else {}
            return ground.call(service, operation, repositoryName=_ENCRYPTED, **more, **given)

    return ask


PROVOKED: Mapping[tuple[str, str], Ask] = {
    ("CompleteLayerUpload", "KmsException"): _in_it("CompleteLayerUpload", b"bytes", uploads=True),
    ("CreateRepository", "KmsException"): _created,
    ("InitiateLayerUpload", "KmsException"): _in_it("InitiateLayerUpload"),
    ("PutImage", "KmsException"): _in_it("PutImage", **put(IMAGE, imageTag="v2")),
    ("UploadLayerPart", "KmsException"): _in_it("UploadLayerPart", uploads=True),
}
