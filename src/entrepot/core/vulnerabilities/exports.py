"""One signed file of a generation: a tar archive, compressed by zstd, of what it is, who says so, and the database.

    manifest.json        format, generation, moments, sources with their counts, the database's size and SHA-256
    manifest.sig         Ed25519 over the bytes of the manifest
    vulnerabilities.db   the file of the generation

A reader believes nothing before the signature holds: the archive is read by what is written here and nothing else.
"""

import hashlib
import io
import os
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, Final

import msgspec
import zstandard

from entrepot.db.vulnerabilities import VulnerabilityFile
from entrepot.errors.scanning import VulnerabilitySignatureInvalid
from entrepot.seal.export_signatures import sign, verifies

_LEVEL: Final = 12
_BLOCK: Final = 512
_PIECE: Final = 1 << 20
_MOST_MANIFEST: Final = 1 << 20
_MOST_WINDOW: Final = 1 << 27
_SIGNATURE: Final = 64
MANIFEST_NAME: Final = "manifest.json"
_SIGNATURE_NAME: Final = "manifest.sig"
_DATABASE_NAME: Final = "vulnerabilities.db"


class Listed(msgspec.Struct, frozen=True):
    """A source, as the manifest lists it."""

    name: str
    updated_at: int
    records: int


class Manifest(msgspec.Struct, frozen=True):
    """What an export is."""

    generation: int
    made_at: int
    size: int
    sha256: str
    sources: list[Listed]
    format: str = "entrepot-vulndb-1"


def write(path: Path, database: Path, private: bytes, progress: Callable[[int], None]) -> Manifest:
    """Export a generation to a file, which is complete when it is there; bytes of the database are progress."""
    with VulnerabilityFile(database) as file:
        sources = [Listed(each.name, each.updated_at, each.records) for each in file.sources()]
        generation, made_at = file.generation, file.made_at
    size, digest = _digest(database)
    manifest = Manifest(generation, made_at, size, digest, sources)
    text = msgspec.json.format(msgspec.json.encode(manifest))
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    packer = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
    try:
        with temporary.open("xb") as out:
            with (
                _Counted(database, progress) as source,
                packer.stream_writer(out, closefd=False) as packed,
                tarfile.open(fileobj=packed, mode="w|", format=tarfile.USTAR_FORMAT) as archive,
            ):
                _add(archive, MANIFEST_NAME, io.BytesIO(text), len(text))
                _add(archive, _SIGNATURE_NAME, io.BytesIO(sign(private, text)), _SIGNATURE)
                _add(archive, _DATABASE_NAME, source, size)
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return manifest


def read(path: Path, into: Path, keys: Sequence[str], progress: Callable[[int], None]) -> Manifest:
    """Verify an export and write its database to a file: VulnerabilitySignatureInvalid, whatever is wrong with it."""
    try:
        with path.open("rb") as file:
            unpacker = zstandard.ZstdDecompressor(max_window_size=_MOST_WINDOW)
            with unpacker.stream_reader(file, read_across_frames=False) as stream:
                return _read(_Members(path, stream), into, keys, progress)
    except zstandard.ZstdError as fault:
        raise VulnerabilitySignatureInvalid(path=path, reason=fault) from None


def _read(members: "_Members", into: Path, keys: Sequence[str], progress: Callable[[int], None]) -> Manifest:
    text = members.small(MANIFEST_NAME, _MOST_MANIFEST)
    signature = members.small(_SIGNATURE_NAME, _SIGNATURE)
    if not any(verifies(key, text, signature) for key in keys):
        raise members.refused("nobody signed it whose key is trusted here")
    try:
        manifest = msgspec.json.decode(text, type=Manifest)
    except msgspec.MsgspecError as fault:
        raise members.refused(fault) from None
    if members.size(_DATABASE_NAME) != manifest.size:
        raise members.refused("its database has another length than what was signed")
    digest = hashlib.sha256()
    with into.open("wb") as out:
        left = manifest.size
        while left:
            piece = members.piece(min(left, _PIECE))
            digest.update(piece)
            out.write(piece)
            left -= len(piece)
            progress(len(piece))
    if digest.hexdigest() != manifest.sha256:
        raise members.refused("its database is not the one that was signed")
    return manifest


class _Members:
    """The members of a tar archive in the order in which they must stand (ustar, IEEE Std 1003.1)."""

    def __init__(self, path: Path, stream: BinaryIO) -> None:
        self._path = path
        self._stream = stream

    def refused(self, reason: object) -> VulnerabilitySignatureInvalid:
        """The fact that the archive is not what it should be."""
        return VulnerabilitySignatureInvalid(path=self._path, reason=reason)

    def size(self, name: str) -> int:
        """The length of the next member, which must have this name."""
        header = self._exactly(_BLOCK)
        if header[:100].rstrip(b"\0") != name.encode():
            raise self.refused(f"{name} does not stand where it should")
        try:
            return int(header[124:136].strip(b"\0 ") or b"0", 8)
        except ValueError:
            raise self.refused(f"{name} has no length") from None

    def small(self, name: str, most: int) -> bytes:
        """The next member as a whole."""
        size = self.size(name)
        if size > most:
            raise self.refused(f"{name} has {size} bytes: more than {most}")
        data = self._exactly(size)
        self._exactly(-size % _BLOCK)
        return data

    def piece(self, most: int) -> bytes:
        """Bytes of the member whose length was asked last."""
        piece = self._stream.read(most)
        if not piece:
            raise self.refused("it ends too early")
        return piece

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            data += self.piece(count - len(data))
        return data


class _Counted(io.BufferedReader):
    """A file whose bytes are counted as they are read."""

    def __init__(self, path: Path, progress: Callable[[int], None]) -> None:
        super().__init__(io.FileIO(path))
        self._progress = progress

    def read(self, size: int | None = -1, /) -> bytes:
        """As of any file."""
        data = super().read(size)
        self._progress(len(data))
        return data


def _add(archive: tarfile.TarFile, name: str, data: BinaryIO, size: int) -> None:
    member = tarfile.TarInfo(name)
    member.size = size
    archive.addfile(member, data)


def _digest(path: Path) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            size += len(piece)
    return size, digest.hexdigest()
