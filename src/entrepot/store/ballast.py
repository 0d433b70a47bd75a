"""Ballast: room that is taken in advance beside the database, and given back when a full disk must be emptied.

Deleting needs room too: rows are marked before bytes go. Whoever finds the volume full releases the ballast, lets
deletes and collection run, and makes it again once there is room.
"""

import contextlib
import os
from pathlib import Path

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

    def release(self) -> None:
        """Give the room back; released already is fine."""
        self._path.unlink(missing_ok=True)

    def exists(self) -> bool:
        """Whether the room is taken, all of it."""
        with contextlib.suppress(FileNotFoundError):
            return self._path.stat().st_size >= self._size
        return False
