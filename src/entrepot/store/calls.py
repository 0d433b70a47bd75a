"""The system calls by which a store changes a disk: the module `os`, or a recorder that crash tests replay."""

import os
from pathlib import Path
from typing import Protocol


class Calls(Protocol):
    """A narrow part of `os`, with its signatures. Whatever changes a file or directory of a store goes through it."""

    def open(self, path: Path, flags: int, mode: int = 0o777) -> int:
        """os.open."""

    def close(self, fd: int, /) -> None:
        """os.close."""

    def pwrite(self, fd: int, data: bytes | memoryview, offset: int, /) -> int:
        """os.pwrite."""

    def ftruncate(self, fd: int, length: int, /) -> None:
        """os.ftruncate."""

    def fsync(self, fd: int, /) -> None:
        """os.fsync."""

    def link(self, src: Path, dst: Path) -> None:
        """os.link: fails where `dst` exists."""

    def rename(self, src: Path, dst: Path) -> None:
        """os.rename."""

    def unlink(self, path: Path) -> None:
        """os.unlink."""

    def mkdir(self, path: Path, mode: int = 0o777) -> None:
        """os.mkdir."""


REAL: Calls = os


def sync_directory(calls: Calls, directory: Path) -> None:
    """Make the entries of a directory durable, as far as they are made."""
    descriptor = calls.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        calls.fsync(descriptor)
    finally:
        calls.close(descriptor)
