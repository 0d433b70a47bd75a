"""Alarms as they are read: by name, by metric, by kin, with their history (CloudWatch API reference)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from entrepot.core import access
from entrepot.core.access import Caller
from entrepot.core.metrics import alarm_definitions, alarm_places
from entrepot.core.metrics.alarm_definitions import Dimension, MetricAlarm
from entrepot.core.page import Page
from entrepot.db import alarm_history
from entrepot.db import alarms as rows
from entrepot.db.alarm_records import AlarmKey, AlarmRow, HistoryRow
from entrepot.db.database import Reader
from entrepot.spec.moments import micros

__all__ = ["AlarmRow", "HistoryRow"]

KINDS: Final = ("composite", "metric")  # in the order of pages
_PAGE: Final = 100
_END: Final = 2**62


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which alarms: all, or those that fit; `names` or `prefix`."""

    names: tuple[str, ...] | None = None
    prefix: str = ""
    kinds: tuple[str, ...] = ("metric",)
    state: str = ""
    action_prefix: str = ""


@dataclass(frozen=True, slots=True)
class Past:
    """Which history: of an alarm, or of all alarms of these kinds."""

    name: str = ""
    kinds: tuple[str, ...] = ("metric",)
    item: str = ""
    start: datetime | None = None
    end: datetime | None = None
    newest: bool = True


def describe(tx: Reader, caller: Caller, wanted: Wanted, limit: int, after: tuple[str, str]) -> Page[AlarmRow]:
    """A page of alarms by kind and name; `after` is both. Composite alarms need a permission on all alarms."""
    named = () if "composite" in wanted.kinds else wanted.names
    for name in named or (alarm_places.ALL,):
        access.require(caller, "DescribeAlarms", alarm_places.alarm(tx, alarm_places.key_of(caller, name)))
    found: list[AlarmRow] = []
    for row in _fitting(tx, caller, wanted, after):
        if len(found) == limit:
            last = found[-1]
            return Page(tuple(found), (last.kind, last.key.name))
        found.append(row)
    return Page(tuple(found), None)


def kin(tx: Reader, caller: Caller, name: str, *, children: bool) -> tuple[AlarmRow, ...]:
    """The alarms that the rule of an alarm names, or the composite alarms that name it."""
    key = alarm_places.key_of(caller, name)
    access.require(caller, "DescribeAlarms", alarm_places.alarm(tx, alarm_places.key_of(caller, alarm_places.ALL)))
    return tuple(rows.children(tx, key) if children else rows.parents(tx, key))


def of_metric(
    tx: Reader,
    caller: Caller,
    namespace: str,
    name: str,
    dimensions: Sequence[Dimension],
    statistic: str | None,
    period: int | None,
    unit: str | None,
) -> tuple[AlarmRow, ...]:
    """The alarms that watch one metric by itself, with this statistic, period and unit where they are given."""
    access.require(
        caller, "DescribeAlarmsForMetric", alarm_places.alarm(tx, alarm_places.key_of(caller, alarm_places.ALL))
    )
    metric = alarm_definitions.metric_key(namespace, name, dimensions)
    found = rows.of_metric(tx, caller.principal.account, caller.region, metric)
    return tuple(row for row in found if _watches(row, statistic, period, unit))


def history(tx: Reader, caller: Caller, past: Past, limit: int, after: tuple[int, str] | None) -> Page[HistoryRow]:
    """A page of what happened to alarms, that of alarms which are gone too; `after` is a moment and an id."""
    key = alarm_places.key_of(caller, past.name)
    named = past.name and "composite" not in past.kinds
    access.require(
        caller,
        "DescribeAlarmHistory",
        alarm_places.alarm(tx, key if named else alarm_places.key_of(caller, alarm_places.ALL)),
    )
    found = alarm_history.page(
        tx,
        key,
        past.kinds,
        past.item,
        0 if past.start is None else micros(past.start),
        _END if past.end is None else micros(past.end),
        limit + 1,
        after or ((_END, "") if past.newest else (0, "")),
        newest=past.newest,
    )
    more = len(found) > limit
    return Page(tuple(found[:limit]), (str(found[limit - 1].at), found[limit - 1].id) if more else None)


def _fitting(tx: Reader, caller: Caller, wanted: Wanted, after: tuple[str, str]) -> Iterator[AlarmRow]:
    for row in _candidates(tx, caller, wanted, after):
        definition = alarm_definitions.decoded(row.kind, row.definition)
        state_fits = wanted.state in {"", row.state}
        if state_fits and (not wanted.action_prefix or any(a.startswith(wanted.action_prefix) for a in definition.all)):
            yield row


def _candidates(tx: Reader, caller: Caller, wanted: Wanted, after: tuple[str, str]) -> Iterator[AlarmRow]:
    if wanted.names is not None:
        found = [rows.find(tx, alarm_places.key_of(caller, name)) for name in sorted(set(wanted.names))]
        there = [row for row in found if row is not None and row.kind in wanted.kinds]
        yield from sorted(
            (row for row in there if (row.kind, row.key.name) > after), key=lambda row: (row.kind, row.key.name)
        )
        return
    for kind in KINDS:
        if kind in wanted.kinds and kind >= after[0]:
            yield from _of_kind(tx, caller, kind, wanted, after[1] if kind == after[0] else "")


def _of_kind(tx: Reader, caller: Caller, kind: str, wanted: Wanted, after: str) -> Iterator[AlarmRow]:
    account, region = caller.principal.account, caller.region
    while page := rows.page(tx, account, region, kind, wanted.prefix, wanted.state, _PAGE, after):
        yield from page
        after = page[-1].key.name


def _watches(row: AlarmRow, statistic: str | None, period: int | None, unit: str | None) -> bool:
    alarm = alarm_definitions.decoded(row.kind, row.definition)
    if not isinstance(alarm, MetricAlarm):
        return False
    return (
        statistic in {None, alarm.statistic or alarm.extended_statistic}
        and period in {None, alarm.period}
        and unit in {None, alarm.unit}
    )


def definition_of(row: AlarmRow) -> dict[str, object]:
    """What the owner of an alarm said, as the API names it."""
    return alarm_definitions.shown(alarm_definitions.decoded(row.kind, row.definition))


def arn_of(key: AlarmKey) -> str:
    """The ARN of an alarm."""
    return alarm_places.alarm_arn(key)
