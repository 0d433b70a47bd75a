"""What an alarm sees: the points of its evaluation range, the state they make, and the reason in AWS's sentences."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from entrepot.core.metrics import queries
from entrepot.core.metrics.alarm_definitions import MetricAlarm, MetricStat
from entrepot.core.metrics.alarm_states import State
from entrepot.core.metrics.places import Place
from entrepot.core.metrics.queries import Asked, Stat
from entrepot.core.metrics.reading import Span
from entrepot.core.metrics.series import metric
from entrepot.db.alarm_records import AlarmRow
from entrepot.db.database import Transaction
from entrepot.errors import Fact
from entrepot.metrics import periods, verdicts
from entrepot.metrics.verdicts import Verdict

LAG: Final = 5  # seconds after which the points of a period are there
EVALUATION_ERROR: Final = "EVALUATION_ERROR"
_LONGEST_DATA: Final = 4000
_MOST_TOLD: Final = 20  # points in a reason's data
_SAMPLES: Final = 10  # that a percentile needs beyond it
_WORDS: Final = {
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "GreaterThanThreshold": "greater than",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
}


class Seen(msgspec.Struct, frozen=True):
    """The points of an evaluation range, one a period from `start` on; None for one that is missing."""

    start: int
    period: int
    points: tuple[float | None, ...]


def slot(alarm: MetricAlarm, now: int) -> int:
    """Until when an alarm that is evaluated now looks: ranges move on each minute, or each period that is shorter."""
    return periods.floor(now - LAG, min(alarm.seconds, periods.MINUTE))


def state_of(tx: Transaction, row: AlarmRow, alarm: MetricAlarm, now: datetime) -> State | None:
    """The state that the metrics make, None to keep the one there is; `tx` reads the database of metrics."""
    end = slot(alarm, int(now.timestamp()))
    try:
        seen = _seen(tx, row, alarm, end, now)
        if _has_few_samples(tx, row, alarm, end, now):
            return None
    except Fact as fault:
        return None if row.evaluation else State(row.state, f"Evaluation failed: {fault}", "", EVALUATION_ERROR)
    verdict = verdicts.judge(alarm.judge, seen.points)
    if verdict.state is None or (verdict.state == row.state and not row.evaluation):
        return None
    return State(verdict.state, _reason(row, alarm, seen, verdict), _data(alarm, seen, verdict, now))


def _seen(tx: Transaction, row: AlarmRow, alarm: MetricAlarm, end: int, now: datetime) -> Seen:
    period = alarm.seconds
    count = alarm.evaluation_periods + verdicts.EXTRA
    start = end - count * period
    watched = alarm.watched.id
    asked = [
        Asked(
            query.id,
            None if query.metric_stat is None else _stat(query.metric_stat),
            query.expression,
            None,
            query.id == watched,
            query.period,
        )
        for query in alarm.queries
    ]
    (found,) = _evaluated(tx, row, asked, start, end, now)
    return Seen(start, period, tuple(found.get(start + number * period) for number in range(count)))


def _evaluated(
    tx: Transaction, row: AlarmRow, asked: Sequence[Asked], start: int, end: int, now: datetime
) -> list[dict[int, float]]:
    span = Span(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))
    results, _ = queries.evaluate(tx, Place(row.key.account, row.key.region), asked, span, now)
    return [dict(result.points) for result in results]


def _has_few_samples(tx: Transaction, row: AlarmRow, alarm: MetricAlarm, end: int, now: datetime) -> bool:
    """Whether the state of a percentile alarm stays because there are too few samples to tell."""
    name = alarm.extended_statistic or ""
    if alarm.evaluate_low_sample_count_percentile != "ignore" or not name.startswith("p"):
        return False
    percent = float(name[1:])
    rarer = min(percent, 100 - percent)
    stat = alarm.queries[0].metric_stat
    if stat is None or rarer <= 0:
        return False
    counted = Asked("samples", _stat(msgspec.structs.replace(stat, stat="SampleCount")))
    start = end - alarm.evaluation_periods * alarm.seconds
    (found,) = _evaluated(tx, row, [counted], start, end, now)
    return sum(found.values()) < 100 * _SAMPLES / rarer


def _stat(stat: MetricStat) -> Stat:
    dimensions = {each.name: each.value for each in stat.metric.dimensions}
    named = metric(stat.metric.namespace or "", stat.metric.metric_name or "", dimensions)
    return Stat(named, stat.period, stat.stat, stat.unit)


def _reason(row: AlarmRow, alarm: MetricAlarm, seen: Seen, verdict: Verdict) -> str:
    judged, state = alarm.judge, verdict.state
    missing = judged.periods - len(verdict.evaluated)
    if state == verdicts.UNKNOWN:
        return f"Insufficient Data: {missing} datapoint{'s were' if missing > 1 else ' was'} unknown."
    treated = ""
    if missing and judged.missing in {"breaching", "notBreaching"}:
        word = "Breaching" if judged.missing == "breaching" else "NonBreaching"
        treated = f"{missing} missing datapoint{'s were' if missing > 1 else ' was'} treated as [{word}]"
        if not verdict.evaluated:
            return f"Threshold Crossed: no datapoints were received for {judged.periods} periods and {treated}."
    in_alarm = state == verdicts.ALARM
    fitting = verdict.breaching if in_alarm else len(verdict.evaluated) - verdict.breaching
    told = ", ".join(_point(seen, place) for place in reversed(verdict.evaluated[-_MOST_TOLD:]))
    needed = judged.datapoints if in_alarm else judged.periods - judged.datapoints + 1
    return (
        f"Threshold Crossed: {fitting} out of the last {len(verdict.evaluated)} datapoints [{told}] "
        f"{'was' if fitting == 1 else 'were'} {'' if in_alarm else 'not '}{_WORDS[judged.comparison]} the threshold "
        f"({judged.threshold}){f' and {treated}' if treated else ''} (minimum {needed} "
        f"datapoint{'' if needed == 1 else 's'} for {row.state} -> {state} transition)."
    )


def _point(seen: Seen, place: int) -> str:
    at = datetime.fromtimestamp(seen.start + place * seen.period, UTC)
    return f"{seen.points[place]} ({at:%d/%m/%y %H:%M:%S})"


def _data(alarm: MetricAlarm, seen: Seen, verdict: Verdict, now: datetime) -> str:
    evaluated = verdict.evaluated[-_MOST_TOLD:]
    oldest = verdict.evaluated[0] if verdict.evaluated else 0
    told: dict[str, Any] = {
        "version": "1.0",
        "queryDate": _date(now),
        "startDate": _date(datetime.fromtimestamp(seen.start + oldest * seen.period, UTC)),
        "period": seen.period,
        "recentDatapoints": [seen.points[place] for place in evaluated],
        "threshold": alarm.threshold,
        "evaluatedDatapoints": [
            {
                "timestamp": _date(datetime.fromtimestamp(seen.start + place * seen.period, UTC)),
                "value": seen.points[place],
            }
            for place in evaluated
        ],
    }
    if not alarm.metrics:
        told["statistic"] = alarm.statistic or alarm.extended_statistic
        told["unit"] = alarm.unit
    text = msgspec.json.encode(told).decode()
    return text if len(text) <= _LONGEST_DATA else ""


def _date(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S.%f}"[:23] + "+0000"
