"""Metric widgets, of dashboards and of GetMetricWidgetImage: JSON -> what is to be drawn ("Metric Widget Structure and
Syntax"). Pure.
"""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final, Literal, NoReturn, TypeVar

import msgspec

from entrepot.errors import PeriodInvalid, StatisticInvalid, WidgetInvalid
from entrepot.metrics import periods, statistics

MOST_METRICS: Final = 100
_LONGEST_SPAN: Final = timedelta(days=455)
_RELATIVE: Final = re.compile(
    r"-?P(?:(?P<weeks>\d{1,3})W)?(?:(?P<days>\d{1,4})D)?(?:T(?:(?P<hours>\d{1,5})H)?(?:(?P<minutes>\d{1,6})M)?(?:(?P<seconds>\d{1,8})S)?)?",
    re.ASCII,
)
_ZONE: Final = re.compile(r"([+-])(\d\d):?(\d\d)", re.ASCII)
_COLOR: Final = re.compile(r"#[0-9a-fA-F]{6}", re.ASCII)
Side = Literal["left", "right"]
T = TypeVar("T")


class Axis(msgspec.Struct, frozen=True, rename="camel"):
    """Of one side of a graph."""

    label: str = ""
    min: float | None = None
    max: float | None = None
    show_units: bool = True


class Axes(msgspec.Struct, frozen=True):
    """Both sides."""

    left: Axis = Axis()
    right: Axis = Axis()


class Legend(msgspec.Struct, frozen=True):
    """Where it stands."""

    position: Literal["bottom", "right", "hidden"] = "bottom"


class Horizontal(msgspec.Struct, frozen=True, rename="camel"):
    """A line at a value, or the band up to that of another line."""

    value: float
    label: str = ""
    color: str = ""
    fill: Literal["above", "below", "between", "none"] = "none"
    visible: bool = True
    y_axis: Side = "left"


class Vertical(msgspec.Struct, frozen=True, rename="camel"):
    """A line at a moment."""

    value: str
    label: str = ""
    color: str = ""
    fill: Literal["before", "after", "between", "none"] = "none"
    visible: bool = True


class Annotations(msgspec.Struct, frozen=True):
    """Lines; of a pair, which makes a band, each line counts."""

    horizontal: tuple[Horizontal | tuple[Horizontal, ...], ...] = ()
    vertical: tuple[Vertical | tuple[Vertical, ...], ...] = ()


class Options(msgspec.Struct, frozen=True, rename="camel"):
    """How one metric is drawn."""

    id: str | None = None
    expression: str | None = None
    label: str | None = None
    color: str = ""
    period: int | None = None
    stat: str | None = None
    visible: bool = True
    y_axis: Side = "left"
    region: str | None = None
    account_id: str | None = None


class Graphed(msgspec.Struct, frozen=True):
    """A metric, or an expression when it has no names."""

    names: tuple[str, ...]
    options: Options


class Widget(msgspec.Struct, frozen=True, rename="camel"):
    """What is to be drawn; `metrics` as they are written."""

    metrics: tuple[Any, ...]
    annotations: Annotations = Annotations()
    title: str = ""
    view: Literal["timeSeries", "bar", "pie", "singleValue", "gauge"] = "timeSeries"
    stacked: bool = False
    width: int = 600
    height: int = 400
    start: str = "-PT3H"
    end: str = "-PT0H"
    period: int = 300
    stat: str = "Average"
    legend: Legend = Legend()
    timezone: str = "+0000"
    y_axis: Axes = Axes()
    theme: Literal["light", "dark"] = "light"
    region: str | None = None
    set_period_to_time_range: bool = False
    sparkline: bool = False
    live_data: bool = False


def read(widget: object) -> Widget:
    """A decoded widget: WidgetInvalid, with where."""
    try:
        found = msgspec.convert(widget, Widget)
    except msgspec.ValidationError as error:
        _refuse(str(error))
    for name, value in (("width", found.width), ("height", found.height)):
        if not 1 <= value <= 2000:
            _refuse(f"{name} must be between 1 and 2000")
    if not 1 <= len(found.metrics) <= MOST_METRICS:
        _refuse(f"metrics must hold 1 to {MOST_METRICS} metrics and expressions")
    _check_measures(found.stat, found.period, "the widget")
    _check_drawn(found)
    return found


def graphed(widget: Widget) -> tuple[Graphed, ...]:
    """Its metrics, with what `.` and `...` repeat of the one before: WidgetInvalid."""
    found: list[Graphed] = []
    before: tuple[str, ...] = ()
    for index, entry in enumerate(widget.metrics):
        each = _graphed(entry, before, f"metrics[{index}]")
        before = each.names or before
        found.append(each)
    return tuple(found)


def span(widget: Widget, now: datetime) -> tuple[datetime, datetime]:
    """From when until when: WidgetInvalid."""
    start, end = _moment(widget.start, now, "start"), _moment(widget.end, now, "end")
    if not timedelta(0) < end - start <= _LONGEST_SPAN:
        _refuse("start must be before end, and not more than 455 days")
    return start, end


def moment_of(line: Vertical) -> datetime:
    """The moment of a vertical line: WidgetInvalid."""
    return _moment(line.value, None, "annotations.vertical.value")


def zone(widget: Widget) -> timezone:
    """The time zone of its axis: WidgetInvalid."""
    match = _ZONE.fullmatch(widget.timezone)
    if match is None or int(match[2]) > 14 or int(match[3]) > 59:
        _refuse("timezone must be an offset, such as +0130")
    offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return timezone(offset if match[1] == "+" else -offset)


def _graphed(entry: object, before: Sequence[str], where: str) -> Graphed:
    if not isinstance(entry, list | tuple) or not entry:
        _refuse(f"{where} must be an array")
    options, names = Options(), list(entry)
    if isinstance(names[-1], Mapping):
        options = _options(names.pop(), where)
    if not all(isinstance(name, str) for name in names):
        _refuse(f"{where} must hold names and at its end an object")
    full = _repeated(names, before, where)
    if options.expression is not None:
        if full:
            _refuse(f"{where} has an expression, and names a metric")
        return Graphed((), options)
    if len(full) < 2 or len(full) % 2:
        _refuse(f"{where} must name a namespace, a metric, and each dimension with its value")
    return Graphed(full, options)


def _options(given: object, where: str) -> Options:
    try:
        options = msgspec.convert(given, Options)
    except msgspec.ValidationError as error:
        _refuse(f"{where}: {error}")
    if options.color and not _COLOR.fullmatch(options.color):
        _refuse(f"{where}: color must be six hexadecimal digits after #")
    _check_measures(options.stat, options.period, where)
    return options


def _repeated(names: Sequence[str], before: Sequence[str], where: str) -> tuple[str, ...]:
    found: list[str] = []
    for place, name in enumerate(names):
        if name == "...":
            left = len(names) - place - 1
            found += before[place : len(before) - left]
        elif name == ".":
            if len(found) >= len(before):
                _refuse(f"{where}: there is nothing that '.' repeats")
            found.append(before[len(found)])
        else:
            found.append(name)
    return tuple(found)


def _check_measures(stat: str | None, period: int | None, where: str) -> None:
    try:
        if stat is not None:
            statistics.parse(stat)
        if period is not None:
            periods.require(period)
    except (StatisticInvalid, PeriodInvalid) as error:
        _refuse(f"{where}: {error}")


def _each(found: Sequence[T | tuple[T, ...]]) -> list[T]:
    """Lines, those of pairs among them."""
    return [each for given in found for each in (given if isinstance(given, tuple) else (given,))]


def _check_drawn(widget: Widget) -> None:
    """WidgetInvalid for a colour that is none, or a number that is infinite."""
    levels = _each(widget.annotations.horizontal)
    lines = _each(widget.annotations.vertical)
    for color in (*(each.color for each in levels), *(each.color for each in lines)):
        if color and not _COLOR.fullmatch(color):
            _refuse("annotations: color must be six hexadecimal digits after #")
    axes = widget.y_axis
    bounds = [axes.left.min, axes.left.max, axes.right.min, axes.right.max, *(each.value for each in levels)]
    if not all(bound is None or math.isfinite(bound) for bound in bounds):
        _refuse("annotations and yAxis must have finite numbers")


def _moment(text: str, now: datetime | None, what: str) -> datetime:
    relative = _RELATIVE.fullmatch(text)
    if relative is not None and now is not None:
        parts = {name: int(value) for name, value in relative.groupdict().items() if value}
        ago = timedelta(**parts)
        return now - min(ago, _LONGEST_SPAN * 2)
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        _refuse(f"{what} must be a moment (2026-01-31T12:00:00Z) or, before now, a span (-PT3H)")
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _refuse(reason: str) -> NoReturn:
    raise WidgetInvalid(reason=f"Invalid MetricWidget: {reason}")
