"""PutMetricData: what a client measured, checked as CloudWatch checks it, and put with everything else."""

import math
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from entrepot.core.access import Caller
from entrepot.core.metrics import places, points
from entrepot.core.metrics.measuring import OURS
from entrepot.core.metrics.places import Place
from entrepot.core.metrics.series import AWS, NO_UNIT, Metric
from entrepot.db import metric_series
from entrepot.db.database import Transaction
from entrepot.errors import MetricInputConflict, MetricInputInvalid, MetricInputMissing
from entrepot.metrics import periods, summaries
from entrepot.metrics.sketches import MOST
from entrepot.metrics.summaries import Summary

MOST_DATA = 1000
MOST_VALUES = 150
MOST_SERIES = 100_000  # of an account in a region: more are refused, those that are there go on
_OLDEST = timedelta(days=14)
_NEWEST = timedelta(hours=2)
_NAME = re.compile(r"(?!:)[\x20-\x7e]*[\x21-\x7e][\x20-\x7e]*")
_TEXT = re.compile(r"[^\x00-\x1f\x7f]+")


class StatisticSet(msgspec.Struct, frozen=True):
    """What a client put together itself."""

    count: float
    sum: float
    minimum: float
    maximum: float


class Datum(msgspec.Struct, frozen=True):
    """One member of MetricData, as it was given."""

    name: str
    dimensions: tuple[tuple[str, str], ...] = ()
    at: datetime | None = None
    value: float | None = None
    values: tuple[float, ...] | None = None
    counts: tuple[float, ...] | None = None
    statistics: StatisticSet | None = None
    unit: str = NO_UNIT
    resolution: int = periods.MINUTE


class _Checked(msgspec.Struct, frozen=True):
    metric: Metric
    at: int
    summary: Summary
    unit: str
    resolution: int


def put(
    tx: Transaction, caller: Caller, namespace: str, data: Sequence[Datum], *, most_series: int = MOST_SERIES
) -> None:
    """Keep all of them, or none: MetricInputInvalid, MetricInputMissing, MetricInputConflict."""
    place = places.require(caller, "PutMetricData", {"cloudwatch:namespace": (namespace,)})
    _require_namespace(namespace)
    if not data:
        raise MetricInputMissing(parameter="MetricData")
    if len(data) > MOST_DATA:
        raise MetricInputInvalid(reason=f"The collection MetricData must not have a size greater than {MOST_DATA}.")
    checked = [_checked(f"MetricData.member.{number}", namespace, each, caller.at) for number, each in _numbered(data)]
    new = [_put(tx, place, each) for each in checked]
    if any(new) and metric_series.exceeds(tx, place.account, place.region, most_series):
        raise MetricInputInvalid(reason=f"The account has {most_series} metrics in this region, and may have no more.")


def _put(tx: Transaction, place: Place, each: _Checked) -> bool:
    return points.put(
        tx, place.account, place.region, each.metric, each.at, each.summary, each.unit, resolution=each.resolution
    )


def _numbered(data: Sequence[Datum]) -> Sequence[tuple[int, Datum]]:
    return list(enumerate(data, start=1))


def _require_namespace(namespace: str) -> None:
    if namespace.upper().startswith(AWS) or namespace == OURS:
        raise MetricInputInvalid(reason=f"The value {namespace} for parameter Namespace is invalid: it is reserved.")
    if not _NAME.fullmatch(namespace):
        raise MetricInputInvalid(reason="The parameter Namespace must be printable ASCII, and not begin with a colon.")


def _checked(path: str, namespace: str, datum: Datum, now: datetime) -> _Checked:
    if not _TEXT.fullmatch(datum.name) or not datum.name.strip():
        raise MetricInputInvalid(reason=f"The parameter {path}.MetricName must not have control characters.")
    if datum.resolution not in {1, periods.MINUTE}:
        raise MetricInputInvalid(reason=f"The parameter {path}.StorageResolution must be 1 or 60.")
    metric = Metric(namespace, datum.name, _dimensions(path, datum.dimensions))
    at = _moment(path, datum.at, now)
    finest = periods.finest(max(int(now.timestamp()) - at, 0))
    return _Checked(metric, at, _summary(path, datum), datum.unit, max(datum.resolution, finest))


def _dimensions(path: str, given: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    if len({name for name, _ in given}) < len(given):
        raise MetricInputInvalid(reason=f"The parameter {path}.Dimensions names a dimension twice.")
    for name, value in given:
        if not _NAME.fullmatch(name) or not _TEXT.fullmatch(value) or not value.isascii() or not value.strip():
            raise MetricInputInvalid(
                reason=f"The parameter {path}.Dimensions must have names and values of printable ASCII, and no name "
                "that begins with a colon."
            )
    return tuple(sorted(given))


def _moment(path: str, at: datetime | None, now: datetime) -> int:
    if at is None:
        return int(now.timestamp())
    if not now - _OLDEST <= at <= now + _NEWEST:
        raise MetricInputInvalid(
            reason=f"The parameter {path}.Timestamp must specify a time no more than two weeks in the past, and no "
            "more than two hours in the future."
        )
    return int(at.timestamp())


def _summary(path: str, datum: Datum) -> Summary:
    given = [each for each in (datum.value, datum.values, datum.statistics) if each is not None]
    if not given:
        raise MetricInputMissing(parameter=f"{path}.Value")
    if len(given) > 1:
        raise MetricInputConflict(
            reason=f"The parameters {path}.Value, {path}.Values and {path}.StatisticValues are mutually exclusive, and "
            "you have specified more than one."
        )
    if datum.counts is not None and datum.values is None:
        raise MetricInputConflict(reason=f"The parameter {path}.Counts needs {path}.Values.")
    if datum.value is not None:
        _require_number(f"{path}.Value", datum.value)
        return summaries.of_value(datum.value)
    if datum.statistics is not None:
        return _of_set(path, datum.statistics)
    return _of_values(path, datum.values or (), datum.counts)


def _of_values(path: str, values: tuple[float, ...], counts: tuple[float, ...] | None) -> Summary:
    if not values:
        raise MetricInputMissing(parameter=f"{path}.Values")
    if len(values) > MOST_VALUES:
        raise MetricInputInvalid(
            reason=f"The collection {path}.Values must not have a size greater than {MOST_VALUES}."
        )
    each = (1.0,) * len(values) if counts is None else counts
    if len(each) != len(values):
        raise MetricInputConflict(reason=f"The parameters {path}.Values and {path}.Counts must be of the same size.")
    for value in values:
        _require_number(f"{path}.Values", value)
    for count in each:
        _require_count(f"{path}.Counts", count)
    return summaries.of_values(values, each)


def _of_set(path: str, given: StatisticSet) -> Summary:
    for name, value in (("Sum", given.sum), ("Minimum", given.minimum), ("Maximum", given.maximum)):
        _require_number(f"{path}.StatisticValues.{name}", value)
    _require_count(f"{path}.StatisticValues.SampleCount", given.count)
    if given.minimum > given.maximum:
        raise MetricInputInvalid(
            reason=f"The parameter {path}.StatisticValues.Maximum must be greater than {path}.StatisticValues.Minimum."
        )
    return summaries.of_set(given.count, given.sum, given.minimum, given.maximum)


def _require_number(path: str, value: float) -> None:
    if not math.isfinite(value) or abs(value) > MOST:
        raise MetricInputInvalid(reason=f"The value {value} for parameter {path} is invalid: -2^360 to 2^360.")


def _require_count(path: str, value: float) -> None:
    _require_number(path, value)
    if value <= 0:
        raise MetricInputInvalid(reason=f"The value {value} for parameter {path} is invalid: it must be above 0.")
