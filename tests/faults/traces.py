"""System calls of a running server, recorded by strace: descriptors with the paths behind them, in order of entry."""

import contextlib
import re
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.factories.waiting import wait

_CALLS = (
    "openat,open,write,pwrite64,writev,sendto,sendmsg,fsync,fdatasync,link,linkat,rename,unlink,unlinkat,mkdir,mkdirat"
)
_WHOLE = re.compile(r"^(?P<pid>\d+) +(?P<at>[\d.]+) (?P<call>\w+)\((?P<rest>.*)$")
_RESUMED = re.compile(r"^(?P<pid>\d+) +(?P<at>[\d.]+) <\.\.\. (?P<call>\w+) resumed>(?P<rest>.*)$")
_ATTACH_SECONDS = 20.0


@dataclass(frozen=True)
class Call:
    """One call: when it began and ended (seconds), its arguments and result as strace prints them."""

    name: str
    arguments: str
    began: float
    ended: float

    @property
    def path(self) -> str:
        """The path behind its first descriptor, else its arguments."""
        found = re.match(r"\d+<([^>]*)>", self.arguments)
        return found[1] if found else self.arguments


@dataclass
class Trace:
    """The calls, once the recording has ended."""

    calls: list[Call] = field(default_factory=list)

    def first(self, *names: str, about: str, after: float = 0.0) -> Call:
        """The first call of such a name about such a path that began after a moment."""
        for call in self.calls:
            if call.name in names and about in call.path and call.began >= after:
                return call
        raise AssertionError(f"no {' or '.join(names)} about {about} after {after}")

    def last(self, *names: str, about: str, before: float) -> Call:
        """The last such call that began before a moment."""
        found = [call for call in self.calls if call.name in names and about in call.path and call.began < before]
        assert found, f"no {' or '.join(names)} about {about} before {before}"
        return found[-1]


@contextlib.contextmanager
def recording(pid: int, file: Path) -> Iterator[Trace]:
    """Trace a process and its threads while the body runs."""
    command = ["strace", "-f", "-ttt", "-y", "-s", "400", "-e", f"trace={_CALLS}", "-o", str(file), "-p", str(pid)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    trace = Trace()
    try:
        _wait_attached(process, pid)
        yield trace
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)
        if process.stderr is not None:
            process.stderr.close()
    trace.calls += parsed(file.read_text(errors="replace"))


def _wait_attached(process: "subprocess.Popen[bytes]", pid: int) -> None:
    def attached() -> bool:
        assert process.poll() is None, f"strace cannot attach: {process.stderr.read() if process.stderr else ''!r}"
        return f"TracerPid:\t{process.pid}" in Path(f"/proc/{pid}/status").read_text()

    wait(attached, _ATTACH_SECONDS)


def parsed(text: str) -> list[Call]:
    """Calls in the order in which they began; one that another thread's line cuts in two is joined."""
    open_calls: dict[tuple[str, str], tuple[float, str]] = {}
    calls = []
    for line in text.splitlines():
        if match := _RESUMED.match(line):
            began, arguments = open_calls.pop((match["pid"], match["call"]), (float(match["at"]), ""))
            calls.append(Call(match["call"], arguments + match["rest"], began, float(match["at"])))
        elif match := _WHOLE.match(line):
            if match["rest"].endswith("<unfinished ...>"):
                open_calls[match["pid"], match["call"]] = float(match["at"]), match["rest"]
            else:
                calls.append(Call(match["call"], match["rest"], float(match["at"]), float(match["at"])))
    return sorted(calls, key=lambda call: call.began)
