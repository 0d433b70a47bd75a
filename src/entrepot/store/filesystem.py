"""Blobs as files of one volume.

    DATA/uploads/<upload id>                                          a spool
    DATA/blobs/<algorithm>/<hex[:2]>/<hex>.<generation>               a blob, never overwritten

A spool becomes a blob by fsync of the file, link(2) to its name, fsync of the directory (and of the parent of each
directory that was made). A failed fsync fails that upload; it is never tried again on the same file.
"""

import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from entrepot.errors import BlobBytesMissing, StorageFull
from entrepot.spec.digest import Digest, hasher
from entrepot.store.spool import FileSpool

_LOCATION = re.compile(r"blobs/(sha256|sha512)/([0-9a-f]{2})/([0-9a-f]{64}|[0-9a-f]{128})\.[0-9A-Z]{26}")
_UPLOAD = re.compile(r"[0-9a-f-]{36}")
_CHUNK = 1024 * 1024


class Filesystem:
    """The BlobStore over a data directory."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._uploads = data / "uploads"
        self._blobs = data / "blobs"
        self._durable: set[str] = set()  # directories whose own entry this process has synced or found

    def prepare(self) -> None:
        """Make the directories, durably."""
        for directory in (self._data, self._uploads, self._blobs):
            directory.mkdir(mode=0o700, exist_ok=True)
        _sync_directory(self._data)

    def spool(self, upload_id: str, *, create: bool) -> FileSpool:
        """The spool of an upload, held alone."""
        return FileSpool(self._spool_path(upload_id), create=create)

    def adopt(self, upload_id: str, digest: Digest, generation: str) -> str:
        """fsync, link, fsync of the directory; returns the location."""
        location = f"blobs/{digest.algorithm}/{digest.hex[:2]}/{digest.hex}.{generation}"
        target = self._path(location)
        try:
            source = os.open(self._spool_path(upload_id), os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(source)
            finally:
                os.close(source)
            self._make_durable(target.parent)
            os.link(self._spool_path(upload_id), target)
            _sync_directory(target.parent)
        except FileNotFoundError:
            raise BlobBytesMissing(digest=digest) from None
        except OSError as error:
            raise translated(error) from error
        return location

    def discard(self, upload_id: str) -> None:
        """Remove a spool."""
        self._spool_path(upload_id).unlink(missing_ok=True)

    def open_checked(self, location: str, size: int) -> BinaryIO:
        """The file, if it has exactly `size` bytes."""
        try:
            descriptor = os.open(self._path(location), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ELOOP, errno.ENOTDIR):
                raise BlobBytesMissing(digest=location) from None
            raise
        if os.fstat(descriptor).st_size != size:
            os.close(descriptor)
            raise BlobBytesMissing(digest=location)
        return os.fdopen(descriptor, "rb", buffering=0)

    def size(self, location: str) -> int | None:
        """The file's length."""
        try:
            return self._path(location).lstat().st_size
        except (FileNotFoundError, NotADirectoryError):
            return None

    def digest(self, location: str, algorithm: str) -> str:
        """Read the file through."""
        running = hasher(algorithm)
        try:
            with self._path(location).open("rb", buffering=0) as file:
                while chunk := file.read(_CHUNK):
                    running.update(chunk)
        except FileNotFoundError:
            raise BlobBytesMissing(digest=location) from None
        return running.hexdigest()

    def digest_of_location(self, location: str) -> Digest:
        """From the file's name."""
        match = _LOCATION.fullmatch(location)
        if match is None:
            raise ValueError(f"not a location: {location}")
        return Digest.parse(f"{match[1]}:{match[3]}")

    def remove(self, location: str) -> None:
        """Unlink the file; not synced: an entry that comes back after a power cut is an orphan, which is harmless."""
        self._path(location).unlink(missing_ok=True)

    def locations(self) -> Iterator[tuple[str, float]]:
        """Every blob file; anything else below `blobs/` is left alone."""
        for algorithm in _entries(self._blobs):
            for prefix in _entries(Path(algorithm.path)):
                for entry in _entries(Path(prefix.path)):
                    location = f"blobs/{algorithm.name}/{prefix.name}/{entry.name}"
                    if _LOCATION.fullmatch(location):
                        try:
                            yield location, entry.stat(follow_symlinks=False).st_ctime
                        except FileNotFoundError:
                            continue

    def spools(self) -> Iterator[tuple[str, float]]:
        """Every spool."""
        for entry in _entries(self._uploads):
            if _UPLOAD.fullmatch(entry.name):
                try:
                    yield entry.name, entry.stat(follow_symlinks=False).st_mtime
                except FileNotFoundError:
                    continue

    def free_bytes(self) -> int:
        """Free bytes of the volume for an unprivileged user."""
        volume = os.statvfs(self._data)
        return volume.f_bavail * volume.f_frsize

    def _path(self, location: str) -> Path:
        if not _LOCATION.fullmatch(location):
            raise ValueError(f"not a location: {location}")
        return self._data / location

    def _spool_path(self, upload_id: str) -> Path:
        if not _UPLOAD.fullmatch(upload_id):
            raise ValueError(f"not an upload id: {upload_id}")
        return self._uploads / upload_id

    def _make_durable(self, directory: Path) -> None:
        """Make a directory and those above it; each one's entry is synced before it is relied on."""
        if str(directory) in self._durable:
            return
        if directory != self._blobs:
            self._make_durable(directory.parent)
            directory.mkdir(mode=0o700, exist_ok=True)
            _sync_directory(directory.parent)
        self._durable.add(str(directory))


def translated(error: OSError) -> Exception:
    """StorageFull for a full volume or quota, else the error itself."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull(reserve=0)
    return error


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _entries(directory: Path) -> Iterator["os.DirEntry[str]"]:
    try:
        with os.scandir(directory) as entries:
            yield from entries
    except (FileNotFoundError, NotADirectoryError):
        return
