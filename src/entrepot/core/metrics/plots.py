"""Plots of metrics: a widget's series are read, and described for the program that draws (GetMetricWidgetImage)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from entrepot.core.access import Caller
from entrepot.core.metrics import places, queries, widgets
from entrepot.core.metrics.queries import Asked, Result, Stat
from entrepot.core.metrics.reading import Span
from entrepot.core.metrics.series import metric
from entrepot.core.metrics.widgets import Axis, Graphed, Horizontal, Vertical, Widget
from entrepot.db.database import Transaction
from entrepot.errors import WidgetInvalid
from entrepot.metrics import periods
from entrepot.plotting import document
from entrepot.plotting.document import Level, Line, Moment, Picture
from entrepot.spec import strict_json

LONGEST: Final = 100 * 1024  # characters of a widget
_DEEPEST: Final = 20
_MOST_LINES: Final = 500
_DENSITY: Final = 2  # points of a line a pixel, beyond which the highest and the lowest stand for those between


def picture(tx: Transaction, caller: Caller, text: str) -> Picture:
    """What is to be drawn for a widget; `tx` reads the database of metrics: WidgetInvalid, and what its metrics and
    expressions are refused for.
    """
    place = places.require(caller, "GetMetricWidgetImage")
    widget = widgets.read(_decoded(text))
    start, end = widgets.span(widget, caller.at)
    graphed = widgets.graphed(widget)
    _require_place(widget, graphed, caller)
    whole = max(-(-int((end - start).total_seconds()) // periods.MINUTE), 1) * periods.MINUTE
    period = whole if widget.set_period_to_time_range else None
    asked = [_asked(each, place_, widget, period) for place_, each in enumerate(graphed)]
    results, _ = queries.evaluate(tx, place, asked, Span(start, end), caller.at)
    by_id = {query.id: each for query, each in zip(asked, graphed, strict=True)}
    lines = tuple(_line(result, by_id[result.id], widget) for result in results[:_MOST_LINES])
    if not lines:
        raise WidgetInvalid(reason="Invalid MetricWidget: no metric of it is visible")
    return _picture(widget, start, end, lines)


def encoded(described: Picture) -> bytes:
    """A description as the program reads it."""
    return document.encode(described)


def _decoded(text: str) -> object:
    if len(text) > LONGEST:
        raise WidgetInvalid(reason=f"Invalid MetricWidget: it has at most {LONGEST} characters")
    try:
        return strict_json.decode(text, _DEEPEST)
    except ValueError as error:
        raise WidgetInvalid(reason=f"Invalid MetricWidget: it is not JSON ({error})") from None


def _require_place(widget: Widget, graphed: Sequence[Graphed], caller: Caller) -> None:
    """WidgetInvalid for metrics of other regions and accounts."""
    regions = {widget.region, *(each.options.region for each in graphed)} - {None, caller.region}
    accounts = {each.options.account_id for each in graphed} - {None, caller.principal.account}
    for strange in sorted(str(each) for each in regions | accounts):
        raise WidgetInvalid(reason=f"Invalid MetricWidget: metrics of {strange} cannot be read here")


def _asked(graphed: Graphed, number: int, widget: Widget, period: int | None) -> Asked:
    options = graphed.options
    name = options.id or f"unnamed_{number}"
    seconds = period or options.period or widget.period
    if options.expression is not None:
        return Asked(name, None, options.expression, options.label, options.visible, seconds)
    namespace, metric_name, *pairs = graphed.names
    named = metric(namespace, metric_name, dict(zip(pairs[::2], pairs[1::2], strict=True)))
    return Asked(name, Stat(named, seconds, options.stat or widget.stat), None, options.label, options.visible)


def _line(result: Result, graphed: Graphed, widget: Widget) -> Line:
    points = _thinned(result.points, max(widget.width, 1) * _DENSITY)
    label = result.label or graphed.options.expression or result.id
    moments, values = tuple(at for at, _ in points), tuple(value for _, value in points)
    return Line(label, moments, values, graphed.options.color, graphed.options.y_axis)


def _thinned(points: Sequence[tuple[int, float]], most: int) -> Sequence[tuple[int, float]]:
    """Few enough points, with every extreme: of each run the lowest and the highest, and the last point of all."""
    if len(points) <= most:
        return points
    size = -(-2 * len(points) // most)
    kept: list[tuple[int, float]] = []
    for start in range(0, len(points), size):
        run = points[start : start + size]
        low, high = min(run, key=lambda point: point[1]), max(run, key=lambda point: point[1])
        kept += sorted({low, high})
    return kept if kept[-1] == points[-1] else [*kept, points[-1]]


def _picture(widget: Widget, start: datetime, end: datetime, lines: tuple[Line, ...]) -> Picture:
    offset = widgets.zone(widget).utcoffset(None)
    return Picture(
        width=widget.width,
        height=widget.height,
        view=widget.view,
        start=start.timestamp(),
        end=end.timestamp(),
        lines=lines,
        title=widget.title,
        stacked=widget.stacked,
        theme=widget.theme,
        legend=widget.legend.position,
        offset=int(offset.total_seconds()),
        left=_axis(widget.y_axis.left),
        right=_axis(widget.y_axis.right),
        levels=tuple(_level(each) for each in widget.annotations.horizontal if _is_visible(each)),
        moments=tuple(_moment(each) for each in widget.annotations.vertical if _is_visible(each)),
        sparkline=widget.sparkline,
    )


def _axis(axis: Axis) -> document.Axis:
    return document.Axis(axis.label, axis.min, axis.max)


def _is_visible(found: Horizontal | Vertical | tuple[Horizontal, ...] | tuple[Vertical, ...]) -> bool:
    first = found[0] if isinstance(found, tuple) and found else found
    return not isinstance(first, tuple) and first.visible


def _level(found: Horizontal | tuple[Horizontal, ...]) -> Level:
    first, second = (found[0], found[1:]) if isinstance(found, tuple) else (found, ())
    to = second[0].value if second else None
    return Level(first.value, to, first.label, first.color, first.fill, first.y_axis)


def _moment(found: Vertical | tuple[Vertical, ...]) -> Moment:
    first, second = (found[0], found[1:]) if isinstance(found, tuple) else (found, ())
    to = widgets.moment_of(second[0]).timestamp() if second else None
    return Moment(widgets.moment_of(first).timestamp(), to, first.label, first.color, first.fill)
