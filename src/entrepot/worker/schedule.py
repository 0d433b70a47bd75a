"""When jobs are due: a task's period, with a little chance so that nodes do not move in step."""

import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from entrepot.core.pulse import Watch

_SPREAD = 0.1
_LEAST_PAUSE_AFTER_FAILURE = timedelta(seconds=1)
_SHARE = 300  # of the time, one part


@dataclass(frozen=True, slots=True)
class Task:
    """One periodic job: it is told the time, and may be killed at any point; it returns what it did.

    `run` blocks, and has a thread; or it is a coroutine, and runs on the loop. With a `longest` pause, the more it has
    to do the more it does at once: it takes one part in 300 of the time, unless it would come later than that. One that
    is `shared` runs in every process at once, without a lease: what it works on is claimed row by row. One with a
    `watch` is run again when that has changed, or after a few seconds.
    """

    name: str
    every: timedelta
    run: Callable[[datetime], Mapping[str, object] | Awaitable[Mapping[str, object]]]
    longest: timedelta | None = None
    shared: bool = False
    watch: Watch | None = None


def next_due(task: Task, now: datetime, *, took: timedelta = timedelta(), failed: bool = False) -> datetime:
    """When the task is due again, counted from its end; a failed one waits at least a second."""
    pause = max(task.every, min(took * _SHARE, task.longest or task.every))
    if failed:
        pause = max(pause, _LEAST_PAUSE_AFTER_FAILURE)
    return now + pause * (1 + random.uniform(-_SPREAD, _SPREAD))  # noqa: S311 - spreads load, guards nothing
