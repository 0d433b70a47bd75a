"""Providers' keys: fetched when they are needed and not more often, and what a provider can do wrong."""

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from entrepot.core.issuers import FRESH, PAUSE, STALE, Issuers
from entrepot.errors import IdentityProviderUnreachable
from entrepot.outbound import Destinations, Outbound
from entrepot.policy import id_tokens
from tests.factories.issuers import KEYS, Issuer, issuer, public
from tests.factories.origins import body, origin, redirect

LATER = timedelta(seconds=1)


class Clock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def provider(tmp_path) -> Iterator[Issuer]:
    with issuer(tmp_path, "/tenant") as made:
        yield made


def issuers(provider: Issuer, clock: Clock, seconds: float = 10) -> Issuers:
    return Issuers(Outbound(Destinations(["localhost"]), provider.origin.authority, total_seconds=seconds), clock)


async def proves(found: Issuers, provider: Issuer, text: str | None = None) -> bool:
    token = id_tokens.parse(text or provider.token())
    return bool((await found.keys(token)).having(token.key_id, token.algorithm))


async def fault(found: Issuers, provider: Issuer) -> str:
    with pytest.raises(IdentityProviderUnreachable) as refused:
        await proves(found, provider)
    return str(refused.value)


async def test_keys_are_fetched_once_for_all_who_wait(provider, clock):
    found = issuers(provider, clock)
    assert all(await asyncio.gather(*(proves(found, provider) for _ in range(20))))
    assert provider.origin.paths() == [provider.discovery, KEYS]


async def test_a_new_key_is_found_as_soon_as_a_token_names_it_and_the_old_one_is_gone(provider, clock):
    found = issuers(provider, clock)
    old = provider.token()
    assert await proves(found, provider)
    clock.now += PAUSE
    provider.rotate("k2")
    assert await proves(found, provider)
    assert not await proves(found, provider, old)


async def test_unknown_keys_make_no_more_than_a_request_a_minute(provider, clock):
    found = issuers(provider, clock)
    await proves(found, provider)
    for number in range(50):
        assert not await proves(found, provider, provider.token({"kid": f"x{number}"}))
    assert len(provider.origin.asked) == 2
    clock.now += PAUSE
    for number in range(50):
        assert not await proves(found, provider, provider.token({"kid": f"y{number}"}))
    assert len(provider.origin.asked) == 4


async def test_a_key_that_was_withdrawn_is_forgotten_when_the_keys_are_old(provider, clock):
    found = issuers(provider, clock)
    old = provider.token()
    await proves(found, provider)
    provider.rotate("k2")
    clock.now += FRESH - LATER
    assert await proves(found, provider, old)
    clock.now += LATER
    assert not await proves(found, provider, old)


async def test_a_provider_that_is_down_is_done_without_for_a_day_and_asked_again_once_a_minute(provider, clock):
    found = issuers(provider, clock)
    await proves(found, provider)
    provider.origin.answers[provider.discovery] = body(b"", 503)
    clock.now += FRESH
    for _ in range(5):
        assert await proves(found, provider)
    assert len(provider.origin.asked) == 3
    clock.now += STALE - FRESH - LATER
    assert await proves(found, provider)
    clock.now += LATER
    assert "503" in await fault(found, provider)
    provider.describe()
    clock.now += PAUSE
    assert await proves(found, provider)


async def test_a_fault_is_told_to_who_asks_within_the_minute_without_a_request(provider, clock):
    found = issuers(provider, clock)
    provider.origin.answers[KEYS] = body(b"no keys")
    told = await fault(found, provider)
    assert await fault(found, provider) == told
    assert len(provider.origin.asked) == 2


Breaking = Callable[[Issuer], object]


@pytest.mark.parametrize(
    "breaking",
    [
        lambda provider: provider.describe(issuer=provider.url + "/"),
        lambda provider: provider.describe(issuer="https://other.example"),
        lambda provider: provider.describe(issuer=None),
        lambda provider: provider.describe(jwks_uri=provider.origin.url(KEYS).replace("https", "http")),
        lambda provider: provider.describe(jwks_uri="file:///etc/passwd"),
        lambda provider: provider.describe(jwks_uri="https://169.254.169.254/keys"),
        lambda provider: provider.describe(jwks_uri=None),
        lambda provider: provider.describe(jwks_uri=["x"]),
        lambda provider: provider.origin.answers.update({provider.discovery: body(b"[]")}),
        lambda provider: provider.origin.answers.update({provider.discovery: body(b"\xff")}),
        lambda provider: provider.origin.answers.update({provider.discovery: body(b"[" * 60_000)}),
        lambda provider: provider.origin.answers.update({provider.discovery: body(b" " * 70_000)}),
        lambda provider: provider.origin.answers.update({provider.discovery: body(b"{}", 404)}),
        lambda provider: provider.origin.answers.update({provider.discovery: redirect("https://10.0.0.1/")}),
        lambda provider: provider.origin.answers.update({KEYS: body(b" " * 300_000)}),
        lambda provider: provider.origin.answers.update({KEYS: body(b'{"keys": 7}')}),
        lambda provider: provider.origin.answers.update({KEYS: body(b"{}")}),
    ],
)
async def test_a_provider_that_answers_wrongly_has_no_keys(provider, clock, breaking: Breaking):
    breaking(provider)
    found = issuers(provider, clock)
    assert provider.url in await fault(found, provider)


async def test_keys_are_not_taken_without_tls_though_the_host_is_listed(provider, clock, tmp_path):
    with origin(tmp_path, tls=False) as plain:
        plain.answers[KEYS] = body(json.dumps({"keys": [public(provider.keys["k1"], kid="k1")]}).encode())
        provider.describe(jwks_uri=plain.url(KEYS))
        assert "https" in await fault(issuers(provider, clock), provider)
        assert plain.asked == []


async def test_a_slow_provider_is_given_up_in_time(provider, clock):
    provider.origin.answers[provider.discovery] = lambda _: provider.origin.closing.wait(10)
    found = issuers(provider, clock, seconds=0.3)
    assert "0.3 seconds" in await fault(found, provider)


async def test_who_stops_waiting_does_not_stop_others_from_asking(provider, clock):
    found = issuers(provider, clock)
    first = asyncio.create_task(proves(found, provider))
    await asyncio.sleep(0)  # one turn of the loop: it has begun to ask
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await proves(found, provider)
