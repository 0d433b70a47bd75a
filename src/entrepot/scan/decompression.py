"""The bytes of a layer unpacked, in pieces: gzip (RFC 1952), zstd (RFC 8878), bzip2, xz or none, by its first bytes.

The image specification names the first two; docker has always taken all four. What is read behind one step is bounded,
whatever the blob claims: never more than a piece is unpacked ahead, and a dictionary has a largest size.
"""

import bz2
import lzma
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol, cast

import zstandard
from isal import igzip_lib

from entrepot.errors.scanning import LayerMalformed
from entrepot.scan.budgets import Meter
from entrepot.scan.pieces import Pieces

PIECE = 256 * 1024  # bytes: the most that a piece has of what is packed; it stays in a processor's cache
FED = 128 * 1024  # bytes: what an engine is given at once, of chunks of this size without a copy
_ZSTD = b"\x28\xb5\x2f\xfd"
_SKIPPABLE = b"\x2a\x4d\x18"  # behind a byte of 0x50 to 0x5f
_WINDOW = 128 * 1024 * 1024  # bytes: what zstd itself allows unless told otherwise; xz -9 needs half of it
_BROKEN = cast(type[Exception], igzip_lib.error)  # which its stub calls an instance
_RESERVED, _RUN = 3, 1  # kinds of zstd's blocks


class _Engine(Protocol):
    """Unpacks one stream, as the standard library's do."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class _Format:
    """A kind of streams, of which several may follow one another, and padding the last."""

    name: str
    magic: bytes
    following: tuple[bytes, ...]  # one of these stands behind the magic
    engine: Callable[[], _Engine]
    broken: type[Exception]

    @property
    def length(self) -> int:
        """How many bytes tell it."""
        return len(self.magic) + max(map(len, self.following))

    def begins(self, start: bytes) -> bool:
        """Whether a stream that begins so is one of these."""
        return start.startswith(self.magic) and start[len(self.magic) :].startswith(self.following)


# behind bzip2's magic and its level stands the magic of a block, or that of the end: text that begins so has neither
_BZIP2_BLOCKS: Final = tuple(
    level + block for level in map(b"%d".__mod__, range(1, 10)) for block in (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90")
)
_FORMATS: Final = (
    _Format("gzip", b"\x1f\x8b", (b"",), lambda: igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP), _BROKEN),
    _Format("bzip2", b"BZh", _BZIP2_BLOCKS, bz2.BZ2Decompressor, OSError),
    _Format(
        "xz",
        b"\xfd7zXZ\0",
        (b"",),
        lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_WINDOW),
        lzma.LZMAError,
    ),
)
_LONGEST: Final = max(each.length for each in _FORMATS)


def is_packed(start: bytes) -> bool:
    """Whether what begins so is unpacked by `unpacked`; ten bytes tell."""
    return start[:4] == _ZSTD or _skippable(start[:4]) or any(each.begins(start) for each in _FORMATS)


def unpacked(chunks: Iterable[bytes], meter: Meter) -> Iterator[bytes]:
    """What a blob holds: LayerMalformed where it is broken or cut short, BudgetExceeded as the meter says."""
    packed = Pieces(_counted(chunks, meter))
    for piece in _pieces(packed, meter):
        meter.unpack(len(piece))
        yield piece


def _pieces(packed: Pieces, meter: Meter) -> Iterator[bytes]:
    start = packed.peek(_LONGEST)
    for each in _FORMATS:
        if each.begins(start):
            return _streams(each, packed, meter)
    magic = start[:4]
    return _unzstd(packed, meter) if magic == _ZSTD or _skippable(magic) else _rest(packed)


def _counted(chunks: Iterable[bytes], meter: Meter) -> Iterator[bytes]:
    for chunk in chunks:
        meter.tick()
        meter.pack(len(chunk))
        yield chunk


def _rest(packed: Pieces) -> Iterator[bytes]:
    while part := packed.some(PIECE):
        yield part


# ---------------------------------------------------------------- gzip, bzip2, xz
def _streams(of: _Format, packed: Pieces, meter: Meter) -> Iterator[bytes]:
    while start := packed.peek(of.length):
        meter.tick()
        if start[0] == 0:
            _only_zeros(of, packed)
            return
        if not of.begins(start):
            raise LayerMalformed(reason=f"what follows its {of.name} stream is none")
        yield from _stream(of, packed)


def _stream(of: _Format, packed: Pieces) -> Iterator[bytes]:
    engine = of.engine()
    data = b""
    while not engine.eof:
        if engine.needs_input:
            data = packed.some(FED)
            if not data:
                raise LayerMalformed(reason=f"its {of.name} stream is cut short")
        try:
            piece = engine.decompress(data, PIECE)
        except of.broken as broken:
            raise LayerMalformed(reason=f"its {of.name} stream is broken: {broken}") from None
        data = b""
        if piece:
            yield piece
    packed.back(len(engine.unused_data))


def _only_zeros(of: _Format, packed: Pieces) -> None:
    """Blobs that were kept on tape or in blocks are padded."""
    for chunk in _rest(packed):
        if chunk.strip(b"\0"):
            raise LayerMalformed(reason=f"what follows its {of.name} stream is neither another one nor padding")


# ---------------------------------------------------------------- zstd
def _skippable(magic: bytes) -> bool:
    return len(magic) == 4 and magic[1:] == _SKIPPABLE and 0x50 <= magic[0] <= 0x5F


def _unzstd(packed: Pieces, meter: Meter) -> Iterator[bytes]:
    """The library gives out all that an input holds, so it is fed block by block: none makes more than 128 KiB."""
    while magic := packed.take(4):
        meter.tick()
        if magic == _ZSTD:
            yield from _frame(packed)
        elif _skippable(magic):
            _skip(packed, int.from_bytes(_exactly(packed, 4), "little"))
        else:
            raise LayerMalformed(reason="what follows a zstd frame is none")


def _frame(packed: Pieces) -> Iterator[bytes]:
    engine = zstandard.ZstdDecompressor(max_window_size=_WINDOW).decompressobj()
    descriptor = _exactly(packed, 1)
    header, checksum = _frame_header(descriptor[0])
    data = _ZSTD + descriptor + _exactly(packed, header)
    last = False
    while not last:
        block = _exactly(packed, 3)
        word = int.from_bytes(block, "little")
        last, kind, size = bool(word & 1), word >> 1 & 3, word >> 3
        if kind == _RESERVED or size > 128 * 1024:
            raise LayerMalformed(reason="a block of its zstd stream is of no known kind")
        data += block + _exactly(packed, 1 if kind == _RUN else size)
        if last:
            data += _exactly(packed, checksum)
        try:
            piece = engine.decompress(data)
        except zstandard.ZstdError as broken:
            raise LayerMalformed(reason=f"its zstd stream is broken: {broken}") from None
        data = b""
        if piece:
            yield piece
    if not engine.eof or engine.unused_data:
        raise LayerMalformed(reason="a frame of its zstd stream does not end where it says")


def _frame_header(descriptor: int) -> tuple[int, int]:
    """How many bytes of the frame's header follow the descriptor, and of the checksum the frame."""
    single = descriptor >> 5 & 1
    dictionary = (0, 1, 2, 4)[descriptor & 3]
    content = (single, 2, 4, 8)[descriptor >> 6]
    return 1 - single + dictionary + content, 4 * (descriptor >> 2 & 1)


def _exactly(packed: Pieces, count: int) -> bytes:
    taken = packed.take(count) if count else b""
    if len(taken) < count:
        raise LayerMalformed(reason="its zstd stream is cut short")
    return taken


def _skip(packed: Pieces, count: int) -> None:
    if packed.skip(count):
        raise LayerMalformed(reason="its zstd stream is cut short")
