"""Traps of registry tokens: past their time, of keys that are gone, of others; what is said to each of them."""

import base64
import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import urllib3

from entrepot.seal import Seal, tokens
from entrepot.seal.master_key import load_master_key
from entrepot.seal.tokens import Claims
from tests.factories.processes import Credentials, Server
from tests.factories.registry import Registry, error_codes
from tests.factories.waiting import wait
from tests.operation.commands import entrepot
from tests.traps.conftest import STRANGER
from tests.traps.door import ABSENT, REQUESTS, blob, fresh

LIFETIME = timedelta(hours=12)
TENANT = "444455556666"
VARYING = {"date", "x-amzn-requestid"}


def seal_of(server: Server) -> Seal:
    return Seal(load_master_key(server.data / "secret.key", create=False))


def claims_of(server: Server) -> Claims:
    """What a good token of the root says."""
    return tokens.read(seal_of(server), server.token())


def changed(server: Server, **claims: object) -> str:
    """A token that this server could have issued, but for these claims."""
    return tokens.issue(seal_of(server), msgspec.structs.replace(claims_of(server), **claims))


def aged(server: Server, age: timedelta) -> str:
    """A token that was issued so long ago."""
    issued_at = datetime.now(UTC) - age
    return changed(server, issued_at=issued_at, expires_at=issued_at + LIFETIME)


def ask(server: Server, token: str, path: str = "/v2/") -> urllib3.BaseHTTPResponse:
    return Registry(server, token).request("GET", path)


def told(answer: urllib3.BaseHTTPResponse) -> tuple[int, bytes, dict[str, str]]:
    """All of an answer that could tell one case from another."""
    headers = {name.lower(): value for name, value in answer.headers.items() if name.lower() not in VARYING}
    return answer.status, answer.data, headers


def test_a_token_names_no_colon_and_fits_into_a_header(server: Server) -> None:
    """get-login-password splits the token at its colon; proxies cut headers at 8 KB, some at 4."""
    token = server.token()
    assert ":" not in token
    assert len(base64.b64encode(f"AWS:{token}".encode())) < 4096 - len("Authorization: Basic ")


def test_a_token_is_good_for_twelve_hours_and_not_a_second_longer(server: Server) -> None:
    claims = claims_of(server)
    assert claims.expires_at - claims.issued_at == LIFETIME
    assert ask(server, aged(server, LIFETIME - timedelta(minutes=1))).status == 200
    assert ask(server, aged(server, LIFETIME + timedelta(seconds=1))).status == 403


def test_a_token_that_was_accepted_expires_all_the_same(server: Server) -> None:
    """What is remembered of a token that was read once does not outlive it."""
    good = claims_of(server)
    ends = datetime.now(UTC) + timedelta(seconds=1.5)
    door = Registry(server, tokens.issue(seal_of(server), msgspec.structs.replace(good, expires_at=ends)))
    assert door.request("GET", "/v2/").status == 200
    wait(lambda: door.request("GET", "/v2/").status == 403, seconds=10)
    assert datetime.now(UTC) >= ends


def test_an_expired_token_is_told_so_whatever_is_asked(server: Server) -> None:
    """403 as AWS answers: clients that get a challenge would send the same token again."""
    door, name = Registry(server, aged(server, LIFETIME + timedelta(days=1))), fresh(server)
    for method, rest in REQUESTS:
        body = None if method == "HEAD" else b""
        answers = [door.request(method, f"/v2/{place}/{rest}", body) for place in (name, "never/was")]
        assert told(answers[0]) == told(answers[1])
        assert answers[0].status == 403
        assert "WWW-Authenticate" not in answers[0].headers
        if method != "HEAD":
            assert error_codes(answers[0]) == ["DENIED"]
            assert "expired" in json.loads(answers[0].data)["errors"][0]["message"]


def test_every_token_that_is_not_good_is_told_the_same(server: Server) -> None:
    """Nothing in an answer says how near to a good token somebody came."""
    seal, good = seal_of(server), claims_of(server)
    token = tokens.issue(seal, good)
    middle = len(token) // 2
    bad = {
        "another master key": tokens.issue(Seal(bytes(32)), good),
        "sealed for another purpose": base64.urlsafe_b64encode(
            seal.seal(msgspec.json.encode(good), b"access-key:")
        ).decode(),
        "claims that are none": base64.urlsafe_b64encode(seal.seal(b"{}", b"registry-token")).decode(),
        "one bit": token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1 :],
        "cut short": token[:-8],
        "longer": token + "AAAA",
        "claims in the open": base64.urlsafe_b64encode(msgspec.json.encode(good)).decode(),
        "a key that is gone": changed(server, credential_id="AKIAGONEGONEGONEGONE"),
        "another epoch": changed(server, epoch=good.epoch + 1),
        "the secret access key": server.credentials.secret_access_key,
        "a token for one blob": changed(server, scope=f"arn:aws:ecr:us-east-1:000000000000:repository/x@{ABSENT}"),
    }
    for path in ("/v2/", f"/v2/{fresh(server)}/tags/list", "/v2/never/was/tags/list", "/v2/_catalog"):
        expected = told(ask(server, "nonsense", path))
        assert expected[0] == 401
        for name, each in bad.items():
            assert told(ask(server, each, path)) == expected, (name, path)
    assert ask(server, token).status == 200


def test_the_principal_comes_from_the_key_and_not_from_what_a_token_says(server: Server, stranger: Credentials) -> None:
    """A token that names another principal beside its own key gives that one's rights to nobody."""
    theirs = tokens.read(seal_of(server), server.token(stranger))
    forged = tokens.issue(seal_of(server), msgspec.structs.replace(theirs, principal_id="000000000000"))
    assert ask(server, forged, f"/v2/{fresh(server)}/tags/list").status in {401, 403}


def test_a_token_of_another_account_is_known_and_not_permitted(server: Server, stranger: Credentials) -> None:
    token = server.token(stranger)
    assert ask(server, token).status == 200
    answers = [ask(server, token, f"/v2/{name}/tags/list") for name in (fresh(server), "never/was")]
    assert [answer.status for answer in answers] == [403, 403]
    assert ask(server, token, f"/v2/{STRANGER}/us-east-1/never/was/tags/list").status == 404


def test_a_rotated_key_takes_its_tokens_with_it_and_no_others(server: Server, stranger: Credentials) -> None:
    place = ("--data", server.data, "--output", "json")
    made = entrepot("account", "create", "--id", TENANT, *place).result
    first = Credentials(made["access_key_id"], made["secret_access_key"])
    old, others = server.token(first), server.token(stranger)
    assert ask(server, old).status == 200
    made = entrepot("key", "rotate", "--account", TENANT, *place).result
    second = Credentials(made["access_key_id"], made["secret_access_key"])
    assert told(ask(server, old)) == told(ask(server, "nonsense"))
    assert ask(server, server.token(second)).status == ask(server, others).status == 200


@pytest.mark.parametrize("scheme", ["Basic", "basic", "Bearer", "bearer"])
def test_a_token_is_accepted_by_either_scheme(server: Server, scheme: str) -> None:
    token = server.token()
    value = base64.b64encode(f"AWS:{token}".encode()).decode() if scheme.lower() == "basic" else token
    assert Registry(server, "").request("GET", "/v2/", None, Authorization=f"{scheme} {value}").status == 200


@pytest.mark.parametrize(
    "line",
    [
        "Basic",
        "Basic ",
        "Bearer",
        "Bearer ",
        "Digest username=AWS",
        "Basic !!!",
        "Basic " + base64.b64encode(b"AWS").decode(),
        "Basic " + base64.b64encode(b"AWS:").decode(),
        "Basic " + base64.b64encode("AWS:\u00e9".encode()).decode(),
        "Basic " + base64.b64encode(b"\xff\xfe:\x00").decode(),
        "AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/ecr/aws4_request",
    ],
)
def test_a_header_that_is_no_credential_gets_the_challenge(server: Server, line: str) -> None:
    answer = Registry(server, "").request("GET", "/v2/", None, Authorization=line)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")
    assert error_codes(answer) == ["UNAUTHORIZED"]


def test_another_user_than_aws_is_nobody(server: Server) -> None:
    token = server.token()
    for user in ("aws", "root", "", "AKIA", server.credentials.access_key_id):
        value = base64.b64encode(f"{user}:{token}".encode()).decode()
        assert Registry(server, "").request("GET", "/v2/", None, Authorization=f"Basic {value}").status == 401, user


def test_a_download_url_is_for_its_blob_and_for_reading_only(server: Server) -> None:
    """The query's token opens one blob in one repository, and no other door."""
    name, other, door, layer, second = fresh(server), fresh(server), Registry(server), blob("one"), blob("two")
    for place in (name, other):
        for content in (layer, second):
            door.push_blob(place, content)
    # the URL of a layer is given for layers of an image, which these are not: the token alone is looked at
    scope = f"arn:aws:ecr:us-east-1:000000000000:repository/{name}@{layer.digest}"
    token = changed(server, scope=scope)
    anonymous = Registry(server, "")

    def status(method: str, repository: str, digest: str) -> int:
        return anonymous.request(method, f"/v2/{repository}/blobs/{digest}?token={token}").status

    assert status("GET", name, layer.digest) == status("HEAD", name, layer.digest) == 200
    assert status("GET", name, second.digest) == status("GET", other, layer.digest) == 401
    assert status("DELETE", name, layer.digest) == 401
    assert anonymous.request("GET", f"/v2/{name}/tags/list?token={token}").status == 401
    assert ask(server, token, f"/v2/{name}/blobs/{layer.digest}").status == 401
    assert door.pull_blob(name, layer.digest) == layer.data
