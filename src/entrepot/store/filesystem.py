"""Blobs as files of one volume.

    DATA/uploads/<upload id>                                          a spool
    DATA/blobs/<algorithm>/<hex[:2]>/<hex>.<generation>[.sealed]      a blob, never overwritten

A spool becomes a blob by fsync of the file, link(2) to its name, fsync of the directory (and of the parent of each
directory that was made). A failed fsync fails that upload and drops the spool: it is never tried again on one file.
"""

import contextlib
import errno
import os
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from entrepot.errors import BlobBytesMissing
from entrepot.errors.start import DataDirectoryUnwritable
from entrepot.spec.digest import Digest, hasher
from entrepot.store.calls import REAL, Calls, sync_directory
from entrepot.store.sealed import MARK, Cipher, SealedSpool, blob_size, stored_size
from entrepot.store.spool import FileSpool, is_full, translated

_LOCATION = re.compile(
    r"blobs/(?:sha256/([0-9a-f]{2})/\1[0-9a-f]{62}|sha512/([0-9a-f]{2})/\2[0-9a-f]{126})\.[0-9A-Z]{26}(?:\.sealed)?"
)
_UPLOAD = re.compile(r"[0-9a-f-]{36}")
_CHUNK = 1024 * 1024
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
_ABSENT = (errno.ENOENT, errno.ELOOP, errno.ENOTDIR)


class Filesystem:
    """The BlobStore over a data directory."""

    def __init__(self, data: Path, calls: Calls = REAL) -> None:
        self._data = data
        self._calls = calls
        self._uploads = data / "uploads"
        self._blobs = data / "blobs"
        self._durable: set[str] = set()  # directories whose own entry this process has synced

    def prepare(self) -> None:
        """Make the directories, durably: DataDirectoryUnwritable where a spool could not become a blob."""
        for directory in (self._data, self._uploads, self._blobs):
            self._make(directory)
        sync_directory(self._calls, self._data)
        self._sync_parents()
        self._try_link()

    def spool(self, upload_id: str, *, create: bool, cipher: Cipher | None = None) -> FileSpool | SealedSpool:
        """The spool of an upload, held alone."""
        spool = FileSpool(self._spool_path(upload_id), create=create, calls=self._calls)
        return spool if cipher is None else SealedSpool(spool, cipher)

    def peek(self, upload_id: str) -> BinaryIO:
        """The spool's file, without its lock."""
        try:
            descriptor = os.open(self._spool_path(upload_id), _READ)
        except OSError as error:
            if error.errno in _ABSENT:
                raise BlobBytesMissing(digest=upload_id) from None
            raise
        return os.fdopen(descriptor, "rb", buffering=0)

    def adopt(self, upload_id: str, digest: Digest, generation: str, *, sealed: bool = False) -> str:
        """fsync, link, fsync of the directory; returns the location."""
        location = f"blobs/{digest.algorithm}/{digest.hex[:2]}/{digest.hex}.{generation}{MARK if sealed else ''}"
        source, target = self._spool_path(upload_id), self._path(location)
        try:
            self._sync_spool(upload_id)
            self._make_durable(target.parent)
            self._calls.link(source, target)
            self._sync_entry(target, upload_id)
        except FileNotFoundError:
            self._durable.clear()  # somebody removed a directory by hand: it is made again next time
            raise BlobBytesMissing(digest=digest) from None
        except OSError as error:
            raise translated(error) from error
        return location

    def discard(self, upload_id: str) -> None:
        """Remove a spool."""
        self._unlink(self._spool_path(upload_id))

    def open_checked(self, location: str, size: int) -> BinaryIO:
        """The file, if it is as long as one of `size` bytes is."""
        try:
            descriptor = os.open(self._path(location), _READ)
        except OSError as error:
            if error.errno in _ABSENT:
                raise BlobBytesMissing(digest=location) from None
            raise
        if os.fstat(descriptor).st_size != stored_size(location, size):
            os.close(descriptor)
            raise BlobBytesMissing(digest=location)
        return os.fdopen(descriptor, "rb", buffering=0)

    def size(self, location: str) -> int | None:
        """From the file's length."""
        try:
            return blob_size(location, self._path(location).lstat().st_size)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def digest(self, location: str, algorithm: str) -> str:
        """Read the file through."""
        running = hasher(algorithm)
        try:
            descriptor = os.open(self._path(location), _READ)
        except OSError as error:
            if error.errno in _ABSENT:
                raise BlobBytesMissing(digest=location) from None
            raise
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            while chunk := file.read(_CHUNK):
                running.update(chunk)
        return running.hexdigest()

    def digest_of_location(self, location: str) -> Digest:
        """From the file's name."""
        path = self._path(location)
        return Digest.parse(f"{path.parent.parent.name}:{path.name.partition('.')[0]}")

    def remove(self, location: str) -> None:
        """Unlink the file; not synced: an entry that comes back after a power cut is an orphan, which is harmless."""
        self._unlink(self._path(location))

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
        volumes = [os.statvfs(directory) for directory in (self._blobs, self._uploads)]
        return min(volume.f_bavail * volume.f_frsize for volume in volumes)

    def _path(self, location: str) -> Path:
        if not _LOCATION.fullmatch(location):
            raise ValueError(f"not a location: {location}")
        return self._data / location

    def _spool_path(self, upload_id: str) -> Path:
        if not _UPLOAD.fullmatch(upload_id):
            raise ValueError(f"not an upload id: {upload_id}")
        return self._uploads / upload_id

    def _sync_spool(self, upload_id: str) -> None:
        descriptor = self._calls.open(self._spool_path(upload_id), _READ)
        try:
            self._calls.fsync(descriptor)
        except OSError:
            self.discard(upload_id)  # a second fsync could succeed over pages that the first one lost
            raise
        finally:
            self._calls.close(descriptor)

    def _sync_entry(self, target: Path, upload_id: str) -> None:
        try:
            sync_directory(self._calls, target.parent)
        except OSError:
            self._unlink(target)
            self.discard(upload_id)
            raise

    def _make_durable(self, directory: Path) -> None:
        """Make a directory and those above it; each one's entry is synced before it is relied on."""
        if str(directory) in self._durable:
            return
        if directory != self._blobs:
            self._make_durable(directory.parent)
            self._make(directory)
            sync_directory(self._calls, directory.parent)
        self._durable.add(str(directory))

    def _make(self, directory: Path) -> None:
        with contextlib.suppress(FileExistsError):
            self._calls.mkdir(directory, 0o700)

    def _sync_parents(self) -> None:
        """The data directory's own entry, and those above it: the first start may have made them all."""
        with contextlib.suppress(OSError):  # what this user may not open it has not made
            for directory in self._data.absolute().parents:
                sync_directory(self._calls, directory)

    def _try_link(self) -> None:
        """One spool that becomes a blob: link(2) needs both directories on one mounted volume."""
        source, target = self._spool_path(str(uuid.uuid4())), self._blobs / f".probe-{uuid.uuid4()}"
        try:
            self._calls.close(self._calls.open(source, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            self._calls.link(source, target)
        except OSError as error:
            if error.errno == errno.EXDEV:
                reason = f"{self._uploads} and {self._blobs} must be on one mounted volume"
                raise DataDirectoryUnwritable(data=self._data, reason=reason) from None
            if not is_full(error):  # with a full volume the server starts, so that something can be deleted
                raise DataDirectoryUnwritable(data=self._data, reason=error) from None
        finally:
            self._unlink(source)
            self._unlink(target)

    def _unlink(self, path: Path) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._calls.unlink(path)


def _entries(directory: Path) -> Iterator["os.DirEntry[str]"]:
    try:
        with os.scandir(directory) as entries:
            yield from entries
    except (FileNotFoundError, NotADirectoryError):
        return
