"""What an image's config says of it (OCI image specification: config.md): read once, and kept with the blob."""

import asyncio
from typing import Any, Final

import msgspec

from entrepot.core.scanning.analysis import Content
from entrepot.core.scanning.enhanced_findings import Facts
from entrepot.core.units import Units
from entrepot.db import inventories as rows
from entrepot.db.records import Blob
from entrepot.store.blobs import BlobStore

_VERSION: Final = "config-1"
_LARGEST: Final = 4 * 1024 * 1024  # bytes; what is larger says nothing
_LONGEST: Final = 256  # characters


class _Config(msgspec.Struct):
    architecture: Any = ""
    author: Any = ""


class _Kept(msgspec.Struct, array_like=True):
    architecture: str = ""
    author: str = ""


class ImageConfigs:
    """Reads configs from a store, unless what they say is known."""

    def __init__(self, units: Units, store: BlobStore) -> None:
        self._units = units
        self._store = store

    async def facts(self, content: Content) -> Facts:
        """What a finding says of its image, but for the platform; a config that is none says nothing."""
        kept = _Kept() if content.config is None else await self._kept(content.config)
        return Facts("", kept.architecture, kept.author, content.pushed_at)

    async def _kept(self, config: Blob) -> _Kept:
        known = await self._units.read(rows.find, [config.id], _VERSION)
        if config.id in known:
            return msgspec.msgpack.decode(known[config.id], type=_Kept)
        if config.size > _LARGEST:
            return _Kept()
        made = await asyncio.to_thread(self._read, config)
        await self._units.write(rows.put, config.id, config.location, _VERSION, msgspec.msgpack.encode(made))
        return made

    def _read(self, config: Blob) -> _Kept:
        with self._store.open_checked(config.location, config.size) as file:
            body = file.read(_LARGEST)
        try:
            read = msgspec.json.decode(body, type=_Config)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return _Kept()
        return _Kept(_text(read.architecture), _text(read.author))


def _text(told: object) -> str:
    return told[:_LONGEST] if isinstance(told, str) else ""
