"""Hostile input to every operation of EventBridge over a live server: never a 500, always a documented code."""

import json
from collections.abc import Iterator
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot.aws import events
from entrepot.aws.protocol import models
from entrepot.aws.protocol.errors import COMMON, OF_SERVICE
from tests.enforcement import event_inputs
from tests.factories.processes import Server, serve
from tests.factories.signed import Reply, Wire
from tests.property.test_aws_door import HOSTILE, change, paths

MODEL = models.load("events", "2015-10-07")
OPERATIONS = sorted(events.OPERATIONS)
EXAMPLES = 20
NAMES = dict.fromkeys(("bus", "rule", "archive", "replay", "connection", "destination"), "kept")
# texts that are read as something: JSON, patterns, schedules, paths, templates, URLs, policies
READ = (
    *('{"a": [{"numeric": [">", "x"]}]}', '{"$or": [{}, {}]}', "rate(0 minutes)", "cron(0 0 31 2 ? *)", "$..a[*]"),
    *(
        '{"a": <aws.events.event>',
        "https://[::1",
        "http://a:b@c",
        '{"Statement": [{"Effect": "Allow"}]}',
        "[[[[",
        "1e999",
    ),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    elsewhere = {"ENTREPOT_AWS_ENDPOINTS": "sqs=http://127.0.0.1:9"}
    with serve(tmp_path_factory.mktemp("door"), environment=elsewhere) as running:
        client = running.client("events")
        client.create_event_bus(Name="kept")
        client.put_rule(Name="kept", EventPattern='{"source": ["shop"]}')
        yield running


@pytest.fixture(scope="module")
def wire(server: Server) -> Wire:
    return Wire(server)


def good(operation: str) -> dict[str, Any]:
    """A valid input, with every member that a test knows a value of; nothing that deletes what the tests stand on."""
    shape = MODEL.shapes[MODEL.input_shape(operation) or ""]
    names = {name: f"absent-{value}" for name, value in NAMES.items()} if operation.startswith("Delete") else NAMES
    known = event_inputs.values(operation, names)
    members: dict[str, Any] = {name: known[name] for name in shape["members"] if name in known}
    if operation == "PutRule":
        members["ScheduleExpression"] = "rate(1 day)"
    return members


def ask(wire: Wire, operation: str, document: Any) -> None:
    headers = {"X-Amz-Target": f"AWSEvents.{operation}"}
    check(operation, wire.call(operation, json.dumps(document).encode(), headers=headers, service="events"))


def check(operation: str, reply: Reply) -> None:
    assert reply.status < 500, reply.body
    if reply.status != 200:
        assert reply.code in MODEL.errors(operation) | COMMON | set(OF_SERVICE["events"].values()), reply.body
        assert "Traceback" not in reply.message


@pytest.mark.parametrize("operation", OPERATIONS)
def test_hostile_text_in_every_place_is_answered_with_a_documented_code(wire: Wire, operation: str):
    document = good(operation)
    for place in paths(document):
        for text in (*HOSTILE, *READ) if place else ():
            changed = json.loads(json.dumps(document))
            parent = changed
            for step in place[:-1]:
                parent = parent[step]
            parent[place[-1]] = text
            ask(wire, operation, changed)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_wrong_input_is_answered_with_a_documented_code(wire: Wire, operation: str):
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.data())
    def holds(data: st.DataObject):
        document: Any = good(operation)
        for _ in range(data.draw(st.integers(1, 3))):
            document = change(document, data.draw(st.sampled_from(paths(document))), cast("Any", data.draw))
        ask(wire, operation, document)

    holds()
