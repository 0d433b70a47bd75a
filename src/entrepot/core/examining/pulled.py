"""Images of somebody's registry, pulled layer by layer into files that have no name (outbound/registries.py)."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from entrepot.core.examining import platforms
from entrepot.core.examining.sources import LayerSource, OpenLayer, Source
from entrepot.errors import Fact
from entrepot.errors.scanning import ImageUnusable, LayerUnreadable
from entrepot.outbound import OutboundFault
from entrepot.outbound.registries import Repository
from entrepot.spec import media_type as types
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Descriptor, Manifest
from entrepot.spec.reference import Reference


async def source(repository: Repository, name: str, reference: Reference, platform: str | None) -> Source:
    """The image of a tag or digest, for this platform where it is an index: ImageUnusable."""
    try:
        manifest = await _manifest(repository, name, reference, platform)
    except OutboundFault as fault:
        raise ImageUnusable(path=name, reason=fault) from None
    except Fact as fault:
        raise fault if isinstance(fault, ImageUnusable) else ImageUnusable(path=name, reason=fault) from None
    layers = [
        LayerSource(str(each.digest), partial(_opened, repository, each))
        for each in manifest.layers
        if types.is_layer(each.media_type)
    ]
    return Source(name, str(manifest.digest), layers)


async def _manifest(repository: Repository, name: str, reference: Reference, platform: str | None) -> Manifest:
    for _ in range(platforms.DEEPEST):
        pulled = await repository.manifest(reference)
        manifest = Manifest.parse(pulled.body, pulled.media_type)
        if manifest.kind == "image":
            return manifest
        reference = Digest.parse(platforms.chosen(pulled.body, platform, name))
    raise ImageUnusable(path=name, reason=f"its indexes are nested more than {platforms.DEEPEST} deep")


@asynccontextmanager
async def _opened(repository: Repository, layer: Descriptor) -> AsyncIterator[OpenLayer]:
    with tempfile.TemporaryFile() as file:
        try:
            async with repository.blob(layer.digest, layer.size) as blob:
                async for piece in blob.pieces():
                    file.write(piece)
        except OutboundFault as fault:
            raise LayerUnreadable(digest=layer.digest, reason=fault) from None
        file.seek(0)
        yield OpenLayer(file, str(layer.digest))
