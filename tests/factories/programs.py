"""Programs as a test finds them in /proc."""

from pathlib import Path


def children(pid: int) -> list[int]:
    """The processes that a process has started and that still run."""
    return [each for each in _all() if _parent(each) == pid]


def runs(pid: int) -> bool:
    """Whether there is such a process, and it has not ended."""
    return _parent(pid) is not None


def _all() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _parent(pid: int) -> int | None:
    try:
        state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if state in "ZX" else int(parent)
