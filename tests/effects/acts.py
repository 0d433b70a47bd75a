"""What cases do and look at, in common; each is one call of the root or one request of the registry."""

import base64
import urllib.request
from collections.abc import Callable
from typing import Any

from botocore import xform_name

from tests.effects.case import DOOR, Part, Place
from tests.factories.layouts import Image, image
from tests.factories.registry import Registry

IMAGE = image(4100)
OTHER = image(4101)
V1 = {"imageTag": "v1"}
PUSHES = ("ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:GetAuthorizationToken")
PUSHES_PUBLIC = (
    *("ecr-public:InitiateLayerUpload", "ecr-public:UploadLayerPart", "ecr-public:GetAuthorizationToken"),
    "sts:GetServiceBearerToken",
)


def of_repository(operation: str, **given: Any) -> Part:
    """An operation of the root on the case's repository."""

    def act(place: Place) -> Any:
        return getattr(place.root, xform_name(operation))(repositoryName=place.name, **given)

    return act


def tried(show: Callable[[Any], object] = bool, **given: Any) -> Part:
    """The operation of the case as its user, on the case's repository: what `show` makes of the answer."""
    return lambda place: show(place.call(repositoryName=place.name, **given))


def create(place: Place) -> None:
    """The case's repository."""
    place.root.create_repository(repositoryName=place.name)


def create_again(place: Place) -> None:
    """A new repository of the same name, without anything."""
    place.root.delete_repository(repositoryName=place.name, force=True)
    create(place)


def delete(place: Place) -> None:
    """The case's repository, with all that is in it."""
    place.root.delete_repository(repositoryName=place.name, force=True)


def push(place: Place, made: Image = IMAGE, *references: str) -> None:
    """An image through OCI Distribution, as v1 unless told otherwise."""
    place.door().push(place.repository, made, *references or ("v1",))


def with_image(place: Place) -> None:
    """The case's repository with an image v1."""
    create(place)
    push(place)


def with_layers(place: Place) -> None:
    """The case's repository with the layers and the config of an image, and no image."""
    create(place)
    for blob in IMAGE.blobs:
        place.door().push_blob(place.repository, blob)


def delete_image(place: Place) -> None:
    """The image v1."""
    place.root.batch_delete_image(repositoryName=place.name, imageIds=[{"imageDigest": IMAGE.digest}])


def put_image(place: Place) -> None:
    """The image v1, its blobs being there."""
    place.door().put_manifest(place.repository, "v1", IMAGE.manifest)


def manifest(place: Place) -> object:
    """What the registry hands out as v1."""
    answer = place.door().request("GET", f"/v2/{place.path('manifests/v1')}")
    return answer.status, answer.data if answer.status == 200 else b""


def delete_blob(place: Place, digest: str = IMAGE.config.digest) -> None:
    """A blob out of the repository."""
    answer = place.door().request("DELETE", f"/v2/{place.path(f'blobs/{digest}')}")
    assert answer.status == 202, answer.data


def upload_status(place: Place) -> object:
    """How far the upload of the case's user is, at the registry; nothing where there is none."""
    upload = place.kept.get("upload") or (place.answer or {}).get("uploadId")
    if upload is None:
        return None
    door = place.door(place.keys)
    answer = door.request("GET", f"/v2/{place.path(f'blobs/uploads/{upload}')}")
    return answer.headers["Range"] if answer.status == 204 else None


def cancel_upload(place: Place) -> None:
    """The upload of the case's user."""
    upload = place.kept.get("upload") or place.answer["uploadId"]
    answer = place.door(place.keys).request("DELETE", f"/v2/{place.path(f'blobs/uploads/{upload}')}")
    assert answer.status == 204, answer.data


def start_upload(place: Place) -> None:
    """The case's repository, and an upload of its user into it."""
    create(place)
    place.kept["upload"] = place.one.initiate_layer_upload(repositoryName=place.name)["uploadId"]


def upload_part(place: Place) -> None:
    """The bytes of a config into the upload that was started."""
    start_upload(place)
    place.one.upload_layer_part(**part(place))


def part(place: Place) -> dict[str, Any]:
    """The input of UploadLayerPart for a whole config."""
    data = IMAGE.config.data
    where = {"partFirstByte": 0, "partLastByte": len(data) - 1, "layerPartBlob": data}
    return {"repositoryName": place.name, "uploadId": place.kept["upload"], **where}


def available(place: Place) -> object:
    """Whether the config of the image is there."""
    digests = [IMAGE.config.digest]
    (layer,) = place.root.batch_check_layer_availability(repositoryName=place.name, layerDigests=digests)["layers"]
    return layer["layerAvailability"]


def token_status(place: Place) -> object:
    """What the registry answers to who logs in with the token of the answer."""
    if place.answer is None:
        return None
    told = place.answer["authorizationData"]
    token = (told[0] if isinstance(told, list) else told)["authorizationToken"]
    place.called.append(DOOR)
    password = base64.b64decode(token).decode().partition(":")[2]
    return Registry(place.server, password).request("GET", "/v2/").status


def stop_key(place: Place) -> None:
    """The access key of the case's user is not active any more."""
    name = f"{place.service}-{place.operation}"
    place.client("iam").update_access_key(UserName=name, AccessKeyId=place.keys.access_key_id, Status="Inactive")


def downloaded(answer: Any) -> bytes:
    """The bytes at the URL of a layer."""
    with urllib.request.urlopen(answer["downloadUrl"]) as stream:
        data: bytes = stream.read()
    return data
