"""Images made from seeds: the same seed gives the same bytes, digests and OCI layout directory.

Layers are real gzip tar archives, so that engines that unpack them accept them. Spec: OCI image-spec 1.1.
"""

import gzip
import hashlib
import io
import json
import random
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
MANIFEST_TYPES = (OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST)


def sha256(data: bytes) -> str:
    """The sha256 digest of `data` in its OCI form."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


@dataclass(frozen=True)
class Content:
    """Bytes with a media type: a layer, a config or a manifest."""

    media_type: str
    data: bytes

    @property
    def digest(self) -> str:
        """The sha256 digest of the bytes."""
        return sha256(self.data)

    def descriptor(self, **more: Any) -> dict[str, Any]:
        """The OCI descriptor of these bytes."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.data), **more}


@dataclass(frozen=True)
class Image:
    """An image: manifest, config, layers."""

    manifest: Content
    config: Content
    layers: tuple[Content, ...]

    @property
    def digest(self) -> str:
        """The manifest's digest."""
        return self.manifest.digest

    @property
    def blobs(self) -> tuple[Content, ...]:
        """Config and layers, in the order in which clients push them."""
        return (*self.layers, self.config)


@dataclass(frozen=True)
class Index:
    """An index with its children."""

    manifest: Content
    children: tuple[Image, ...]

    @property
    def digest(self) -> str:
        """The index's digest."""
        return self.manifest.digest


def archive(files: Mapping[str, bytes]) -> bytes:
    """A tar of `files` without anything that varies from run to run."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in sorted(files.items()):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            member.mode = 0o644
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def image(
    seed: int,
    *,
    layers: int = 2,
    size: int = 8192,
    architecture: str = "amd64",
    docker: bool = False,
    **fields: Any,
) -> Image:
    """An image of `layers` random layers; `fields` go into the manifest (subject, annotations, artifactType)."""
    source = random.Random(seed)
    tars = [archive({f"seed-{seed}/{number}.bin": source.randbytes(size)}) for number in range(layers)]
    packed = tuple(
        Content(DOCKER_LAYER if docker else OCI_LAYER, gzip.compress(tar, compresslevel=1, mtime=0)) for tar in tars
    )
    config = Content(
        DOCKER_CONFIG if docker else OCI_CONFIG,
        _json(
            {
                "architecture": architecture,
                "os": "linux",
                "config": {"Env": ["PATH=/bin"], "Labels": {"seed": str(seed)}},
                "rootfs": {"type": "layers", "diff_ids": [sha256(tar) for tar in tars]},
                "history": [{"created_by": f"seed {seed}"} for _ in tars],
            }
        ),
    )
    return Image(manifest(config, packed, docker=docker, **fields), config, packed)


def image_of(*tars: bytes, architecture: str = "amd64") -> Image:
    """An image of these layers, packed by gzip, from the lowest."""
    packed = tuple(Content(OCI_LAYER, gzip.compress(tar, compresslevel=1, mtime=0)) for tar in tars)
    rootfs = {"type": "layers", "diff_ids": [sha256(tar) for tar in tars]}
    config = Content(OCI_CONFIG, _json({"architecture": architecture, "os": "linux", "config": {}, "rootfs": rootfs}))
    return Image(manifest(config, packed), config, packed)


def manifest(config: Content, layers: Sequence[Content], *, docker: bool = False, **fields: Any) -> Content:
    """A manifest over this config and these layers."""
    media_type = DOCKER_MANIFEST if docker else OCI_MANIFEST
    body = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": config.descriptor(),
        "layers": [layer.descriptor() for layer in layers],
        **fields,
    }
    return Content(media_type, _json(body))


def index(
    seed: int, architectures: Sequence[str] = ("amd64", "arm64"), *, docker: bool = False, **fields: Any
) -> Index:
    """An index with one image for each architecture."""
    children = tuple(
        image(seed * 1000 + number, architecture=architecture, docker=docker)
        for number, architecture in enumerate(architectures)
    )
    return Index(index_of(children, architectures, docker=docker, **fields), children)


def index_of(
    children: Sequence[Image | Index], architectures: Sequence[str] = (), *, docker: bool = False, **fields: Any
) -> Content:
    """An index document over `children`, with a platform for each where `architectures` are given."""
    media_type = DOCKER_LIST if docker else OCI_INDEX
    descriptors = [child.manifest.descriptor() for child in children]
    for descriptor, architecture in zip(descriptors, architectures, strict=False):
        descriptor["platform"] = {"architecture": architecture, "os": "linux"}
    return Content(media_type, _json({"schemaVersion": 2, "mediaType": media_type, "manifests": descriptors, **fields}))


def write_layout(content: Image | Index, directory: Path, tag: str) -> Path:
    """`content` as an OCI layout directory that names it `tag`."""
    blobs = directory / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)
    images = content.children if isinstance(content, Index) else (content,)
    for part in (content.manifest, *(part for each in images for part in (each.manifest, *each.blobs))):
        (blobs / part.digest.partition(":")[2]).write_bytes(part.data)
    (directory / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    top = content.manifest.descriptor(annotations={"org.opencontainers.image.ref.name": tag})
    (directory / "index.json").write_bytes(_json({"schemaVersion": 2, "manifests": [top]}))
    return directory


def read_layout(directory: Path) -> dict[str, bytes]:
    """Every blob of a layout by its digest, each checked against its name and all of them reachable ones present."""
    blobs = {}
    for path in (directory / "blobs").glob("*/*"):
        data = path.read_bytes()
        digest = f"{path.parent.name}:{path.name}"
        assert hashlib.new(path.parent.name, data).hexdigest() == path.name, f"{digest} holds other bytes"
        blobs[digest] = data
    return blobs


def contents(content: Image | Index) -> dict[str, bytes]:
    """Every blob and manifest of `content` by its digest: what a pull must bring, byte by byte."""
    images = content.children if isinstance(content, Index) else (content,)
    parts = [content.manifest, *(part for each in images for part in (each.manifest, *each.blobs))]
    return {part.digest: part.data for part in parts}


def diff_ids(content: Image) -> list[str]:
    """The digests of the unpacked layers, which survive an engine that packs them anew."""
    return [sha256(gzip.decompress(layer.data)) for layer in content.layers]


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=False).encode()
