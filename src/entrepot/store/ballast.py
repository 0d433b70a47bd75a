"""Ballast: room that is taken in advance beside the database, and given back when a full disk must be emptied.

Deleting needs room too: rows are marked before bytes go. A database that cannot commit for want of room releases the
ballast and tries again; uploads stay refused meanwhile, because less than the reserve is free. A job makes it again
once collection has freed enough.
"""

import contextlib
import os
from pathlib import Path

from entrepot.errors import StorageFull
from entrepot.store.spool import translated


class Ballast:
    """One file of `size` bytes, allocated and never written to; several processes may share it."""

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self._size = size

    def make(self) -> None:
        """Take the room, unless it is taken: StorageFull leaves nothing behind."""
        if self.exists():
            return
        fresh = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, self._size)
            fresh.rename(self._path)
        except OSError as error:
            fresh.unlink()
            raise translated(error) from error
        finally:
            os.close(descriptor)

    def release(self) -> bool:
        """Give the room back; whether this call did."""
        try:
            self._path.unlink()
        except FileNotFoundError:
            return False
        return True

    def tend(self, free: int, reserve: int) -> bool:
        """Make it again when that leaves the reserve free; whether it is there. Sizes in bytes."""
        if not self._size:
            return False
        if not self.exists() and free >= reserve + self._size:
            with contextlib.suppress(StorageFull):
                self.make()
        return self.exists()

    def exists(self) -> bool:
        """Whether the room is taken, all of it."""
        with contextlib.suppress(FileNotFoundError):
            return self._path.stat().st_size >= self._size
        return False
