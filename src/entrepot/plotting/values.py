"""Pictures of one value for each metric, its last: bars, a pie, numbers, a gauge."""

import math
from typing import Any, Final

from matplotlib.figure import Figure
from matplotlib.patches import Wedge
from matplotlib.ticker import EngFormatter

from entrepot.plotting.document import Line, Picture
from entrepot.plotting.graphs import color, legend

_NUMBER: Final = EngFormatter(places=2, sep="")
_NOTHING: Final = "--"


def last(line: Line) -> float | None:
    """The value of a line; None when it has none."""
    return line.values[-1] if line.values else None


def bars(figure: Figure, picture: Picture) -> None:
    """A bar each."""
    axes = figure.add_subplot()
    handles: list[Any] = [
        axes.bar(place, last(line) or 0.0, color=color(line, place)) for place, line in enumerate(picture.lines)
    ]
    for level in picture.levels:
        axes.axhline(level.value, color=level.color or "#d62728", lw=1.2, ls="--")
    axes.yaxis.set_major_formatter(EngFormatter(sep=""))
    axes.set_ylim(bottom=picture.left.least, top=picture.left.most)
    axes.set_ylabel(picture.left.label[:100])
    axes.set_xticks([])
    axes.spines["right"].set_visible(False)
    legend(figure, handles, [_named(line) for line in picture.lines], picture.legend)


def pie(figure: Figure, picture: Picture) -> None:
    """A slice each, of those that are more than nothing."""
    axes = figure.add_subplot()
    axes.axis("off")
    shown = [
        (place, line, value)
        for place, line in enumerate(picture.lines)
        if (value := last(line)) is not None and value > 0
    ]
    if shown:
        wedges = axes.pie([value for _, _, value in shown], colors=[color(line, place) for place, line, _ in shown])[0]
        axes.set_aspect("equal")
        legend(figure, list(wedges), [_named(line) for _, line, _ in shown], picture.legend)


def numbers(figure: Figure, picture: Picture) -> None:
    """The numbers themselves, in a grid, over their lines where those are asked for."""
    columns = max(1, min(len(picture.lines), picture.width // 160))
    rows = math.ceil(len(picture.lines) / columns)
    for place, line in enumerate(picture.lines):
        axes = figure.add_subplot(rows, columns, place + 1)
        axes.axis("off")
        value = last(line)
        if picture.sparkline and len(line.values) > 1:
            axes.fill_between(line.moments, line.values, color=color(line, place), alpha=0.25, lw=0)
        size = max(8, min(picture.height / rows / 5, picture.width / columns / 8))
        text = _NOTHING if value is None else _NUMBER(value)
        centred: dict[str, Any] = {"transform": axes.transAxes, "ha": "center", "va": "center"}
        axes.text(0.5, 0.55, text, fontsize=size, **centred)
        axes.text(0.5, 0.2, line.label[:100], fontsize=max(6, size / 3), color=color(line, place), **centred)


def gauge(figure: Figure, picture: Picture) -> None:
    """A needle's arc for the first metric, between the bounds of the left axis."""
    axes = figure.add_subplot()
    axes.axis("off")
    axes.set_aspect("equal")
    axes.set_xlim(-1.1, 1.1)
    axes.set_ylim(-0.3, 1.1)
    line = picture.lines[0]
    low = 0.0 if picture.left.least is None else picture.left.least
    high = 100.0 if picture.left.most is None else picture.left.most
    value = last(line)
    axes.add_patch(Wedge((0, 0), 1, 0, 180, width=0.25, color="#7f7f7f", alpha=0.3))
    if value is not None and high > low:
        share = min(max((value - low) / (high - low), 0.0), 1.0)
        axes.add_patch(Wedge((0, 0), 1, 180 - 180 * share, 180, width=0.25, color=color(line, 0)))
    axes.text(0, 0.1, _NOTHING if value is None else _NUMBER(value), fontsize=18, ha="center")
    axes.text(0, -0.15, line.label[:100], ha="center")
    axes.text(-0.87, -0.15, _NUMBER(low), ha="center")
    axes.text(0.87, -0.15, _NUMBER(high), ha="center")


def _named(line: Line) -> str:
    value = last(line)
    return f"{line.label}: {_NOTHING if value is None else _NUMBER(value)}"
