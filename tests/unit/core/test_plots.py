"""What is drawn of a widget: its series, thinned without losing an extreme; what is refused; what takes too long."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from entrepot.core.metrics import plots
from entrepot.core.metrics.plotter import Plotter
from entrepot.errors import AccessDenied, ExpressionInvalid, ServerBusy, WidgetInvalid
from entrepot.metrics import summaries
from entrepot.plotting.document import Level, Moment, Picture
from tests.factories.callers import ACCOUNT, OTHER_ACCOUNT, caller, nobody
from tests.factories.metric_database import NOON, MetricDatabase, sqlite_metrics

PULLS = ["AWS/ECR", "RepositoryPullCount", "RepositoryName", "one"]
AT = datetime.fromtimestamp(NOON, UTC) + timedelta(hours=1)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[MetricDatabase]:
    made = MetricDatabase(sqlite_metrics(tmp_path))
    for minute in range(60):
        made.put(NOON + 60 * minute, summaries.of_value(float(minute)))
    yield made
    made.close()


def described(house: MetricDatabase, account: str = ACCOUNT, **widget: Any) -> Picture:
    text = json.dumps({"metrics": [PULLS], "start": "-PT1H", "period": 60, "stat": "Sum"} | widget)
    found = house.read(plots.picture, caller(account, at=AT), text)
    assert isinstance(found, Picture)
    return found


def test_a_line_has_the_points_of_its_metric(house: MetricDatabase):
    found = described(house, title="Pulls", width=300, height=200, timezone="+0130")
    (line,) = found.lines
    assert line.values == tuple(map(float, range(60)))
    assert line.moments[0] == NOON
    assert (found.title, found.width, found.height, found.offset) == ("Pulls", 300, 200, 5400)
    assert (found.start, found.end) == (NOON, NOON + 3600)


def test_expressions_are_drawn_and_hidden_metrics_are_not(house: MetricDatabase):
    hidden = [*PULLS, {"id": "m1", "visible": False, "period": 600}]
    double = [{"expression": "m1 * 2", "label": "double", "color": "#102030", "yAxis": "right"}]
    (line,) = described(house, metrics=[hidden, double]).lines
    assert (line.label, line.color, line.side) == ("double", "#102030", "right")
    assert line.values[0] == 2 * sum(range(10))


def test_one_value_stands_for_the_whole_range(house: MetricDatabase):
    (line,) = described(house, view="singleValue", setPeriodToTimeRange=True).lines
    assert line.values == (float(sum(range(60))),)


def test_thinning_keeps_every_extreme(house: MetricDatabase):
    (line,) = described(house, width=5).lines
    assert len(line.values) <= 11
    assert {0.0, 59.0} <= set(line.values)
    assert list(line.moments) == sorted(line.moments)


def test_annotations_are_lines_and_bands(house: MetricDatabase):
    band = [{"value": 5, "label": "band"}, {"value": 7}]
    annotations = {
        "horizontal": [{"value": 1, "color": "#ff0000", "fill": "above"}, band, {"value": 9, "visible": False}],
        "vertical": [{"value": "2026-01-01T12:30:00Z", "label": "deploy"}],
    }
    found = described(house, annotations=annotations)
    assert found.levels == (Level(1, color="#ff0000", fill="above"), Level(5, 7, "band"))
    assert found.moments == (Moment(NOON + 1800, label="deploy"),)


@pytest.mark.parametrize(
    "given",
    [
        {"metrics": [[*PULLS, {"region": "eu-west-1"}]]},
        {"region": "eu-west-1"},
        {"metrics": [[*PULLS, {"accountId": OTHER_ACCOUNT}]]},
        {"metrics": [[*PULLS, {"visible": False}]]},
        {"annotations": {"horizontal": [{"value": 1, "color": "red"}]}},
        {"annotations": {"horizontal": [{"value": float("inf")}]}},
        {"annotations": {"vertical": [{"value": "noon"}]}},
    ],
)
def test_what_cannot_be_drawn_is_refused(house: MetricDatabase, given: dict[str, Any]):
    with pytest.raises(WidgetInvalid):
        described(house, **given)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"metrics": []}', "x" * 200_000, "[" * 1000])
def test_what_is_no_widget_is_refused(house: MetricDatabase, text: str):
    with pytest.raises(WidgetInvalid):
        house.read(plots.picture, caller(), text)


def test_an_expression_that_does_not_fit_is_refused(house: MetricDatabase):
    with pytest.raises(ExpressionInvalid):
        described(house, metrics=[[{"expression": "m9 + 1"}]])


def test_metrics_of_another_account_are_not_seen(house: MetricDatabase):
    (line,) = described(house, OTHER_ACCOUNT).lines
    assert line.values == ()


def test_who_may_not_ask_is_refused_first(house: MetricDatabase):
    with pytest.raises(AccessDenied):
        house.read(plots.picture, nobody(), "not even JSON")


async def test_a_picture_is_drawn_in_a_process_of_its_own(house: MetricDatabase, tmp_path: Path):
    plotter = Plotter(tmp_path / "plots")
    png = await plotter.draw(plots.encoded(described(house)))
    assert png.startswith(b"\x89PNG")


def test_a_server_does_not_load_what_draws():
    program = "import sys, entrepot.app.api, entrepot.app.background; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


async def test_a_picture_that_takes_too_long_ends(house: MetricDatabase, tmp_path: Path):
    plotter = Plotter(tmp_path / "plots", seconds=0.05)
    with pytest.raises(ServerBusy, match="too long"):
        await plotter.draw(plots.encoded(described(house)))


async def test_what_cannot_be_drawn_is_no_failure_of_the_server(tmp_path: Path):
    with pytest.raises(ServerBusy, match="within its limits"):
        await Plotter(tmp_path / "plots").draw(b"{}")


async def test_only_some_pictures_wait(house: MetricDatabase, tmp_path: Path):
    plotter = Plotter(tmp_path / "plots", seconds=0.05)
    description = plots.encoded(described(house))
    done = await asyncio.gather(*(plotter.draw(description) for _ in range(30)), return_exceptions=True)
    told = [str(each) for each in done]
    assert sum("too many pictures" in each for each in told) == 12
    assert sum("too long" in each for each in told) == 18
