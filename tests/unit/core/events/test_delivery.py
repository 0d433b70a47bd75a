"""Events reach webhooks: once, in order within a repository, again after failures, or are kept where they cannot."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from entrepot.core.events import targets
from entrepot.core.events.outcomes import Pace
from tests.factories.event_world import EventWorld
from tests.factories.origins import Origin, body


def bodies(hook: Origin) -> list[dict]:
    return [json.loads(asked.body) for asked in hook.asked]


async def test_a_push_reaches_a_webhook_in_the_documented_shape(world: EventWorld, hook: Origin):
    world.rule("all", world.webhook("hook", hook.url()), pattern='{"source": ["aws.ecr"]}')
    key = world.core.repository("one")
    manifest = world.core.image(key, "v1")
    await world.settle()
    (event,) = bodies(hook)
    assert event["detail-type"] == "ECR Image Action"
    assert event["detail"]["image-tag"] == "v1"
    assert event["detail"]["image-digest"] == manifest.digest
    assert event["version"] == "0"
    assert event["account"] == key.registry.account
    assert hook.asked[0].headers["X-Key"] == "canary"
    assert hook.asked[0].headers["Content-Type"].startswith("application/json")
    assert hook.asked[0].headers["User-Agent"] == "Amazon/EventBridge/ApiDestinations"
    assert world.core.outbox() == []


async def test_events_of_a_repository_keep_their_order_though_the_first_fails(world: EventWorld, hook: Origin):
    world.rule("all", world.webhook("hook", hook.url()))
    refusals = [2]

    def answer(handler) -> None:
        refusals[0] -= 1
        body(b"", 503 if refusals[0] >= 0 else 200)(handler)

    hook.answers["/"] = answer
    sent = [world.send({"n": number}, order_key="repository") for number in range(5)]
    await world.settle()
    assert [event["detail"]["n"] for event in bodies(hook)] == [0, 0, 0, 1, 2, 3, 4]
    assert [event["id"] for event in bodies(hook)][2:] == sent
    assert world.measured.total("RetryInvocationAttempts") == 2
    assert world.measured.total("Invocations") == 5
    assert world.measured.total("MatchedEvents") == 5


async def test_a_failing_lane_holds_up_no_other(world: EventWorld, hook: Origin):
    world.rule("all", world.webhook("hook", hook.url()))
    world.pace = Pace(60.0)

    def answer(handler) -> None:
        body(b"", 500 if b'"bad"' in handler.sent else 200)(handler)

    hook.answers["/"] = answer
    world.send({"of": "bad"}, order_key="bad")
    world.send({"of": "bad"}, order_key="bad")
    world.send({"of": "good"}, order_key="good")
    world.route()
    await world.deliverer().run(world.now())
    assert sorted(event["detail"]["of"] for event in bodies(hook)) == ["bad", "good"]
    first, second = world.deliveries()
    assert (first.attempts, first.error_code) == (1, "SERVICE_UNAVAILABLE")
    assert second.attempts == 0


@pytest.mark.parametrize("status", [400, 404, 301, 403])
async def test_what_another_attempt_would_not_change_is_kept_at_once(world: EventWorld, hook: Origin, status: int):
    world.rule("all", world.webhook("hook", hook.url()))
    hook.answers["/"] = body(b"", status, Location="http://localhost/elsewhere")
    world.send({"n": 1}, order_key="one")
    world.send({"n": 2}, order_key="one")
    await world.settle()
    assert len(hook.asked) == 2
    assert [row.exhausted for row in world.failures()] == ["", ""]
    assert str(status) in world.failures()[0].error_message
    assert world.measured.total("FailedInvocations") == 2


async def test_attempts_end_as_the_retry_policy_says(world: EventWorld, hook: Origin):
    world.rule("all", world.webhook("hook", hook.url(), most_attempts=2))
    hook.answers["/"] = body(b"", 500)
    world.send({"n": 1})
    await world.settle()
    assert len(hook.asked) == 3
    (row,) = world.failures()
    assert (row.exhausted, row.attempts, row.error_code) == ("MaximumRetryAttempts", 3, "SERVICE_UNAVAILABLE")


async def test_an_event_that_is_too_old_is_tried_once_and_kept(world: EventWorld, hook: Origin):
    world.rule("all", world.webhook("hook", hook.url(), longest_seconds=60))
    hook.answers["/"] = body(b"", 500)
    world.now = lambda: datetime.now(UTC) - timedelta(seconds=70)
    world.send({"n": 1})
    world.route()
    world.now = lambda: datetime.now(UTC)
    await world.settle()
    assert len(hook.asked) == 1
    assert [row.exhausted for row in world.failures()] == ["MaximumEventAgeInSeconds"]


async def test_a_role_must_exist_trust_eventbridge_and_allow_the_call_when_it_is_delivered(world, hook):
    target = world.webhook("hook", hook.url())
    world.rule("all", target)
    world.allow("role-hook", "events:InvokeApiDestination", resource="arn:aws:events:*:*:api-destination/other/*")
    world.send({"n": 1})
    await world.settle()
    assert hook.asked == []
    assert [row.error_code for row in world.failures()] == ["NO_PERMISSIONS"]
    world.allow("role-hook", "events:InvokeApiDestination", resource=target.arn)
    world.send({"n": 2})
    await world.settle()
    assert [event["detail"]["n"] for event in bodies(hook)] == [2]


async def test_nobody_there_is_tried_again(world: EventWorld):
    world.rule("all", world.webhook("hook", "http://localhost:1/", most_attempts=1))
    world.send({"n": 1})
    await world.settle()
    (row,) = world.failures()
    assert (row.error_code, row.attempts) == ("SERVICE_UNAVAILABLE", 2)


async def test_a_destination_is_invoked_no_more_often_than_it_says(world: EventWorld, hook: Origin):
    world.rule("all", world.webhook("hook", hook.url(), rate=5))
    for number in range(12):
        world.send({"n": number}, order_key="one" if number % 2 else "")
    started = datetime.now(UTC)
    await world.settle()
    assert len(hook.asked) == 12
    assert (datetime.now(UTC) - started).total_seconds() > 1.2  # five at once, then five a second


async def test_two_targets_of_a_rule_each_get_what_they_want(world: EventWorld, hook: Origin):
    hook.answers |= {"/a": body(b""), "/b": body(b"")}
    role = world.role("both", "events:InvokeApiDestination")
    transformer = json.dumps({"InputPathsMap": {"n": "$.detail.n"}, "InputTemplate": '{"number": <n>}'})
    world.rule(
        "all",
        world.webhook("a", hook.url("/a"), role=role, input_kind="path", input="$.detail"),
        world.webhook("b", hook.url("/b"), role=role, input_kind="transformer", input=transformer),
    )
    world.send({"n": 7})
    await world.settle()
    assert {asked.path: json.loads(asked.body) for asked in hook.asked} == {"/a": {"n": 7}, "/b": {"number": 7}}


async def test_parameters_of_target_and_connection_are_sent_and_those_of_the_connection_win(world, hook):
    parameters = {
        "PathParameterValues": ["$.detail.name", "fixed/1"],
        "HeaderParameters": {"X-From": "$.source", "X-Key": "target's"},
        "QueryStringParameters": {"n": "$.detail.n", "q": "target's"},
    }
    auth = (
        "BASIC",
        {
            "BasicAuthParameters": {"Username": "user", "Password": "pass"},
            "InvocationHttpParameters": {
                "HeaderParameters": [{"Key": "x-key", "Value": "connection's", "IsValueSecret": True}],
                "QueryStringParameters": [{"Key": "q", "Value": "connection's", "IsValueSecret": False}],
                "BodyParameters": [{"Key": "more", "Value": "here", "IsValueSecret": False}],
            },
        },
    )
    path = "/a%20b/at/fixed%2F1?keep=1&n=3&q=connection%27s"
    hook.answers[path] = body(b"")
    url = hook.url("/*/at/*?keep=1")
    target = world.webhook("hook", url, auth=auth, parameters={"HttpParameters": parameters})
    world.rule("all", target)
    world.send({"name": "a b", "n": 3})
    await world.settle()
    (asked,) = hook.asked
    assert asked.path == path
    assert asked.headers["X-From"] == "tests"
    assert [value for name, value in asked.headers.items() if name.lower() == "x-key"] == ["connection's"]
    assert asked.headers["Authorization"] == "Basic dXNlcjpwYXNz"
    assert json.loads(asked.body)["more"] == "here"
    assert world.failures() == []


@pytest.mark.parametrize("name", ["", "..", "."])
async def test_a_path_parameter_leads_nowhere_else(world: EventWorld, hook: Origin, name: str):
    parameters = {"HttpParameters": {"PathParameterValues": ["$.detail.name"]}}
    world.rule("all", world.webhook("hook", hook.url("/a/*/b"), parameters=parameters))
    world.send({"name": name})
    await world.settle()
    assert hook.asked == []
    assert [row.error_code for row in world.failures()] == ["INVALID_PARAMETER"]


async def test_a_header_takes_no_second_line_from_an_event(world: EventWorld, hook: Origin):
    parameters = {"HttpParameters": {"HeaderParameters": {"X-Name": "$.detail.name"}}}
    world.rule("all", world.webhook("hook", hook.url(), parameters=parameters))
    world.send({"name": "a\r\nX-Injected: 1"})
    await world.settle()
    assert hook.asked == []
    assert [row.error_code for row in world.failures()] == ["INVALID_PARAMETER"]


async def test_a_rule_that_has_lost_its_target_keeps_what_was_for_it(world: EventWorld, hook: Origin):
    world.rule("all", world.webhook("hook", hook.url()))
    world.send({"n": 1})
    world.route()
    world.core.write(targets.remove, "default", "all", ["hook"])
    await world.settle()
    assert hook.asked == []
    assert [row.error_code for row in world.failures()] == ["NO_RESOURCE"]


async def test_a_crash_between_arrival_and_its_note_sends_again_in_order_with_the_same_ids(world, hook):
    world.rule("all", world.webhook("hook", hook.url()))
    sent = [world.send({"n": number}, order_key="one") for number in range(3)]
    world.route()
    deliverer = world.deliverer()
    before = world.database.submit
    world.database.submit = lambda work, **how: (_ for _ in ()).throw(OSError("gone"))
    with pytest.raises(OSError, match="gone"):
        await deliverer.run(world.now())
    world.database.submit = before
    await world.settle()
    ids = [event["id"] for event in bodies(hook)]
    assert list(dict.fromkeys(ids)) == sent


async def test_a_target_that_does_not_answer_keeps_no_other_waiting(world: EventWorld, hook: Origin):
    loop, arrived = asyncio.get_running_loop(), asyncio.Event()

    def silent(_) -> None:
        hook.closing.wait(8)

    def quick(handler) -> None:
        loop.call_soon_threadsafe(arrived.set)
        body(b"")(handler)

    hook.answers |= {"/slow": silent, "/quick": quick}
    role = world.role("both", "events:InvokeApiDestination")
    world.rule("slow", world.webhook("slow", hook.url("/slow"), role=role), pattern='{"detail": {"to": ["slow"]}}')
    world.rule("quick", world.webhook("quick", hook.url("/quick"), role=role), pattern='{"detail": {"to": ["quick"]}}')
    for _ in range(100):
        world.send({"to": "slow"})
    world.send({"to": "quick"})
    world.route()
    working = asyncio.create_task(world.deliverer(timedelta(seconds=20)).run(world.now()))
    await asyncio.wait_for(arrived.wait(), 6)
    assert hook.paths().count("/slow") <= 16
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


async def test_nothing_is_sent_again_and_again_while_it_cannot_be_noted(
    world: EventWorld, hook: Origin, monkeypatch: pytest.MonkeyPatch
):
    world.rule("all", world.webhook("hook", hook.url()))
    world.send({"n": 1})
    world.route()
    deliverer = world.deliverer(timedelta(seconds=20))
    before, writes = world.database.submit, []

    def failing(work, **how):
        writes.append(work)
        if len(writes) > 1:  # the turn begins with one
            raise OSError("the volume is full")
        return before(work, **how)

    with monkeypatch.context() as full:
        full.setattr(world.database, "submit", failing)
        with pytest.raises(OSError, match="full"):
            await deliverer.run(world.now())
    assert len(hook.asked) == 1
