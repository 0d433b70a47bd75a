"""What a blob holds comes out whole or not at all, whatever it was packed with."""

import gzip
import io

import pytest
import zstandard

from entrepot.errors.scanning import BudgetExceeded, LayerMalformed
from entrepot.scan.budgets import Budgets, Meter
from entrepot.scan.decompression import unpacked
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


PACKED = {
    "plain": DATA,
    "gzip": gzip.compress(DATA),
    "gzip with a name": b"\x1f\x8b\x08\x08" + bytes(6) + b"layer.tar\0" + gzip.compress(DATA)[10:],
    "gzip members": b"".join(gzip.compress(part) for part in cut(DATA, 50_000)),
    "gzip padded": gzip.compress(DATA) + bytes(70_000),
    "empty gzip between": gzip.compress(b"") + gzip.compress(DATA) + gzip.compress(b""),
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


@pytest.mark.parametrize("packed", [gzip.compress(DATA[:5_000]), zstd(DATA[:5_000], write_checksum=True)])
def test_single_bytes_are_enough(packed):
    assert whole(packed, 1) == DATA[:5_000]


def test_nothing_holds_nothing():
    assert whole(b"") == b""
    assert whole(b"\x1f") == b"\x1f"


@pytest.mark.parametrize("name", ["gzip", "gzip members", "zstd", "zstd with a checksum", "zstd streamed"])
def test_what_is_cut_short_is_malformed(name):
    short = {"gzip members": 50_000}.get(name, len(DATA))
    packed = PACKED[name] if short == len(DATA) else gzip.compress(DATA[:short])
    for end in [*range(4, 30), *range(30, len(packed), 9_973), *range(len(packed) - 12, len(packed))]:
        with pytest.raises(LayerMalformed):
            whole(packed[:end])


def test_a_wrong_checksum_is_malformed():
    packed = bytearray(gzip.compress(DATA))
    packed[-6] ^= 1
    with pytest.raises(LayerMalformed, match="gzip stream is broken"):
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


ZEROS = bytes(1 << 20)


@pytest.mark.parametrize("packed", [gzip.compress(ZEROS) * 300, zstd(ZEROS) * 300, zstd(ZEROS * 120)])
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
    ticks = iter(range(1_000_000))
    meter = Meter(Budgets(seconds=100), lambda: float(next(ticks)))
    with pytest.raises(BudgetExceeded, match="more seconds than the 100"):
        list(unpacked(cut(gzip.compress(b"") * 200), meter))
    ticks = iter(range(1_000_000))
    meter = Meter(Budgets(seconds=100), lambda: float(next(ticks)))
    with pytest.raises(BudgetExceeded, match="more seconds than the 100"):
        list(unpacked(cut(SKIPPABLE * 200), meter))
