"""Amazon CloudWatch: metrics, alarms, dashboards; one function an operation."""

from collections.abc import Mapping

from entrepot.aws.cloudwatch import alarms, dashboards, images, metrics
from entrepot.aws.protocol.call import Operation

OPERATIONS: Mapping[str, Operation] = {
    "DeleteAlarms": alarms.delete_alarms,
    "DeleteDashboards": dashboards.delete_dashboards,
    "DescribeAlarmHistory": alarms.describe_alarm_history,
    "DescribeAlarms": alarms.describe_alarms,
    "DescribeAlarmsForMetric": alarms.describe_alarms_for_metric,
    "DisableAlarmActions": alarms.disable_alarm_actions,
    "EnableAlarmActions": alarms.enable_alarm_actions,
    "GetDashboard": dashboards.get_dashboard,
    "GetMetricData": metrics.get_metric_data,
    "GetMetricStatistics": metrics.get_metric_statistics,
    "GetMetricWidgetImage": images.get_metric_widget_image,
    "ListDashboards": dashboards.list_dashboards,
    "ListMetrics": metrics.list_metrics,
    "ListTagsForResource": dashboards.list_tags_for_resource,
    "PutCompositeAlarm": alarms.put_composite_alarm,
    "PutDashboard": dashboards.put_dashboard,
    "PutMetricAlarm": alarms.put_metric_alarm,
    "PutMetricData": metrics.put_metric_data,
    "SetAlarmState": alarms.set_alarm_state,
    "TagResource": dashboards.tag_resource,
    "UntagResource": dashboards.untag_resource,
}
