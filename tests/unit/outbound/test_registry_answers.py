"""What registries say beside content: tokens and their lives, refusals, how many pulls are left, lists, mounts."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from entrepot.outbound import AnswerUnusable, DestinationUnreachable, OutboundFault
from entrepot.outbound.faults import (
    ContentMissing,
    CredentialsRefused,
    RegistryFailing,
    RegistryRefused,
    RequestsTooMany,
    Unavailable,
)
from entrepot.outbound.registries import Place, Registries, Repository
from entrepot.outbound.registry_answers import Allowance
from entrepot.outbound.registry_lists import Referrer
from entrepot.outbound.registry_logins import ANONYMOUS, Login
from entrepot.spec.digest import Digest
from entrepot.spec.reference import Tag
from tests.factories.layouts import OCI_INDEX, OCI_MANIFEST
from tests.factories.origins import Origin, body, origin, redirect
from tests.factories.upstream_registries import UpstreamRegistry, in_turn, outbound, ranged

AT = "/v2/a/b"
MANIFEST = b'{"schemaVersion":2}'
DIGEST = Digest.of(MANIFEST)
LOGIN = Login("user", "pass:word")
SBOM, SIGNATURE = "application/spdx+json", "application/vnd.cncf.notary.signature"


@pytest.fixture
def there(tmp_path) -> Iterator[Origin]:
    with origin(tmp_path) as made:
        yield made


@pytest.fixture
def guarded(there) -> UpstreamRegistry:
    upstream = UpstreamRegistry(there, LOGIN.basic)
    upstream.guard()
    upstream.answer(f"{AT}/manifests/v1", body(MANIFEST, Content_Type=OCI_MANIFEST))
    return upstream


def repository(there: Origin, login: Login = ANONYMOUS) -> Repository:
    return Repository(outbound(there), Place.parse(there.url("/a/b")), login)


def asked_for_tokens(there: Origin) -> int:
    return sum(path.startswith("/token") for path in there.paths())


# ---------------------------------------------------------------- tokens
async def test_repositories_share_tokens_for_their_life(there, guarded):
    registries = Registries(outbound(there))
    for _ in range(3):
        await registries.repository(Place.parse(there.url("/a/b")), LOGIN).manifest(Tag("v1"))
    assert asked_for_tokens(there) == 1


async def test_of_many_who_have_no_token_one_asks_for_it(there, guarded):
    client = repository(there, LOGIN)
    await asyncio.gather(*(client.manifest(Tag("v1")) for _ in range(20)))
    assert asked_for_tokens(there) == 1


async def test_who_logs_in_as_another_is_given_no_token_of_the_first(there, guarded):
    registries = Registries(outbound(there))
    place = Place.parse(there.url("/a/b"))
    await registries.repository(place, LOGIN).manifest(Tag("v1"))
    for other in (ANONYMOUS, Login("user", "wrong")):
        with pytest.raises(CredentialsRefused):
            await registries.repository(place, other).manifest(Tag("v1"))
    for other_place in (there.url("/a/c"), there.url("/a/b", host="127.0.0.1")):
        with pytest.raises(OutboundFault):
            await registries.repository(Place.parse(other_place), LOGIN).manifest(Tag("v1"))
    assert there.asked[-1].headers.get("Authorization") != there.asked[2].headers["Authorization"]


async def test_a_token_that_is_refused_is_replaced(there, guarded):
    client = repository(there, LOGIN)
    await client.manifest(Tag("v1"))
    guarded.tokens.clear()
    await client.manifest(Tag("v1"))
    assert asked_for_tokens(there) == 2


async def test_a_token_that_lives_for_no_time_serves_a_minute(there, guarded):
    guarded.life = 1
    client = repository(there, LOGIN)
    for _ in range(3):
        await client.manifest(Tag("v1"))
    assert asked_for_tokens(there) == 1


@pytest.mark.parametrize(("status", "fault"), [
    (401, CredentialsRefused), (403, CredentialsRefused), (429, RequestsTooMany), (503, RegistryFailing),
    (404, AnswerUnusable), (400, AnswerUnusable), (204, AnswerUnusable),
])  # fmt: skip
async def test_what_a_token_service_says_is_told_apart(there, guarded, status, fault):
    there.prefixes["/token"] = body(b"", status)
    with pytest.raises(fault):
        await repository(there, LOGIN).manifest(Tag("v1"))


async def test_challenges_of_several_lines_are_all_read(there):
    there.answers[f"{AT}/manifests/v1"] = in_turn(
        body(b"", 401, WWW_Authenticate='Negotiate, Basic realm="here, there"'), body(MANIFEST)
    )
    assert (await repository(there, LOGIN).manifest(Tag("v1"))).body == MANIFEST
    assert there.asked[-1].headers["Authorization"] == LOGIN.basic


# ---------------------------------------------------------------- refusals
@pytest.mark.parametrize(("status", "fault"), [
    (401, CredentialsRefused), (403, CredentialsRefused), (404, ContentMissing), (429, RequestsTooMany),
    (500, RegistryFailing), (503, RegistryFailing), (400, RegistryRefused), (418, RegistryRefused),
])  # fmt: skip
async def test_a_status_is_a_fault_of_its_kind(there, status, fault):
    there.answers[f"{AT}/manifests/v1"] = body(b'{"errors":[{"code":"DENIED","message":"secret"}]}', status)
    with pytest.raises(RegistryRefused) as refused:
        await repository(there).manifest(Tag("v1"))
    assert type(refused.value) is fault
    assert (refused.value.status, refused.value.code) == (status, "DENIED")
    assert isinstance(refused.value, Unavailable) == (status >= 500)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(("told", "seconds"), [
    ("7", 7), ("0", 0), ("999999999999", 86400), ("", None), ("soon", None), ("-1", None), ("1.5", None),
    ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
])  # fmt: skip
async def test_a_busy_registry_says_when_to_come_back(there, told, seconds):
    there.answers[f"{AT}/manifests/v1"] = body(b"", 429, Retry_After=told)
    with pytest.raises(RequestsTooMany) as refused:
        await repository(there).manifest(Tag("v1"))
    assert refused.value.retry_after == seconds


async def test_a_busy_registry_may_say_a_date(there):
    told = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    there.answers[f"{AT}/manifests/v1"] = body(b"", 429, Retry_After=told)
    with pytest.raises(RequestsTooMany) as refused:
        await repository(there).manifest(Tag("v1"))
    assert 3000 < (refused.value.retry_after or 0) <= 3600


async def test_nobody_is_unavailable(there):
    there.closing.set()
    with pytest.raises(DestinationUnreachable) as fault:
        await Repository(outbound(there), Place.parse("https://localhost:1/a/b")).manifest(Tag("v1"))
    assert isinstance(fault.value, Unavailable)


@pytest.mark.parametrize(("headers", "told"), [
    ({"RateLimit_Limit": "100;w=21600", "RateLimit_Remaining": "76;w=21600"}, Allowance(76, 100, 21600)),
    ({"ratelimit_remaining": "5"}, Allowance(5, 0, 0)),
    ({"RateLimit_Limit": "100;w=21600"}, None), ({"RateLimit_Remaining": "many"}, None), ({}, None),
])  # fmt: skip
async def test_how_many_pulls_are_left_comes_with_a_manifest(there, headers, told):
    there.answers[f"{AT}/manifests/v1"] = body(MANIFEST, **headers)
    assert (await repository(there).manifest(Tag("v1"))).allowance == told


# ---------------------------------------------------------------- heads, tags, referrers
async def test_a_digest_is_had_without_a_pull(there):
    there.answers[f"{AT}/manifests/v1"] = body(MANIFEST, Docker_Content_Digest=DIGEST)
    assert await repository(there).head(Tag("v1")) == DIGEST
    assert [each.method for each in there.asked] == ["HEAD"]
    assert OCI_INDEX in there.asked[0].headers["Accept"]


@pytest.mark.parametrize("first", [body(MANIFEST), body(b"", 405), redirect("/there", 307)])
async def test_a_registry_that_tells_no_digest_is_asked_for_the_manifest(there, first):
    there.answers |= {f"{AT}/manifests/v1": in_turn(first, body(MANIFEST)), "/there": body(MANIFEST)}
    assert await repository(there).head(Tag("v1")) == DIGEST
    assert [each.method for each in there.asked] == ["HEAD", "GET"]


async def test_what_is_absent_has_no_digest_and_what_is_refused_is_a_fault(there):
    assert await repository(there).head(Tag("v1")) is None
    there.answers[f"{AT}/manifests/v1"] = in_turn(body(b"", 405), body(b"", 404))
    assert await repository(there).head(Tag("v1")) is None
    for status, fault in ((403, CredentialsRefused), (429, RequestsTooMany), (500, RegistryFailing)):
        there.answers[f"{AT}/manifests/v1"] = body(b"", status)
        with pytest.raises(fault):
            await repository(there).head(Tag("v1"))


async def test_tags_are_taken_from_all_pages_and_what_is_none_is_left_out(there):
    there.answers |= {
        f"{AT}/tags/list?n=1000": body(
            b'{"name":"a/b","tags":["v1","a b","../x"]}', Link=f'<{AT}/tags/list?n=2&last=v1>; rel="next"'
        ),
        f"{AT}/tags/list?n=2&last=v1": body(b'{"tags":["v2","v1"]}', Link='<?last=v2>; rel="next"'),
        f"{AT}/tags/list?last=v2": body(b'{"tags":null}'),
    }
    assert await repository(there).tags() == ("v1", "v2")


def referrer(kind: str, number: int) -> dict[str, object]:
    digest = Digest.of(str(number).encode())
    return {"mediaType": OCI_MANIFEST, "digest": digest, "size": number, "artifactType": kind}


def an_index(*manifests: dict[str, object]) -> bytes:
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}).encode()


def of(kind: str, number: int) -> Referrer:
    return Referrer(Digest.of(str(number).encode()), OCI_MANIFEST, number, kind, {})


async def test_referrers_are_taken_from_all_pages_and_filtered_where_the_registry_does_not(there):
    at, filtered = f"{AT}/referrers/{DIGEST}", "?artifactType=application%2Fspdx%2Bjson"
    for query in ("", filtered):
        there.answers[f"{at}{query}"] = body(
            an_index(referrer(SBOM, 1), referrer(SIGNATURE, 2)), Content_Type=OCI_INDEX, Link=f'<{at}?p=2>; rel="next"'
        )
    there.answers[f"{at}?p=2"] = body(an_index(referrer(SBOM, 3)), Content_Type=OCI_INDEX)
    assert await repository(there).referrers(DIGEST) == (of(SBOM, 1), of(SIGNATURE, 2), of(SBOM, 3))
    assert await repository(there).referrers(DIGEST, SBOM) == (of(SBOM, 1), of(SBOM, 3))


@pytest.mark.parametrize("api", [body(b"", 404), body(b"<html>", Content_Type="text/html")])
async def test_a_registry_without_the_api_is_asked_for_the_tag_of_the_referrers(there, api):
    there.answers[f"{AT}/referrers/{DIGEST}"] = api
    assert await repository(there).referrers(DIGEST) == ()
    there.answers[f"{AT}/manifests/sha256-{DIGEST.hex}"] = body(
        an_index(referrer(SBOM, 1), referrer(SIGNATURE, 2)), Content_Type=OCI_INDEX
    )
    assert await repository(there).referrers(DIGEST) == (of(SBOM, 1), of(SIGNATURE, 2))
    there.answers[f"{AT}/referrers/{DIGEST}?artifactType=application%2Fspdx%2Bjson"] = api
    assert await repository(there).referrers(DIGEST, SBOM) == (of(SBOM, 1),)


@pytest.mark.parametrize("status", [401, 429, 503])
async def test_referrers_that_cannot_be_listed_are_no_empty_list(there, status):
    there.answers[f"{AT}/referrers/{DIGEST}"] = body(b"", status)
    with pytest.raises(RegistryRefused):
        await repository(there).referrers(DIGEST)


# ---------------------------------------------------------------- pushing
BLOB = b"0123456789" * 2_000_000  # more than is sent at once
LARGE = Digest.of(BLOB)


async def begin(offset: int) -> AsyncIterator[bytes]:
    for start in range(offset, len(BLOB), 1 << 20):
        yield BLOB[start : start + (1 << 20)]


async def test_a_blob_of_another_repository_is_mounted(there):
    there.answers[f"{AT}/blobs/uploads/?mount={LARGE.replace(':', '%3A')}&from=c%2Fd"] = body(b"", 201)
    await repository(there).push_blob(LARGE, len(BLOB), begin, mount_from="c/d")
    assert [each.method for each in there.asked] == ["HEAD", "POST"]


async def test_what_is_not_mounted_is_sent(there):
    there.answers |= {
        f"{AT}/blobs/uploads/?mount={DIGEST.replace(':', '%3A')}&from=c%2Fd": body(b"", 202, Location="/up"),
        f"/up?digest={DIGEST}": body(b"", 201),
    }

    async def small(offset: int) -> AsyncIterator[bytes]:
        yield MANIFEST[offset:]

    await repository(there).push_blob(DIGEST, len(MANIFEST), small, mount_from="c/d")
    assert (there.asked[-1].method, there.asked[-1].body) == ("PUT", MANIFEST)


async def test_who_is_let_mount_is_let_send_what_is_not_mounted(there):
    """The token for both repositories is not the one for the bytes."""
    upstream = UpstreamRegistry(there)
    upstream.guard()
    mounting = f"{AT}/blobs/uploads/?mount={DIGEST.replace(':', '%3A')}&from=c%2Fd"
    upstream.answer(mounting, body(b"", 202, Location=f"{AT}/blobs/uploads/1"))
    upstream.answer(f"{AT}/blobs/uploads/1?digest={DIGEST}", body(b"", 201))

    async def small(offset: int) -> AsyncIterator[bytes]:
        yield MANIFEST[offset:]

    await repository(there).push_blob(DIGEST, len(MANIFEST), small, mount_from="c/d")
    assert [path for path in there.paths() if path.startswith("/token")] == [
        "/token?scope=repository%3Aa%2Fb%3Apull%2Cpush&scope=repository%3Ac%2Fd%3Apull&client_id=entrepot&service=upstream",
        "/token?scope=repository%3Aa%2Fb%3Apull%2Cpush&client_id=entrepot&service=upstream",
    ]
    assert (there.asked[-1].method, there.asked[-1].body) == ("PUT", MANIFEST)


async def test_what_may_not_be_read_for_a_mount_is_sent(there):
    there.answers |= {
        f"{AT}/blobs/uploads/?mount={DIGEST.replace(':', '%3A')}&from=c%2Fd": body(b"", 403),
        f"{AT}/blobs/uploads/": body(b"", 202, Location="/up"),
        f"/up?digest={DIGEST}": body(b"", 201),
    }

    async def small(offset: int) -> AsyncIterator[bytes]:
        yield MANIFEST[offset:]

    await repository(there).push_blob(DIGEST, len(MANIFEST), small, mount_from="c/d")
    assert (there.asked[-1].method, there.asked[-1].body) == ("PUT", MANIFEST)


async def test_a_large_blob_that_breaks_off_is_gone_on_with(there):
    """The registry fails after it took a part; what it has it says, and only the rest is sent."""
    had = 5_000_000
    there.answers |= {
        f"{AT}/blobs/uploads/": body(b"", 202, Location="/up/1"),
        "/up/1": in_turn(body(b"", 500), body(b"", 204, Location="/up/2", Range=f"0-{had - 1}")),
        "/up/2": body(b"", 202, Location="/up/3"),
        f"/up/3?digest={LARGE}": body(b"", 201),
    }
    await repository(there).push_blob(LARGE, len(BLOB), begin)
    sent = [(each.method, each.path, each.headers.get("Content-Range"), len(each.body)) for each in there.asked[2:]]
    assert sent == [
        ("PATCH", "/up/1", f"0-{len(BLOB) - 1}", len(BLOB)),
        ("GET", "/up/1", None, 0),
        ("PATCH", "/up/2", f"{had}-{len(BLOB) - 1}", len(BLOB) - had),
        ("PUT", f"/up/3?digest={LARGE}", None, 0),
    ]
    assert there.asked[4].body == BLOB[had:]


async def test_a_registry_that_only_fails_is_given_up(there):
    there.answers |= {
        f"{AT}/blobs/uploads/": body(b"", 202, Location="/up"),
        "/up": in_turn(*[body(b"", 500), body(b"", 204, Range="0-0")] * 4, body(b"", 500)),
    }
    with pytest.raises(RegistryFailing):
        await repository(there).push_blob(LARGE, len(BLOB), begin)
    assert [each.method for each in there.asked].count("PATCH") == 4


async def test_a_blob_of_ranges_is_there_for_the_next(there):
    there.answers[f"{AT}/blobs/{DIGEST}"] = ranged(MANIFEST)
    assert await repository(there).has_blob(DIGEST)
    assert not await repository(there).has_blob(LARGE)
