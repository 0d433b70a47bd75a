"""Runs the program that reads a layer (entrepot.inventory): few at a time, each with an end, none with a name."""

import asyncio
import contextlib
import sys
from collections.abc import Sequence
from typing import BinaryIO, Final

import msgspec

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

    def __init__(self, seconds: float = SECONDS, largest: int = _LARGEST, command: Sequence[str] = _COMMAND) -> None:
        """`largest` inventory in bytes."""
        self._seconds = seconds
        self._largest = largest
        self._command = command
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def read(self, blob: BinaryIO, digest: str) -> Layer:
        """The inventory of a blob: LayerUnreadable, LayerTooLarge. Cancelled, it ends the program too."""
        async with self._room:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=blob,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={},
                start_new_session=True,
            )
            try:
                async with asyncio.timeout(self._seconds):
                    told, fault = await _first(process.stdout, self._largest + 1), b""
                    if len(told) <= self._largest:
                        fault = await _first(process.stderr, _LONGEST_FAULT)
                        await process.wait()
            except TimeoutError:
                reason = f"The layer takes more than {self._seconds:g} s"
                raise LayerTooLarge(digest=digest, reason=reason) from None
            finally:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await asyncio.gather(_rest(process.stdout), _rest(process.stderr))  # else nobody sees that they end
                await process.wait()
        if len(told) > self._largest:
            raise LayerTooLarge(digest=digest, reason=f"Its inventory has more than {self._largest} bytes")
        if process.returncode in (MALFORMED, TOO_MUCH):
            kind = LayerTooLarge if process.returncode == TOO_MUCH else LayerUnreadable
            raise kind(digest=digest, reason=fault[-1000:].decode(errors="replace"))
        if process.returncode and process.returncode < 0:  # by a limit of its own, or out of memory
            reason = f"The layer needs more than one may, and was ended by signal {-process.returncode}"
            raise LayerTooLarge(digest=digest, reason=reason)
        if process.returncode:
            raise RuntimeError(f"the program that reads layers failed: {fault[-2000:].decode(errors='replace')}")
        try:
            return _DECODE(told)
        except msgspec.DecodeError as fault:  # whoever has taken the program over may write anything
            raise LayerUnreadable(digest=digest, reason=f"Its inventory is none: {fault}") from None


async def _first(stream: asyncio.StreamReader | None, most: int) -> bytes:
    """What a program writes, up to so many bytes: of one that a layer has taken over it need not end."""
    data = bytearray()
    while stream is not None and len(data) < most and (piece := await stream.read(most - len(data))):
        data += piece
    return bytes(data)


async def _rest(stream: asyncio.StreamReader | None) -> None:
    """Let go of what a program that has been ended still left."""
    while stream is not None and await stream.read(_LONGEST_FAULT):
        pass
