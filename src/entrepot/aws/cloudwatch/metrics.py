"""Operations on the points of metrics."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from entrepot.aws.cloudwatch import inputs, tokens
from entrepot.aws.protocol.call import Call
from entrepot.core.metrics import listing, publishing, queries, reading
from entrepot.core.metrics.queries import MOST_DATAPOINTS, Result
from entrepot.core.metrics.reading import Datapoint
from entrepot.core.metrics.series import Metric
from entrepot.metrics.statistics import SIMPLE

Output = Mapping[str, Any]


async def put_metric_data(call: Call) -> Output:
    """PutMetricData."""
    given = call.input
    await call.core.metrics.write(publishing.put, call.caller, given["Namespace"], inputs.data(given))
    return {}


async def get_metric_statistics(call: Call) -> Output:
    """GetMetricStatistics."""
    given = call.input
    names = [*given.get("Statistics", ()), *given.get("ExtendedStatistics", ())]
    asked = inputs.named(given), inputs.span(given), given["Period"], names, given.get("Unit")
    found = await call.core.metrics.read(reading.statistics_of, call.caller, *asked)
    return {"Label": given["MetricName"], "Datapoints": [_datapoint(each) for each in found]}


async def list_metrics(call: Call) -> Output:
    """ListMetrics."""
    wanted, start = inputs.listed(call), tokens.start_of_metrics(call)
    page = await call.core.metrics.read(listing.list_metrics, call.caller, wanted, start)
    owners = [call.account] * len(page.items) if call.input.get("IncludeLinkedAccounts") else None
    return {
        "Metrics": [_metric(each) for each in page.items],
        "NextToken": tokens.following(call, "ListMetrics", page.after),
        "OwningAccounts": owners,
    }


async def get_metric_data(call: Call) -> Output:
    """GetMetricData."""
    given = call.input
    answer = await call.core.metrics.read(
        queries.data,
        call.caller,
        inputs.queries(call),
        inputs.span(given),
        ascending=given.get("ScanBy") == "TimestampAscending",
        most=given.get("MaxDatapoints", MOST_DATAPOINTS),
        after=tokens.start_of_data(call),
    )
    return {
        "MetricDataResults": [_result(each) for each in answer.results],
        "NextToken": tokens.following(call, "GetMetricData", answer.after),
        "Messages": [{"Code": code, "Value": value} for code, value in answer.messages],
    }


def _datapoint(found: Datapoint) -> Output:
    simple = {name: value for name, value in found.values.items() if name in SIMPLE}
    extended = {name: value for name, value in found.values.items() if name not in SIMPLE}
    told = {"Timestamp": _moment(found.at), "Unit": found.unit, **simple}
    return {**told, "ExtendedStatistics": extended} if extended else told


def _metric(found: Metric) -> Output:
    dimensions = [{"Name": name, "Value": value} for name, value in found.dimensions]
    return {"Namespace": found.namespace, "MetricName": found.name, "Dimensions": dimensions}


def _result(found: Result) -> Output:
    return {
        "Id": found.id,
        "Label": found.label,
        "Timestamps": _moments(found.points),
        "Values": [value for _, value in found.points],
        "StatusCode": "PartialData" if found.more else "Complete",
    }


def _moments(points: Sequence[tuple[int, float]]) -> Sequence[datetime]:
    return [_moment(at) for at, _ in points]


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
