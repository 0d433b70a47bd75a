"""The program that forks.py asks: it has imported `entrepot` and forks one process for each request.

It has one thread, no file of its own but its control socket, and ends when whoever started it does. A fork returns from
`_asked` into `main`, and from there it is what the installed executable is: `sys.exit(main())`.
"""

import gc
import importlib
import json
import os
import pkgutil
import select
import socket
import struct
import sys
from pathlib import Path
from typing import Any

from entrepot import cli
from entrepot.app import api, background
from entrepot.cli.main import main as entrepot

STARTED = (api, background)  # what a server imports once nothing refuses its start
_LONGEST_REQUEST = 200_000
_STREAMS = 3


class _Children:
    """Those that run: where each one's status is told."""

    def __init__(self) -> None:
        self._of: dict[int, tuple[int, int]] = {}

    def handles(self) -> list[int]:
        return list(self._of)

    def add(self, pid: int, statuses: int) -> None:
        self._of[os.pidfd_open(pid)] = pid, statuses
        _tell(statuses, pid)

    def ended(self, handle: int) -> None:
        pid, statuses = self._of.pop(handle)
        _tell(statuses, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        os.close(handle)
        os.close(statuses)

    def forget(self) -> None:
        for handle, (_, statuses) in self._of.items():
            os.close(handle)
            os.close(statuses)


def main(control: socket.socket, executable: str) -> None:
    """Fork for each request; a fork runs the command that was asked for."""
    for module in pkgutil.iter_modules(cli.__path__):
        importlib.import_module(f"{cli.__name__}.{module.name}")
    gc.collect()
    gc.freeze()
    request = _asked(control)
    sys.argv = [executable, *request["arguments"]]
    sys.path[0] = str(Path(executable).parent)
    entrepot()


def _asked(control: socket.socket) -> dict[str, Any]:
    """The request of the fork that returns from here."""
    children = _Children()
    while True:
        ready, _, _ = select.select([control.fileno(), *children.handles()], [], [])
        for handle in ready:
            if handle != control.fileno():
                children.ended(handle)
                continue
            said, files, _, _ = socket.recv_fds(control, _LONGEST_REQUEST, _STREAMS + 1)
            if not said:
                os._exit(0)
            *streams, statuses = files
            pid = os.fork()
            if pid == 0:
                control.close()
                children.forget()
                os.close(statuses)
                return _settled(json.loads(said), streams)
            for stream in streams:
                os.close(stream)
            children.add(pid, statuses)


def _settled(request: dict[str, Any], streams: list[int]) -> dict[str, Any]:
    """Make the fork's session, streams, directory and environment those that were asked for."""
    os.setsid()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.stdin = open(0, closefd=False)  # noqa: SIM115  # the process's own standard input
    return request


def _tell(statuses: int, number: int) -> None:
    try:
        os.write(statuses, struct.pack("i", number))
    except BrokenPipeError:
        return  # whoever asked has gone


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])), sys.argv[2])
