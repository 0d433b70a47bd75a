"""Percentiles from few numbers: counts of values in buckets of equal ratio, which can be merged in any order.

A bucket's middle is within `ERROR` of each value in it. The key of a bucket grows with its values, so that sorted keys
are sorted values; zero, and what is nearer to it than CloudWatch stores, is bucket 0.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

Buckets = Mapping[int, float]  # key -> how many values; not necessarily whole: a point may count for a half

ERROR: Final = 0.01  # relative
MOST_BUCKETS: Final = 2048  # beyond it the lowest are put together: low percentiles lose precision, high ones do not
MOST: Final = 2.0**360  # the values that CloudWatch stores lie between this and its negative
LEAST: Final = 2.0**-360
_RATIO: Final = (1 + ERROR) / (1 - ERROR)
_LN_RATIO: Final = math.log(_RATIO)
_OFFSET: Final = 20_000  # more than LEAST needs: keys of positive values are positive
_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(list[float | int])


def key(value: float) -> int:
    """The bucket that a value falls into."""
    size = abs(value)
    if size < LEAST:
        return 0
    index = math.ceil(math.log(size) / _LN_RATIO) + _OFFSET
    return index if value > 0 else -index


def middle(bucket: int) -> float:
    """The value that stands for those of a bucket."""
    if bucket == 0:
        return 0.0
    size = 2 * _RATIO ** (abs(bucket) - _OFFSET) / (_RATIO + 1)
    return math.copysign(size, bucket)


def sketch(values: Iterable[float], counts: Iterable[float]) -> dict[int, float]:
    """The buckets of some values, each of which stands `count` times."""
    found: dict[int, float] = {}
    for value, count in zip(values, counts, strict=True):
        bucket = key(value)
        found[bucket] = found.get(bucket, 0.0) + count
    return bounded(found)


def merged(one: Buckets, other: Buckets) -> dict[int, float]:
    """Both together."""
    found = dict(one)
    for bucket, count in other.items():
        found[bucket] = found.get(bucket, 0.0) + count
    return bounded(found)


def bounded(buckets: dict[int, float]) -> dict[int, float]:
    """At most MOST_BUCKETS of them: the lowest are counted in the lowest that stays."""
    excess = len(buckets) - MOST_BUCKETS
    if excess <= 0:
        return buckets
    ordered = sorted(buckets)
    low, kept = ordered[:excess], ordered[excess:]
    found = {bucket: buckets[bucket] for bucket in kept}
    found[kept[0]] += sum(buckets[bucket] for bucket in low)
    return found


def packed(buckets: Buckets) -> bytes:
    """As few bytes as a row should carry: keys as differences, whole counts as integers."""
    flat: list[float] = []
    last = 0
    for bucket in sorted(buckets):
        count = buckets[bucket]
        flat += (bucket - last, int(count) if count.is_integer() else count)
        last = bucket
    return _ENCODER.encode(flat)


def unpacked(packed_buckets: bytes) -> dict[int, float]:
    """What `packed` made; msgspec.DecodeError for anything else."""
    flat = _DECODER.decode(packed_buckets)
    found: dict[int, float] = {}
    bucket = 0
    for step, count in zip(flat[::2], flat[1::2], strict=True):
        bucket += int(step)
        found[bucket] = float(count)
    return found
