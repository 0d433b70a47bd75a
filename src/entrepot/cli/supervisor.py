"""Keeps the server's processes: forks them, starts again those that crash, drains them on SIGTERM or SIGINT.

The parent starts no thread and opens no database, so that a fork is safe at any time. A child never outlives its
parent: the kernel kills it (PR_SET_PDEATHSIG), because a parent that was killed must free port and locks at once.
"""

import ctypes
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

import structlog

_PR_SET_PDEATHSIG = 1
_HANDLED = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)
_FORCING_SIGNALS = 2
_HEALTHY_SECONDS = 30.0
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 5.0
_FORCE_AFTER_DRAIN_SECONDS = 5.0

log = structlog.get_logger()


@dataclass
class Process:
    """One process to keep: `run` is its whole life, from the fork to its exit status."""

    name: str
    run: Callable[[], int]
    pid: int | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    crashes: int = field(default=0)


class Supervisor:
    """Runs processes until a signal says otherwise."""

    def __init__(
        self, processes: Sequence[Process], drain_seconds: float, before_drain: Callable[[], None] = lambda: None
    ) -> None:
        """`before_drain` lets go of what would keep clients waiting: the parent's own copies of the sockets."""
        self._processes = processes
        self._drain_seconds = drain_seconds
        self._before_drain = before_drain
        self._signals = 0
        self._wake_reader, self._wake_writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def run(self) -> int:
        """Keep every process running; returns after the drain: 0, or 1 when a process had to be killed."""
        signal.set_wakeup_fd(self._wake_writer, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._count_signal)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # wakes the loop
        while not self._signals:
            self._start_due()
            self._reap()
            self._sleep(self._until_next_start())
        return self._drain()

    def _count_signal(self, *_: object) -> None:
        self._signals += 1

    def _start_due(self) -> None:
        for process in self._processes:
            if process.pid is None and time.monotonic() >= process.start_at:
                self._fork(process)

    def _fork(self, process: Process) -> None:
        parent = os.getpid()
        sys.stdout.flush()
        sys.stderr.flush()
        signal.pthread_sigmask(signal.SIG_BLOCK, _HANDLED)  # or the child could swallow one with our handler
        pid = os.fork()
        if pid == 0:
            self._live(process, parent)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HANDLED)
        process.pid = pid
        process.started_at = time.monotonic()

    def _live(self, process: Process, parent: int) -> NoReturn:
        """The child's life; it never returns into the parent's code."""
        status = 1
        try:
            self._forget_parent()
            die_with_parent(parent)
            status = process.run()
        finally:
            if sys.exc_info()[0] is not None:
                traceback.print_exc()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def _forget_parent(self) -> None:
        signal.set_wakeup_fd(-1)
        os.close(self._wake_reader)
        os.close(self._wake_writer)
        for number in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to the whole group; the parent decides
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HANDLED)

    def _reap(self) -> None:
        for process in self._processes:
            if process.pid is None:
                continue
            pid, status = os.waitpid(process.pid, os.WNOHANG)
            if pid:
                self._note_end(process, os.waitstatus_to_exitcode(status))

    def _note_end(self, process: Process, status: int) -> None:
        alive = time.monotonic() - process.started_at
        process.crashes = 1 if alive > _HEALTHY_SECONDS else process.crashes + 1
        pause = min(_FIRST_PAUSE_SECONDS * 2 ** (process.crashes - 1), _LONGEST_PAUSE_SECONDS)
        log.error("process ended", process=process.name, pid=process.pid, status=status, restart_in_seconds=pause)
        process.pid = None
        process.start_at = time.monotonic() + pause

    def _until_next_start(self) -> float | None:
        waiting = [process.start_at for process in self._processes if process.pid is None]
        return max(0.0, min(waiting) - time.monotonic()) if waiting else None

    def _sleep(self, seconds: float | None) -> None:
        """Until a signal, or so long."""
        ready, _, _ = select.select([self._wake_reader], [], [], seconds)
        if ready:
            os.read(self._wake_reader, 4096)

    def _drain(self) -> int:
        log.info("draining", seconds=self._drain_seconds)
        self._before_drain()
        self._send(signal.SIGTERM)
        deadline = time.monotonic() + self._drain_seconds + _FORCE_AFTER_DRAIN_SECONDS
        while self._running() and self._signals < _FORCING_SIGNALS and time.monotonic() < deadline:
            self._sleep(min(1.0, max(0.0, deadline - time.monotonic())))
            self._collect()
        forced = self._running()
        if forced:
            log.warning("forced to stop", processes=[process.name for process in forced])
            self._send(signal.SIGKILL)
            for process in forced:
                os.waitpid(process.pid or 0, 0)
        log.info("stopped")
        return 1 if forced else 0

    def _collect(self) -> None:
        for process in self._running():
            pid, _ = os.waitpid(process.pid or 0, os.WNOHANG)
            if pid:
                process.pid = None

    def _running(self) -> list[Process]:
        return [process for process in self._processes if process.pid is not None]

    def _send(self, number: signal.Signals) -> None:
        for process in self._running():
            os.kill(process.pid or 0, number)


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent ends, however that ends."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before we asked
        os._exit(1)
