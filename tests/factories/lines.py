"""A line between two machines that can be cut, delayed and throttled: a proxy of TCP on loopback."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.factories.processes import free_port

_CHUNK = 16 * 1024


@dataclass
class Line:
    """From a port of its own to that of a server: `delay` in seconds for each chunk, `rate` in bytes a second towards
    the server (0: no limit), `passed` the bytes that went there.
    """

    port: int
    target: int
    delay: float = 0.0
    rate: float = 0.0
    passed: int = 0
    is_cut: bool = False
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def url(self) -> str:
        """Where it begins."""
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Break what goes over it, and let nothing more begin."""
        self.is_cut = True
        done = threading.Event()

        def break_all() -> None:
            for writer in self._writers:
                writer.transport.abort()
            done.set()

        self._loop.call_soon_threadsafe(break_all)
        done.wait(5)

    def mend(self) -> None:
        """Let everything pass again."""
        self.is_cut = False

    async def serve(self, ready: threading.Event, stop: asyncio.Event) -> None:
        """Until `stop`."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        ready.set()
        await stop.wait()
        server.close()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0.05)  # connections that were aborted tell so to their tasks

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_cut:
            writer.transport.abort()
            return
        try:
            there, onwards = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, onwards}
        try:
            await asyncio.gather(self._pass(reader, onwards, counted=True), self._pass(there, writer, counted=False))
        finally:
            self._writers -= {writer, onwards}
            for each in (writer, onwards):
                each.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, counted: bool) -> None:
        try:
            while chunk := await reader.read(_CHUNK):
                pause = self.delay + (len(chunk) / self.rate if counted and self.rate else 0.0)
                if pause:
                    await asyncio.sleep(pause)
                writer.write(chunk)
                await writer.drain()
                self.passed += len(chunk) if counted else 0
        except OSError:
            pass  # one end is gone, and so is the other one's
        finally:
            writer.transport.abort()


@contextlib.contextmanager
def line(target: int) -> Iterator[Line]:
    """A line to a port of this machine."""
    made, ready, stops = Line(free_port(), target), threading.Event(), []

    def run() -> None:
        async def work() -> None:
            stop = asyncio.Event()
            stops.append(stop)
            await made.serve(ready, stop)

        made._loop.run_until_complete(work())
        made._loop.close()

    thread = threading.Thread(target=run, name="line")
    thread.start()
    ready.wait(5)
    try:
        yield made
    finally:
        made._loop.call_soon_threadsafe(stops[0].set)
        thread.join(10)
