"""What can be scanned of what is stored, whatever else a manifest says."""

import json
from typing import Any

import pytest

from entrepot.spec import media_type as types
from entrepot.spec.manifest import Manifest
from entrepot.spec.platforms import PlatformImage, can_be_scanned, platform_images
from tests.factories.callers import OCI_INDEX, OCI_MANIFEST, image_manifest

DIGEST, OTHER = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"


def described(digest: str = DIGEST, **more: Any) -> dict[str, Any]:
    return {"mediaType": OCI_MANIFEST, "digest": digest, "size": 1, **more}


def index(*children: dict[str, Any]) -> bytes:
    body = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": children}
    return Manifest.parse(json.dumps(body).encode(), OCI_INDEX).payload


def changed(**changes: Any) -> bytes:
    body = json.loads(image_manifest([b"layer"]).payload) | changes
    return Manifest.parse(json.dumps(body).encode(), None).payload


def blob(media_type: str) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": DIGEST, "size": 1}


def test_the_images_of_an_index_stand_once_with_their_platforms():
    arm = {"os": "linux", "architecture": "arm64", "variant": "v8"}
    payload = index(described(platform=arm), described(), described(OTHER))
    assert platform_images(payload) == (PlatformImage(DIGEST, "linux/arm64/v8"), PlatformImage(OTHER, ""))


@pytest.mark.parametrize(
    "child",
    [
        described(platform={"os": "unknown", "architecture": "unknown"}),
        described(annotations={"vnd.docker.reference.type": "attestation-manifest"}),
        described(artifactType="application/vnd.test"),
        described(mediaType="application/vnd.test"),
    ],
)
def test_what_is_about_an_image_is_none(child: dict[str, Any]):
    assert platform_images(index(child)) == ()
    assert not can_be_scanned(index(child))
    assert can_be_scanned(index(child, described(OTHER)))


@pytest.mark.parametrize(
    "platform", [None, 1, "linux", [], {}, {"os": 1, "architecture": None}, {"os": {}, "variant": []}]
)
def test_a_platform_of_any_form_is_read(platform: Any):
    assert platform_images(index(described(platform=platform))) == (PlatformImage(DIGEST, ""),)


def test_a_platform_is_as_long_as_an_attribute_may_be():
    ((_, told),) = platform_images(index(described(platform={"os": "x" * 999})))
    assert len(told) == 128


@pytest.mark.parametrize(
    "layer",
    [
        "application/vnd.oci.image.layer.v1.tar",
        "application/vnd.oci.image.layer.v1.tar+gzip",
        "application/vnd.oci.image.layer.v1.tar+zstd",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "application/vnd.docker.image.rootfs.diff.tar.gzip",
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    ],
)
def test_layers_of_files_can_be_scanned_in_whatever_compression(layer: str):
    assert types.is_layer(layer)
    assert can_be_scanned(changed(layers=[blob(layer)]))


@pytest.mark.parametrize(
    "changes",
    [
        {"artifactType": "application/vnd.test"},
        {"config": blob("application/vnd.oci.empty.v1+json")},
        {"config": blob("application/vnd.cncf.helm.config.v1+json")},
        {"layers": [blob("application/vnd.dev.cosign.simplesigning.v1+json")]},
        {"layers": [blob("application/vnd.oci.image.layer.v1.tar"), blob("application/vnd.in-toto+json")]},
    ],
)
def test_artifacts_cannot(changes: dict[str, Any]):
    assert not can_be_scanned(changed(**changes))


def test_an_image_without_layers_can():
    assert can_be_scanned(changed(layers=[]))


def test_an_image_of_dockers_can():
    docker = {
        "mediaType": types.DOCKER_MANIFEST,
        "config": blob("application/vnd.docker.container.image.v1+json"),
        "layers": [blob("application/vnd.docker.image.rootfs.diff.tar.gzip")],
    }
    assert can_be_scanned(changed(**docker))
