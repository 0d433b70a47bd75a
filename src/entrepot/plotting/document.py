"""What is to be drawn, with every value in place: the one form that the server writes and the program reads."""

from typing import Literal

import msgspec

Side = Literal["left", "right"]


class Line(msgspec.Struct, frozen=True):
    """A time series; moments in seconds since the epoch, in order. `color` is '' to be chosen."""

    label: str
    moments: tuple[int, ...]
    values: tuple[float, ...]
    color: str = ""
    side: Side = "left"


class Axis(msgspec.Struct, frozen=True):
    """Of one side; None for a bound to be chosen."""

    label: str = ""
    least: float | None = None
    most: float | None = None


class Level(msgspec.Struct, frozen=True):
    """A horizontal line, or the band up to another value; `fill` is above, below or none."""

    value: float
    to: float | None = None
    label: str = ""
    color: str = ""
    fill: str = "none"
    side: Side = "left"


class Moment(msgspec.Struct, frozen=True):
    """A vertical line, or the band up to another moment; `fill` is before, after or none."""

    at: float
    to: float | None = None
    label: str = ""
    color: str = ""
    fill: str = "none"


class Picture(msgspec.Struct, frozen=True):
    """A picture of `width` by `height` pixels, over [start, end); `offset` is the time zone's, in seconds."""

    width: int
    height: int
    view: Literal["timeSeries", "bar", "pie", "singleValue", "gauge"]
    start: float
    end: float
    lines: tuple[Line, ...]
    title: str = ""
    stacked: bool = False
    theme: Literal["light", "dark"] = "light"
    legend: Literal["bottom", "right", "hidden"] = "bottom"
    offset: int = 0
    left: Axis = Axis()
    right: Axis = Axis()
    levels: tuple[Level, ...] = ()
    moments: tuple[Moment, ...] = ()
    sparkline: bool = False


encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Picture).decode
