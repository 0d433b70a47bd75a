"""The layers of an image that another registry holds, each pulled to a file without a name, read by the program that
reads layers, and let go of. What was read is remembered by layer, up to so many bytes: images share their bases.
"""

import asyncio
import base64
import binascii
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from entrepot.core.adapter import desk
from entrepot.core.recent import Recent
from entrepot.core.scanning import inventories
from entrepot.core.scanning.layer_programs import VERSION, LayerPrograms
from entrepot.errors import Fact
from entrepot.errors.scanning import AdapterScanFailed, LayerUnreadable
from entrepot.outbound import Outbound
from entrepot.outbound.registries import Repository
from entrepot.outbound.registry_logins import ANONYMOUS, Login
from entrepot.scan.packages import Layer
from entrepot.spec import media_type as types
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Descriptor, Manifest
from entrepot.spec.platforms import can_be_scanned
from entrepot.spec.scanner_adapter import ScanRequest

_REMEMBERED = 64 * 1024 * 1024
_AT_ONCE = 2
_UNSUPPORTED = "The artifact is no image with layers of files."


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one image may cost: bytes of its layers as they are pulled, seconds for one of them, and for all."""

    most_bytes: int = 50 * 1024 * 1024 * 1024
    layer_seconds: float = 1200
    seconds: float = 3600


class Room:
    """Where layers lie while they are read, and what must stay free there."""

    def __init__(self, folder: Path, free: Callable[[], int], reserve: int) -> None:
        self.folder = folder
        self._free = free
        self._reserve = reserve

    def has(self, size: int) -> bool:
        """Whether so many bytes more leave enough free."""
        return self._free() - size >= self._reserve


class Puller:
    """Pulls with the credentials of a request; several at once share what they remember."""

    def __init__(self, outbound: Outbound, programs: LayerPrograms, room: Room, bounds: Bounds | None = None) -> None:
        self._outbound = outbound
        self._programs = programs
        self._room = room
        self._bounds = bounds or Bounds()
        self._known: Recent[str, bytes] = Recent(_REMEMBERED)

    async def layers(self, request: ScanRequest) -> Sequence[tuple[str, Layer]]:
        """The inventories of an image's layers, from the lowest: AdapterScanFailed, LayerUnreadable, OutboundFault."""
        place = desk.place_of(request)
        repository = Repository(self._outbound, place, login(request), self._bounds.layer_seconds)
        try:
            async with asyncio.timeout(self._bounds.seconds):
                manifest = await _manifest(repository, Digest(str(place.reference)))
                self._require_size(manifest)
                return await self._read(repository, manifest)
        except TimeoutError:
            raise AdapterScanFailed(reason=f"The image takes more than {self._bounds.seconds:g} s.") from None

    def _require_size(self, manifest: Manifest) -> None:
        size = sum(layer.size for layer in manifest.layers)
        if size > self._bounds.most_bytes:
            most = self._bounds.most_bytes
            raise AdapterScanFailed(reason=f"The layers have {size} bytes: more than the {most} that are pulled.")

    async def _read(self, repository: Repository, manifest: Manifest) -> Sequence[tuple[str, Layer]]:
        wanted = {str(layer.digest): layer for layer in manifest.layers}
        turn = asyncio.Semaphore(_AT_ONCE)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = {name: group.create_task(self._layer(repository, each, turn)) for name, each in wanted.items()}
        except ExceptionGroup as faults:  # of several layers: the report has room for one reason
            raise faults.exceptions[0] from None
        return [(str(layer.digest), tasks[str(layer.digest)].result()) for layer in manifest.layers]

    async def _layer(self, repository: Repository, layer: Descriptor, turn: asyncio.Semaphore) -> Layer:
        key = f"{VERSION}/{layer.digest}"
        async with turn:
            known = self._known.get(key)
            if known is not None:
                return await asyncio.to_thread(inventories.unpacked, known)
            found = await self._pulled(repository, layer)
            body = await asyncio.to_thread(inventories.packed, found)
            self._known.put(key, body, len(body))
            return found

    async def _pulled(self, repository: Repository, layer: Descriptor) -> Layer:
        if not await asyncio.to_thread(self._room.has, layer.size):
            raise LayerUnreadable(digest=layer.digest, reason="there is no room for it while it is read")
        with tempfile.TemporaryFile(dir=self._room.folder, buffering=0) as file:
            async with repository.blob(layer.digest, layer.size) as blob:
                async for piece in blob.pieces():
                    await asyncio.to_thread(_write, file.fileno(), piece)
            file.seek(0)
            return await self._programs.read(file, str(layer.digest))


def login(request: ScanRequest) -> Login:
    """What the request's Authorization header says: a user and a password serve at a token service too."""
    header = request.registry.authorization
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return Login(header=header) if header else ANONYMOUS
    try:
        username, _, password = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return Login(header=header)
    return Login(username, password)


async def _manifest(repository: Repository, digest: Digest) -> Manifest:
    pulled = await repository.manifest(digest)
    try:
        manifest = Manifest.parse(pulled.body, pulled.media_type or types.OCI_MANIFEST)
    except Fact as fault:
        raise AdapterScanFailed(reason=f"The manifest cannot be used: {fault}") from None
    if manifest.kind == "index" or not can_be_scanned(pulled.body):
        raise AdapterScanFailed(reason=_UNSUPPORTED)
    return manifest


def _write(descriptor: int, piece: bytes) -> None:
    view = memoryview(piece)
    while view:
        view = view[os.write(descriptor, view) :]
