"""`entrepot events` beside a running server: what has not arrived is seen, sent again, thrown away."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.factories.event_targets import ALLOW_OUTBOUND, invoking_role, rule, webhook_target
from tests.factories.origins import Origin, body, origin
from tests.factories.processes import Server, serve
from tests.factories.waiting import wait
from tests.operation.commands import entrepot, refused


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(tmp_path_factory.mktemp("events"), environment=ALLOW_OUTBOUND) as running:
        yield running


@pytest.fixture(scope="module")
def hook(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Iterator[Origin]:
    """A webhook that gets the events of `tests`."""
    with origin(tmp_path_factory.mktemp("hook"), tls=False) as made:
        target = webhook_target(server, "hook", made.url(), invoking_role(server))
        rule(server, "tests", {"source": ["tests"]}, target)
        yield made


def run(server: Server, *arguments: object) -> Any:
    ended = entrepot("events", *arguments, "--data", server.data, "--output", "json")
    assert (ended.status, ended.complaint) == (0, ""), ended
    return ended.result


def send(server: Server) -> str:
    entry = {"Source": "tests", "DetailType": "T", "Detail": '{"n": 1}'}
    return str(server.client("events").put_events(Entries=[entry])["Entries"][0]["EventId"])


def test_what_was_given_up_is_shown_and_sent_again(server: Server, hook: Origin):
    hook.answers["/"] = body(b"", 400)
    event = send(server)
    wait(lambda: run(server, "list"))
    (row,) = run(server, "list")
    assert (row["event"], row["target"], row["state"], row["attempts"]) == (event, "hook", "failed", 1)
    assert row["error_message"] == "localhost answers with status 400"
    (shown,) = run(server, "show", event)
    assert shown["body"]["detail"] == {"n": 1}
    hook.answers["/"] = body(b"")
    assert run(server, "redrive", "--event", event) == {"redriven": 1, "hurried": 0}
    wait(lambda: len(hook.asked) == 2)
    assert {json.loads(asked.body)["id"] for asked in hook.asked} == {event}
    assert run(server, "list") == []
    assert run(server, "show", event) == []


def test_what_waits_for_its_next_attempt_is_shown_and_hurried(server: Server, hook: Origin):
    hook.answers["/"] = body(b"", 503, Retry_After="600")
    event = send(server)
    wait(lambda: any(row["attempts"] for row in run(server, "list", "--state", "waiting")))
    (row,) = run(server, "list", "--state", "waiting")
    assert (row["event"], row["error_code"]) == (event, "SERVICE_UNAVAILABLE")
    hook.answers["/"] = body(b"")
    before = len(hook.asked)
    assert run(server, "redrive", "--all") == {"redriven": 0, "hurried": 1}
    wait(lambda: len(hook.asked) == before + 1)


def test_what_was_given_up_is_thrown_away_only_when_asked(server: Server, hook: Origin):
    hook.answers["/"] = body(b"", 400)
    events = [send(server) for _ in range(2)]
    wait(lambda: len(run(server, "list")) == 2)
    assert len(run(server, "list", "--limit", 1)) == 1
    assert run(server, "list", "--account", "999999999999") == []
    assert run(server, "purge", "--event", events[0]) == {"purged": 1}
    assert [row["event"] for row in run(server, "list")] == [events[1]]
    for verb in ("purge", "redrive"):
        assert "--all" in refused("events", verb, "--data", server.data)
    assert run(server, "purge", "--all") == {"purged": 1}
