"""The writing side: buffered frames, flushed by their owner at least each second."""

import fcntl
import os
import struct
import zlib
from pathlib import Path

HEADER = struct.Struct("<II")
_FLUSH_AT = 256 * 1024
_ROTATE_AT = 64 * 1024 * 1024
_MOST_BUFFERED = 8 * 1024 * 1024


class Journal:
    """One process's journal; not thread-safe. `dropped` counts records that no disk would take."""

    def __init__(self, directory: Path, name: str, *, rotate_at: int = _ROTATE_AT) -> None:
        self._directory = directory
        self._name = name
        self._rotate_at = rotate_at
        self._buffer: list[bytes] = []
        self._buffered = 0
        self._descriptor = -1
        self._written = 0
        self._serial = 0
        self.dropped = 0

    def append(self, record: bytes) -> None:
        """Remember a record (1 us); it reaches the file with the next flush."""
        self._buffer.append(HEADER.pack(len(record), zlib.crc32(record)))
        self._buffer.append(record)
        self._buffered += len(record) + HEADER.size
        if self._buffered >= _FLUSH_AT:
            self.flush()

    def flush(self) -> None:
        """Write what is buffered in one call; never raises for a disk that is full or gone."""
        if not self._buffer:
            return
        data = b"".join(self._buffer)
        try:
            self._write(data)
        except OSError:
            self._keep_or_drop()
            return
        self._buffer.clear()
        self._buffered = 0

    def close(self) -> None:
        """Flush, and let anyone adopt the file."""
        self.flush()
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _write(self, data: bytes) -> None:
        if self._descriptor < 0 or self._written >= self._rotate_at:
            self._open_next()
        try:
            written = 0
            while written < len(data):
                written += os.write(self._descriptor, data[written:])
        except OSError:
            os.ftruncate(self._descriptor, self._written)  # no torn frame stays before later ones
            raise
        self._written += len(data)

    def _open_next(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        path = self._directory / f"{self._name}.{self._serial:06d}"
        self._serial += 1
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        self._descriptor = descriptor
        self._written = 0

    def _keep_or_drop(self) -> None:
        if self._buffered < _MOST_BUFFERED:
            return
        self.dropped += len(self._buffer) // 2
        self._buffer.clear()
        self._buffered = 0
