"""The one process of entrepot.inventory by which programs that read layers are started, and the ends of their pipes.

It is there from the first layer on; where it is gone, the next layer starts another one.
"""

import asyncio
import contextlib
import os
import socket
import subprocess
import weakref
from collections.abc import Sequence
from functools import partial
from typing import BinaryIO, Final

from entrepot.inventory import STATUS

_GRACE: Final = 10.0  # seconds, in which what was killed ends


class Program:
    """A program that reads a layer, while it runs."""

    def __init__(self, files: Sequence[int], own: socket.socket) -> None:
        """What it writes, its fault, and the socket that says how it ended."""
        self._files = [os.fdopen(file, "rb", 0) for file in files]
        self._own = own
        self._pipes: list[asyncio.ReadTransport] = []
        self._streams: list[asyncio.StreamReader] = []
        self._status = b""

    async def open(self) -> None:
        """Begin to listen."""
        self._own.setblocking(False)
        for file in self._files:
            stream = asyncio.StreamReader()
            made = partial(asyncio.StreamReaderProtocol, stream)
            pipe, _ = await asyncio.get_running_loop().connect_read_pipe(made, file)
            self._pipes.append(pipe)
            self._streams.append(stream)

    async def told(self, most: int) -> bytes:
        """The first bytes that it writes: it need not end where a layer has taken it over."""
        return await _first(self._streams[0], most)

    async def fault(self, most: int) -> bytes:
        """The first bytes of what it complains of."""
        return await _first(self._streams[1], most)

    async def status(self) -> int | None:
        """How it ended, once it has; None where nobody knows, because who started it is gone."""
        loop = asyncio.get_running_loop()
        while len(self._status) < STATUS.size and (piece := await loop.sock_recv(self._own, STATUS.size)):
            self._status += piece
        if len(self._status) < STATUS.size:
            return None
        status: int = STATUS.unpack(self._status)[0]
        return status

    async def end(self) -> None:
        """It runs no more."""
        try:
            for pipe in self._pipes:
                pipe.close()
            with contextlib.suppress(OSError):
                self._own.shutdown(socket.SHUT_WR)
            with contextlib.suppress(TimeoutError, OSError):
                async with asyncio.timeout(_GRACE):
                    await self.status()
        finally:
            self.close()

    def close(self) -> None:
        """Let go of its files, upon which it is killed."""
        for file in self._files:
            file.close()
        self._own.close()


class ProgramStarter:
    """Starts programs that read layers."""

    def __init__(self, command: Sequence[str]) -> None:
        """`command` runs entrepot.inventory."""
        self._command = command
        self._control: socket.socket | None = None
        self._end: weakref.finalize[[socket.socket, subprocess.Popen[bytes]], ProgramStarter] | None = None

    async def start(self, blob: BinaryIO) -> Program:
        """A program that has the blob as its input: OSError."""
        with contextlib.ExitStack() as theirs:
            (told, told_end), (fault, fault_end), (own, own_end) = os.pipe(), os.pipe(), socket.socketpair()
            for end in (told_end, fault_end):
                theirs.callback(os.close, end)
            theirs.enter_context(own_end)
            program = Program((told, fault), own)
            try:
                self._ask([blob.fileno(), told_end, fault_end, own_end.fileno()])
                await program.open()
            except BaseException:  # a cancelled reader leaves no files open either
                program.close()
                raise
        return program

    def _ask(self, files: Sequence[int]) -> None:
        if self._control is not None:
            with contextlib.suppress(OSError):  # it is gone
                socket.send_fds(self._control, [b"layer"], files)
                return
        socket.send_fds(self._begin(), [b"layer"], files)

    def _begin(self) -> socket.socket:
        """Another process takes the place of the one that was there."""
        if self._end is not None:
            self._end()
        control, end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with end:
            process = subprocess.Popen(  # noqa: S603 - nothing of a request is in the command
                self._command, stdin=end.fileno(), stdout=subprocess.DEVNULL, env={}, start_new_session=True
            )
        control.setblocking(False)
        self._control = control
        self._end = weakref.finalize(self, _gone, control, process)
        return control


def _gone(control: socket.socket, process: "subprocess.Popen[bytes]") -> None:
    control.close()
    process.kill()
    process.wait()


async def _first(stream: asyncio.StreamReader, most: int) -> bytes:
    data = bytearray()
    while len(data) < most and (piece := await stream.read(most - len(data))):
        data += piece
    return bytes(data)
