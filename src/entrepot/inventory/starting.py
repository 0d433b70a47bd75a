"""Starts a process for each layer, as a fork of this one: what reads layers is loaded once, and no layer's bytes are
ever read here. Asked over the socket that is standard input; ends with whoever asks.

A request is one message with four files: a blob, where its inventory goes, where a fault goes, and a socket of its own,
to which the exit status is written (`STATUS`). The process is killed when the other end of that is closed or shut down.
"""

import contextlib
import os
import resource
import selectors
import signal
import socket
import sys
from collections.abc import Callable
from functools import partial
from typing import Final

from entrepot.inventory import STATUS
from entrepot.inventory.confinement import end_with

_FILES: Final = 256  # open at once
_ASKED: Final = 4  # files of a request
_IDLE: Final = 300.0  # seconds


class Starter:
    """Sees to the processes of layers until nobody asks any more."""

    def __init__(self, control: socket.socket, read: Callable[[], int], idle: float = _IDLE) -> None:
        """`read` is what such a process does, to its exit status; `idle` in seconds, after which all of it ends."""
        self._control = control
        self._read = read
        self._idle = idle
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ, self._asked)
        self._running: dict[int, socket.socket] = {}  # by the process's descriptor
        self._over = False

    def run(self) -> None:
        """Until whoever asks is gone, or asks for nothing for long."""
        while not self._over:
            ready = self._selector.select(None if self._running else self._idle)
            if not ready:
                return
            for key, _ in ready:
                key.data()

    def _asked(self) -> None:
        message, files, _, _ = socket.recv_fds(self._control, 16, _ASKED)
        if not message:
            self._over = True
        elif len(files) == _ASKED:
            self._start(files)
        for file in files:
            os.close(file)

    def _start(self, files: list[int]) -> None:
        own = os.getpid()
        try:
            pid = os.fork()
        except OSError:  # the layer's socket is closed, and nothing was written to it
            return
        if not pid:
            self._become(files, own)
            os._exit(self._read())  # what it raises ends this process, and is told as its fault
        process, told = os.pidfd_open(pid), socket.socket(fileno=os.dup(files[3]))
        self._running[process] = told
        self._selector.register(process, selectors.EVENT_READ, partial(self._ended, process, pid))
        self._selector.register(told, selectors.EVENT_READ, partial(self._kill, process, told))

    def _become(self, files: list[int], parent: int) -> None:
        """Have the layer's files alone, and end with the parent."""
        end_with(parent)
        os.setsid()
        for target in range(3):
            os.dup2(files[target], target)
        self._control.detach()
        os.closerange(3, _FILES)

    def _kill(self, process: int, told: socket.socket) -> None:
        if self._running.get(process) is not told:  # it has ended at the same moment
            return
        self._selector.unregister(told)
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(process, signal.SIGKILL)

    def _ended(self, process: int, pid: int) -> None:
        _, status = os.waitpid(pid, 0)
        self._selector.unregister(process)
        os.close(process)
        told = self._running.pop(process)
        with contextlib.suppress(KeyError):
            self._selector.unregister(told)
        with told, contextlib.suppress(OSError):  # nobody listens any more
            told.send(STATUS.pack(os.waitstatus_to_exitcode(status)))


def serve(read: Callable[[], int], idle: float = _IDLE) -> None:
    """Start processes that `read` until whoever holds the other end of standard input is gone."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (_FILES, _FILES))
    Starter(socket.socket(fileno=os.dup(sys.stdin.fileno())), read, idle).run()
