"""One blob on its way from an upstream: brought by this process, or by another one whose spool is seen here."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from entrepot.core.pull_through.claims import LOOK_SECONDS
from entrepot.core.pull_through.window import Window


class Flight:
    """`size` is what the blob's manifest says, `host` who is asked for it."""

    def __init__(self, size: int, host: str) -> None:
        self.size = size
        self.host = host
        self.window = Window(size)
        self.task: asyncio.Task[None] | None = None
        self.own = ""  # the spool that this process writes
        self.elsewhere = ""  # the one that another process writes, before this one does

    def start(self, bringing: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Have it brought."""
        self.task = asyncio.create_task(bringing)
        self.task.add_done_callback(lambda _: self.window.wake())
        return self.task

    def begin(self, spool: str) -> None:
        """This process brings it."""
        self.own = spool
        self.window.wake()

    def follow(self, spool: str) -> None:
        """Another process brings it."""
        if spool != self.elsewhere:
            self.elsewhere = spool
            self.window.wake()

    async def landed(self) -> None:
        """Returns when the blob is stored, and raises what prevents it; others wait on when this waiter goes."""
        if self.task is not None:
            await asyncio.shield(self.task)

    async def moved(self, changed: asyncio.Event) -> None:
        """Returns when there may be more to see since `changed` was the window's, or is nothing more to wait for."""
        if self.own or not self.elsewhere:
            await changed.wait()
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                await changed.wait()

    @property
    def is_over(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self.task is None or self.task.done()
