"""What the records of a request add to it until it is counted, audited and measured, in CPU time of all processes.

One server tells its calls in some seconds and not in the others, which take turns: two servers of the same program
differ by more than that for as long as they live, and so does one of them from minute to minute. The process that
answers costs what it costs more in the seconds in which it tells; the others, what they cost more than with as many
turns in which nothing is told.
"""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks import cpu, load, switched
from benchmarks.report import Gate, Row
from benchmarks.servers import OURS, UNTOLD, Running

LIMIT_US = 10.0
_TURNS = (True, False, False, True) * 5
_SECONDS = "1"  # of a turn
_FOLDED_SECONDS = 8.0  # by then every job has taken up what was journalled
_TAGS = 20


@dataclass
class _Spent:
    """Nanoseconds and requests of the process that answers, by whether it told of them; nanoseconds of the others."""

    nanos: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})
    requests: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})
    others: int = 0

    def each(self, *, told: bool) -> float:
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
    storm = ("storm", "-repo", repository, "-tags", str(_TAGS), "-seconds", _SECONDS)
    load.run(server, *storm, pinned=True)  # what is made with the first requests
    silent = _turns(server, storm, [False] * len(_TURNS))
    told = _turns(server, storm, _TURNS)
    cost.add(OURS, told.each(told=True))
    cost.add(UNTOLD, told.each(told=False))
    others = (told.others - silent.others) / told.requests[True] / 1000
    added.add(OURS, told.each(told=True) - told.each(told=False) + others)


def _turns(server: Running, storm: tuple[str, ...], turns: Sequence[bool]) -> _Spent:
    """What turns cost that tell or do not, with what is done after them."""
    spent, whole = _Spent(), cpu.nanos(server.pid)
    for told in turns:
        for pid in cpu.tree(server.pid):
            os.kill(pid, switched.TELL if told else switched.BE_SILENT)
        before = cpu.nanos(server.pid)
        spent.requests[told] += int(load.run(server, *storm, pinned=True).report["requests"])
        more = _more(cpu.nanos(server.pid), before)
        answering = max(more, key=lambda pid: more[pid])
        spent.nanos[told] += more[answering]
    time.sleep(_FOLDED_SECONDS)  # the jobs tell nobody when they are done
    spent.others = sum(each for pid, each in _more(cpu.nanos(server.pid), whole).items() if pid != answering)
    return spent


def _more(now: Mapping[int, int], before: Mapping[int, int]) -> dict[int, int]:
    return {pid: each - before.get(pid, 0) for pid, each in now.items()}
