"""Pulling and pushing against a registry that answers as a test says: tokens, digests, bounds, where credentials go."""

import base64
import json
from collections.abc import AsyncIterator, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from entrepot.outbound import AnswerUnusable, DestinationForbidden, Destinations, Outbound, OutboundFault
from entrepot.outbound.faults import RegistryRefused
from entrepot.outbound.registries import Place, Repository
from entrepot.outbound.registry_logins import Login
from entrepot.outbound.registry_uploads import Begin
from entrepot.spec.digest import Digest
from entrepot.spec.reference import Tag
from tests.factories.layouts import OCI_MANIFEST
from tests.factories.origins import Answering, Origin, body, origin, redirect

BLOB = b"a blob" * 1000
DIGEST = Digest.of(BLOB)
MANIFEST = b'{"schemaVersion":2}'
AT = "/v2/a/b"
LOGIN = Login("user", "pass:word")
BASIC = f"Basic {base64.b64encode(b'user:pass:word').decode()}"


@pytest.fixture
def there(tmp_path) -> Iterator[Origin]:
    with origin(tmp_path) as made:
        yield made


def repository(there: Origin, login: Login = LOGIN) -> Repository:
    place = Place.parse(f"{there.scheme}://localhost:{there.port}/a/b")
    return Repository(Outbound(Destinations(["localhost"]), there.authority), place, login)


def allowed(value: str, answering: Answering, challenge: str) -> Answering:
    """Answers to this Authorization header, and challenges every other."""

    def answer(handler) -> None:
        granted = handler.headers.get("Authorization") == value
        (answering if granted else body(b"", 401, WWW_Authenticate=challenge))(handler)

    return answer


async def taken(client: Repository, size: int | None = len(BLOB)) -> bytes:
    async with client.blob(DIGEST, size) as blob:
        return b"".join([piece async for piece in blob.pieces()])


def pieces(data: bytes) -> Begin:
    async def made(offset: int) -> AsyncIterator[bytes]:
        for start in range(offset, len(data), 1000):
            yield data[start : start + 1000]

    return made


@pytest.mark.parametrize(
    ("text", "url", "name", "reference"),
    [
        ("example.com/a", "https://example.com", "a", None),
        ("example.com:5000/a/b:v1", "https://example.com:5000", "a/b", "v1"),
        (f"example.com/a:v1@{DIGEST}", "https://example.com", "a", DIGEST),
        ("http://127.0.0.1:80/a/b__c:V_1.2", "http://127.0.0.1:80", "a/b__c", "V_1.2"),
        ("docker.io/library/x:1", "https://registry-1.docker.io", "library/x", "1"),
        ("[::1]:5000/a", "https://[::1]:5000", "a", None),
    ],
)
def test_a_place_is_read_as_it_is_written(text, url, name, reference):
    place = Place.parse(text)
    assert (place.url, place.repository, place.reference) == (url, name, reference)


@pytest.mark.parametrize(
    "text",
    ["", "a", "a/", "/a", "example.com/A", "example.com/a:", "example.com/a:b:c", "example.com/a@sha256:12",
     "example.com/../a", "user@example.com/a", "ftp://example.com/a", "example.com/a\n", "example.com/" + "a" * 256],
)  # fmt: skip
def test_what_is_no_place_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        Place.parse(text)


async def test_basic_credentials_are_sent_when_they_are_asked_for(there):
    there.answers[f"{AT}/manifests/v1"] = allowed(
        BASIC, body(MANIFEST, Content_Type=f"{OCI_MANIFEST}; charset=utf-8"), 'Basic realm="here"'
    )
    pulled = await repository(there).manifest(Tag("v1"))
    assert (pulled.body, pulled.media_type, pulled.digest) == (MANIFEST, OCI_MANIFEST, Digest.of(MANIFEST))
    first, second = there.asked
    assert "Authorization" not in first.headers
    assert second.headers["Authorization"] == BASIC


@pytest.mark.parametrize("name", ["token", "access_token"])
async def test_a_token_is_fetched_once_and_used_for_all_of_a_scope(there, name):
    token = f"/token?{'scope=repository%3Aa%2Fb%3Apull&client_id=entrepot&service=the+registry'}"
    challenge = f'Bearer realm="{there.url("/token")}",service="the registry",scope="whatever"'
    there.answers |= {
        token: body(json.dumps({name: "t0ken"}).encode()),
        f"{AT}/manifests/v1": allowed("Bearer t0ken", body(MANIFEST), challenge),
        f"{AT}/blobs/{DIGEST}": allowed("Bearer t0ken", body(BLOB), challenge),
    }
    client = repository(there)
    await client.manifest(Tag("v1"))
    assert await taken(client) == BLOB
    assert [each.path for each in there.asked if each.path.startswith("/token")] == [token]
    assert next(each for each in there.asked if each.path == token).headers["Authorization"] == BASIC


async def test_an_identity_token_is_exchanged_and_not_shown_in_an_url(there):
    challenge = f'Bearer realm="{there.url("/token")}",service="s"'
    there.answers |= {
        "/token": body(b'{"access_token": "t"}'),
        f"{AT}/blobs/{DIGEST}": allowed("Bearer t", body(BLOB), challenge),
    }
    client = repository(there, Login("<token>", identity_token="refreshing"))
    assert await taken(client) == BLOB
    asked = next(each for each in there.asked if each.path == "/token")
    form = parse_qs(asked.body.decode())
    assert (asked.method, form["grant_type"], form["refresh_token"]) == ("POST", ["refresh_token"], ["refreshing"])


async def test_a_header_that_was_given_is_sent_as_it_is(there):
    there.answers[f"{AT}/blobs/{DIGEST}"] = allowed("Bearer given", body(BLOB), "Basic")
    assert await taken(repository(there, Login(header="Bearer given"))) == BLOB
    assert len(there.asked) == 1


async def test_who_is_refused_again_is_not_asked_for_ever(there):
    there.answers[f"{AT}/manifests/v1"] = body(b'{"errors":[{"code":"UNAUTHORIZED"}]}', 401, WWW_Authenticate="Basic")
    with pytest.raises(RegistryRefused, match=r"localhost answers with status 401 \(UNAUTHORIZED\)") as refused:
        await repository(there).manifest(Tag("v1"))
    assert refused.value.status == 401
    assert len(there.asked) == 2


async def test_no_token_is_asked_for_without_tls_by_a_registry_with_it(there):
    there.answers[f"{AT}/manifests/v1"] = body(
        b"", 401, WWW_Authenticate=f'Bearer realm="http://localhost:{there.port}/token"'
    )
    with pytest.raises(AnswerUnusable, match="without TLS"):
        await repository(there).manifest(Tag("v1"))
    assert there.paths() == [f"{AT}/manifests/v1"]


async def test_a_token_service_that_may_not_be_reached_is_not(there):
    there.answers[f"{AT}/manifests/v1"] = body(b"", 401, WWW_Authenticate='Bearer realm="https://169.254.169.254/"')
    with pytest.raises(DestinationForbidden):
        await repository(there).manifest(Tag("v1"))


@pytest.mark.parametrize("answer", [b"", b"{}", b'{"token": "a b"}', b'{"token": "a\\r\\nX: y"}', b'{"token": 1}'])
async def test_a_token_that_is_none_is_not_used(there, answer):
    there.answers |= {
        f"{AT}/manifests/v1": body(b"", 401, WWW_Authenticate=f'Bearer realm="{there.url("/token")}"'),
        "/token?scope=repository%3Aa%2Fb%3Apull&client_id=entrepot": body(answer),
    }
    with pytest.raises(AnswerUnusable, match="no token"):
        await repository(there).manifest(Tag("v1"))


async def test_a_blob_elsewhere_is_fetched_without_credentials(there, tmp_path):
    with origin(tmp_path) as elsewhere:
        elsewhere.answers["/store?sig=a%2Fb%3D"] = body(BLOB)
        there.answers[f"{AT}/blobs/{DIGEST}"] = allowed(
            BASIC, redirect(elsewhere.url("/store?sig=a%2Fb%3D"), 307), "Basic"
        )
        assert await taken(repository(there)) == BLOB
        (asked,) = elsewhere.asked
        assert "Authorization" not in asked.headers


@pytest.mark.parametrize("answer", [BLOB[:-1] + b"!", BLOB[:-1], BLOB + b"!"])
async def test_a_blob_of_another_digest_or_length_is_a_fault(there, answer):
    there.answers[f"{AT}/blobs/{DIGEST}"] = body(answer)
    with pytest.raises(AnswerUnusable):
        await taken(repository(there))


async def test_a_blob_that_breaks_off_is_a_fault(there):
    there.answers[f"{AT}/blobs/{DIGEST}"] = body(BLOB[:100], Content_Length=str(len(BLOB)), Connection="close")
    with pytest.raises(OutboundFault):
        await taken(repository(there))


async def test_a_manifest_of_another_digest_is_a_fault(there):
    digest = Digest.of(b"other")
    there.answers[f"{AT}/manifests/{digest}"] = body(MANIFEST)
    with pytest.raises(AnswerUnusable, match="another manifest"):
        await repository(there).manifest(digest)


async def test_a_blob_that_is_there_is_not_sent(there):
    there.answers[f"{AT}/blobs/{DIGEST}"] = body(b"")
    await repository(there).push_blob(DIGEST, len(BLOB), pieces(BLOB))
    assert [each.method for each in there.asked] == ["HEAD"]


@pytest.mark.parametrize(("location", "closed"), [("/up/1?state=a%2Fb", "/up/1?state=a%2Fb&"), ("/up/1", "/up/1?")])
async def test_a_blob_is_sent_to_where_the_registry_says(there, location, closed):
    challenge = f'Bearer realm="{there.url("/token")}"'
    there.answers |= {
        "/token?scope=repository%3Aa%2Fb%3Apull&client_id=entrepot": body(b'{"token": "pulling"}'),
        "/token?scope=repository%3Aa%2Fb%3Apull%2Cpush&client_id=entrepot": body(b'{"token": "pushing"}'),
        f"{AT}/blobs/{DIGEST}": allowed("Bearer pulling", body(b"", 404), challenge),
        f"{AT}/blobs/uploads/": allowed("Bearer pushing", body(b"", 202, Location=location), challenge),
        f"{closed}digest={DIGEST}": body(b"", 201),
    }
    await repository(there).push_blob(DIGEST, len(BLOB), pieces(BLOB))
    sent = there.asked[-1]
    assert (sent.method, sent.body, sent.headers["Authorization"]) == ("PUT", BLOB, "Bearer pushing")
    assert sent.headers["Content-Length"] == str(len(BLOB))


async def test_an_upload_elsewhere_is_sent_no_credentials(there, tmp_path):
    with origin(tmp_path) as elsewhere:
        elsewhere.answers[f"/up?digest={DIGEST}"] = body(b"", 201)
        there.answers |= {
            f"{AT}/blobs/{DIGEST}": allowed(BASIC, body(b"", 404), "Basic"),
            f"{AT}/blobs/uploads/": allowed(BASIC, body(b"", 202, Location=elsewhere.url("/up")), "Basic"),
        }
        await repository(there).push_blob(DIGEST, len(BLOB), pieces(BLOB))
        assert "Authorization" not in elsewhere.asked[0].headers


@pytest.mark.parametrize("location", ["http://localhost/up", "ftp://localhost/up", "https://169.254.169.254/up", ""])
async def test_an_upload_goes_nowhere_that_it_may_not(there, location):
    there.answers[f"{AT}/blobs/uploads/"] = body(b"", 202, Location=location)
    with pytest.raises(OutboundFault):
        await repository(there).push_blob(DIGEST, len(BLOB), pieces(BLOB))
    assert urlsplit(there.asked[-1].path).path == f"{AT}/blobs/uploads/"


async def test_what_a_registry_refuses_is_told_with_its_code(there):
    there.answers[f"{AT}/manifests/v1"] = body(b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"secret"}]}', 404)
    with pytest.raises(RegistryRefused) as refused:
        await repository(there).manifest(Tag("v1"))
    assert str(refused.value) == "localhost answers with status 404 (MANIFEST_UNKNOWN)"


def test_secrets_are_in_no_representation():
    shown = repr(Login("user", "s3cret", "refreshing", "Bearer given"))
    assert not any(secret in shown for secret in ("s3cret", "refreshing", "given"))
