"""What the journal is told of a request to the registry: the action that it performs, as AWS's API names it.

`GET /v2/` and the status of an upload are no actions; what was refused before anybody knew who asks has none either.
"""

from collections.abc import Mapping

from entrepot.core.calls import Alike, Json, Telling
from entrepot.core.principals import ANONYMOUS, Principal
from entrepot.core.resources import SERVICES
from entrepot.errors import CredentialMissing, Fact
from entrepot.oci.authentication import Asked
from entrepot.spec.reference import Reference, Tag

Codes = Mapping[type[Fact], str]  # what AWS calls a fact
_ACTIONS: Mapping[tuple[str, str], str] = {
    ("GET", "catalog"): "DescribeRepositories",
    ("GET", "tags"): "ListImages",
    ("GET", "referrers"): "ListImageReferrers",
    ("GET", "manifests"): "BatchGetImage",
    ("HEAD", "manifests"): "BatchGetImage",
    ("PUT", "manifests"): "PutImage",
    ("DELETE", "manifests"): "BatchDeleteImage",
    ("GET", "blobs"): "GetDownloadUrlForLayer",
    ("HEAD", "blobs"): "BatchCheckLayerAvailability",
    ("DELETE", "blobs"): "DeleteLayer",
    ("POST", "uploads"): "InitiateLayerUpload",
    ("PATCH", "upload"): "UploadLayerPart",
    ("PUT", "upload"): "CompleteLayerUpload",
    ("DELETE", "upload"): "CancelLayerUpload",
}


class ImageAsked(Alike, frozen=True):
    """The parameters of BatchGetImage for one image."""

    image_ids: tuple["ImageId"]
    accepted_media_types: tuple[str, ...]


class ImageId(Alike, frozen=True):
    """An ImageIdentifier."""

    image_tag: str = ""
    image_digest: str = ""


class LayerAsked(Alike, frozen=True):
    """The parameters of GetDownloadUrlForLayer."""

    layer_digest: str


class LayersAsked(Alike, frozen=True):
    """The parameters of BatchCheckLayerAvailability."""

    layer_digests: tuple[str, ...]


def begin(telling: Telling, asked: Asked, principal: Principal, region: str) -> None:
    """Who asks for what; of nobody's `GET /v2/` nothing is told."""
    if asked.noun == "ping" and principal is ANONYMOUS:
        return
    registry = asked.place.registry
    telling.service = SERVICES[registry.kind]
    telling.operation = _ACTIONS.get((asked.method, asked.noun), "")
    telling.account = registry.account
    telling.region = region
    telling.principal = principal
    telling.repository = asked.name


def refused(telling: Telling, fact: Fact, codes: Codes, asked: Asked | None) -> None:
    """Why a request failed; one without credentials, which is how clients begin, is not told."""
    if not telling.service and (asked is None or isinstance(fact, CredentialMissing)):
        return
    if asked is not None:
        telling.service = SERVICES[asked.place.registry.kind]
    telling.error = codes[type(fact)]
    telling.message = str(fact)


def image_id(reference: Reference) -> Json:
    """An ImageIdentifier."""
    return {"imageTag": reference} if isinstance(reference, Tag) else {"imageDigest": reference}


def image_asked(reference: Reference, accept: tuple[str, ...]) -> ImageAsked:
    """What a pull of an image asks for."""
    asked = ImageId(image_tag=reference) if isinstance(reference, Tag) else ImageId(image_digest=reference)
    return ImageAsked((asked,), accept)
