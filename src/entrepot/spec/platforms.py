"""What of a stored manifest can be scanned, and for which platforms an index has images (OCI image specification:
image-index.md).

Manifests say much that the registry does not need, and that may be of any form: what is not as it should be counts as
not there.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from entrepot.spec import media_type as types

_UNKNOWN = "unknown"
_ATTESTATION = "vnd.docker.reference.type"  # BuildKit's annotation of what is about another image
_LONGEST = 128


class _Descriptor(msgspec.Struct, rename="camel"):
    media_type: str
    digest: str
    artifact_type: Any = None
    annotations: Any = None
    platform: Any = None


class _Manifest(msgspec.Struct, rename="camel"):
    artifact_type: Any = None
    config: _Descriptor | None = None
    layers: list[_Descriptor] | None = None
    manifests: list[_Descriptor] | None = None


_DECODE = msgspec.json.Decoder(_Manifest).decode


class PlatformImage(NamedTuple):
    """An image that an index names, and the platform that it is for: `linux/arm64/v8`, '' where it does not say."""

    digest: str
    platform: str


def platform_images(payload: bytes) -> tuple[PlatformImage, ...]:
    """The images of a well-formed index, each once, without attestations and other artifacts."""
    found: dict[str, PlatformImage] = {}
    for child in _DECODE(payload).manifests or ():
        platform = _platform(child.platform)
        artifact = child.artifact_type is not None or not types.is_manifest_type(child.media_type)
        if not artifact and platform is not None and not _is_attestation(child.annotations):
            found.setdefault(child.digest, PlatformImage(child.digest, platform))
    return tuple(found.values())


def can_be_scanned(payload: bytes) -> bool:
    """Whether a well-formed manifest is an image, with layers of files only, or an index that names images."""
    told = _DECODE(payload)
    if told.manifests is not None:
        return bool(platform_images(payload))
    return (
        told.config is not None
        and types.is_image_config(told.config.media_type)
        and told.artifact_type in (None, told.config.media_type)
        and all(types.is_layer(layer.media_type) for layer in told.layers or ())
    )


def _is_attestation(annotations: object) -> bool:
    return isinstance(annotations, Mapping) and _ATTESTATION in annotations


def _platform(told: object) -> str | None:
    """As it is written for people; None for that of an attestation."""
    if not isinstance(told, Mapping):
        return ""
    parts = [told.get(name) for name in ("os", "architecture", "variant")]
    if parts[:2] == [_UNKNOWN, _UNKNOWN]:
        return None
    return "/".join(part for part in parts if isinstance(part, str) and part)[:_LONGEST]
