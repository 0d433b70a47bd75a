"""A spool: the file of one unfinished upload, flocked by the request that writes it."""

import errno
import fcntl
import os
from pathlib import Path
from typing import Self

from entrepot.errors import BlobBytesMissing, StorageFull, UploadBusy
from entrepot.spec.digest import hasher

_CHUNK = 1024 * 1024


class FileSpool:
    """Holds the flock until it is closed; UploadBusy when another request does."""

    def __init__(self, path: Path, *, create: bool) -> None:
        flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | (os.O_CREAT if create else 0)
        try:
            self._descriptor = os.open(path, flags, 0o600)
        except FileNotFoundError:
            raise BlobBytesMissing(digest=path.name) from None
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            raise UploadBusy(upload=path.name) from None
        self._size = os.fstat(self._descriptor).st_size

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def size(self) -> int:
        """Bytes held."""
        return self._size

    def write(self, data: bytes) -> None:
        """Write at the end, all of it."""
        view = memoryview(data)
        while view:
            try:
                written = os.pwrite(self._descriptor, view, self._size)
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise StorageFull(reserve=0) from error
                raise
            self._size += written
            view = view[written:]

    def truncate(self, size: int) -> None:
        """Cut the file."""
        os.ftruncate(self._descriptor, size)
        self._size = size

    def digest(self, algorithm: str, start: int, end: int) -> str:
        """Read a part of the file through."""
        running = hasher(algorithm)
        while start < end:
            chunk = os.pread(self._descriptor, min(_CHUNK, end - start), start)
            if not chunk:
                break
            running.update(chunk)
            start += len(chunk)
        return running.hexdigest()

    def close(self) -> None:
        """Close the file and with it the lock."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
