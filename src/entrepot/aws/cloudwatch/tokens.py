"""Page tokens of CloudWatch's listings: where a page begins, and the token of the next one."""

from collections.abc import Sequence

from entrepot.aws.protocol import paging
from entrepot.aws.protocol.call import Call
from entrepot.errors import (
    AlarmPageTokenInvalid,
    MetricInputInvalid,
    MetricPageTokenInvalid,
    MonitoringInputInvalid,
    PageTokenInvalid,
)
from entrepot.spec.paging import encode_token

_END = 2**62  # microseconds
_NOT_IN_A_PAGE = ("MaxDatapoints", "MaxRecords", "NextToken")


def start_of_metrics(call: Call) -> tuple[str, str, str]:
    """The key that a page of ListMetrics continues after: MetricInputInvalid."""
    try:
        namespace, name, metric = _start(call, "ListMetrics", 3)
    except PageTokenInvalid:
        raise MetricInputInvalid(reason="The parameter NextToken is invalid.") from None
    return namespace, name, metric


def start_of_data(call: Call) -> tuple[int, int]:
    """The result and the point of it that a page of GetMetricData begins with: MetricPageTokenInvalid."""
    try:
        number, point = _start(call, "GetMetricData", 2)
        found = int(number or 0), int(point or 0)
    except (PageTokenInvalid, ValueError):
        raise MetricPageTokenInvalid from None
    if min(found) < 0:
        raise MetricPageTokenInvalid
    return found


def start_of_alarms(call: Call) -> tuple[str, str]:
    """The kind and the name that a page of DescribeAlarms continues after: AlarmPageTokenInvalid."""
    try:
        kind, name = _start(call, "DescribeAlarms", 2)
    except PageTokenInvalid:
        raise AlarmPageTokenInvalid from None
    return kind, name


def start_of_history(call: Call) -> tuple[int, str] | None:
    """The moment and the id that a page of DescribeAlarmHistory continues after: AlarmPageTokenInvalid."""
    try:
        at, item = _start(call, "DescribeAlarmHistory", 2)
        moment = int(at or 0)
    except (PageTokenInvalid, ValueError):
        raise AlarmPageTokenInvalid from None
    if not 0 <= moment < _END:
        raise AlarmPageTokenInvalid
    return (moment, item) if item else None


def start_of_dashboards(call: Call) -> str:
    """The name that a page of ListDashboards continues after: MonitoringInputInvalid."""
    try:
        (name,) = _start(call, "ListDashboards", 1)
    except PageTokenInvalid:
        raise MonitoringInputInvalid(reason="NextToken is invalid") from None
    return name


def following(call: Call, operation: str, after: Sequence[object] | None) -> str | None:
    """The token of the next page, None at the end."""
    return None if after is None else encode_token([str(part) for part in after], _scope(call, operation))


def _start(call: Call, operation: str, parts: int) -> list[str]:
    return paging.start(call.input.get("NextToken"), _scope(call, operation), parts)


def _scope(call: Call, operation: str) -> list[str]:
    return [operation, call.account, call.region, paging.rest(call, _NOT_IN_A_PAGE)]
