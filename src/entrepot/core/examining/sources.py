"""An image that is to be examined, whatever it comes from: its layers, each opened when its turn has come."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import BinaryIO

from entrepot.errors.scanning import LayerUnreadable
from entrepot.scan.packages import Layer
from entrepot.spec.digest import Digest, hasher

_PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class OpenLayer:
    """A layer's bytes, open at the start in a file of their own, and the digest that they have."""

    file: BinaryIO
    digest: str


@dataclass(frozen=True, slots=True)
class LayerSource:
    """A layer; `kept` is its inventory where one is known already. Opening it raises LayerUnreadable."""

    name: str  # its digest, or what it is called where it lies
    opened: Callable[[], AbstractAsyncContextManager[OpenLayer]]
    kept: Layer | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """An image, its layers from the lowest."""

    name: str
    digest: str  # of its manifest; empty where it has none
    layers: Sequence[LayerSource]


@asynccontextmanager
async def spooled(pieces: Iterator[bytes], expected: Digest | None) -> AsyncIterator[OpenLayer]:
    """A layer that is first brought into a file that has no name: LayerUnreadable for other bytes than expected."""
    with tempfile.TemporaryFile() as file:
        algorithm = expected.algorithm if expected else "sha256"
        found = await asyncio.to_thread(_copied, pieces, file, algorithm)
        require_same(found, expected)
        file.seek(0)
        yield OpenLayer(file, found)


def require_same(found: str, expected: Digest | None) -> None:
    """LayerUnreadable where bytes are not those of the digest that names them."""
    if expected is not None and found != expected:
        raise LayerUnreadable(digest=expected, reason=f"its bytes have the digest {found}")


def digest_of(file: BinaryIO, algorithm: str) -> str:
    """The digest of a file that is open at its start, where it stands again afterwards."""
    running = hasher(algorithm)
    for piece in iter(lambda: file.read(_PIECE), b""):
        running.update(piece)
    file.seek(0)
    return f"{algorithm}:{running.hexdigest()}"


def _copied(pieces: Iterator[bytes], file: BinaryIO, algorithm: str) -> str:
    running = hasher(algorithm)
    for piece in pieces:
        running.update(piece)
        file.write(piece)
    file.flush()
    return f"{algorithm}:{running.hexdigest()}"
