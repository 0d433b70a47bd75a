"""Dashboards: put, read, listed, removed; and the tags of dashboards and alarms (CloudWatch API reference)."""

import re
from collections.abc import Sequence
from typing import Final, NoReturn

from entrepot.core import access, changes
from entrepot.core.access import Caller
from entrepot.core.metrics import alarm_places, dashboard_bodies, tagging
from entrepot.core.metrics.dashboard_bodies import Message
from entrepot.core.page import Page, cut
from entrepot.core.resource_tags import request_tags
from entrepot.db import accounts, alarms
from entrepot.db import dashboards as rows
from entrepot.db.alarm_records import DashboardRow
from entrepot.db.database import Reader, Transaction
from entrepot.errors import (
    DashboardInvalid,
    DashboardNotFound,
    MonitoredResourceNotFound,
    MonitoringInputInvalid,
)
from entrepot.spec.moments import micros

__all__ = ["DashboardRow", "Message"]

MOST_DASHBOARDS: Final = 5000
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,255}", re.ASCII)


def put(tx: Transaction, caller: Caller, name: str, body: str, tags: Sequence[tuple[str, str]]) -> tuple[Message, ...]:
    """Make a dashboard, or draw it anew; what may not be shown as it is meant: DashboardInvalid with all faults."""
    account = caller.principal.account
    keys = request_tags(tags)
    access.require(caller, "PutDashboard", alarm_places.dashboard(tx, account, name), keys)
    if tags:
        access.require(caller, "TagResource", alarm_places.dashboard(tx, account, name), keys)
    if not _NAME.fullmatch(name):
        _refuse(("", "DashboardName holds letters, digits, - and _, 255 at most"))
    read = dashboard_bodies.check(body)
    if read.errors:
        _refuse(*read.errors)
    wrong = tagging.fault((), tags)
    if wrong is not None:
        _refuse(("", wrong))
    accounts.lock(tx, account)
    new = rows.find(tx, account, name) is None
    if new and rows.count(tx, account) >= MOST_DASHBOARDS:
        _refuse(("", f"An account has at most {MOST_DASHBOARDS} dashboards"))
    rows.put(tx, DashboardRow(account, name, body, micros(caller.at)))
    if new:
        tagging.put(tx, account, alarm_places.dashboard_arn(account, name), tags)
    told = {"dashboardName": name, "dashboardBody": body, "tags": dict(tags)}
    changes.audit(tx, caller, "PutDashboard", told, account=account, region=caller.region, service="cloudwatch")
    return read.warnings


def get(tx: Reader, caller: Caller, name: str) -> DashboardRow:
    """A dashboard: DashboardNotFound."""
    account = caller.principal.account
    access.require(caller, "GetDashboard", alarm_places.dashboard(tx, account, name))
    found = rows.find(tx, account, name)
    if found is None:
        raise DashboardNotFound(name=name)
    return found


def list_of(tx: Reader, caller: Caller, prefix: str, limit: int, after: str) -> Page[DashboardRow]:
    """A page of an account's dashboards, by name."""
    account = caller.principal.account
    access.require(caller, "ListDashboards", alarm_places.dashboard(tx, account, alarm_places.ALL))
    found = rows.page(tx, account, prefix, limit + 1, after)
    return cut(found, limit, lambda each: each.name)


def delete(tx: Transaction, caller: Caller, names: Sequence[str]) -> None:
    """Remove dashboards, all of them or none: MonitoringInputInvalid for one that is not there."""
    account = caller.principal.account
    for name in names or (alarm_places.ALL,):
        access.require(caller, "DeleteDashboards", alarm_places.dashboard(tx, account, name))
    for name in names:
        if not rows.remove(tx, account, name):
            raise MonitoringInputInvalid(reason=f"Dashboard {name} does not exist")
        rows.remove_tags(tx, account, alarm_places.dashboard_arn(account, name))
    told = {"dashboardNames": list(names)}
    changes.audit(tx, caller, "DeleteDashboards", told, account=account, region=caller.region, service="cloudwatch")


def tags_of(tx: Reader, caller: Caller, arn: str) -> tuple[tuple[str, str], ...]:
    """The tags of an alarm or a dashboard, by key: MonitoredResourceNotFound."""
    access.require(caller, "ListTagsForResource", alarm_places.named(tx, caller, arn))
    _require(tx, caller, arn)
    return tuple(rows.tags(tx, caller.principal.account, arn))


def tag(tx: Transaction, caller: Caller, arn: str, tags: Sequence[tuple[str, str]]) -> None:
    """Set tags, all of them or none: MonitoredResourceNotFound, MonitoringInputInvalid."""
    access.require(caller, "TagResource", alarm_places.named(tx, caller, arn), request_tags(tags))
    _require(tx, caller, arn)
    account = caller.principal.account
    accounts.lock(tx, account)
    wrong = tagging.fault(rows.tags(tx, account, arn), tags)
    if wrong is not None:
        raise MonitoringInputInvalid(reason=wrong)
    tagging.put(tx, account, arn, tags)
    told = {"resourceARN": arn, "tags": dict(tags)}
    changes.audit(tx, caller, "TagResource", told, account=account, region=caller.region, service="cloudwatch")


def untag(tx: Transaction, caller: Caller, arn: str, keys: Sequence[str]) -> None:
    """Remove tags; absent ones are fine: MonitoredResourceNotFound."""
    resource = alarm_places.named(tx, caller, arn)
    access.require(caller, "UntagResource", resource, {"aws:tagkeys": tuple(keys)})
    _require(tx, caller, arn)
    account = caller.principal.account
    for key in keys:
        rows.remove_tag(tx, account, arn, key)
    told = {"resourceARN": arn, "tagKeys": list(keys)}
    changes.audit(tx, caller, "UntagResource", told, account=account, region=caller.region, service="cloudwatch")


def _refuse(*messages: Message) -> NoReturn:
    path, message = messages[0]
    reason = f"The dashboard is not valid, there are {len(messages)} errors; the first is at '{path}': {message}"
    raise DashboardInvalid(reason=reason, messages=list(messages))


def _require(tx: Reader, caller: Caller, arn: str) -> None:
    """MonitoredResourceNotFound for what is not there."""
    account = caller.principal.account
    alarm, dashboard = alarm_places.alarm_name(arn), alarm_places.dashboard_name(arn)
    there = alarm is not None and alarms.find(tx, alarm_places.key_of(caller, alarm)) is not None
    there = there or (dashboard is not None and rows.find(tx, account, dashboard) is not None)
    if not there:
        raise MonitoredResourceNotFound(arn=arn)
