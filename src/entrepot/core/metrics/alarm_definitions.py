"""What an alarm watches and does, as its owner says it: checked, and kept as JSON under the names that the API gives
(CloudWatch API reference, "PutMetricAlarm", "PutCompositeAlarm").
"""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

import msgspec
from msgspec import field

from entrepot.errors import AlarmInvalid
from entrepot.metrics import periods, statistics, verdicts
from entrepot.metrics.program import Program, Query
from entrepot.metrics.series import Series

MOST_QUERIES: Final = 20
_DAY: Final = 86_400
_WEEK: Final = 604_800
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_ACTION: Final = re.compile(
    r"arn:aws:(?P<service>[a-z0-9-]+):(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):(?P<rest>[\x21-\x7e]+)", re.ASCII
)
# service -> what of it an alarm can tell
_ACTIONS: Final = {
    "sns": re.compile(r"[A-Za-z0-9_-]{1,256}(\.fifo)?", re.ASCII),
    "lambda": re.compile(r"function:[A-Za-z0-9_-]{1,140}(:[A-Za-z0-9$_-]{1,128})?", re.ASCII),
}


class Dimension(msgspec.Struct, frozen=True, rename="pascal", order=True):
    """A name and a value."""

    name: str
    value: str


class Metric(msgspec.Struct, frozen=True, rename="pascal", omit_defaults=True):
    """A metric by its names."""

    namespace: str | None = None
    metric_name: str | None = None
    dimensions: tuple[Dimension, ...] = ()


class MetricStat(msgspec.Struct, frozen=True, rename="pascal", omit_defaults=True):
    """A statistic of a metric over periods."""

    metric: Metric
    period: int
    stat: str
    unit: str | None = None


class MetricQuery(msgspec.Struct, frozen=True, rename="pascal", omit_defaults=True):
    """A metric or an expression among those that an alarm is computed from."""

    id: str
    metric_stat: MetricStat | None = None
    expression: str | None = None
    label: str | None = None
    return_data: bool | None = None
    period: int | None = None
    account_id: str | None = None


class Actions(msgspec.Struct, frozen=True, rename="pascal", omit_defaults=True, kw_only=True):
    """What every alarm has."""

    alarm_description: str | None = None
    ok_actions: tuple[str, ...] = field(default=(), name="OKActions")
    alarm_actions: tuple[str, ...] = ()
    insufficient_data_actions: tuple[str, ...] = ()

    def of(self, state: str) -> tuple[str, ...]:
        """Those of a state."""
        return {verdicts.OK: self.ok_actions, verdicts.ALARM: self.alarm_actions}.get(
            state, self.insufficient_data_actions
        )

    @property
    def all(self) -> tuple[str, ...]:
        """Those of every state."""
        return (*self.ok_actions, *self.alarm_actions, *self.insufficient_data_actions)


class MetricAlarm(Actions, frozen=True, rename="pascal", omit_defaults=True, kw_only=True):
    """An alarm on a metric, or on an expression over several."""

    metric_name: str | None = None
    namespace: str | None = None
    statistic: str | None = None
    extended_statistic: str | None = None
    dimensions: tuple[Dimension, ...] = ()
    period: int | None = None
    unit: str | None = None
    evaluation_periods: int = 0
    datapoints_to_alarm: int | None = None
    threshold: float | None = None
    comparison_operator: str | None = None
    treat_missing_data: str | None = None
    evaluate_low_sample_count_percentile: str | None = None
    metrics: tuple[MetricQuery, ...] = ()
    evaluation_window: dict[str, Any] | None = None

    @property
    def queries(self) -> tuple[MetricQuery, ...]:
        """What is read and computed; of a single metric, that one."""
        if self.metrics:
            return self.metrics
        metric = Metric(self.namespace, self.metric_name, self.dimensions)
        stat = MetricStat(metric, self.period or 0, self.statistic or self.extended_statistic or "", self.unit)
        return (MetricQuery("m1", metric_stat=stat, return_data=True),)

    @property
    def watched(self) -> MetricQuery:
        """The one that is compared with the threshold."""
        return next(query for query in self.queries if query.return_data is not False)

    @property
    def seconds(self) -> int:
        """The period of what is watched."""
        given = [self.watched.period, *(query.metric_stat.period for query in self.queries if query.metric_stat)]
        return next((period for period in given if period), periods.MINUTE)

    @property
    def judge(self) -> verdicts.Judge:
        """By what its points are judged."""
        return verdicts.Judge(
            self.comparison_operator or "",
            self.threshold or 0.0,
            self.evaluation_periods,
            self.datapoints_to_alarm or self.evaluation_periods,
            self.treat_missing_data or "missing",
        )

    def program(self) -> Program:
        """Its metrics and expressions: ExpressionInvalid, ExpressionTooLarge."""
        return Program([Query(query.id, query.expression, query.label) for query in self.queries])


class CompositeAlarm(Actions, frozen=True, rename="pascal", omit_defaults=True, kw_only=True):
    """An alarm on the states of others."""

    alarm_rule: str = ""
    actions_suppressor: str | None = None
    actions_suppressor_wait_period: int | None = None
    actions_suppressor_extension_period: int | None = None


_METRIC = msgspec.json.Decoder(MetricAlarm)
_COMPOSITE = msgspec.json.Decoder(CompositeAlarm)


def decoded(kind: str, text: str) -> MetricAlarm | CompositeAlarm:
    """A definition as a row carries it."""
    return _METRIC.decode(text) if kind == "metric" else _COMPOSITE.decode(text)


def metric_key(namespace: str | None, name: str | None, dimensions: Iterable[Dimension]) -> str:
    """A text by which the alarms of one metric are found."""
    return msgspec.json.encode([namespace, name, sorted((each.name, each.value) for each in dimensions)]).decode()


def check_name(name: str) -> None:
    """AlarmInvalid for a name with control characters."""
    if _CONTROL.search(name):
        raise AlarmInvalid(reason="AlarmName must not contain control characters")


def check_actions(actions: Actions, account: str, region: str, reachable: Collection[str]) -> None:
    """AlarmInvalid for what cannot be told: only topics and functions at services that have an endpoint here, and only
    the account's own: the operator's keys, which sign for every account, would open those of others.
    """
    for arn in actions.all:
        parts = _ACTION.fullmatch(arn)
        kind = _ACTIONS.get(parts["service"]) if parts else None
        if parts is None or kind is None or not kind.fullmatch(parts["rest"]):
            raise AlarmInvalid(reason=f"Invalid action {arn!r}: an alarm can tell SNS topics and Lambda functions")
        if parts["region"] != region:
            raise AlarmInvalid(reason=f"Invalid region {parts['region']} specified. Only {region} is supported.")
        if parts["account"] != account:
            raise AlarmInvalid(reason=f"Invalid action {arn!r}: it belongs to another account")
        if parts["service"] not in reachable:
            reason = f"Invalid action {arn!r}: the setting aws_endpoints has no endpoint of {parts['service']}"
            raise AlarmInvalid(reason=reason)


def check_metric_alarm(alarm: MetricAlarm, account: str) -> None:
    """AlarmInvalid, StatisticInvalid, PeriodInvalid, ExpressionInvalid for what could not be evaluated."""
    if bool(alarm.metrics) == bool(alarm.metric_name):
        _refuse("either MetricName or Metrics must be given, and not both")
    _check_comparison(alarm)
    if alarm.metrics:
        _check_queries(alarm, account)
    else:
        _check_single(alarm)
    _check_length(alarm.seconds, alarm.evaluation_periods)


def _refuse(reason: str) -> None:
    raise AlarmInvalid(reason=f"The alarm is not valid: {reason}")


def _check_comparison(alarm: MetricAlarm) -> None:
    if alarm.evaluation_periods < 1 or alarm.threshold is None or alarm.comparison_operator is None:
        _refuse("EvaluationPeriods, Threshold and ComparisonOperator must be given")
    if alarm.comparison_operator not in verdicts.COMPARISONS:
        _refuse(f"{alarm.comparison_operator} needs an anomaly detection model, and there are none")
    if (alarm.datapoints_to_alarm or 1) > alarm.evaluation_periods:
        _refuse("DatapointsToAlarm must be less than or equal to EvaluationPeriods")
    if alarm.treat_missing_data not in {None, *verdicts.TREATMENTS}:
        _refuse(f"TreatMissingData must be one of {', '.join(sorted(verdicts.TREATMENTS))}")
    if alarm.evaluate_low_sample_count_percentile not in {None, "evaluate", "ignore"}:
        _refuse("EvaluateLowSampleCountPercentile must be evaluate or ignore")
    if alarm.evaluate_low_sample_count_percentile and not alarm.extended_statistic:
        _refuse("EvaluateLowSampleCountPercentile is for percentiles, which ExtendedStatistic names")


def _check_single(alarm: MetricAlarm) -> None:
    if not alarm.namespace or alarm.period is None:
        _refuse("Namespace and Period must be given with MetricName")
    if bool(alarm.statistic) == bool(alarm.extended_statistic):
        _refuse("either Statistic or ExtendedStatistic must be given, and not both")
    if alarm.extended_statistic and statistics.parse(alarm.extended_statistic).simple:
        _refuse(f"{alarm.extended_statistic} is a Statistic")
    _check_period(alarm.period or 0)


def _check_queries(alarm: MetricAlarm, account: str) -> None:
    single = (alarm.namespace, alarm.period, alarm.unit, alarm.statistic, alarm.extended_statistic)
    if alarm.dimensions or any(each is not None for each in single):
        _refuse("Namespace, Dimensions, Period, Unit, Statistic and ExtendedStatistic are not given beside Metrics")
    if len(alarm.metrics) > MOST_QUERIES:
        _refuse(f"Metrics holds at most {MOST_QUERIES} metrics and expressions")
    if sum(query.return_data is not False for query in alarm.metrics) != 1:
        _refuse("exactly one element of Metrics must have ReturnData true")
    for query in alarm.metrics:
        _check_query(query, account)
    if len({query.metric_stat.period for query in alarm.metrics if query.metric_stat}) > 1:
        _refuse("all metrics must have the same period")
    _check_result(alarm)


def _check_query(query: MetricQuery, account: str) -> None:
    if bool(query.metric_stat) == bool(query.expression):
        _refuse(f"{query.id} must have either MetricStat or Expression, and not both")
    if query.account_id not in {None, account}:
        _refuse(f"{query.id}: metrics of other accounts cannot be watched")
    if query.period is not None:
        _check_period(query.period)
    if query.metric_stat is not None:
        stat = query.metric_stat
        if not stat.metric.namespace or not stat.metric.metric_name:
            _refuse(f"{query.id}: Namespace and MetricName must be given")
        statistics.parse(stat.stat)
        _check_period(stat.period)


def _check_result(alarm: MetricAlarm) -> None:
    program = alarm.program()
    if "SEARCH" in program.functions:
        _refuse("an alarm cannot be based on SEARCH")
    nothing = {query.id: Series(alarm.seconds, {}) for query in alarm.metrics if query.expression is None}
    result = program.compute(0, alarm.seconds, alarm.seconds, nothing, lambda _: ())[alarm.watched.id]
    if not isinstance(result, Series):
        _refuse(f"{alarm.watched.id} must give a single time series")


def _check_period(period: int) -> None:
    periods.require(period)
    if period in {1, 5}:
        _refuse("Period must be 10, 20, 30 or a multiple of 60")


def _check_length(period: int, count: int) -> None:
    most = _DAY if period < periods.HOUR else _WEEK
    if period * count > most:
        _refuse(f"Period multiplied by EvaluationPeriods must be at most {most} seconds")


def shown(definition: MetricAlarm | CompositeAlarm) -> dict[str, Any]:
    """The members of a definition, as the API names them."""
    members = msgspec.to_builtins(definition)
    return members if isinstance(members, dict) else {}


def dimensions(given: Sequence[Any]) -> tuple[Dimension, ...]:
    """Dimensions as the API gives them."""
    return msgspec.convert(given, tuple[Dimension, ...])
