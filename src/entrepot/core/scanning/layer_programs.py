"""Runs the program that reads a layer (entrepot.inventory): few at a time, each with an end, none with a name."""

import asyncio
import os
import sys
from collections.abc import Sequence
from typing import BinaryIO, Final

import msgspec

from entrepot.core.scanning import fed
from entrepot.core.scanning.program_starter import ProgramStarter
from entrepot.errors.scanning import LayerTooLarge, LayerUnreadable
from entrepot.inventory import MALFORMED, TOO_MUCH
from entrepot.scan.packages import Layer

VERSION: Final = "2"  # of what is read: an inventory of another one is made anew
SECONDS: Final = 120.0
_AT_ONCE: Final = 2
_LARGEST: Final = 256 * 1024 * 1024  # bytes of an inventory
_LONGEST_FAULT: Final = 64 * 1024
_COMMAND: Final = (sys.executable, "-I", "-m", "entrepot.inventory")
_DECODE = msgspec.msgpack.Decoder(Layer).decode


class LayerPrograms:
    """Reads layers in processes of their own."""

    _starter: ProgramStarter

    def __init__(self, seconds: float = SECONDS, largest: int = _LARGEST, command: Sequence[str] = _COMMAND) -> None:
        """`largest` inventory in bytes."""
        self._seconds = seconds
        self._largest = largest
        self._starter = ProgramStarter(command)
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def read(self, blob: BinaryIO, digest: str) -> Layer:
        """The inventory of a blob: LayerUnreadable, LayerTooLarge. Cancelled, it ends the program too."""
        if not fed.is_file(blob):
            async with fed.as_file(blob) as file:
                return await self.read(file, digest)
        begin = blob.tell() if blob.seekable() else None
        async with self._room:
            told, fault, status = await self._run(blob, digest)
            if (
                status is None and begin is not None
            ):  # who started the program is gone, and that need not be for this layer
                os.lseek(blob.fileno(), begin, os.SEEK_SET)
                told, fault, status = await self._run(blob, digest)
        if len(told) > self._largest:
            raise LayerTooLarge(digest=digest, reason=f"Its inventory has more than {self._largest} bytes")
        _require_success(status, fault, digest)
        try:
            return _DECODE(told)
        except msgspec.DecodeError as lie:  # whoever has taken the program over may write anything
            raise LayerUnreadable(digest=digest, reason=f"Its inventory is none: {lie}") from None

    async def _run(self, blob: BinaryIO, digest: str) -> tuple[bytes, bytes, int | None]:
        """What a program writes, its fault, and how it ended; None where it was lost."""
        program = await self._starter.start(blob)
        try:
            async with asyncio.timeout(self._seconds):
                told = await program.told(self._largest + 1)
                if len(told) > self._largest:
                    return told, b"", 0
                fault = await program.fault(_LONGEST_FAULT)
                return told, fault, await program.status()
        except TimeoutError:
            reason = f"The layer takes more than {self._seconds:g} s"
            raise LayerTooLarge(digest=digest, reason=reason) from None
        finally:
            await program.end()


def _require_success(status: int | None, fault: bytes, digest: str) -> None:
    if status in (MALFORMED, TOO_MUCH):
        kind = LayerTooLarge if status == TOO_MUCH else LayerUnreadable
        raise kind(digest=digest, reason=fault[-1000:].decode(errors="replace"))
    if status and status < 0:  # by a limit of its own, or out of memory
        reason = f"The layer needs more than one may, and was ended by signal {-status}"
        raise LayerTooLarge(digest=digest, reason=reason)
    if status is None:
        raise RuntimeError("the program that reads layers was lost")
    if status:
        raise RuntimeError(f"the program that reads layers failed: {fault[-2000:].decode(errors='replace')}")
