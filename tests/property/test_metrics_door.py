"""Hostile input to the operations on metrics, over a live server: never a 500 or a hang, always a documented code."""

import json
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.aws.protocol import models
from entrepot.aws.protocol.errors import COMMON
from entrepot.spec.paging import encode_token
from tests.factories.processes import Server, serve
from tests.factories.shapes import values
from tests.factories.signed import Reply, Wire
from tests.property.test_aws_door import HOSTILE, change, paths

MODEL = models.load("cloudwatch", "2010-08-01")
OPERATIONS = ("GetMetricData", "GetMetricStatistics", "ListMetrics", "PutMetricData")
EXAMPLES = 40
SLOWEST = 20.0  # seconds, on a machine that does much else
HOUR = {"StartTime": 1_767_268_800, "EndTime": 1_767_272_400}
METRIC = {"Namespace": "N", "MetricName": "m"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(tmp_path_factory.mktemp("metrics")) as running:
        yield running


@pytest.fixture(scope="module")
def wire(server: Server) -> Wire:
    return Wire(server)


def call(wire: Wire, operation: str, document: Any) -> Reply:
    headers = {
        "X-Amz-Target": f"GraniteServiceVersion20100801.{operation}",
        "Content-Type": "application/x-amz-json-1.0",
    }
    return wire.call(operation, json.dumps(document).encode(), headers=headers, service="monitoring")


def check(operation: str, reply: Reply) -> None:
    assert reply.status < 500, reply.body
    if reply.status != 200:
        modelled = MODEL.errors(operation)
        own = {code for code, _ in filter(None, map(MODEL.wire_error, modelled))}
        assert reply.code.rpartition("#")[2] in modelled | own | COMMON | {"ValidationError"}, reply.body
        assert "Traceback" not in reply.message


def plain(value: Any) -> Any:
    return value.timestamp() if isinstance(value, datetime) else str(value)


@st.composite
def inputs(draw: st.DrawFn, operation: str, wrong: int) -> Any:
    shape = MODEL.input_shape(operation)
    assert shape is not None
    document = json.loads(json.dumps(draw(values(MODEL, shape)), default=plain))
    for _ in range(draw(st.integers(0, wrong))):
        document = change(document, draw(st.sampled_from(paths(document))), draw)
    return document


@pytest.mark.parametrize("operation", OPERATIONS)
def test_right_and_wrong_input_is_answered_with_a_documented_code(server: Server, wire: Wire, operation: str):
    @settings(max_examples=EXAMPLES)
    @given(inputs(operation, 3))
    def holds(document):
        check(operation, call(wire, operation, document))

    holds()


def query(expression: str) -> dict[str, Any]:
    return {"MetricDataQueries": [{"Id": "a", "Expression": expression}], **HOUR}


def stat(**changes: Any) -> dict[str, Any]:
    told = {"Metric": METRIC, "Period": 60, "Stat": "Sum", **changes}
    return {"MetricDataQueries": [{"Id": "a", "MetricStat": told}], **HOUR}


HARD: list[tuple[str, dict[str, Any]]] = [
    *(("GetMetricData", query(text)) for text in HOSTILE if text),
    *(("GetMetricData", query(f"SEARCH('{text}', 'Sum', 60)")) for text in HOSTILE),
    ("GetMetricData", query("(" * 1000 + "1" + ")" * 1000)),
    ("GetMetricData", query("-" * 2000 + "1")),
    ("GetMetricData", query("TIME_SERIES(1) / 0")),
    ("GetMetricData", query("9" * 400 + " * TIME_SERIES(1)")),
    ("GetMetricData", query("[" + ",".join(["TIME_SERIES(1)"] * 130) + "]")),
    ("GetMetricData", query("a")),
    ("GetMetricData", query("SUM(SEARCH('" + "(" * 400 + "', 'Sum', 60))")),
    ("GetMetricData", {**query("TIME_SERIES(1)"), "StartTime": -62_000_000_000, "EndTime": 253_000_000_000}),
    ("GetMetricData", {**stat(Period=1), "StartTime": 0}),
    ("GetMetricData", stat(Period=2**31 - 1)),
    ("GetMetricData", stat(Stat="TM(0%:" + "9" * 300 + "%)")),
    ("GetMetricData", {**stat(), "MaxDatapoints": -(2**31)}),
    ("GetMetricData", {"MetricDataQueries": [], **HOUR}),
    ("GetMetricData", {"MetricDataQueries": [{"Id": "a"}] * 501, **HOUR}),
    ("GetMetricStatistics", {**METRIC, **HOUR, "Period": 60}),
    ("GetMetricStatistics", {**METRIC, "StartTime": -1e300, "EndTime": 1e300, "Period": 60, "Statistics": ["Sum"]}),
    ("PutMetricData", {"Namespace": "N", "MetricData": [{"MetricName": "m", "Value": 1e308}]}),
    ("PutMetricData", {"Namespace": "N", "MetricData": [{"MetricName": "m", "Values": [5e-324], "Counts": [1e-300]}]}),
    ("PutMetricData", {"Namespace": "N", "MetricData": [{"MetricName": "m", "Value": 1}] * 1001}),
    *(("PutMetricData", {"Namespace": text, "MetricData": [{"MetricName": "m", "Value": 1}]}) for text in HOSTILE),
    *(("PutMetricData", {"Namespace": "N", "MetricData": [{"MetricName": text, "Value": 1}]}) for text in HOSTILE),
    *(("ListMetrics", {"Namespace": text, "MetricName": text, "Dimensions": [{"Name": text}]}) for text in HOSTILE),
]


@pytest.mark.parametrize(("operation", "document"), HARD, ids=map(str, range(len(HARD))))
def test_what_is_hard_to_compute_or_to_keep_is_answered_soon(wire: Wire, operation: str, document: dict[str, Any]):
    begun = time.monotonic()
    check(operation, call(wire, operation, document))
    assert time.monotonic() - begun < SLOWEST


MADE_UP = [("-1", "0"), ("0", "-1"), ("x", "0"), ("0",), ("9" * 400, "9" * 400), ("0", "0", "0")]


@pytest.mark.parametrize("parts", MADE_UP)
def test_a_page_token_that_was_made_up_is_refused_or_leads_nowhere(wire: Wire, parts: tuple[str, ...]):
    given = {
        "EndTime": "2026-01-01T13:00:00Z",
        "MetricDataQueries": [{"Expression": "TIME_SERIES(1)", "Id": "a"}],
        "StartTime": "2026-01-01T12:00:00Z",
    }
    scope = ["GetMetricData", "000000000000", "us-east-1", json.dumps(given, separators=(",", ":"))]
    token = encode_token(parts, scope)
    reply = call(wire, "GetMetricData", {**query("TIME_SERIES(1)"), "NextToken": token})
    if parts == ("9" * 400, "9" * 400):
        assert reply.document["MetricDataResults"] == []
    else:
        assert reply.code.rpartition("#")[2] == "InvalidNextToken"
