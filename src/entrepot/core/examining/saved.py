"""Images of files (core/examining/files.py): an OCI layout, or what `docker save` writes.

https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md ; the manifest.json of Docker's image archives
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

import msgspec

from entrepot.core.examining import platforms
from entrepot.core.examining.files import Files
from entrepot.core.examining.sources import LayerSource, OpenLayer, Source, spooled
from entrepot.errors import Fact
from entrepot.errors.scanning import ImageUnusable, LayerUnreadable
from entrepot.spec import media_type as types
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Descriptor, Manifest

_INDEX, _MANIFESTS = "index.json", "manifest.json"


class _Saved(msgspec.Struct, rename="pascal"):
    layers: list[str]
    repo_tags: list[str] | None = None


def source(files: Files, platform: str | None) -> Source:
    """The image that files hold, for this platform where they have several: ImageUnusable."""
    index = files.document(_INDEX)
    if index is not None:
        return _of_layout(files, index, platform)
    saved = files.document(_MANIFESTS)
    if saved is not None:
        return _of_docker(files, saved)
    raise ImageUnusable(
        path=files.name, reason=f"it has neither {_INDEX} (an OCI layout) nor {_MANIFESTS} (docker save)"
    )


# ---------------------------------------------------------------- OCI layouts
def _of_layout(files: Files, index: bytes, platform: str | None) -> Source:
    try:
        manifest = _found(files, index, platform)
    except (Fact, msgspec.DecodeError, RecursionError) as fault:
        if isinstance(fault, ImageUnusable):
            raise
        raise ImageUnusable(path=files.name, reason=fault) from None
    layers = [_layer(files, each) for each in manifest.layers if types.is_layer(each.media_type)]
    return Source(files.name, str(manifest.digest), layers)


def _found(files: Files, index: bytes, platform: str | None) -> Manifest:
    for _ in range(platforms.DEEPEST):
        digest = Digest.parse(platforms.chosen(index, platform, files.name))
        body = files.document(_blob(digest))
        if body is None or Digest.of(body, digest.algorithm) != digest:
            raise ImageUnusable(path=files.name, reason=f"the manifest {digest} is not in it")
        manifest = Manifest.parse(body, None)
        if manifest.kind == "image":
            return manifest
        index = body
    raise ImageUnusable(path=files.name, reason=f"its indexes are nested more than {platforms.DEEPEST} deep")


def _layer(files: Files, layer: Descriptor) -> LayerSource:
    return LayerSource(str(layer.digest), partial(_opened, files, _blob(layer.digest), layer.digest))


def _blob(digest: Digest) -> str:
    return f"blobs/{digest.algorithm}/{digest.hex}"


# ---------------------------------------------------------------- docker save
def _of_docker(files: Files, saved: bytes) -> Source:
    try:
        images = msgspec.json.decode(saved, type=list[_Saved])
    except (msgspec.DecodeError, RecursionError) as fault:
        raise ImageUnusable(path=files.name, reason=f"{_MANIFESTS}: {fault}") from None
    if len(images) != 1:
        told = ", ".join(tag for each in images for tag in each.repo_tags or ())
        raise ImageUnusable(path=files.name, reason=f"it holds {len(images)} images ({told}); save one")
    name = next(iter(images[0].repo_tags or ()), files.name)
    return Source(name, "", [LayerSource(path, _saved(files, path)) for path in images[0].layers])


def _saved(files: Files, path: str) -> Callable[[], AbstractAsyncContextManager[OpenLayer]]:
    return partial(_opened, files, path, None)


@asynccontextmanager
async def _opened(files: Files, path: str, expected: Digest | None) -> AsyncIterator[OpenLayer]:
    pieces = files.pieces(path)
    if pieces is None:
        raise LayerUnreadable(digest=expected or path, reason="it is not in the file")
    async with spooled(pieces, expected) as layer:
        yield layer
