"""Manifests: parsed strictly, kept verbatim (OCI image specification: manifest.md, image-index.md, descriptor.md).

What has a meaning to the registry must be well-formed; everything else is kept and ignored. The bytes are never
serialised again: their digest is the image.
"""

from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal, NoReturn

import msgspec

from entrepot.errors import DigestInvalid, LayersTooMany, ManifestInvalid, ManifestTooLarge, MediaTypeUnsupported
from entrepot.spec import media_type as types
from entrepot.spec import strict_json
from entrepot.spec.digest import Digest
from entrepot.spec.strict_json import JsonRefused

LARGEST = 4 * 1024 * 1024
MOST_LAYERS = 500
_DEEPEST = 64
_Size = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_Short = Annotated[str, msgspec.Meta(max_length=1024, pattern=r"\A[^\x00-\x1f\x7f]*\Z")]
_LONGEST_TYPE = 255  # RFC 6838, 4.2: 127 characters on each side


class _RawDescriptor(msgspec.Struct, rename="camel"):
    media_type: _Short
    digest: _Short
    size: _Size
    artifact_type: _Short | None = None
    annotations: dict[str, str] | None = None
    data: str | None = None
    urls: list[str] | None = None


class _RawManifest(msgspec.Struct, rename="camel"):
    schema_version: int | None = None
    media_type: _Short | None = None
    artifact_type: _Short | None = None
    config: _RawDescriptor | None = None
    layers: list[_RawDescriptor] | None = None
    manifests: list[_RawDescriptor] | None = None
    subject: _RawDescriptor | None = None
    annotations: dict[str, str] | None = None
    fs_layers: Any = None  # of any form: that it is there says schema 1


_DECODER = msgspec.json.Decoder(_RawManifest)


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What a manifest says of other content; `size` in bytes."""

    media_type: str
    digest: Digest
    size: int
    artifact_type: str | None
    annotations: dict[str, str] | None


@dataclass(frozen=True)
class Manifest:
    """A well-formed manifest; `kind` is index for OCI indexes and Docker lists, image for all else."""

    payload: bytes
    media_type: str
    kind: Literal["image", "index"]
    config: Descriptor | None
    layers: tuple[Descriptor, ...]
    children: tuple[Descriptor, ...]
    subject: Descriptor | None
    artifact_type: str | None
    annotations: dict[str, str] | None

    @classmethod
    def parse(cls, payload: bytes, media_type: str | None) -> "Manifest":
        """Check bytes given as this media type (None: by what they say): ManifestInvalid, ManifestTooLarge,
        MediaTypeUnsupported, LayersTooMany.
        """
        if len(payload) > LARGEST:
            raise ManifestTooLarge(limit=LARGEST)
        raw = _decode(payload)
        chosen = _choose_type(raw, media_type)
        kind: Literal["image", "index"] = "index" if types.is_index_type(chosen) else "image"
        _check_shape(raw, chosen, kind)
        if len(raw.layers or ()) > MOST_LAYERS:
            raise LayersTooMany(count=len(raw.layers or ()), limit=MOST_LAYERS)
        config = _descriptor(raw.config)
        artifact_type = raw.artifact_type or (config.media_type if config else None)
        if artifact_type is not None and len(artifact_type) > _LONGEST_TYPE:
            _refuse(f"the artifact type is longer than {_LONGEST_TYPE} characters")
        return cls(
            payload=payload,
            media_type=chosen,
            kind=kind,
            config=config,
            layers=tuple(_checked(layer) for layer in raw.layers or ()),
            children=tuple(_checked(child) for child in raw.manifests or ()),
            subject=_descriptor(raw.subject),
            artifact_type=artifact_type,
            annotations=raw.annotations,
        )

    @cached_property
    def digest(self) -> Digest:
        """sha256 of the exact bytes."""
        return Digest.of(self.payload)

    @property
    def references(self) -> tuple[tuple[Literal["config", "layer", "child"], Descriptor], ...]:
        """All content that the manifest names, subject apart."""
        config = (("config", self.config),) if self.config is not None else ()
        return (
            *config,
            *(("layer", layer) for layer in self.layers),
            *(("child", child) for child in self.children),
        )

    @property
    def required_blobs(self) -> tuple[Descriptor, ...]:
        """Config and distributable layers: what must be in the repository before the manifest is."""
        blobs = (*((self.config,) if self.config else ()), *self.layers)
        return tuple(blob for blob in blobs if not types.is_nondistributable(blob.media_type))

    @property
    def image_size(self) -> int:
        """Bytes of config and layers."""
        return sum(blob.size for blob in ((self.config,) if self.config else ()) + self.layers)


def _decode(payload: bytes) -> _RawManifest:
    try:
        text = payload.decode("utf-8")
        strict_json.decode(text, _DEEPEST)
        return _DECODER.decode(payload)
    except JsonRefused as error:
        _refuse(str(error))
    except msgspec.ValidationError as error:
        _refuse(str(error))
    except (msgspec.DecodeError, ValueError):  # UTF-8 and syntax too
        _refuse("Invalid JSON syntax")


def _choose_type(raw: _RawManifest, given: str | None) -> str:
    if raw.fs_layers is not None or raw.schema_version == 1:
        raise MediaTypeUnsupported(media_type=given or "application/vnd.docker.distribution.manifest.v1+json")
    chosen = types.bare(given) if given else ""
    if not types.is_generic(chosen):
        if not types.is_manifest_type(chosen):
            raise MediaTypeUnsupported(media_type=chosen)
        if raw.media_type is not None and raw.media_type != chosen:
            _refuse(f"mediaType '{raw.media_type}' in the manifest is not the given '{chosen}'")
        return chosen
    if raw.media_type is None:
        _refuse("image manifest mediatype not provided in manifest or parameter")
    if not types.is_manifest_type(raw.media_type):
        raise MediaTypeUnsupported(media_type=raw.media_type)
    return raw.media_type


def _check_shape(raw: _RawManifest, media_type: str, kind: str) -> None:
    if raw.schema_version != 2:
        _refuse("schemaVersion must be 2")
    if kind == "index":
        if raw.manifests is None:
            _refuse("an index needs 'manifests'")
        if raw.layers is not None or raw.config is not None:
            _refuse("an index has no 'layers' and no 'config'")
    else:
        if raw.config is None or raw.layers is None:
            _refuse("an image manifest needs 'config' and 'layers'")
        if raw.manifests is not None:
            _refuse("an image manifest has no 'manifests'")
    if media_type in (types.DOCKER_MANIFEST, types.DOCKER_LIST) and raw.media_type is None:
        _refuse("mediaType is missing from the manifest")


def _descriptor(raw: _RawDescriptor | None) -> Descriptor | None:
    return None if raw is None else _checked(raw)


def _checked(raw: _RawDescriptor) -> Descriptor:
    try:
        digest = Digest.parse(raw.digest)
    except DigestInvalid as error:
        _refuse(str(error))
    if raw.data is not None:
        _check_data(raw.data, digest, raw.size)
    return Descriptor(raw.media_type, digest, raw.size, raw.artifact_type, raw.annotations)


def _check_data(data: str, digest: Digest, size: int) -> None:
    try:
        content = b64decode(data, validate=True)
    except (Base64Error, ValueError):
        _refuse(f"data of {digest} is not base64")
    if len(content) != size or Digest.of(content, digest.algorithm) != digest:
        _refuse(f"data of {digest} has another digest or size")


def _refuse(reason: str) -> NoReturn:
    raise ManifestInvalid(reason=reason)
