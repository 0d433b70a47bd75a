"""CPU time and memory of a server's processes, read from /proc: what a server costs, whoever its client is."""

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """CPU seconds so far, of every process of a tree, living ones and those that have been waited for."""

    user: float
    system: float

    @property
    def total(self) -> float:
        """User and system time."""
        return self.user + self.system

    def __sub__(self, earlier: "Usage") -> "Usage":
        return Usage(self.user - earlier.user, self.system - earlier.system)


def usage(root: int) -> Usage:
    """The CPU time of a process and its descendants."""
    user = system = 0
    for pid in tree(root):
        fields = _stat(pid)
        if fields:
            user += int(fields[11]) + int(fields[13])  # own, and that of children that were waited for
            system += int(fields[12]) + int(fields[14])
    return Usage(user / _TICKS, system / _TICKS)


def nanos(root: int) -> dict[int, int]:
    """Nanoseconds of CPU time that each living process of a tree has spent, by its threads that live."""
    return {pid: sum(map(_thread_nanos, Path(f"/proc/{pid}/task").glob("*/schedstat"))) for pid in tree(root)}


def tree(root: int) -> list[int]:
    """A process and its descendants."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            parents[int(entry.name)] = int(fields[1])
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def resident(pid: int) -> int:
    """The proportional set size of one process in bytes: shared pages are divided among those that share them."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def pin(pid: int, core: int) -> None:
    """Keep a process tree on one core, if the machine has it."""
    if core not in os.sched_getaffinity(0):
        return
    for each in tree(pid):
        for thread in Path(f"/proc/{each}/task").iterdir():
            os.sched_setaffinity(int(thread.name), {core})


def _thread_nanos(schedstat: Path) -> int:
    try:
        return int(schedstat.read_text().split()[0])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name: state, parent and so on."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
