"""OAuth connections: a token is asked for once, used until it expires, renewed when it is refused, and told nowhere."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from entrepot.core.events import connections
from tests.factories.event_world import EventWorld
from tests.factories.origins import Origin, body


def oauth(hook: Origin, method: str = "POST") -> tuple[str, dict[str, Any]]:
    return (
        "OAUTH_CLIENT_CREDENTIALS",
        {
            "OAuthParameters": {
                "ClientParameters": {"ClientID": "client", "ClientSecret": "canary-secret"},
                "AuthorizationEndpoint": hook.url("/token"),
                "HttpMethod": method,
                "OAuthHttpParameters": {
                    "BodyParameters": [{"Key": "scope", "Value": "events", "IsValueSecret": False}],
                    "HeaderParameters": [{"Key": "X-Tenant", "Value": "one", "IsValueSecret": True}],
                },
            }
        },
    )


def granting(*tokens: str, seconds: int = 3600):
    left = list(tokens)

    def answer(handler) -> None:
        told = {
            "access_token": left.pop(0) if len(left) > 1 else left[0],
            "expires_in": seconds,
            "token_type": "Bearer",
        }
        body(json.dumps(told).encode())(handler)

    return answer


def tokens_used(hook: Origin) -> list[str]:
    return [asked.headers["Authorization"] for asked in hook.asked if asked.path == "/"]


def asked_for(hook: Origin) -> list[Any]:
    return [asked for asked in hook.asked if asked.path.startswith("/token")]


async def test_a_token_is_asked_for_once_and_used_for_every_event(world: EventWorld, hook: Origin):
    hook.answers["/token"] = granting("first", "second")
    world.rule("all", world.webhook("hook", hook.url(), auth=oauth(hook)))
    for number in range(5):
        world.send({"n": number})
    await world.settle(world.deliverer())
    assert tokens_used(hook) == ["Bearer first"] * 5
    asked = asked_for(hook)[-1]
    assert parse_qs(asked.body.decode()) == {
        "grant_type": ["client_credentials"],
        "scope": ["events"],
        "client_id": ["client"],
        "client_secret": ["canary-secret"],
    }
    assert asked.headers["X-Tenant"] == "one"


async def test_a_connection_is_authorized_by_its_server(world: EventWorld, hook: Origin):
    hook.answers["/token"] = granting("first")
    world.rule("all", world.webhook("hook", hook.url(), auth=oauth(hook)))
    assert world.core.read(connections.describe, "hook").state == "AUTHORIZING"
    await world.deliverer().run(world.now())
    found = world.core.read(connections.describe, "hook")
    assert (found.state, found.reason) == ("AUTHORIZED", "")
    assert found.authorized_at is not None


async def test_a_server_that_refuses_leaves_the_connection_deauthorized(world: EventWorld, hook: Origin):
    hook.answers["/token"] = body(b"canary-answer", 401)
    world.rule("all", world.webhook("hook", hook.url(), auth=oauth(hook), most_attempts=0))
    await world.deliverer().run(world.now())
    found = world.core.read(connections.describe, "hook")
    assert found.state == "DEAUTHORIZED"
    assert "401" in found.reason
    assert "canary" not in found.reason
    world.send({"n": 1})
    await world.settle()
    assert [row.error_code for row in world.failures()] == ["NO_PERMISSIONS"]
    assert tokens_used(hook) == []


async def test_a_refused_token_is_renewed_and_the_event_sent_again(world: EventWorld, hook: Origin):
    hook.answers["/token"] = granting("old", "new")
    hook.answers["/"] = lambda handler: body(b"", 200 if "new" in handler.headers["Authorization"] else 401)(handler)
    world.rule("all", world.webhook("hook", hook.url(), auth=oauth(hook)))
    world.send({"n": 1})
    await world.settle(world.deliverer())
    assert tokens_used(hook)[-1] == "Bearer new"
    assert world.failures() == []


async def test_an_expired_token_is_not_used(world: EventWorld, hook: Origin):
    hook.answers["/token"] = granting("first", "second", seconds=120)
    world.rule("all", world.webhook("hook", hook.url(), auth=oauth(hook)))
    deliverer = world.deliverer()
    world.send({"n": 1})
    await world.settle(deliverer)
    world.now = lambda: datetime.now(UTC) + timedelta(seconds=100)
    world.send({"n": 2})
    await world.settle(deliverer)
    assert tokens_used(hook) == ["Bearer first", "Bearer second"]


async def test_a_get_asks_in_the_query(world: EventWorld, hook: Origin):
    path = "/token?grant_type=client_credentials&scope=events"
    hook.answers[path] = granting("first")
    world.rule("all", world.webhook("hook", hook.url(), auth=oauth(hook, "GET")))
    world.send({"n": 1})
    await world.settle(world.deliverer())
    assert tokens_used(hook) == ["Bearer first"]
    assert asked_for(hook)[0].headers["Authorization"].startswith("Basic ")
