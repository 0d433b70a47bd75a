"""Graphs over time: lines and stacked areas on two axes, with annotations and a legend."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from itertools import accumulate
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from entrepot.plotting.document import Axis, Level, Line, Picture

# Tol's and Tableau's colours, told apart by most eyes
COLORS: Final = (
    *("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf"),
    *("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377"),
)
_ANNOTATION: Final = "#d62728"


def color(line: Line, place: int) -> str:
    """The colour of a line, given or chosen."""
    return line.color or COLORS[place % len(COLORS)]


def draw(figure: Figure, picture: Picture) -> None:
    """Everything of a graph over time."""
    zone = timezone(timedelta(seconds=picture.offset))
    left = figure.add_subplot()
    left.set_zorder(1)
    left.patch.set_visible(False)
    needs_right = any(line.side == "right" for line in picture.lines) or any(
        level.side == "right" for level in picture.levels
    )
    sides = {"left": left, "right": left.twinx() if needs_right else left}
    handles: list[Any] = []
    labels: list[str] = []
    for name, axes in sides.items():
        lines = [(place, line) for place, line in enumerate(picture.lines) if line.side == name]
        if lines:
            found = _stacked(axes, lines, zone) if picture.stacked else _lines(axes, lines, zone)
            handles += found
            labels += [line.label for _, line in lines]
    _levels(sides, picture.levels)
    _moments(left, picture, zone)
    _scale(left, picture.left)
    if needs_right:
        _scale(sides["right"], picture.right)
    else:
        left.spines["right"].set_visible(False)
    _time(left, picture, zone)
    legend(figure, handles, labels, picture.legend)


def legend(figure: Figure, handles: Sequence[Any], labels: Sequence[str], position: str) -> None:
    """Names of the lines, below or beside; labels that begin with _ are names too."""
    if position == "hidden" or not handles:
        return
    texts = [f" {label[:100]}" for label in labels]
    if position == "right":
        figure.legend(handles, texts, loc="outside right upper")
    else:
        columns = max(1, min(4, len(texts), int(figure.get_figwidth() * 14) // max(map(len, texts))))
        figure.legend(handles, texts, loc="outside lower left", ncols=columns)


def _at(moments: Sequence[float], zone: timezone) -> list[float]:
    """Places on the axis of time, which shows the zone's own hours."""
    return [float(date2num(datetime.fromtimestamp(at, UTC).astimezone(zone).replace(tzinfo=None))) for at in moments]


def _lines(axes: Axes, lines: Sequence[tuple[int, Line]], zone: timezone) -> list[Any]:
    handles = []
    for place, line in lines:
        single = "o" if len(line.values) == 1 else None
        (handle,) = axes.plot(_at(line.moments, zone), line.values, color=color(line, place), lw=1.3, marker=single)
        handles.append(handle)
    return handles


def _stacked(axes: Axes, lines: Sequence[tuple[int, Line]], zone: timezone) -> list[Any]:
    """Areas upon each other; what is missing is 0."""
    moments = sorted({at for _, line in lines for at in line.moments})
    known = [dict(zip(line.moments, line.values, strict=True)) for _, line in lines]
    rows = [[each.get(at, 0.0) for at in moments] for each in known]
    tops = list(accumulate(rows, lambda below, row: [low + high for low, high in zip(below, row, strict=True)]))
    bottoms = [[0.0] * len(moments), *tops]
    x = _at(moments, zone)
    return [
        axes.fill_between(x, bottom, top, color=color(line, place), alpha=0.6, lw=0.8)
        for (place, line), bottom, top in zip(lines, bottoms, tops, strict=False)
    ]


def _levels(sides: dict[str, Axes], levels: Sequence[Level]) -> None:
    for level in levels:
        axes, shade = sides[level.side], level.color or _ANNOTATION
        axes.axhline(level.value, color=shade, lw=1.2, ls="--")
        if level.to is not None:
            axes.axhline(level.to, color=shade, lw=1.2, ls="--")
            axes.axhspan(level.value, level.to, color=shade, alpha=0.15, lw=0)
        low, high = axes.get_ylim()
        if level.fill == "above":
            axes.axhspan(level.value, max(high, level.value), color=shade, alpha=0.15, lw=0)
        elif level.fill == "below":
            axes.axhspan(min(low, level.value), level.value, color=shade, alpha=0.15, lw=0)
        if level.label:
            place: dict[str, Any] = {"xytext": (4, 3), "textcoords": "offset points"}
            axes.annotate(level.label[:100], (0, level.value), xycoords=("axes fraction", "data"), color=shade, **place)


def _moments(axes: Axes, picture: Picture, zone: timezone) -> None:
    for moment in picture.moments:
        shade = moment.color or _ANNOTATION
        (at,) = _at([moment.at], zone)
        axes.axvline(at, color=shade, lw=1.2, ls="--")
        until = {"before": picture.start, "after": picture.end}.get(moment.fill, moment.to)
        if until is not None:
            axes.axvspan(at, _at([until], zone)[0], color=shade, alpha=0.15, lw=0)
        if moment.label:
            axes.annotate(
                moment.label[:100],
                (at, 1),
                xycoords=("data", "axes fraction"),
                xytext=(3, -10),
                textcoords="offset points",
                color=shade,
            )


def _scale(axes: Axes, axis: Axis) -> None:
    axes.yaxis.set_major_formatter(EngFormatter(sep=""))
    axes.set_ylim(bottom=axis.least, top=axis.most)
    if axis.least is None and axes.get_ylim()[0] > 0 and axis.most is None:
        axes.set_ylim(bottom=0)
    if axis.label:
        axes.set_ylabel(axis.label[:100])


def _time(axes: Axes, picture: Picture, zone: timezone) -> None:
    start, end = _at([picture.start, picture.end], zone)
    axes.set_xlim(start, end)
    locator = AutoDateLocator(maxticks=max(3, picture.width // 90))
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    axes.grid(visible=True, axis="y", alpha=0.25, lw=0.6)
