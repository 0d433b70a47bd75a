"""Files that are stored once and never changed, each under a bucket and a key, with a few words about it beside it.

    ROOT/<bucket>/<key>               the file
    ROOT/<bucket>/<key>.metadata      JSON of the words
    ROOT/.incoming/                   files that are being written

A file becomes visible by link(2), after its words and its bytes are durable; nothing overwrites one.
"""

import contextlib
import errno
import os
import re
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from entrepot.store.calls import REAL, Calls, sync_directory

SIDECAR = ".metadata"
_INCOMING = ".incoming"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ABSENT = (errno.ENOENT, errno.ELOOP, errno.ENOTDIR, errno.EISDIR)
_WORDS = msgspec.json.Decoder(dict[str, str])


class KeptFiles:
    """The files below one directory, which is made when the first is stored."""

    def __init__(self, root: Path, calls: Calls = REAL) -> None:
        self._root = root
        self._calls = calls
        self._durable: set[Path] = set()  # directories whose own entry this process has synced

    def put(self, bucket: str, key: str, body: bytes, words: Mapping[str, str]) -> None:
        """Store a file durably; one that is there already stays as it is: FileExistsError."""
        target = self._path(bucket, key)
        self._make_durable(target.parent)
        if words:
            self._write_words(target, msgspec.json.encode(dict(words)))
        self._write(target, body)

    def get(self, bucket: str, key: str) -> tuple[bytes, Mapping[str, str]] | None:
        """A file and the words about it; None where there is none."""
        target = self._path(bucket, key)
        body = _read(target)
        if body is None:
            return None
        words = _read(target.with_name(target.name + SIDECAR))
        try:
            return body, _WORDS.decode(words) if words else {}
        except msgspec.MsgspecError:
            return body, {}

    def keys(self, bucket: str, prefix: str) -> Iterator[str]:
        """Keys below a prefix that ends with a slash, in no order; words without a file count as one."""
        top = self._path(bucket, prefix.rstrip("/"))
        for folder, _, names in os.walk(top):
            place = Path(folder)
            for name in names:
                file = name.removesuffix(SIDECAR)
                if file == name or file not in names:
                    yield (place / file).relative_to(self._root / bucket).as_posix()

    def _path(self, bucket: str, key: str) -> Path:
        if not _BUCKET.fullmatch(bucket) or any(part in {"", ".", ".."} for part in key.split("/")) or "\0" in key:
            raise ValueError(f"not a place of a file: {bucket}/{key}")
        return self._root / bucket / key

    def _write_words(self, target: Path, text: bytes) -> None:
        beside = target.with_name(target.name + SIDECAR)
        try:
            self._write(beside, text)
        except FileExistsError:
            if target.exists():
                return
            self._calls.unlink(beside)  # of a file that was never stored
            self._write(beside, text)

    def _write(self, target: Path, body: bytes) -> None:
        incoming = self._root / _INCOMING
        self._make_durable(incoming)
        temporary = incoming / str(uuid.uuid4())
        descriptor = self._calls.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o400)
        try:
            try:
                done = 0
                while done < len(body):
                    done += self._calls.pwrite(descriptor, memoryview(body)[done:], done)
                self._calls.fsync(descriptor)
            finally:
                self._calls.close(descriptor)
            self._calls.link(temporary, target)
            sync_directory(self._calls, target.parent)
        finally:
            self._calls.unlink(temporary)

    def _make_durable(self, directory: Path) -> None:
        """Make a directory and those above it; each one's entry is synced before it is relied on."""
        if directory in self._durable and directory.is_dir():
            return
        if directory != self._root.parent:
            self._make_durable(directory.parent)
            with contextlib.suppress(FileExistsError):
                self._calls.mkdir(directory, 0o700)
            sync_directory(self._calls, directory.parent)
        self._durable.add(directory)


def _read(path: Path) -> bytes | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as file:
            return file.read()
    except OSError as fault:
        if fault.errno in _ABSENT:
            return None
        raise
