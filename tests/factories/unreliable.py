"""A webhook that fails at random: refuses, asks for patience, hangs up before or after it has taken an event.

It keeps what it has taken, in the order in which it took it. Owns no assertions.
"""

import asyncio
import contextlib
import json
import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class Unreliable:
    """A running webhook; `taken` are the events that arrived, those whose answer was lost too."""

    port: int = 0
    failing: float = 0.1  # how many requests of one go wrong
    taken: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0
    _chance: random.Random = field(default_factory=lambda: random.Random(11))

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}/"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.asked += 1
        kind = self._chance.random() / self.failing if self.failing else 1.0
        if kind < 0.2 and request.transport is not None:
            request.transport.close()
            return web.Response(status=500)
        if kind < 0.6:
            return web.Response(status=500)
        if kind < 0.8:
            return web.Response(status=429)
        self.taken.append(json.loads(body))
        if kind < 1.0 and request.transport is not None:
            request.transport.close()  # it was taken, and nobody is told
        return web.Response(status=200)


@contextlib.contextmanager
def unreliable(failing: float = 0.1) -> Iterator[Unreliable]:
    """A webhook on loopback, in a thread of its own."""
    made = Unreliable(failing=failing)
    loop = asyncio.new_event_loop()
    ready = threading.Event()

    async def serve(stop: asyncio.Event) -> None:
        app = web.Application()
        app.router.add_route("*", "/", made.answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        server = site._server
        assert isinstance(server, asyncio.Server)
        made.port = server.sockets[0].getsockname()[1]
        ready.set()
        await stop.wait()
        await runner.cleanup()

    stop = asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(serve(stop)), daemon=True)
    thread.start()
    assert ready.wait(20)
    try:
        yield made
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        loop.close()
