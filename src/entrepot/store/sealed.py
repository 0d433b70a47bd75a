"""Bytes that are encrypted before they reach the store, in chunks, so that any range can be read.

    record 0 · record 1 · … · last record (shorter, or as long) · end        a record: 28 bytes more than its text
    end: encrypted size (8 bytes) and SHA-256 of the digest's text

A record is authenticated with its number, the end with the size and the digest of the whole: records that are changed,
moved, repeated, left out or taken from another blob are refused, and so is a blob in another's place. A location that
ends in `.sealed` is of such bytes; its size is that of the text.
"""

import hashlib
import io
import os
from typing import BinaryIO, Final, Protocol, Self

from entrepot.errors import BlobBytesMissing
from entrepot.spec.digest import Digest, hasher

CHUNK: Final = 256 * 1024  # bytes of text
MARK: Final = ".sealed"
_MORE: Final = 12 + 16  # bytes of a record beside its text: a nonce and a tag
_RECORD: Final = CHUNK + _MORE
_END_TEXT: Final = 8 + 32
_END: Final = _END_TEXT + _MORE
_END_PLACE: Final = b"end"


class Cipher(Protocol):
    """Encrypts records under one blob's key."""

    def encrypt(self, place: bytes, text: bytes) -> bytes:
        """A record, 28 bytes longer than its text."""

    def decrypt(self, place: bytes, piece: bytes) -> bytes | None:
        """Its text; None where it is another's, or was changed."""


class Raw(Protocol):
    """A spool of the store, as it is beneath."""

    def size(self) -> int:
        """Bytes held."""

    def read(self, start: int, count: int) -> bytes:
        """Bytes from a place."""

    def write(self, data: bytes) -> None:
        """Add at the end."""

    def truncate(self, size: int) -> None:
        """Cut off what lies beyond."""

    def close(self) -> None:
        """Let others have it."""


def is_sealed(location: str) -> bool:
    """Whether the bytes at a location are encrypted."""
    return location.endswith(MARK)


def stored_size(location: str, size: int) -> int:
    """How many bytes are stored at a location for so many bytes of a blob."""
    return size + -(-size // CHUNK) * _MORE + _END if is_sealed(location) else size


def blob_size(location: str, stored: int) -> int:
    """The other way round; -1 where so many can be of no blob."""
    if not is_sealed(location):
        return stored
    full, rest = divmod(stored - _END, _RECORD)
    if full < 0 or 0 < rest <= _MORE:
        return -1
    return full * CHUNK + (rest - _MORE if rest else 0)


class SealedSpool:
    """A spool whose bytes are encrypted as they come. What does not fill a record stays here until `flush`."""

    def __init__(self, raw: Raw, cipher: Cipher) -> None:
        self._raw = raw
        self._cipher = cipher
        self._full, tail = self._look()
        self._tail = bytearray(tail)
        self._kept = True  # whether the tail stands in the store as it is here
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def size(self) -> int:
        """Bytes of text held."""
        return self._full * CHUNK + len(self._tail)

    def write(self, data: bytes) -> None:
        """Add at the end."""
        self._tail += data
        self._kept = False
        while len(self._tail) >= CHUNK:
            self._put(self._tail[:CHUNK])
            self._full += 1
            del self._tail[:CHUNK]

    def truncate(self, size: int) -> None:
        """Cut off what lies beyond `size`: BlobBytesMissing where what is to stay cannot be decrypted."""
        full, rest = divmod(size, CHUNK)
        if full < self._full:
            self._tail = bytearray(self._record(full, CHUNK) if rest else b"")
        self._full = full
        del self._tail[rest:]
        self._raw.truncate(full * _RECORD)
        self._kept = False
        self.flush()

    def digest(self, algorithm: str, start: int, end: int) -> str:
        """Hex digest of the text from `start` to `end`: BlobBytesMissing."""
        running = hasher(algorithm)
        for index in range(start // CHUNK, -(-min(end, self.size()) // CHUNK)):
            text = self._record(index, CHUNK) if index < self._full else bytes(self._tail)
            at = index * CHUNK
            running.update(text[max(start - at, 0) : end - at])
        return running.hexdigest()

    def flush(self) -> None:
        """Have all that was written in the store."""
        if not self._kept:
            self._put(self._tail)
            self._kept = True

    def finish(self, digest: Digest) -> None:
        """The bytes are those of a digest, and all there are."""
        self.flush()
        held = self._full * _RECORD + (len(self._tail) + _MORE if self._tail else 0)
        if self._raw.size() > held:  # it was finished before, and is now once more
            self._raw.truncate(held)
        self._raw.write(self._cipher.encrypt(_END_PLACE, _end(self.size(), digest)))

    def close(self) -> None:
        """Let others have it, with all that was written."""
        if self._closed:
            return
        self._closed = True
        try:
            self.flush()
        finally:
            self._raw.close()

    def _put(self, text: bytearray) -> None:
        """A record in the place of what stands there, which may be the beginning of its text."""
        if self._raw.size() > self._full * _RECORD:
            self._raw.truncate(self._full * _RECORD)
        if text:
            self._raw.write(self._cipher.encrypt(_place(self._full), bytes(text)))

    def _look(self) -> tuple[int, bytes]:
        """(whole records, the text behind them); what was not written to its end, or not yet cut off, counts as
        nothing.
        """
        stored = self._raw.size()
        for held in (stored, stored - _END):  # an end stands there where the blob was adopted and the session was not
            full, rest = divmod(max(held, 0), _RECORD)
            if rest > _MORE:
                text = self._cipher.decrypt(_place(full), self._raw.read(full * _RECORD, rest))
                if text is not None:
                    return full, text
            elif not rest and (not full or self._is_whole(full - 1)):
                return full, b""
        return stored // _RECORD, b""

    def _is_whole(self, index: int) -> bool:
        return self._cipher.decrypt(_place(index), self._raw.read(index * _RECORD, _RECORD)) is not None

    def _record(self, index: int, size: int) -> bytes:
        text = self._cipher.decrypt(_place(index), self._raw.read(index * _RECORD, size + _MORE))
        if text is None:
            raise BlobBytesMissing(digest=f"record {index} of an upload")
        return text


def opened(stored: BinaryIO, cipher: Cipher, digest: Digest, size: int) -> BinaryIO:
    """The text of a sealed blob, from its stored bytes, which have the right length: BlobBytesMissing at once for
    another blob's, while reading for records that were changed. It is no file to the kernel, and can be sought in.
    """
    try:
        stored.seek(-_END, os.SEEK_END)
        if cipher.decrypt(_END_PLACE, _whole(stored, _END)) != _end(size, digest):
            raise BlobBytesMissing(digest=digest)
    except (BlobBytesMissing, OSError):
        stored.close()
        raise
    return io.BufferedReader(_SealedFile(stored, cipher, digest, size), CHUNK)


class _SealedFile(io.RawIOBase):
    """Reads records as they are asked for; the last one is kept."""

    def __init__(self, stored: BinaryIO, cipher: Cipher, digest: Digest, size: int) -> None:
        self._stored = stored
        self._cipher = cipher
        self._digest = digest
        self._size = size
        self._at = 0
        self._index = -1
        self._text = b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        self._at = max(0, offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence])
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]  # no Buffer before 3.12
        if self._at >= self._size:
            return 0
        index, skipped = divmod(self._at, CHUNK)
        if index != self._index:
            self._text, self._index = self._read(index), index
        piece = self._text[skipped : skipped + len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def close(self) -> None:
        self._stored.close()
        super().close()

    def _read(self, index: int) -> bytes:
        length = min(CHUNK, self._size - index * CHUNK) + _MORE
        self._stored.seek(index * _RECORD)
        text = self._cipher.decrypt(_place(index), _whole(self._stored, length))
        if text is None:
            raise BlobBytesMissing(digest=self._digest)
        return text


def _whole(file: BinaryIO, count: int) -> bytes:
    """`count` bytes, where there are so many: a raw file may give fewer at once."""
    found = file.read(count)
    while 0 < len(found) < count and (more := file.read(count - len(found))):
        found += more
    return found


def _place(index: int) -> bytes:
    return b"record" + index.to_bytes(8, "big")


def _end(size: int, digest: Digest) -> bytes:
    return size.to_bytes(8, "big") + hashlib.sha256(digest.encode()).digest()
