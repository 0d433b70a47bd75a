"""Waiting for what a server or a job does by itself: the one loop of the tests that looks again and again."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

from tests.factories.forks import Process

T = TypeVar("T")
PAUSE = 0.02
SECONDS = 20.0


def wait(condition: Callable[[], T], seconds: float = SECONDS, what: str = "", *, pause: float = PAUSE) -> T:
    """What the condition gives as soon as that is true; AssertionError, naming `what`, when it is not in time."""
    deadline = time.monotonic() + seconds
    while not (given := condition()):
        assert time.monotonic() < deadline, _vain(condition, seconds, what, given)
        time.sleep(pause)  # between two looks
    return given


async def until(condition: Callable[[], T], seconds: float = SECONDS, what: str = "") -> T:
    """The same where the condition comes true on this event loop."""
    deadline = time.monotonic() + seconds
    while not (given := condition()):
        assert time.monotonic() < deadline, _vain(condition, seconds, what, given)
        await asyncio.sleep(PAUSE / 2)
    return given


def comes_up(process: Process, is_ready: Callable[[], bool], seconds: float, *, pause: float = PAUSE) -> bool:
    """Whether a server that was started is ready before its time is over and before it ends."""
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        if is_ready():
            return True
        time.sleep(pause)  # between two looks
    return False


def _vain(condition: Callable[[], object], seconds: float, what: str, given: object) -> str:
    return f"waited in vain for {what or getattr(condition, '__qualname__', condition)}, {seconds} s: {given!r}"
