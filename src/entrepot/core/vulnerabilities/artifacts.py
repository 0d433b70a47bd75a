"""An export as an artifact of a registry (OCI image specification 1.1, "Guidelines for Artifact Usage"): a manifest of
a type of its own with one layer, the signed file.

The registry is believed nothing: what it gives has the digest that the manifest names, and a signature as any export.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from entrepot.core.vulnerabilities.exports import Manifest as Exported
from entrepot.errors import ManifestInvalid, ManifestTooLarge, MediaTypeUnsupported
from entrepot.errors.scanning import VulnerabilityArtifactUnusable
from entrepot.outbound.registries import Repository
from entrepot.spec import media_type as types
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Descriptor, Manifest
from entrepot.spec.moments import moment
from entrepot.spec.reference import Reference, Tag

ARTIFACT_TYPE: Final = "application/vnd.entrepot.vulndb.v1"
LAYER_TYPE: Final = "application/vnd.entrepot.vulndb.layer.v1.tar+zstd"
_TITLE: Final = "vulnerabilities.tar.zst"
_EMPTY: Final = b"{}"
_PIECE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Artifact:
    """An export in a repository: its manifest's digest, and its layer."""

    digest: Digest
    layer: Descriptor


async def push(
    repository: Repository, tag: Tag, path: Path, exported: Exported, progress: Callable[[int], None]
) -> Digest:
    """Store an export under a tag: OutboundFault. The manifest comes last, so that nobody finds half of it."""
    digest, size = await asyncio.to_thread(_digest, path)
    empty = Digest.of(_EMPTY)
    await repository.push_blob(empty, len(_EMPTY), partial(_bytes, _EMPTY))
    await repository.push_blob(digest, size, partial(_file, path, progress))
    described = {
        "schemaVersion": 2,
        "mediaType": types.OCI_MANIFEST,
        "artifactType": ARTIFACT_TYPE,
        "config": {"mediaType": types.OCI_EMPTY, "digest": str(empty), "size": len(_EMPTY)},
        "layers": [
            {
                "mediaType": LAYER_TYPE,
                "digest": str(digest),
                "size": size,
                "annotations": {"org.opencontainers.image.title": _TITLE},
            }
        ],
        "annotations": {
            "org.opencontainers.image.created": moment(exported.made_at).isoformat(timespec="seconds"),
            "org.opencontainers.image.version": str(exported.generation),
        },
    }
    return await repository.put_manifest(tag, types.OCI_MANIFEST, msgspec.json.encode(described))


async def find(repository: Repository, reference: Reference, place: str, most_bytes: int) -> Artifact:
    """The export that a reference names: VulnerabilityArtifactUnusable for what is none, OutboundFault."""
    pulled = await repository.manifest(reference, (types.OCI_MANIFEST,))
    try:
        manifest = Manifest.parse(pulled.body, pulled.media_type or None)
    except (ManifestInvalid, ManifestTooLarge, MediaTypeUnsupported) as fault:
        raise VulnerabilityArtifactUnusable(place=place, reason=fault) from None
    layers = [each for each in manifest.layers if each.media_type == LAYER_TYPE]
    if manifest.artifact_type != ARTIFACT_TYPE or len(layers) != 1 or len(manifest.layers) != 1:
        raise VulnerabilityArtifactUnusable(place=place, reason=f"its type is {manifest.artifact_type or 'not told'}")
    if layers[0].size > most_bytes:
        raise VulnerabilityArtifactUnusable(place=place, reason=f"it has more than {most_bytes} bytes")
    return Artifact(pulled.digest, layers[0])


async def pull(repository: Repository, artifact: Artifact, path: Path, progress: Callable[[int], None]) -> None:
    """Its file, with the digest that the manifest names: OutboundFault."""
    layer = artifact.layer
    with path.open("wb") as file:
        async with repository.blob(layer.digest, layer.size) as blob:
            async for piece in blob.pieces():
                await asyncio.to_thread(file.write, piece)
                progress(len(piece))


def _digest(path: Path) -> tuple[Digest, int]:
    with path.open("rb") as file:
        return Digest(f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"), file.tell()


async def _bytes(data: bytes, offset: int) -> AsyncIterator[bytes]:
    yield data[offset:]


async def _file(path: Path, progress: Callable[[int], None], offset: int) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        file.seek(offset)
        while piece := await asyncio.to_thread(file.read, _PIECE):
            progress(len(piece))
            yield piece
