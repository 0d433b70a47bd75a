"""Every use case on metrics, alarms, dashboards with arguments for one furnished account, for tests that walk them."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from entrepot.core.metrics import alarms, dashboards, listing
from entrepot.core.metrics.alarm_definitions import CompositeAlarm, Dimension
from entrepot.core.metrics.alarm_listing import Past, Wanted
from entrepot.core.metrics.alarm_states import State
from entrepot.core.metrics.alarms import Draft
from entrepot.core.metrics.listing import Filter
from entrepot.core.metrics.publishing import Datum
from entrepot.core.metrics.queries import Asked, Stat
from entrepot.core.metrics.reading import Span
from entrepot.core.metrics.series import metric
from entrepot.db.migrate import METRICS
from tests.factories.alarm_cases import PLAIN, SERVICES
from tests.factories.callers import ACCOUNT, EPOCH, REGION
from tests.factories.use_cases import Case

OWN = metric("Own", "m")
BEFORE = EPOCH - timedelta(minutes=10)
DATA = [Datum("m", value=1.0, at=BEFORE)]
SPAN = Span(BEFORE, EPOCH)
EMPTY = '{"widgets": []}'
WIDGET = json.dumps({"metrics": [["Own", "m"]]})
ALARM_ARN = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:load"
WITH_TAGS = (("team", "a"),)
# what only names something, in the caller's own place
PARTS = {"metrics.alarm_places.key_of", "metrics.alarm_places.named"}
# what is told by the journal of calls alone, though it changes something
UNRECORDED = {"metrics.publishing.put"}


def draft(name: str, rule: str = "") -> Draft:
    """A metric alarm, or a composite one of this rule."""
    return Draft(name, CompositeAlarm(alarm_rule=rule) if rule else PLAIN, enabled=True, tags=WITH_TAGS)


# use case -> how it is called in the house below
CASES: dict[str, Case] = {
    "metrics.alarm_listing.describe": Case((Wanted(names=("load",)), 10, ("", ""))),
    "metrics.alarm_listing.history": Case((Past(name="load"), 10, None)),
    "metrics.alarm_listing.kin": Case(("top",), keywords={"children": True}),
    "metrics.alarm_listing.of_metric": Case(("Demo", "Load", [Dimension("Host", "a")], None, None, None)),
    "metrics.alarms.delete": Case((["top"],), "DeleteAlarms"),
    "metrics.alarms.enable": Case((["load"],), "DisableAlarmActions", {"enabled": False}),
    "metrics.alarms.put_composite": Case((draft("new", "ALARM(load)"), SERVICES), "PutCompositeAlarm"),
    "metrics.alarms.put_metric": Case((draft("new"), SERVICES), "PutMetricAlarm"),
    "metrics.alarms.set_state": Case(("load", State("ALARM", "set")), "SetAlarmState"),
    "metrics.dashboards.delete": Case((["pulls"],), "DeleteDashboards"),
    "metrics.dashboards.get": Case(("pulls",)),
    "metrics.dashboards.list_of": Case(("", 10, "")),
    "metrics.dashboards.put": Case(("new", EMPTY, WITH_TAGS), "PutDashboard"),
    "metrics.dashboards.tag": Case((ALARM_ARN, (("k", "v"),)), "TagResource"),
    "metrics.dashboards.tags_of": Case((ALARM_ARN,)),
    "metrics.dashboards.untag": Case((ALARM_ARN, ["team"]), "UntagResource"),
    "metrics.listing.list_metrics": Case((Filter(), listing.START), chain=METRICS),
    "metrics.places.require": Case(("ListMetrics",)),
    "metrics.plots.picture": Case((WIDGET,), chain=METRICS),
    "metrics.publishing.put": Case(("Own", DATA), chain=METRICS),
    "metrics.queries.data": Case(([Asked("a", Stat(OWN, 60, "Sum"))], SPAN), chain=METRICS),
    "metrics.reading.statistics_of": Case((OWN, SPAN, 60, ["Sum"], None), chain=METRICS),
}


def furnish(write: Callable[..., Any]) -> None:
    """An alarm, one above it, and a dashboard, by `write(use case, arguments after the caller)`."""
    write(alarms.put_metric, draft("load"), SERVICES)
    write(alarms.put_composite, draft("top", "ALARM(load)"), SERVICES)
    write(dashboards.put, "pulls", EMPTY, WITH_TAGS)
