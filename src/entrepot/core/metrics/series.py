"""What names a metric: namespace, name, dimensions; its points with one unit are a series ("CloudWatch concepts")."""

import base64
import hashlib
from collections.abc import Mapping
from functools import lru_cache

import msgspec

AWS = "AWS/"  # namespaces that only services write to
NO_UNIT = "None"
Dimensions = tuple[tuple[str, str], ...]
_DIMENSIONS = msgspec.json.Decoder(Dimensions)
_REMEMBERED = 8192


class Metric(msgspec.Struct, frozen=True, order=True):
    """A metric of some account in some region; `dimensions` are in order of their names."""

    namespace: str
    name: str
    dimensions: Dimensions = ()


def metric(namespace: str, name: str, dimensions: Mapping[str, str] | None = None) -> Metric:
    """The metric with these dimensions, in whichever order they are given."""
    return Metric(namespace, name, tuple(sorted((dimensions or {}).items())))


@lru_cache(_REMEMBERED)
def metric_id(account: str, region: str, which: Metric) -> str:
    """The id of a metric: the same wherever and whenever it is made."""
    return _digest(
        [account, region, which.namespace, which.name, *(part for pair in which.dimensions for part in pair)]
    )


@lru_cache(_REMEMBERED)
def series_id(of_metric: str, unit: str) -> str:
    """The id of a metric's points that came with this unit."""
    return _digest([of_metric, unit])


def shown(dimensions: Dimensions) -> str:
    """Dimensions as a row carries them."""
    return msgspec.json.encode(dimensions).decode()


def read(namespace: str, name: str, dimensions: str) -> Metric:
    """The metric of a row."""
    return Metric(namespace, name, _DIMENSIONS.decode(dimensions))


def _digest(parts: list[str]) -> str:
    """128 bits as 22 characters; nobody finds two lists with one digest."""
    digest = hashlib.blake2b(msgspec.json.encode(parts), digest_size=16).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
