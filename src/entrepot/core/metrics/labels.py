"""What time series are called: as asked, with what stands in ${…} told of the series ("Use dynamic labels")."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from entrepot.core.metrics.places import Place
from entrepot.core.metrics.series import Metric
from entrepot.metrics.series import Series

_DYNAMIC = re.compile(r"\$\{([A-Z_]+)(?:\(['\"]([^'\"]{1,255})['\"]\))?\}")
_MOST = 20  # in one label


class Named(Protocol):
    """A statistic of a metric."""

    @property
    def metric(self) -> Metric:
        """The metric."""

    @property
    def period(self) -> int:
        """Seconds."""

    @property
    def statistic(self) -> str:
        """Its name."""


def told(label: str | None, series: Series, place: Place, stat: Named | None) -> str:
    """The label of a series: the one that was asked for, filled in, else its own."""
    if label is None or "${" not in label:
        return series.label if stat is None or label is None else label
    filled = _DYNAMIC.sub(lambda found: _filled(found, series, place, stat), label, _MOST)
    return filled if stat is not None else f"{filled} {series.label.removeprefix(label).strip()}".strip()


def apart(metrics: Sequence[Metric]) -> Sequence[str]:
    """Labels of metrics that were found together: what differs between them."""
    names = {metric.name for metric in metrics}
    common = set.intersection(*(set(metric.dimensions) for metric in metrics)) if metrics else set()
    if len(metrics) == 1:
        return [metrics[0].name]
    found = []
    for metric in metrics:
        own = [value for name, value in metric.dimensions if (name, value) not in common]
        found.append(" ".join([*own, metric.name] if len(names) > 1 or not own else own))
    return found


def _filled(found: re.Match[str], series: Series, place: Place, stat: Named | None) -> str:
    """What is not known stays as it is written."""
    if found[1] == "PROP" and found[2]:
        return _property(found[2], place, stat, found[0])
    if found[1] == "LABEL":
        return stat.metric.name if stat is not None else series.label
    compute = _OF_VALUES.get(found[1])
    if compute is None or found[2]:
        return found[0]
    values = list(series.points.values())
    return _number(compute(values)) if values else "--"


def _property(name: str, place: Place, stat: Named | None, otherwise: str) -> str:
    known: dict[str, str] = {"AccountId": place.account, "Region": place.region}
    if stat is not None:
        known |= {
            "MetricName": stat.metric.name,
            "Namespace": stat.metric.namespace,
            "Period": str(stat.period),
            "Stat": stat.statistic,
            **{f"Dim.{name}": value for name, value in stat.metric.dimensions},
        }
    return known.get(name, otherwise)


def _number(value: float) -> str:
    return f"{value:.15g}"


_OF_VALUES: Mapping[str, Callable[[Sequence[float]], float]] = {
    "AVG": lambda values: sum(values) / len(values),
    "DATAPOINT_COUNT": len,
    "FIRST": lambda values: values[0],
    "LAST": lambda values: values[-1],
    "MAX": max,
    "MIN": min,
    "SUM": sum,
}
