"""The writing side: buffered frames, flushed by their owner at least each second; no disk's fault reaches a reader."""

import contextlib
import fcntl
import os
from pathlib import Path

from entrepot.journal.frames import LARGEST_RECORD, framed

_FLUSH_AT = 256 * 1024
_ROTATE_AT = 64 * 1024 * 1024
_MOST_BUFFERED = 8 * 1024 * 1024


class Journal:
    """One process's journal; not thread-safe. `dropped` counts records that no disk would take."""

    def __init__(self, directory: Path, name: str, *, rotate_at: int = _ROTATE_AT) -> None:
        self._directory = directory
        self._name = name
        self._rotate_at = rotate_at
        self._frames: list[bytes] = []
        self._buffered = 0
        self._flush_at = _FLUSH_AT
        self._descriptor = -1
        self._written = 0
        self._serial = 0
        self.dropped = 0

    def append(self, record: bytes) -> None:
        """Remember a record (1 us); it reaches the file with the next flush."""
        if len(record) > LARGEST_RECORD:
            self.dropped += 1
            return
        frame = framed(record)
        self._frames.append(frame)
        self._buffered += len(frame)
        if self._buffered >= self._flush_at:
            self.flush()

    def flush(self) -> None:
        """Write what is buffered in one call; never raises for a disk that is full or gone."""
        if not self._frames:
            return
        data = b"".join(self._frames)
        taken = self._write(data)
        if taken == len(data):
            self._frames.clear()
            self._buffered = 0
            self._flush_at = _FLUSH_AT
        else:
            self._keep(taken)

    def close(self) -> None:
        """Flush, and let anyone adopt the file."""
        self.flush()
        self.dropped += len(self._frames)
        self._frames.clear()
        self._buffered = 0
        self._release()

    def _write(self, data: bytes) -> int:
        """Append to the file; how many bytes it took."""
        taken = 0
        view = memoryview(data)
        with contextlib.suppress(OSError):
            if self._descriptor < 0 or self._written >= self._rotate_at:
                self._open_next()
            while taken < len(data):
                taken += os.write(self._descriptor, view[taken:])
        self._written += taken
        return taken

    def _open_next(self) -> None:
        """A file that has its name only once it is locked: an unlocked one never has a writer again."""
        self._release()
        path = self._directory / f"{self._name}.{self._serial:06d}"
        unlocked = path.with_name(f"{path.name}.new")
        self._serial += 1
        descriptor = os.open(unlocked, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            unlocked.rename(path)
        except OSError:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        self._written = 0

    def _keep(self, taken: int) -> None:
        """Keep what the file did not take for the next flush, whole frames of it; drop it all when it is too much.

        Whole frames that were written stay: somebody may have folded them already. Only the torn one is cut off.
        """
        whole = 0
        count = 0
        while whole + len(self._frames[count]) <= taken:
            whole += len(self._frames[count])
            count += 1
        del self._frames[:count]
        self._buffered -= whole
        if taken > whole:
            self._cut(taken - whole)
        if self._buffered > _MOST_BUFFERED:
            self.dropped += len(self._frames)
            self._frames.clear()
            self._buffered = 0
        self._flush_at = self._buffered + _FLUSH_AT  # not with each record from now on

    def _cut(self, torn: int) -> None:
        try:
            os.ftruncate(self._descriptor, self._written - torn)
            self._written -= torn
        except OSError:
            self._release()  # a torn frame may only stand last: the next flush begins another file

    def _release(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
