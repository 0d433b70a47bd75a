"""`entrepot` as hundreds of tests start it: each time a process of its own, with its own arguments, environment,
directory, session and exit, forked from one that has imported the program (forking_program.py), for the imports cost
more processor time than most tests. What looks at the start itself, at memory or at system calls starts the installed
executable instead, and so do all users' own tools.
"""

import atexit
import contextlib
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Protocol

ROOT = Path(__file__).parents[2]
EXECUTABLE = Path(sys.executable).with_name("entrepot")
_OF_THE_INTERPRETER = ("PYTHON", "LD_", "LC_", "LANG", "TZ")  # read once, when an interpreter starts
_asking = threading.Lock()


class Process(Protocol):
    """What tests do with a process that they started; subprocess.Popen is one."""

    @property
    def pid(self) -> int: ...

    @property
    def returncode(self) -> Any: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, sig: int) -> None: ...

    def terminate(self) -> None: ...

    def kill(self) -> None: ...


class Fork:
    """A process that the forking program started: its id, and its exit status as soon as that is known."""

    def __init__(self, statuses: int) -> None:
        """`statuses`: the reading end of a pipe that tells the process's id and, later, how it ended."""
        self._statuses = statuses
        self.pid: int = self._told()
        self.returncode: int | None = None

    def poll(self) -> int | None:
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        ended = self._ended(timeout)
        if ended is None:
            raise subprocess.TimeoutExpired(str(EXECUTABLE), timeout or 0)
        return ended

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, sig)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _ended(self, seconds: float | None) -> int | None:
        if self.returncode is None and self._is_told(seconds):
            self.returncode = self._told()
            os.close(self._statuses)
        return self.returncode

    def _is_told(self, seconds: float | None) -> bool:
        told = select.poll()  # takes descriptors of any number
        told.register(self._statuses, select.POLLIN)
        return bool(told.poll(None if seconds is None else seconds * 1000))

    def _told(self) -> int:
        said = os.read(self._statuses, 4)
        assert len(said) == 4, "the program that forks servers has ended"
        return int(struct.unpack("i", said)[0])


class _Forker:
    """The forking program of this process, started when it is first asked."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.factories.forking_program", str(theirs.fileno()), str(EXECUTABLE)],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        atexit.register(self._end)

    def fork(self, request: Mapping[str, Any], streams: Sequence[int]) -> Fork:
        """Have a process started with these three streams."""
        reading, writing = os.pipe()
        try:
            socket.send_fds(self._control, [json.dumps(request).encode()], [*streams, writing])
        finally:
            os.close(writing)
        return Fork(reading)

    def _end(self) -> None:
        self._control.close()
        self._process.wait()


_forkers: list[_Forker] = []


def _forker() -> _Forker:
    with _asking:
        if not _forkers:
            _forkers.append(_Forker())
        return _forkers[0]


def start(
    arguments: Sequence[str],
    *,
    stdin: IO[Any] | None = None,
    stdout: IO[Any],
    stderr: IO[Any],
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Process:
    """Start `entrepot` with these arguments, in a session of its own; `environment` is the whole of it."""
    given = {**os.environ} if environment is None else {**environment}
    if _interpreters(given) != _interpreters(os.environ):
        return subprocess.Popen(
            [str(EXECUTABLE), *arguments],
            stdin=stdin or subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            env=given,
            cwd=cwd,
            start_new_session=True,
        )
    request = {"arguments": [*arguments], "environment": given, "cwd": str(cwd or Path.cwd())}
    with Path(os.devnull).open("rb") as nothing:
        streams = [stream.fileno() for stream in (stdin or nothing, stdout, stderr)]
        return _forker().fork(request, streams)


def run(
    arguments: Sequence[str],
    *,
    text: str = "",
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float = 60,
) -> subprocess.CompletedProcess[str]:
    """Run `entrepot` to its end; `text` is its standard input."""
    with tempfile.TemporaryFile() as asked, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as complaint:
        asked.write(text.encode())
        asked.seek(0)
        process = start(arguments, stdin=asked, stdout=out, stderr=complaint, environment=environment, cwd=cwd)
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        written = [_all_of(stream) for stream in (out, complaint)]
        return subprocess.CompletedProcess([str(EXECUTABLE), *arguments], status, *written)


def _all_of(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode()


def _interpreters(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(_OF_THE_INTERPRETER)}
