"""What a blob holds comes out whole or not at all, whatever it was packed with."""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable

import pytest
import zstandard

from entrepot.errors.scanning import BudgetExceeded, LayerMalformed
from entrepot.scan.budgets import Budgets, Meter
from entrepot.scan.decompression import is_packed, unpacked
from tests.factories.tars import clock, cut

DATA = b"".join(b"line %d of a layer\n" % number for number in range(20_000))
SKIPPABLE = b"\x53\x2a\x4d\x18\x05\x00\x00\x00table"


def whole(packed: bytes, size: int = 100_000, budgets: Budgets | None = None) -> bytes:
    return b"".join(unpacked(cut(packed, size), Meter(budgets or Budgets(), clock())))


def zstd(data: bytes, **options: int | bool) -> bytes:
    return zstandard.ZstdCompressor(**options).compress(data)  # type: ignore[arg-type]  # of options there are two kinds


def streamed(data: bytes) -> bytes:
    """zstd without the length in its header, as builders write it."""
    buffer = io.BytesIO()
    with zstandard.ZstdCompressor().stream_writer(buffer, closefd=False) as writer:
        writer.write(data)
    return buffer.getvalue()


def large(data: bytes) -> bytes:
    """xz whose header asks for a dictionary of 256 MiB, which the rest never needs."""
    packed = bytearray(lzma.compress(data))
    end = 12 + 4 * (packed[12] + 1)  # of the first block's header, behind the stream's
    assert packed[14:16] == b"\x21\x01"  # LZMA2, with one byte of properties
    packed[16] = 32
    packed[end - 4 : end] = zlib.crc32(packed[12 : end - 4]).to_bytes(4, "little")
    return bytes(packed)


PACKED = {
    "plain": DATA,
    "gzip": gzip.compress(DATA),
    "gzip with a name": b"\x1f\x8b\x08\x08" + bytes(6) + b"layer.tar\0" + gzip.compress(DATA)[10:],
    "gzip members": b"".join(gzip.compress(part) for part in cut(DATA, 50_000)),
    "gzip padded": gzip.compress(DATA) + bytes(70_000),
    "empty gzip between": gzip.compress(b"") + gzip.compress(DATA) + gzip.compress(b""),
    "bzip2": bz2.compress(DATA),
    "bzip2 of small blocks": bz2.compress(DATA, 1),
    "bzip2 streams": b"".join(bz2.compress(part) for part in cut(DATA, 50_000)),
    "bzip2 padded": bz2.compress(DATA) + bytes(70_000),
    "empty bzip2 before": bz2.compress(b"") + bz2.compress(DATA),
    "xz": lzma.compress(DATA),
    "xz of the highest level": lzma.compress(DATA, preset=9 | lzma.PRESET_EXTREME),
    "xz with SHA-256": lzma.compress(DATA, check=lzma.CHECK_SHA256),
    "xz without a checksum": lzma.compress(DATA, check=lzma.CHECK_NONE),
    "xz streams": b"".join(lzma.compress(part) for part in cut(DATA, 50_000)),
    "xz padded": lzma.compress(DATA) + bytes(70_000),
    "empty xz before": lzma.compress(b"") + lzma.compress(DATA),
    "zstd": zstd(DATA),
    "zstd streamed": streamed(DATA),
    "zstd with a checksum": zstd(DATA, write_checksum=True),
    "zstd of the highest level": zstd(DATA, level=19),
    "zstd frames": b"".join(zstd(part) for part in cut(DATA, 50_000)),
    "zstd with skippable frames": SKIPPABLE + zstd(DATA) + SKIPPABLE + zstd(b"") + SKIPPABLE,
}


@pytest.mark.parametrize("packed", PACKED.values(), ids=PACKED.keys())
@pytest.mark.parametrize("size", [100_000, 1_000])
def test_it_comes_out_as_it_went_in(packed, size):
    assert whole(packed, size) == DATA


PACKERS: list[Callable[[bytes], bytes]] = [gzip.compress, bz2.compress, lzma.compress, zstandard.compress]


@pytest.mark.parametrize("packed", [*(pack(DATA[:5_000]) for pack in PACKERS), zstd(DATA[:5_000], write_checksum=True)])
def test_single_bytes_are_enough(packed):
    assert whole(packed, 1) == DATA[:5_000]


def test_nothing_holds_nothing():
    assert whole(b"") == b""
    assert whole(b"\x1f") == b"\x1f"


@pytest.mark.parametrize("text", [b"BZh", b"BZh9", b"BZh91AY&SX", b"BZh01AY&SY", b"BZhistory/of.txt", b"\xfd7zX\0"])
def test_what_only_begins_like_a_stream_is_none(text):
    assert whole(text.ljust(512, b"\0")) == text.ljust(512, b"\0")
    assert not is_packed(text)


def test_what_is_packed_is_told_by_its_first_bytes():
    assert {name for name, packed in PACKED.items() if not is_packed(packed[:10])} == {"plain"}


@pytest.mark.parametrize(
    "name", ["gzip", "gzip members", "bzip2", "xz", "zstd", "zstd with a checksum", "zstd streamed"]
)
def test_what_is_cut_short_is_malformed(name):
    short = {"gzip members": 50_000}.get(name, len(DATA))
    packed = PACKED[name] if short == len(DATA) else gzip.compress(DATA[:short])
    for end in [*range(10, 30), *range(30, len(packed), 9_973), *range(len(packed) - 12, len(packed))]:
        with pytest.raises(LayerMalformed):
            whole(packed[:end])


def test_a_wrong_checksum_is_malformed():
    packed = bytearray(gzip.compress(DATA))
    packed[-6] ^= 1
    with pytest.raises(LayerMalformed, match="gzip stream is broken"):
        whole(bytes(packed))
    packed = bytearray(PACKED["bzip2"])
    packed[10] ^= 1  # of the first block
    with pytest.raises(LayerMalformed, match="bzip2 stream is broken"):
        whole(bytes(packed))
    packed = bytearray(PACKED["xz"])
    packed[-40] ^= 1
    with pytest.raises(LayerMalformed, match="xz stream is broken"):
        whole(bytes(packed))
    packed = bytearray(PACKED["zstd with a checksum"])
    packed[-1] ^= 1
    with pytest.raises(LayerMalformed, match="zstd stream is broken"):
        whole(bytes(packed))


@pytest.mark.parametrize(
    "packed",
    [
        gzip.compress(DATA) + b"rest",
        gzip.compress(DATA) + bytes(9) + gzip.compress(DATA),
        bz2.compress(DATA) + b"rest",
        bz2.compress(DATA) + bytes(9) + bz2.compress(DATA),
        bz2.compress(DATA) + gzip.compress(DATA),
        lzma.compress(DATA) + b"rest",
        lzma.compress(DATA) + bz2.compress(DATA),
        zstd(DATA) + b"rest",
        zstd(DATA) + gzip.compress(DATA),
        b"\x28\xb5\x2f\xfd\x20\x00\x07\x00\x00",  # a block of the reserved kind
        b"\x28\xb5\x2f\xfd\x00\x90" + b"\x01\x00\x00",  # a window of 256 MiB
        SKIPPABLE[:-2],
    ],
)
def test_what_is_neither_is_malformed(packed):
    with pytest.raises(LayerMalformed):
        whole(packed)


def test_a_dictionary_that_takes_too_much_room_is_malformed():
    with pytest.raises(LayerMalformed, match="xz stream is broken: Memory usage limit exceeded"):
        whole(large(DATA))


ZEROS = bytes(1 << 20)
BOMBS = {
    "gzip": gzip.compress(ZEROS) * 300,
    "bzip2": bz2.compress(ZEROS * 120),
    "bzip2 streams": bz2.compress(ZEROS) * 300,
    "xz": lzma.compress(ZEROS * 120),
    "xz streams": lzma.compress(ZEROS) * 300,
    "zstd frames": zstd(ZEROS) * 300,
    "zstd": zstd(ZEROS * 120),
}


@pytest.mark.parametrize("packed", BOMBS.values(), ids=BOMBS)
def test_zeros_without_end_are_stopped_soon(packed):
    sizes: list[int] = []
    with pytest.raises(BudgetExceeded, match="more bytes unpacked for each packed one than the 200"):
        sizes.extend(len(piece) for piece in unpacked(cut(packed), Meter(Budgets(), clock())))
    assert 99_000_000 < sum(sizes) < 102_000_000
    assert max(sizes) <= 1 << 20


def test_a_budget_of_bytes_is_kept():
    with pytest.raises(BudgetExceeded, match="more bytes unpacked than the 300000"):
        whole(PACKED["gzip"], budgets=Budgets(unpacked=300_000))


def test_time_runs_out_also_where_nothing_comes_out():
    for nothing in (gzip.compress(b""), bz2.compress(b""), lzma.compress(b""), SKIPPABLE):
        meter = Meter(Budgets(seconds=100), map(float, range(1_000_000)).__next__)
        with pytest.raises(BudgetExceeded, match="more seconds than the 100"):
            list(unpacked(cut(nothing * 200), meter))
