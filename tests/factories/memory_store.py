"""A blob store in memory: real behaviour, no disk. For machines that take thousands of steps."""

import io
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, Self

from entrepot.errors import BlobBytesMissing, UploadBusy
from entrepot.spec.digest import Digest, hasher
from entrepot.store.sealed import MARK, Cipher, SealedSpool, blob_size

_LOCATION = re.compile(r"blobs/(sha256|sha512)/([0-9a-f]{2})/\2[0-9a-f]+\.[0-9A-Z]{26}(?:\.sealed)?")
_UPLOAD = re.compile(r"[0-9a-f-]{36}")


class MemorySpool:
    """The bytes of one unfinished upload, held until it is closed."""

    def __init__(self, store: "MemoryStore", upload_id: str) -> None:
        self._data = store.spools_.setdefault(upload_id, bytearray())
        self._store = store
        self._upload_id = upload_id
        self._held = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def size(self) -> int:
        return len(self._data)

    def read(self, start: int, count: int) -> bytes:
        return bytes(self._data[start : start + count])

    def write(self, data: bytes) -> None:
        self._data += data

    def flush(self) -> None:
        pass

    def finish(self, digest: Digest) -> None:
        pass

    def truncate(self, size: int) -> None:
        del self._data[size:]

    def digest(self, algorithm: str, start: int, end: int) -> str:
        return _hex(algorithm, bytes(self._data[start:end]))

    def close(self) -> None:
        if self._held:
            self._held = False
            self._store.busy.discard(self._upload_id)


class _Growing(io.RawIOBase):
    """Reads what others add to meanwhile."""

    def __init__(self, data: bytearray) -> None:
        self._data = data
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self._data)}[whence]
        return self._at

    def readinto(self, into: Any) -> int:
        found = self._data[self._at : self._at + len(into)]
        into[: len(found)] = found
        self._at += len(found)
        return len(found)


class MemoryStore:
    """Locations to bytes; `clock` gives the modification time of what is adopted."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.times: dict[str, float] = {}
        self.spools_: dict[str, bytearray] = {}
        self.busy: set[str] = set()
        self.now = 0.0

    def spool(self, upload_id: str, *, create: bool, cipher: Cipher | None = None) -> MemorySpool | SealedSpool:
        _require_upload_id(upload_id)
        if upload_id in self.busy:
            raise UploadBusy(upload=upload_id)
        if not create and upload_id not in self.spools_:
            raise BlobBytesMissing(digest=upload_id)
        self.busy.add(upload_id)
        spool = MemorySpool(self, upload_id)
        return spool if cipher is None else SealedSpool(spool, cipher)

    def peek(self, upload_id: str) -> BinaryIO:
        _require_upload_id(upload_id)
        if upload_id not in self.spools_:
            raise BlobBytesMissing(digest=upload_id)
        return io.BufferedReader(_Growing(self.spools_[upload_id]))

    def adopt(self, upload_id: str, digest: Digest, generation: str, *, sealed: bool = False) -> str:
        _require_upload_id(upload_id)
        if upload_id not in self.spools_:
            raise BlobBytesMissing(digest=digest)
        location = f"blobs/{digest.algorithm}/{digest.hex[:2]}/{digest.hex}.{generation}{MARK if sealed else ''}"
        if location in self.files:
            raise FileExistsError(location)
        self.files[location] = bytes(self.spools_[upload_id])
        self.times[location] = self.now
        return location

    def discard(self, upload_id: str) -> None:
        _require_upload_id(upload_id)
        self.spools_.pop(upload_id, None)

    def open_checked(self, location: str, size: int) -> BinaryIO:
        if self.size(location) != size:
            raise BlobBytesMissing(digest=location)
        return io.BytesIO(self.files[location])

    def size(self, location: str) -> int | None:
        _require_location(location)
        data = self.files.get(location)
        return None if data is None else blob_size(location, len(data))

    def digest(self, location: str, algorithm: str) -> str:
        _require_location(location)
        if location not in self.files:
            raise BlobBytesMissing(digest=location)
        return _hex(algorithm, self.files[location])

    def digest_of_location(self, location: str) -> Digest:
        _require_location(location)
        _, algorithm, _, name = location.split("/")
        return Digest.parse(f"{algorithm}:{name.split('.')[0]}")

    def remove(self, location: str) -> None:
        _require_location(location)
        self.files.pop(location, None)
        self.times.pop(location, None)

    def locations(self) -> Iterator[tuple[str, float]]:
        return iter(list(self.times.items()))

    def spools(self) -> Iterator[tuple[str, float]]:
        return iter([(name, 0.0) for name in self.spools_])

    def free_bytes(self) -> int:
        return 1 << 60


def _hex(algorithm: str, data: bytes) -> str:
    running = hasher(algorithm)
    running.update(data)
    return str(running.hexdigest())


def _require_upload_id(upload_id: str) -> None:
    if not _UPLOAD.fullmatch(upload_id):
        raise ValueError(f"not an upload id: {upload_id}")


def _require_location(location: str) -> None:
    if not _LOCATION.fullmatch(location):
        raise ValueError(f"not a location: {location}")
