"""ARNs of alarms and dashboards, as resources of permissions; each is looked up in the caller's account only."""

import re
from typing import Final

from entrepot.core.access import Caller
from entrepot.core.resources import Resource
from entrepot.db import dashboards as tag_rows
from entrepot.db.alarm_records import AlarmKey, AlarmRow
from entrepot.db.database import Reader
from entrepot.errors import MonitoredResourceNotFound

ALL: Final = "*"  # the name of all alarms, or of all dashboards: what is asked for where none is named
_ALARM: Final = re.compile(r"arn:aws:cloudwatch:([a-z0-9-]+):(\d{12}):alarm:(.{1,255})", re.ASCII | re.DOTALL)
_DASHBOARD: Final = re.compile(r"arn:aws:cloudwatch::(\d{12}):dashboard/([A-Za-z0-9_-]{1,255})", re.ASCII)


def key_of(caller: Caller, name: str) -> AlarmKey:
    """The alarm of this name where the caller is."""
    return AlarmKey(caller.principal.account, caller.region, name)


def alarm_arn(key: AlarmKey) -> str:
    """The ARN of an alarm."""
    return f"arn:aws:cloudwatch:{key.region}:{key.account}:alarm:{key.name}"


def dashboard_arn(account: str, name: str) -> str:
    """The ARN of a dashboard; they belong to no region."""
    return f"arn:aws:cloudwatch::{account}:dashboard/{name}"


def alarm(tx: Reader, key: AlarmKey) -> Resource:
    """An alarm, or with the name `ALL` all of them."""
    return _resource(tx, key.account, alarm_arn(key))


def dashboard(tx: Reader, account: str, name: str) -> Resource:
    """A dashboard, or with the name `ALL` all of them."""
    return _resource(tx, account, dashboard_arn(account, name))


def named(tx: Reader, caller: Caller, arn: str) -> Resource:
    """The resource of an ARN, which need not exist: MonitoredResourceNotFound for one of elsewhere."""
    alarm_parts, dashboard_parts = _ALARM.fullmatch(arn), _DASHBOARD.fullmatch(arn)
    own = caller.principal.account
    here = alarm_parts is not None and alarm_parts[1] == caller.region and alarm_parts[2] == own
    if not here and (dashboard_parts is None or dashboard_parts[1] != own):
        raise MonitoredResourceNotFound(arn=arn)
    return _resource(tx, own, arn)


def name_at(key: AlarmKey, reference: str) -> str | None:
    """The name of an alarm that a neighbour of `key` refers to by name or ARN; None for an alarm of elsewhere."""
    if not reference.startswith("arn:"):
        return reference
    parts = _ALARM.fullmatch(reference)
    here = parts is not None and (parts[1], parts[2]) == (key.region, key.account)
    return parts[3] if parts is not None and here else None


def dashboard_name(arn: str) -> str | None:
    """The name of the dashboard of an ARN that is one's."""
    parts = _DASHBOARD.fullmatch(arn)
    return None if parts is None else parts[2]


def alarm_name(arn: str) -> str | None:
    """The name of the alarm of an ARN that is one's."""
    parts = _ALARM.fullmatch(arn)
    return None if parts is None else parts[3]


def arn_of(row: AlarmRow) -> str:
    """The ARN of an alarm that is there."""
    return alarm_arn(row.key)


def _resource(tx: Reader, account: str, arn: str) -> Resource:
    return Resource(account, arn, "cloudwatch", tags=lambda: tag_rows.tags(tx, account, arn))
