"""Dashboards: bodies that are refused, with where; what is told, and to whom not; tags."""

import json
from typing import Any

import pytest

from entrepot.core.metrics import dashboard_bodies, dashboards, widgets
from entrepot.errors import (
    DashboardInvalid,
    DashboardNotFound,
    MonitoredResourceNotFound,
    MonitoringInputInvalid,
    WidgetInvalid,
)
from tests.factories.callers import ACCOUNT, EPOCH, OTHER_ACCOUNT, caller
from tests.factories.core_database import CoreDatabase

EMPTY = '{"widgets": []}'
ARN = f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/main"
METRICS = [
    ["AWS/ECR", "RepositoryPullCount", "RepositoryName", "one", {"label": "one", "yAxis": "right"}],
    ["...", "two"],
    [".", "RepositoryPushCount", ".", "."],
    [{"expression": "SUM(METRICS())", "id": "e1", "color": "#ff0000"}],
]


def body(*found: Any) -> str:
    return json.dumps({"widgets": list(found)})


def widget(kind: str = "text", **more: Any) -> dict[str, Any]:
    properties: dict[str, dict[str, Any]] = {
        "text": {"markdown": "# Hello"},
        "metric": {"region": "us-east-1", "metrics": METRICS, "title": "Pulls"},
        "alarm": {"alarms": ["arn:aws:cloudwatch:us-east-1:000000000000:alarm:a"]},
        "log": {"region": "us-east-1", "query": "SOURCE 'a' | fields b"},
        "custom": {"endpoint": "arn:aws:lambda:us-east-1:000000000000:function:f"},
        "explorer": {"metrics": [], "labels": []},
    }
    return {"type": kind, "x": 0, "y": 0, "width": 6, "height": 6, "properties": properties.get(kind, {})} | more


@pytest.mark.parametrize("kind", ["text", "metric", "alarm", "log", "custom", "explorer"])
def test_a_widget_of_each_kind_is_taken(kind: str):
    assert dashboard_bodies.check(body(widget(kind))) == ((), ())


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("{", ""),
        ("[]", ""),
        ("{}", "/widgets"),
        ('{"widgets": [], "widgets": []}', ""),
        ("[" * 100 + "]" * 100, ""),
        (body(widget("picture")), "/widgets/0/type"),
        (body(widget(), widget(x=24)), "/widgets/1/x"),
        (body(widget(width=0)), "/widgets/0/width"),
        (body(widget(height="tall")), "/widgets/0/height"),
        (body({"type": "text", "x": 1, "properties": {"markdown": ""}}), "/widgets/0"),
        (body(widget(properties=[])), "/widgets/0/properties"),
        (body(widget(properties={})), "/widgets/0/properties/markdown"),
        (body(widget("metric", properties={"region": "r"})), "/widgets/0/properties"),
        (body(widget("metric", properties={"region": "r", "metrics": [["AWS/ECR"]]})), "/widgets/0/properties"),
        (body(widget("metric", properties={"metrics": METRICS})), "/widgets/0/properties/region"),
        (body(widget("alarm", properties={"alarms": []})), "/widgets/0/properties/alarms"),
        (body("text"), "/widgets/0"),
        ('{"widgets": [], "periodOverride": "never"}', "/periodOverride"),
    ],
)
def test_a_body_that_cannot_be_drawn_says_where(core: CoreDatabase, text: str, path: str):
    with pytest.raises(DashboardInvalid) as refused:
        core.write(dashboards.put, "main", text, ())
    messages: Any = refused.value.fields["messages"]
    assert path in [told for told, _ in messages]
    assert core.read(dashboards.list_of, "", 10, "").items == ()


def test_what_is_not_known_is_a_warning(core: CoreDatabase):
    text = json.dumps({"widgets": [widget(id="x")], "theme": "dark"})
    expected = "Should NOT have additional properties"
    assert core.write(dashboards.put, "main", text, ()) == (("/theme", expected), ("/widgets/0/id", expected))
    assert core.read(dashboards.get, "main").body == text


def test_dashboards_are_put_listed_and_removed(core: CoreDatabase):
    for name in ("b", "a2", "a1"):
        core.write(dashboards.put, name, EMPTY, ())
    page = core.read(dashboards.list_of, "a", 1, "")
    assert [found.name for found in page.items] == ["a1"]
    assert [found.name for found in core.read(dashboards.list_of, "a", 1, page.after[0]).items] == ["a2"]
    assert core.read(dashboards.list_of, "", 10, "", who=caller(OTHER_ACCOUNT)).items == ()
    with pytest.raises(MonitoringInputInvalid):
        core.write(dashboards.delete, ["b", "absent"])
    core.write(dashboards.delete, ["b", "a1"])
    assert [found.name for found in core.read(dashboards.list_of, "", 10, "").items] == ["a2"]
    with pytest.raises(DashboardNotFound):
        core.read(dashboards.get, "b")


@pytest.mark.parametrize("name", ["", "a b", "ä", "a" * 256, "a/b"])
def test_names_hold_letters_digits_and_two_marks(core: CoreDatabase, name: str):
    with pytest.raises(DashboardInvalid):
        core.write(dashboards.put, name, EMPTY, ())


def test_tags_go_with_what_they_are_on(core: CoreDatabase):
    core.write(dashboards.put, "main", EMPTY, (("team", "a"),))
    core.write(dashboards.put, "main", EMPTY, (("team", "ignored"),))
    core.write(dashboards.tag, ARN, (("stage", "prod"),))
    assert core.read(dashboards.tags_of, ARN) == (("stage", "prod"), ("team", "a"))
    core.write(dashboards.untag, ARN, ["team", "absent"])
    assert core.read(dashboards.tags_of, ARN) == (("stage", "prod"),)
    core.write(dashboards.delete, ["main"])
    core.write(dashboards.put, "main", EMPTY, ())
    assert core.read(dashboards.tags_of, ARN) == ()


def test_tags_are_bounded_and_their_resources_the_callers(core: CoreDatabase):
    core.write(dashboards.put, "main", EMPTY, ())
    with pytest.raises(MonitoringInputInvalid):
        core.write(dashboards.tag, ARN, [(f"k{number}", "") for number in range(51)])
    with pytest.raises(MonitoringInputInvalid):
        core.write(dashboards.tag, ARN, [("aws:x", "")])
    for arn in (
        ARN.replace(ACCOUNT, OTHER_ACCOUNT),
        ARN + "x",
        "arn:aws:cloudwatch:us-east-1:000000000000:alarm:x",
        "x",
    ):
        with pytest.raises(MonitoredResourceNotFound):
            core.read(dashboards.tags_of, arn)


def test_metrics_repeat_what_stands_before_them():
    found = widgets.graphed(widgets.read({"metrics": METRICS}))
    assert [each.names for each in found] == [
        ("AWS/ECR", "RepositoryPullCount", "RepositoryName", "one"),
        ("AWS/ECR", "RepositoryPullCount", "RepositoryName", "two"),
        ("AWS/ECR", "RepositoryPushCount", "RepositoryName", "two"),
        (),
    ]
    assert [each.options.y_axis for each in found] == ["right", "left", "left", "left"]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"metrics": []},
        {"metrics": [[]]},
        {"metrics": ["AWS/ECR"]},
        {"metrics": [["."]]},
        {"metrics": [["AWS/ECR", "A", "B"]]},
        {"metrics": [["AWS/ECR", 1]]},
        {"metrics": [["AWS/ECR", "A", {"expression": "m1"}]]},
        {"metrics": [["AWS/ECR", "A", {"color": "red"}]]},
        {"metrics": [["AWS/ECR", "A", {"stat": "Mode"}]]},
        {"metrics": [["AWS/ECR", "A", {"period": 7}]]},
        {"metrics": [["AWS/ECR", "A"]] * 101},
        {"metrics": [["AWS/ECR", "A"]], "width": 0},
        {"metrics": [["AWS/ECR", "A"]], "height": 2001},
        {"metrics": [["AWS/ECR", "A"]], "view": "map"},
        {"metrics": [["AWS/ECR", "A"]], "period": 7},
        {"metrics": [["AWS/ECR", "A"]], "start": "-PT1H", "end": "-PT2H"},
        {"metrics": [["AWS/ECR", "A"]], "start": "yesterday"},
        {"metrics": [["AWS/ECR", "A"]], "start": "-P9999D"},
        {"metrics": [["AWS/ECR", "A"]], "timezone": "CET"},
    ],
)
def test_a_widget_that_cannot_be_drawn_is_refused(given: dict[str, Any]):
    with pytest.raises(WidgetInvalid):
        drawn(given)


def drawn(given: dict[str, Any]) -> None:
    found = widgets.read(given)
    widgets.graphed(found)
    widgets.span(found, EPOCH)
    widgets.zone(found)


def test_a_widget_begins_and_ends_at_moments_or_before_now():
    found = widgets.read({"metrics": METRICS, "start": "-P1DT2H", "end": "2025-12-31T23:00:00Z"})
    start, end = widgets.span(found, EPOCH)
    assert (str(start), str(end)) == ("2025-12-30 22:00:00+00:00", "2025-12-31 23:00:00+00:00")
