"""What CloudWatch's operations need (Service Authorization Reference, Amazon CloudWatch): a part of core/permissions.

Resource -> operations; operation -> condition keys; creations that tags make another action of.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from entrepot.core.needs import ANY, REQUEST_TAG, RESOURCE_TAG, TAG_KEYS, Needs

ALARM: Final = "arn:aws:cloudwatch:{region}:{account}:alarm:{alarm}"
ALARMS: Final = "arn:aws:cloudwatch:{region}:{account}:alarm:*"
DASHBOARD: Final = "arn:aws:cloudwatch::{account}:dashboard/{dashboard}"
_MADE: Final = (REQUEST_TAG, TAG_KEYS)
_TAGGED: Final = (RESOURCE_TAG,)

RESOURCES: Final[Mapping[str, str]] = {
    ANY: "GetMetricData GetMetricStatistics GetMetricWidgetImage ListMetrics PutMetricData",
    ALARM: (
        "DeleteAlarms DisableAlarmActions EnableAlarmActions ListTagsForResource PutCompositeAlarm PutMetricAlarm "
        "SetAlarmState TagResource UntagResource"
    ),
    ALARMS: "DescribeAlarmHistory DescribeAlarms DescribeAlarmsForMetric",
    DASHBOARD: "DeleteDashboards GetDashboard PutDashboard",
    "arn:aws:cloudwatch::{account}:dashboard/*": "ListDashboards",
}
KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "DeleteAlarms": _TAGGED,
    "DisableAlarmActions": _TAGGED,
    "EnableAlarmActions": _TAGGED,
    "ListTagsForResource": _TAGGED,
    "PutCompositeAlarm": ("cloudwatch:AlarmActions", *_MADE, *_TAGGED),
    "PutDashboard": _MADE,
    "PutMetricAlarm": ("cloudwatch:AlarmActions", *_MADE, *_TAGGED),
    "PutMetricData": ("cloudwatch:namespace",),
    "SetAlarmState": _TAGGED,
    "TagResource": (*_MADE, *_TAGGED),
    "UntagResource": ("aws:TagKeys", *_TAGGED),
}
# where a permission on one alarm suffices when it is named
NAMED: Final[Mapping[str, str]] = {
    "DescribeAlarmHistory": "one metric alarm is named",
    "DescribeAlarms": "metric alarms are named",
}
WITH_TAGS: Final = frozenset({"PutCompositeAlarm", "PutDashboard", "PutMetricAlarm"})


def table() -> Iterator[tuple[str, tuple[Needs, ...]]]:
    """What each operation needs."""
    for on, names in RESOURCES.items():
        for name in names.split():
            action, keys = f"cloudwatch:{name}", KEYS.get(name, ())
            needs = [Needs(action, on, keys)]
            if name in NAMED:
                one = Needs(action, ALARM, (RESOURCE_TAG,), NAMED[name])
                needs = [one, Needs(action, on, (), "otherwise")]
            if name in WITH_TAGS:
                needs.append(Needs("cloudwatch:TagResource", on, (REQUEST_TAG, TAG_KEYS), "tags are given"))
            yield name, tuple(needs)
