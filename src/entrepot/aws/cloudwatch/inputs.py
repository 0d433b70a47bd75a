"""Members of CloudWatch's requests about metrics, as core takes them."""

from collections.abc import Mapping, Sequence
from typing import Any

from entrepot.aws.protocol.call import Call
from entrepot.core.metrics.listing import Filter
from entrepot.core.metrics.publishing import Datum, StatisticSet
from entrepot.core.metrics.queries import Asked, Stat
from entrepot.core.metrics.reading import Span
from entrepot.core.metrics.series import NO_UNIT, Metric, metric
from entrepot.errors import MetricInputInvalid, MetricQueryInvalid

Given = Mapping[str, Any]


def data(given: Given) -> Sequence[Datum]:
    """MetricData: MetricInputInvalid for data of entities, which are not kept."""
    if given.get("EntityMetricData"):
        raise MetricInputInvalid(reason="The parameter EntityMetricData is not supported: entities are not kept here.")
    return [_datum(each) for each in given.get("MetricData", ())]


def named(given: Given) -> Metric:
    """Namespace, MetricName and Dimensions: MetricInputInvalid for a dimension that stands twice."""
    pairs = [(each["Name"], each["Value"]) for each in given.get("Dimensions", ())]
    if len(dict(pairs)) < len(pairs):
        raise MetricInputInvalid(reason="The parameter Dimensions names a dimension twice.")
    return metric(given["Namespace"], given["MetricName"], dict(pairs))


def span(given: Given) -> Span:
    """StartTime and EndTime."""
    return Span(given["StartTime"], given["EndTime"])


def listed(call: Call) -> Filter:
    """What ListMetrics lists: MetricInputInvalid for another account's."""
    given = call.input
    if given.get("OwningAccount", call.account) != call.account:
        raise MetricInputInvalid(reason="The parameter OwningAccount must be the caller's account.")
    dimensions = tuple((each["Name"], each.get("Value")) for each in given.get("Dimensions", ()))
    return Filter(given.get("Namespace"), given.get("MetricName"), dimensions, recent="RecentlyActive" in given)


def queries(call: Call) -> Sequence[Asked]:
    """MetricDataQueries: MetricQueryInvalid."""
    return [_asked(call, each) for each in call.input["MetricDataQueries"]]


def _datum(given: Given) -> Datum:
    statistics = given.get("StatisticValues")
    return Datum(
        given["MetricName"],
        tuple((each["Name"], each["Value"]) for each in given.get("Dimensions", ())),
        given.get("Timestamp"),
        given.get("Value"),
        _floats(given.get("Values")),
        _floats(given.get("Counts")),
        None if statistics is None else _set(statistics),
        given.get("Unit", NO_UNIT),
        given.get("StorageResolution", 60),
    )


def _floats(given: Sequence[float] | None) -> tuple[float, ...] | None:
    return None if given is None else tuple(given)


def _set(given: Given) -> StatisticSet:
    return StatisticSet(given["SampleCount"], given["Sum"], given["Minimum"], given["Maximum"])


def _asked(call: Call, given: Given) -> Asked:
    if given.get("AccountId", call.account) != call.account:
        raise MetricQueryInvalid(reason=f"The query {given['Id']} must have the caller's account as AccountId.")
    return Asked(
        given["Id"],
        None if "MetricStat" not in given else _stat(given["Id"], given["MetricStat"]),
        given.get("Expression"),
        given.get("Label"),
        given.get("ReturnData", True),
        given.get("Period"),
    )


def _stat(query: str, given: Given) -> Stat:
    which = given["Metric"]
    if "Namespace" not in which or "MetricName" not in which:
        raise MetricQueryInvalid(reason=f"The query {query} must have a Namespace and a MetricName.")
    pairs = [(each["Name"], each["Value"]) for each in which.get("Dimensions", ())]
    if len(dict(pairs)) < len(pairs):
        raise MetricQueryInvalid(reason=f"The query {query} names a dimension twice.")
    found = metric(which["Namespace"], which["MetricName"], dict(pairs))
    return Stat(found, given["Period"], given["Stat"], given.get("Unit"))
