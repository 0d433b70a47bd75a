"""A spool: the file of one unfinished upload, flocked by the request that writes it.

Once a spool was adopted its file is a blob too, under a second name, and is never changed again: whoever continues the
upload (after a crash or a failed commit, or a late second request) does so on a copy.
"""

import errno
import fcntl
import os
import uuid
from pathlib import Path
from typing import Self

from entrepot.errors import BlobBytesMissing, StorageFull, UploadBusy
from entrepot.spec.digest import Digest, hasher
from entrepot.store.calls import REAL, Calls

_CHUNK = 1024 * 1024
_FLAGS = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW


class FileSpool:
    """Holds the flock until it is closed; UploadBusy when another request does."""

    def __init__(self, path: Path, *, create: bool, calls: Calls = REAL) -> None:
        self._path = path
        self._calls = calls
        self._descriptor, held = _open_alone(path, create=create, calls=calls)
        self._size = held.st_size
        self._is_blob = held.st_nlink > 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def size(self) -> int:
        """Bytes held."""
        return self._size

    def write(self, data: bytes) -> None:
        """Write at the end, all of it."""
        if self._is_blob:
            self._continue_on_copy(self._size)
        view = memoryview(data)
        while view:
            try:
                written = self._calls.pwrite(self._descriptor, view, self._size)
            except OSError as error:
                raise translated(error) from error
            self._size += written
            view = view[written:]

    def truncate(self, size: int) -> None:
        """Cut the file: StorageFull where even that takes room."""
        if self._is_blob:
            self._continue_on_copy(size)
        else:
            try:
                self._calls.ftruncate(self._descriptor, size)
            except OSError as error:
                raise translated(error) from error
        self._size = size

    def read(self, start: int, count: int) -> bytes:
        """As many bytes from a place as there are."""
        found = os.pread(self._descriptor, count, start)
        while 0 < len(found) < count and (more := os.pread(self._descriptor, count - len(found), start + len(found))):
            found += more
        return found

    def flush(self) -> None:
        """Nothing is held back."""

    def finish(self, digest: Digest) -> None:
        """Nothing is added."""

    def digest(self, algorithm: str, start: int, end: int) -> str:
        """Read a part of the file through; hashing a chunk lets other threads run."""
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
            self._calls.close(self._descriptor)
            self._descriptor = -1

    def _continue_on_copy(self, size: int) -> None:
        """Take the first `size` bytes into a file of its own, which takes over the spool's name, lock held."""
        fresh = self._path.with_name(str(uuid.uuid4()))  # left behind by a crash, it is an orphan as spools are
        descriptor = _open_locked(fresh, create=True, calls=self._calls)
        try:
            at = 0
            while chunk := os.pread(self._descriptor, min(_CHUNK, size - at), at):
                at += self._calls.pwrite(descriptor, chunk, at)
            self._calls.rename(fresh, self._path)
        except OSError as error:
            self._calls.close(descriptor)
            self._calls.unlink(fresh)
            raise translated(error) from error
        self._calls.close(self._descriptor)
        self._descriptor = descriptor
        self._is_blob = False


def translated(error: OSError) -> Exception:
    """StorageFull for a full volume or quota, else the error itself."""
    return StorageFull(reserve=0) if is_full(error) else error


def is_full(error: OSError) -> bool:
    """Whether the volume or a quota has no room."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def _open_alone(path: Path, *, create: bool, calls: Calls) -> tuple[int, os.stat_result]:
    """The file that `path` names, flocked, and its state under the lock.

    A file that lost the name between open and flock was a session's that ended meanwhile. It is looked at in this
    order: one link, then the name is still its own, so that one link is never the blob's alone.
    """
    while True:
        descriptor = _open_locked(path, create=create, calls=calls)
        held = os.fstat(descriptor)
        if _names(path, held):
            return descriptor, held
        calls.close(descriptor)


def _open_locked(path: Path, *, create: bool, calls: Calls) -> int:
    try:
        descriptor = calls.open(path, _FLAGS | (os.O_CREAT if create else 0), 0o600)
    except FileNotFoundError:
        raise BlobBytesMissing(digest=path.name) from None
    except OSError as error:
        raise translated(error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        calls.close(descriptor)
        raise UploadBusy(upload=path.name) from None
    return descriptor


def _names(path: Path, held: os.stat_result) -> bool:
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return False
    return (found.st_dev, found.st_ino) == (held.st_dev, held.st_ino)
