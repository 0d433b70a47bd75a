"""The bytes of a layer unpacked, in pieces: gzip (RFC 1952), zstd (RFC 8878) or neither, as its first bytes say.

What is read behind one step is bounded, whatever the blob claims: never more than a piece is unpacked ahead.
"""

from collections.abc import Iterable, Iterator
from typing import cast

import zstandard
from isal import igzip_lib

from entrepot.errors.scanning import LayerMalformed
from entrepot.scan.budgets import Meter
from entrepot.scan.pieces import Pieces

PIECE = 256 * 1024  # bytes: the most that a piece has of what is packed; it stays in a processor's cache
_FED = 64 * 1024  # bytes: what is given to gzip at once; a member that ends leaves the rest to the next
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_SKIPPABLE = b"\x2a\x4d\x18"  # behind a byte of 0x50 to 0x5f
_WINDOW = 128 * 1024 * 1024  # bytes: what zstd itself allows unless told otherwise
_BROKEN = cast(type[Exception], igzip_lib.error)  # which its stub calls an instance
_RESERVED, _RUN = 3, 1  # kinds of zstd's blocks


def unpacked(chunks: Iterable[bytes], meter: Meter) -> Iterator[bytes]:
    """What a blob holds: LayerMalformed where it is broken or cut short, BudgetExceeded as the meter says."""
    packed = Pieces(_counted(chunks, meter))
    magic = packed.peek(4)
    if magic.startswith(_GZIP):
        pieces = _gunzipped(packed, meter)
    elif magic == _ZSTD or _skippable(magic):
        pieces = _unzstd(packed, meter)
    else:
        pieces = _rest(packed)
    for piece in pieces:
        meter.unpack(len(piece))
        yield piece


def _counted(chunks: Iterable[bytes], meter: Meter) -> Iterator[bytes]:
    for chunk in chunks:
        meter.tick()
        meter.pack(len(chunk))
        yield chunk


def _rest(packed: Pieces) -> Iterator[bytes]:
    while part := packed.some(PIECE):
        yield part


# ---------------------------------------------------------------- gzip
def _gunzipped(packed: Pieces, meter: Meter) -> Iterator[bytes]:
    while magic := packed.peek(2):
        if magic[0] == 0:
            _only_zeros(packed)
            return
        if magic != _GZIP:
            raise LayerMalformed(reason="what follows its gzip stream is none")
        meter.tick()
        yield from _member(packed)


def _member(packed: Pieces) -> Iterator[bytes]:
    engine = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
    data = b""
    while not engine.eof:
        if engine.needs_input:
            data = packed.some(_FED)
            if not data:
                raise LayerMalformed(reason="its gzip stream is cut short")
        try:
            piece = engine.decompress(data, PIECE)
        except _BROKEN as broken:
            raise LayerMalformed(reason=f"its gzip stream is broken: {broken}") from None
        data = b""
        if piece:
            yield piece
    packed.back(len(engine.unused_data))


def _only_zeros(packed: Pieces) -> None:
    """Blobs that were kept on tape or in blocks are padded."""
    for chunk in _rest(packed):
        if chunk.strip(b"\0"):
            raise LayerMalformed(reason="what follows its gzip stream is neither another one nor padding")


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
