"""Callers, keys and manifests for tests of core."""

import json
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from entrepot.core.access import Caller
from entrepot.core.principals import root_principal, user_principal
from entrepot.core.rights import Rights
from entrepot.policy.evaluation import Policies
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Manifest
from entrepot.spec.repository import RegistryKey, RepositoryKey

ACCOUNT = "000000000000"
OTHER_ACCOUNT = "111122223333"
REGION = "us-east-1"
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"


def caller(account: str = ACCOUNT, at: datetime = EPOCH) -> Caller:
    """The root of an account, making a new request."""
    principal = root_principal(account, "AKIATEST" + account, 1)
    rights = Rights(principal.subject(), Policies())
    return Caller(principal, rights, REGION, "127.0.0.1", "tests", str(uuid.uuid4()), secure=False, door="oci", at=at)


def nobody() -> Caller:
    """A user of the first account whom no policy allows anything."""
    principal = user_principal(ACCOUNT, "AIDANOBODY", "/nobody", "AKIA", 1)
    return replace(caller(), principal=principal, rights=Rights(principal.subject(), Policies()), door="aws")


def registry(account: str = ACCOUNT) -> RegistryKey:
    """The private registry of an account."""
    return RegistryKey("private", account, REGION)


def repository(name: str, account: str = ACCOUNT) -> RepositoryKey:
    """A repository's key."""
    return RepositoryKey(registry(account), name)


def image_manifest(layers: Sequence[bytes], config: bytes = b"{}", **extra: object) -> Manifest:
    """An OCI image manifest over these blobs."""
    body = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": _descriptor("application/vnd.oci.image.config.v1+json", config),
        "layers": [_descriptor("application/vnd.oci.image.layer.v1.tar", layer) for layer in layers],
        **extra,
    }
    return Manifest.parse(json.dumps(body).encode(), OCI_MANIFEST)


def index_manifest(children: Sequence[Manifest], **extra: object) -> Manifest:
    """An OCI index over these manifests."""
    described = [
        {"mediaType": child.media_type, "digest": child.digest, "size": len(child.payload)} for child in children
    ]
    body = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": described, **extra}
    return Manifest.parse(json.dumps(body).encode(), OCI_INDEX)


def _descriptor(media_type: str, data: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": Digest.of(data), "size": len(data)}
