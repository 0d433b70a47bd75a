"""A registry that means harm: what it says of token services, redirects, lengths and digests moves no credential, no
request to where none may go, and no byte that was not asked for (CVE-2026-33540, CVE-2026-48978, CVE-2026-50151,
GHSA-vh4v-2xq2-g5cg, CVE-2026-32591, CVE-2026-10517, zot#3574).
"""

import gzip
import json
from collections.abc import Iterator
from itertools import count

import pytest

from entrepot.outbound import (
    AnswerUnusable,
    Bounds,
    DestinationForbidden,
    DestinationUnreachable,
    OutboundFault,
)
from entrepot.outbound.faults import ContentWrong, CredentialsRefused
from entrepot.outbound.registries import Place, Repository
from entrepot.outbound.registry_logins import Login
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import LARGEST
from entrepot.spec.reference import Tag
from tests.factories.layouts import OCI_INDEX, OCI_MANIFEST
from tests.factories.origins import Answering, Origin, body, origin, redirect
from tests.factories.upstream_registries import (
    Names,
    UpstreamRegistry,
    cut_off,
    dripping,
    dripping_head,
    endless,
    endless_head,
    outbound,
    ranged,
)

BLOB = b"a blob" * 1000
DIGEST = Digest.of(BLOB)
AT = "/v2/a/b"
BLOB_AT = f"{AT}/blobs/{DIGEST}"
LOGIN = Login("user", "pass:word")
PRIVATE = ["10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "127.0.0.1", "0.0.0.0", "::1",
           "fd00::1", "fe80::1", "::ffff:10.0.0.1", "64:ff9b::a9fe:a9fe", "2002:a00:1::"]  # fmt: skip


pytestmark = pytest.mark.usefixtures("kept")


@pytest.fixture
def there(tmp_path) -> Iterator[Origin]:
    with origin(tmp_path) as made:
        yield made


@pytest.fixture
def elsewhere(tmp_path) -> Iterator[Origin]:
    with origin(tmp_path) as made:
        yield made


def repository(there: Origin, *, login: Login = LOGIN, waiting: float = 3600, **how) -> Repository:
    return Repository(outbound(there, **how), Place.parse(f"{there.url('/a/b')}"), login, waiting)


async def taken(client: Repository, size: int | None = len(BLOB)) -> bytes:
    async with client.blob(DIGEST, size) as blob:
        return b"".join([piece async for piece in blob.pieces()])


# ---------------------------------------------------------------- token services
@pytest.mark.parametrize("login", [LOGIN, Login("<token>", identity_token="refreshing"), Login()])
async def test_a_token_service_at_another_host_is_asked_nothing(there, elsewhere, login):
    upstream = UpstreamRegistry(there)
    upstream.guard(elsewhere.url("/token", host="other.example"), issuing=False)
    upstream.answer(f"{AT}/manifests/v1", body(b"{}"))
    client = repository(there, login=login, hosts=["localhost", "other.example"])
    with pytest.raises(DestinationForbidden, match=r"other\.example, which is not its own.*token_services"):
        await client.manifest(Tag("v1"))
    with pytest.raises(DestinationForbidden):
        await client.head(Tag("v1"))
    assert elsewhere.asked == []


async def test_a_token_service_that_the_operator_lists_is_asked(there, elsewhere):
    upstream = UpstreamRegistry(there, LOGIN.basic)
    upstream.guard(elsewhere.url("/token", host="other.example"), issuing=False)
    upstream.answer(BLOB_AT, ranged(BLOB))
    UpstreamRegistry(elsewhere, LOGIN.basic, tokens=upstream.tokens).guard()
    known = [("localhost", "other.example")]
    client = repository(there, hosts=["localhost", "other.example"], token_services=known)
    assert await taken(client) == BLOB
    assert [each.headers["Authorization"] for each in elsewhere.asked] == [LOGIN.basic]


@pytest.mark.parametrize(
    "realm",
    [
        "https://user:pass@localhost:{port}/token", "https://localhost@other.example:{port}/token",
        "https://localhost.other.example:{port}/token", "https://other.example:{port}/localhost", "file:///etc/passwd",
        "https://127.0.0.1:{port}/token", "https://169.254.169.254/token", "http://localhost:{port}/token", "", "token",
    ],
)  # fmt: skip
async def test_a_realm_that_only_looks_like_the_registrys_own_is_not_asked(there, realm):
    upstream = UpstreamRegistry(there)
    upstream.guard(realm.format(port=there.port) or "none", issuing=False)
    upstream.answer(BLOB_AT, ranged(BLOB))
    with pytest.raises(OutboundFault):
        await taken(repository(there, hosts=["localhost", "other.example"]))
    assert there.paths() == [BLOB_AT]


@pytest.mark.parametrize("address", PRIVATE)
async def test_a_token_service_whose_name_has_a_private_address_is_not_asked(there, elsewhere, address):
    upstream = UpstreamRegistry(there)
    upstream.guard(elsewhere.url("/token", host="other.example"), issuing=False)
    upstream.answer(BLOB_AT, ranged(BLOB))
    names = Names({"other.example": [address]})
    client = repository(there, names=names, token_services=[("localhost", "other.example")])
    with pytest.raises(DestinationForbidden):
        await taken(client)
    assert names.asked == ["localhost", "other.example"]


async def test_a_token_service_that_redirects_is_not_followed(there, elsewhere):
    upstream = UpstreamRegistry(there)
    upstream.guard(issuing=False)
    there.prefixes["/token"] = redirect(elsewhere.url("/token"), 307)
    upstream.answer(BLOB_AT, ranged(BLOB))
    with pytest.raises(AnswerUnusable, match="no token: status 307"):
        await taken(repository(there))
    assert elsewhere.asked == []


async def test_the_challenge_of_a_host_that_was_redirected_to_is_not_answered(there, elsewhere):
    there.answers[BLOB_AT] = redirect(elsewhere.url("/store"), 307)
    elsewhere.answers["/store"] = body(b"", 401, WWW_Authenticate="Basic")
    with pytest.raises(CredentialsRefused):
        await taken(repository(there))
    assert ["Authorization" in each.headers for each in [*there.asked, *elsewhere.asked]] == [False, False]


async def test_what_is_wanted_is_for_pulling_this_repository_whatever_the_challenge_says(there):
    upstream = UpstreamRegistry(there)
    upstream.guard()
    upstream.answer(BLOB_AT, ranged(BLOB))
    asked = f'Bearer realm="{there.url("/token")}",scope="repository:other/private:pull,push registry:catalog:*"'
    there.answers[f"{AT}/manifests/v1"] = body(b"{}", 401, WWW_Authenticate=asked)
    with pytest.raises(CredentialsRefused):
        await repository(there).manifest(Tag("v1"))
    tokens = [each for each in there.paths() if each.startswith("/token")]
    assert tokens == ["/token?scope=repository%3Aa%2Fb%3Apull&client_id=entrepot"]


# ---------------------------------------------------------------- redirects
@pytest.mark.parametrize("path", [BLOB_AT, f"{AT}/manifests/v1"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_credentials_stay_behind_where_content_is_elsewhere(there, elsewhere, path, status):
    upstream = UpstreamRegistry(there, LOGIN.basic)
    upstream.guard()
    upstream.answer(path, redirect(elsewhere.url("/store?sig=a%2Fb"), status))
    elsewhere.answers["/store?sig=a%2Fb"] = body(BLOB, Content_Type=OCI_MANIFEST)
    client = repository(there)
    await (taken(client) if path == BLOB_AT else client.manifest(Tag("v1")))
    (asked,) = elsewhere.asked
    assert not {"Authorization", "Cookie"} & set(asked.headers)


@pytest.mark.parametrize(
    "location",
    ["http://localhost:{port}/store", "http://169.254.169.254/latest/meta-data/", "https://169.254.169.254/latest/",
     "https://[::1]:{port}/store", "https://127.0.0.1:{port}/store",
     "https://a:b@localhost:{port}/store", "file:///etc/passwd", "ftp://localhost/store", "//169.254.169.254/"],
)  # fmt: skip
async def test_a_redirect_to_where_no_request_may_go_ends_it(there, location):
    for path in (BLOB_AT, f"{AT}/manifests/v1"):
        there.answers[path] = redirect(location.format(port=there.port), 307)
    with pytest.raises(DestinationForbidden):
        await taken(repository(there))
    with pytest.raises(DestinationForbidden):
        await repository(there).manifest(Tag("v1"))
    assert there.paths() == [BLOB_AT, f"{AT}/manifests/v1"]


@pytest.mark.parametrize("address", PRIVATE)
async def test_a_redirect_to_a_name_with_a_private_address_ends_it(there, address):
    names = Names({"other.example": [address]})
    there.answers[BLOB_AT] = redirect(f"https://other.example:{there.port}/store", 307)
    with pytest.raises(DestinationForbidden):
        await taken(repository(there, names=names))
    assert names.asked == ["localhost", "other.example"]


async def test_redirects_in_a_circle_end(there):
    there.answers[BLOB_AT] = redirect(BLOB_AT, 307)
    with pytest.raises(AnswerUnusable, match="redirects more than"):
        await taken(repository(there))


async def test_a_list_that_goes_on_at_another_host_ends(there, elsewhere):
    there.answers[f"{AT}/tags/list?n=1000"] = body(
        b'{"tags":["a"]}', Link=f'<{elsewhere.url("/v2/a/b/tags/list?last=a")}>; rel="next"'
    )
    with pytest.raises(AnswerUnusable, match="elsewhere"):
        await repository(there).tags()
    assert elsewhere.asked == []


# ---------------------------------------------------------------- content
@pytest.mark.parametrize("answer", [BLOB[:-1] + b"!", BLOB[:-1], BLOB + b"!", b""])
@pytest.mark.parametrize("known", [True, False])
async def test_a_blob_of_another_digest_or_length_is_no_blob(there, answer, known):
    there.answers[BLOB_AT] = body(answer)
    with pytest.raises(ContentWrong):
        await taken(repository(there), len(BLOB) if known else None)


async def test_a_manifest_of_another_digest_is_no_manifest(there):
    digest = Digest.of(b"{}")
    there.answers[f"{AT}/manifests/{digest}"] = body(b'{"a":1}', Docker_Content_Digest=digest)
    with pytest.raises(ContentWrong, match="another manifest"):
        await repository(there).manifest(digest)


@pytest.mark.parametrize("digest", ["sha256:12", "md5:00", "sha256:" + "g" * 64, "../../etc/passwd"])
async def test_a_digest_that_is_none_is_not_believed(there, digest):
    there.answers[f"{AT}/manifests/v1"] = body(b"{}", Docker_Content_Digest=digest)
    with pytest.raises(ContentWrong, match="digest that is none"):
        await repository(there).head(Tag("v1"))


async def test_an_endless_blob_ends_after_its_length(there):
    there.answers[BLOB_AT] = endless(BLOB)
    with pytest.raises(AnswerUnusable, match="more than 6000 bytes"):
        await taken(repository(there))
    with pytest.raises(AnswerUnusable, match="does not say how long"):
        await taken(repository(there), None)


async def test_a_blob_of_unknown_length_has_a_bound_too(there):
    there.answers[BLOB_AT] = body(BLOB)
    with pytest.raises(AnswerUnusable, match="more than 100 bytes"):
        async with repository(there).blob(DIGEST, most_bytes=100) as blob:
            assert [each async for each in blob.pieces()] == []


async def test_an_endless_manifest_ends(there):
    there.answers[f"{AT}/manifests/v1"] = endless(b" " * 65536)
    there.answers[f"{AT}/manifests/v2"] = cut_off(b" " * (LARGEST + 1), None)
    for tag in ("v1", "v2"):
        with pytest.raises(AnswerUnusable, match="more than 4194304 bytes"):
            await repository(there).manifest(Tag(tag))


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
async def test_what_is_compressed_is_not_unpacked(there, encoding):
    bomb = gzip.compress(b"\0" * (64 << 20))
    for path in (BLOB_AT, f"{AT}/manifests/v1", f"{AT}/tags/list?n=1000"):
        there.answers[path] = body(bomb, Content_Encoding=encoding)
    client = repository(there)
    for asking in (taken(client, None), client.manifest(Tag("v1")), client.tags()):
        with pytest.raises(AnswerUnusable, match="compresses"):
            await asking


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"tags":[1]}', b'{"tags":' + b"[" * 100_000, b'"tags"'])
async def test_a_list_that_is_none_is_a_fault(there, content):
    there.answers[f"{AT}/tags/list?n=1000"] = body(content)
    there.answers[f"{AT}/referrers/{DIGEST}"] = body(content or b"x", Content_Type=OCI_INDEX)
    with pytest.raises(AnswerUnusable):
        await repository(there).tags()
    with pytest.raises(AnswerUnusable):
        await repository(there).referrers(DIGEST)


@pytest.mark.parametrize(("fresh", "pages"), [(False, 2), (True, 4)])
async def test_an_endless_list_ends(there, fresh, pages):
    there.prefixes |= {f"{AT}/{what}": _endless_pages(what, fresh=fresh) for what in ("tags/list", "referrers/")}
    with pytest.raises(AnswerUnusable, match="tags that does not end"):
        await repository(there).tags(most=3)
    assert len(there.asked) == pages
    with pytest.raises(AnswerUnusable, match="referrers that does not end"):
        await repository(there).referrers(DIGEST, most=3)
    assert len(there.asked) == pages * 2


async def test_urls_that_a_manifest_names_are_not_asked(there, elsewhere):
    manifest = json.dumps({
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": "a/b", "digest": DIGEST, "size": 1, "urls": [elsewhere.url("/config")]},
        "layers": [{"mediaType": "a/b", "digest": DIGEST, "size": len(BLOB), "urls": [elsewhere.url("/layer")]}],
    }).encode()  # fmt: skip
    there.answers[f"{AT}/manifests/v1"] = body(manifest, Content_Type=OCI_MANIFEST)
    assert (await repository(there).manifest(Tag("v1"))).body == manifest
    with pytest.raises(OutboundFault):
        await taken(repository(there))
    assert elsewhere.asked == []


# ---------------------------------------------------------------- time and heads
async def test_a_trickle_ends_as_silence_does(there):
    there.answers[BLOB_AT] = dripping(there, len(BLOB))
    bounds = Bounds(len(BLOB), seconds=60, idle_seconds=0.3, slowest=1000)
    async with outbound(there).download(there.url(BLOB_AT), bounds) as answer:
        with pytest.raises(DestinationUnreachable, match="does not answer"):
            await answer.whole()


async def test_a_blob_and_a_manifest_have_their_time(there):
    there.answers[BLOB_AT] = dripping(there, len(BLOB))
    there.answers[f"{AT}/manifests/v1"] = dripping(there, 1000)
    with pytest.raises(DestinationUnreachable):
        await taken(repository(there, waiting=0.5))
    with pytest.raises(DestinationUnreachable):
        await repository(there, waiting=0.5).manifest(Tag("v1"))


async def test_a_head_that_does_not_end_ends(there):
    there.answers[f"{AT}/manifests/v1"] = dripping_head(there)
    with pytest.raises(DestinationUnreachable):
        await repository(there, seconds=0.5).manifest(Tag("v1"))
    with pytest.raises(DestinationUnreachable):
        await repository(there, seconds=0.5).head(Tag("v1"))


async def test_heads_larger_than_any_are_refused(there):
    there.answers[f"{AT}/manifests/v1"] = body(b"{}", X_Large="x" * 1_000_000)
    there.answers[f"{AT}/manifests/v2"] = endless_head()
    for tag in ("v1", "v2"):
        with pytest.raises(OutboundFault):
            await repository(there).manifest(Tag(tag))


def _endless_pages(what: str, *, fresh: bool) -> Answering:
    """Pages of which each says that there is another, with something new on it or not."""
    numbers = count()

    def answer(handler) -> None:
        number = next(numbers)
        name = str(number if fresh else 0)
        referrer = {"mediaType": OCI_MANIFEST, "digest": Digest.of(name.encode()), "size": 1}
        page = json.dumps({"schemaVersion": 2, "tags": [name], "manifests": [referrer]}).encode()
        body(page, Content_Type=OCI_INDEX, Link=f'<{AT}/{what}?last={number}>; rel="next"')(handler)

    return answer
