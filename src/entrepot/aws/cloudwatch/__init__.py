"""Amazon CloudWatch: metrics, alarms, dashboards; one function an operation."""

from collections.abc import Mapping

from entrepot.aws.cloudwatch import metrics
from entrepot.aws.protocol.call import Operation

OPERATIONS: Mapping[str, Operation] = {
    "GetMetricData": metrics.get_metric_data,
    "GetMetricStatistics": metrics.get_metric_statistics,
    "ListMetrics": metrics.list_metrics,
    "PutMetricData": metrics.put_metric_data,
}
