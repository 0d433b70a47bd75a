"""What the records of a request add to it until it is counted, audited and measured, in CPU time of all processes.

One server tells its calls in some seconds and not in the others, which take turns: two servers of the same program
differ by more than that for as long as they live, and so does one of them from minute to minute. The process that
answers costs what it costs more in the seconds in which it tells; the others, what they cost more than without calls.
"""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks import cpu, load, switched
from benchmarks.report import Gate, Row
from benchmarks.servers import OURS, UNTOLD, Running

LIMIT_US = 10.0
_TURNS = (True, False, False, True) * 5
_SECONDS = "1"  # of a turn
_IDLE_SECONDS = 8.0  # by then every job has taken up what was journalled
_TAGS = 20


@dataclass
class _Spent:
    """Of the process that answers: nanoseconds and requests, by whether it told of them."""

    nanos: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})
    requests: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})

    def each(self, told: bool) -> float:  # noqa: FBT001 - it is what is asked for
        """Microseconds of a request."""
        return self.nanos[told] / self.requests[told] / 1000


def rows() -> tuple[Row, Row]:
    """A request of the process that answers, and what its records add in all of them."""
    cost = Row("manifest GET, CPU of the process that answers", "us", lower_is_better=True)
    added = Row("what the records add to a manifest GET, CPU of all processes", "us", lower_is_better=True)
    added.gates = [Gate("", 0.0, limit=LIMIT_US)]
    return cost, added


def measure(server: Running, repository: str, cost: Row, added: Row) -> None:
    """Add a figure to each row, from a server with a repository of its own."""
    load.run(server, "seed", "-repo", repository, "-tags", str(_TAGS))
    flags = ("storm", "-repo", repository, "-tags", str(_TAGS), "-seconds", _SECONDS)
    _switch(server, told=False)
    load.run(server, *flags)  # what is made with the first requests
    time.sleep(_IDLE_SECONDS)
    answering = _busiest(server, flags)
    idle = _others_each_second(server, answering)
    spent, begun, before = _Spent(), time.monotonic(), cpu.nanos(server.pid)
    for told in _TURNS:
        _switch(server, told=told)
        at_first = cpu.nanos(server.pid)
        spent.requests[told] += int(load.run(server, *flags).report["requests"])
        spent.nanos[told] += _more(cpu.nanos(server.pid), at_first)[answering]
    _switch(server, told=False)
    time.sleep(_IDLE_SECONDS)
    spent_by_others = sum(more for pid, more in _more(cpu.nanos(server.pid), before).items() if pid != answering)
    others = spent_by_others - idle * (time.monotonic() - begun)
    cost.add(OURS, spent.each(True))
    cost.add(UNTOLD, spent.each(False))
    added.add(OURS, spent.each(True) - spent.each(False) + others / spent.requests[True] / 1000)


def _switch(server: Running, *, told: bool) -> None:
    for pid in cpu.tree(server.pid):
        os.kill(pid, switched.TELL if told else switched.BE_SILENT)


def _busiest(server: Running, flags: tuple[str, ...]) -> int:
    """The process that answers."""
    before = cpu.nanos(server.pid)
    load.run(server, *flags)
    more = _more(cpu.nanos(server.pid), before)
    return max(more, key=lambda pid: more[pid])


def _others_each_second(server: Running, answering: int) -> float:
    """Nanoseconds that the other processes take in a second in which nobody asks for anything."""
    begun, before = time.monotonic(), cpu.nanos(server.pid)
    time.sleep(_IDLE_SECONDS)
    more = _more(cpu.nanos(server.pid), before)
    return sum(each for pid, each in more.items() if pid != answering) / (time.monotonic() - begun)


def _more(now: Mapping[int, int], before: Mapping[int, int]) -> dict[int, int]:
    return {pid: each - before.get(pid, 0) for pid, each in now.items()}
