"""Times and numbers as the AWS protocols write them (Smithy: "timestampFormat trait"; floats that JSON and XML lack).

Reading is liberal: whichever of the formats a client writes is understood. Writing follows the model.
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

SPECIAL_FLOATS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_INTEGER = re.compile(r"-?[0-9]{1,20}")
_FLOAT = re.compile(r"-?[0-9]{1,320}(\.[0-9]{1,320})?([eE][+-]?[0-9]{1,4})?")
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})")
_LONGEST = 64
Seconds = int | float  # since the epoch, in thousandths


def read_integer(text: str) -> int:
    """A whole number in decimal digits: ValueError for anything else."""
    if not _INTEGER.fullmatch(text):
        raise ValueError(text)
    return int(text)


def read_float(text: str) -> float:
    """A number, or one of NaN, Infinity, -Infinity: ValueError for anything else."""
    if text in SPECIAL_FLOATS:
        return SPECIAL_FLOATS[text]
    if not _FLOAT.fullmatch(text):
        raise ValueError(text)
    return float(text)


def show_float(value: float) -> float | str:
    """As JSON and XML can carry it."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def read_time(value: object) -> datetime:
    """Seconds since the epoch (a number or its text), ISO 8601 or an HTTP date: ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(value)
    try:
        if isinstance(value, str):
            return _read_text(value)
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, OSError, TypeError):
        raise ValueError(value) from None


def show_time(value: datetime, references: Mapping[str, Any], default: str) -> str | float:
    """In the format that a member or its shape asks for, else in the protocol's own."""
    match references.get("timestampFormat", default):
        case "unixTimestamp":
            seconds = round(value.timestamp(), 3)
            return int(seconds) if seconds == int(seconds) else seconds
        case "rfc822":
            return format_datetime(value.astimezone(UTC), usegmt=True)
        case _:
            text = value.astimezone(UTC).isoformat(timespec="milliseconds" if value.microsecond else "seconds")
            return text.replace("+00:00", "Z")


def epoch_seconds(micros: int) -> Seconds:
    """What `show_time` makes of a moment in JSON, of its microseconds since the epoch."""
    thousandths = (micros + 500) // 1000
    return thousandths / 1000 if thousandths % 1000 else thousandths // 1000


def seconds_or_none(micros: int | None) -> Seconds | None:
    """The same of a moment that there may not be."""
    return None if micros is None else epoch_seconds(micros)


def _read_text(text: str) -> datetime:
    if len(text) > _LONGEST:
        raise ValueError(text[:_LONGEST])
    if _ISO.fullmatch(text):
        return datetime.fromisoformat(text).astimezone(UTC)
    if _FLOAT.fullmatch(text):
        return datetime.fromtimestamp(float(text), UTC)
    return parsedate_to_datetime(text).astimezone(UTC)
