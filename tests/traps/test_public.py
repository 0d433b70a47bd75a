"""Traps of the public registry: who may do what with which token, and addresses that must lead nowhere else."""

import json
import uuid

import pytest
import urllib3

from tests.behaviour.public import password
from tests.factories.layouts import Content, image
from tests.factories.processes import Credentials, Server
from tests.factories.registry import Registry, error_codes, with_query
from tests.operation.commands import entrepot
from tests.traps.conftest import STRANGER
from tests.traps.door import ABSENT, REQUESTS, UPLOAD, fresh
from tests.traps.public import Public
from tests.traps.wire import head, send

ACCOUNT = "000000000000"
READS = [each for each in REQUESTS if each[0] in ("GET", "HEAD") and "uploads" not in each[1]]
WRITES = [each for each in REQUESTS if each not in READS]


@pytest.fixture(scope="module")
def public(server: Server) -> Public:
    return Public(server)


def ask(door: Registry, method: str, path: str) -> urllib3.BaseHTTPResponse:
    return door.request(method, path, None if method in ("GET", "HEAD") else b"")


@pytest.mark.parametrize(("method", "rest"), READS)
def test_anybody_reads_what_is_there_and_is_told_what_is_absent(public: Public, method: str, rest: str) -> None:
    """zot#4161, zot#3868: the verb decided who was asked for a credential."""
    there = ask(public.anybody, method, f"/v2/{public.path}/{rest.replace(ABSENT, public.content.digest)}")
    assert there.status == (404 if rest.startswith("blobs") else 200)  # a manifest is no blob
    for path in (public.path + "-absent", f"public.ecr/{STRANGER}/{public.name}"):
        absent = ask(public.anybody, method, f"/v2/{path}/{rest}")
        assert absent.status == 404
        assert method == "HEAD" or error_codes(absent) == ["NAME_UNKNOWN"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_anybody_reads_a_blob(public: Public, method: str) -> None:
    layer = public.content.layers[0]
    answer = ask(public.anybody, method, f"/v2/{public.path}/blobs/{layer.digest}")
    assert answer.status == 200
    assert answer.data == (layer.data if method == "GET" else b"")
    ranged = public.anybody.request("GET", f"/v2/{public.path}/blobs/{layer.digest}", Range="bytes=1-3")
    assert (ranged.status, ranged.data) == (206, layer.data[1:4])


@pytest.mark.parametrize(("method", "rest"), [*WRITES, ("PUT", f"manifests/{ABSENT}"), ("GET", "_catalog")])
@pytest.mark.parametrize("who", ["nobody", "anonymous token", "empty name and password"])
def test_nobody_writes_and_is_told_where_tokens_are(public: Public, who: str, method: str, rest: str) -> None:
    token = json.loads(public.anybody.request("GET", "/public.ecr/token/").data)["token"]
    lines = {"nobody": {}, "anonymous token": {"Authorization": f"Bearer {token}"}}.get(
        who, {"Authorization": "Basic Og=="}
    )
    for path in (public.path, f"{public.path}-absent"):
        address = f"public.ecr/{public.alias}/{rest}" if rest == "_catalog" else f"{path}/{rest}"
        answer = public.anybody.request(method, f"/v2/{address}", None if method == "GET" else b"", **lines)
        assert answer.status == 401
        assert error_codes(answer) == ["UNAUTHORIZED"]
        challenge = answer.headers["WWW-Authenticate"]
        assert challenge.startswith(
            f'Bearer realm="{public.server.base_url}/public.ecr/token/",service="public.ecr.aws",scope="'
        )
        assert rest == "_catalog" or f'scope="repository:{path}:pull,push"' in challenge
    assert public.anybody.pull(public.path, "latest")


@pytest.mark.parametrize(("method", "rest"), READS)
@pytest.mark.parametrize("token", ["nonsense", "x" * 3000])
def test_a_wrong_password_is_told_so_though_none_is_needed(public: Public, token: str, method: str, rest: str) -> None:
    answer = ask(Registry(public.server, token), method, f"/v2/{public.path}/{rest}")
    assert answer.status == 401
    assert 'scope="repository:' in answer.headers["WWW-Authenticate"]
    assert ":pull" in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(("method", "rest"), WRITES)
def test_another_account_is_denied_whether_or_not_a_thing_exists(
    public: Public, stranger: Credentials, method: str, rest: str
) -> None:
    door = Registry(public.server, password(public.server.client("ecr-public", credentials=stranger)))
    told = []
    for name in (public.name, "never/was"):
        answer = ask(door, method, f"/v2/public.ecr/{public.alias}/{name}/{rest}")
        told.append((answer.status, answer.data.replace(name.encode(), b"")))
    assert told[0] == told[1]
    assert told[0][0] == 403
    assert b"ecr-public:" in told[0][1]


@pytest.mark.parametrize(("method", "rest"), WRITES)
def test_a_token_for_private_registries_writes_to_no_public_one(public: Public, method: str, rest: str) -> None:
    answer = ask(Registry(public.server), method, f"/v2/{public.path}/{rest}")
    assert answer.status == 401
    assert b"aws ecr-public get-login-password" in answer.data


@pytest.mark.parametrize(("method", "rest"), [*REQUESTS, ("GET", "_catalog")])
def test_a_token_for_public_registries_does_nothing_in_a_private_one(public: Public, method: str, rest: str) -> None:
    private = fresh(public.server)
    for address in (private, f"{ACCOUNT}/us-east-1/{private}"):
        path = f"/v2/{rest}" if rest == "_catalog" else f"/v2/{address}/{rest}"
        answer = ask(public.owner, method, path)
        assert answer.status == 401
        assert method == "HEAD" or b"aws ecr get-login-password" in answer.data
    anonymous = json.loads(public.anybody.request("GET", "/public.ecr/token/").data)["token"]
    assert public.anybody.request("GET", path, Authorization=f"Bearer {anonymous}").status == 401


def test_a_log_in_to_a_shared_host_takes_the_tokens_of_both(public: Public) -> None:
    """Docker keeps one credential for each host: it must be able to log in with either."""
    for token, status in ((public.token, 200), (public.server.token(), 200), ("", 401), ("nonsense", 401)):
        assert Registry(public.server, token).request("GET", "/v2/").status == status


def test_who_has_logged_in_to_private_registries_still_pulls_what_is_public(public: Public) -> None:
    assert Registry(public.server).pull(public.path, "latest")


@pytest.mark.parametrize(("agent", "scheme"), [("docker/27.0 go/go1.22", "Bearer"), ("curl/8", "Basic"), ("", "Basic")])
def test_dockers_engine_is_asked_for_a_token_because_it_can_get_one_without_a_log_in(
    public: Public, agent: str, scheme: str
) -> None:
    answer = public.anybody.request("GET", "/v2/", User_Agent=agent)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith(f"{scheme} realm=")
    private = public.anybody.request("GET", f"/v2/{fresh(public.server)}/tags/list", User_Agent=agent)
    assert private.headers["WWW-Authenticate"].startswith("Basic realm=")


class TestTokens:
    """The realm: what it gives to whom."""

    @pytest.mark.parametrize(
        "query", ["", "?service=public.ecr.aws&scope=repository:x/y:pull,push", "?scope=aws&scope=x"]
    )
    @pytest.mark.parametrize("path", ["/public.ecr/token/", "/token/"])
    def test_anybody_gets_a_token_of_nobody(self, public: Public, path: str, query: str) -> None:
        answer = public.anybody.request("GET", path + query)
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "no-store"
        told = json.loads(answer.data)
        assert told["token"] == told["access_token"]
        assert told["expires_in"] > 60
        bearer = f"Bearer {told['token']}"
        assert public.anybody.request("GET", f"/v2/{public.path}/manifests/latest", Authorization=bearer).status == 200
        assert public.anybody.request("GET", "/v2/public.ecr/", Authorization=bearer).status == 200
        assert public.anybody.request("GET", "/v2/", Authorization=bearer).status in (200, 401)

    def test_who_has_logged_in_gets_its_own_back_and_no_longer_life(self, public: Public) -> None:
        for token in (public.token, public.server.token()):
            answer = Registry(public.server, token).request("GET", "/public.ecr/token/?account=AWS&scope=x:pull")
            assert (answer.status, json.loads(answer.data)["token"]) == (200, token)

    def test_a_wrong_password_gets_none(self, public: Public) -> None:
        for token in ("nonsense", public.token[:-2], "x" * 5000):
            answer = Registry(public.server, token).request("GET", "/public.ecr/token/")
            assert answer.status == 401
            assert error_codes(answer) == ["UNAUTHORIZED"]

    def test_it_is_asked_with_get_only(self, public: Public) -> None:
        """Clients that try OAuth 2 first go on with GET after a 405."""
        assert public.anybody.request("POST", "/public.ecr/token/", b"grant_type=password").status == 405

    def test_a_key_that_is_gone_pushes_no_more_at_once(self, server: Server) -> None:
        account = "777788889999"
        made = entrepot("account", "create", "--id", account, "--data", server.data, "--output", "json").result
        keys = Credentials(made["access_key_id"], made["secret_access_key"])
        token = password(server.client("ecr-public", credentials=keys))
        path = f"/v2/public.ecr/{account}/x/y/blobs/uploads/"
        assert Registry(server, token).request("POST", path, b"").status == 404
        entrepot("key", "rotate", "--account", account, "--data", server.data, "--output", "json")
        assert {Registry(server, token).request("POST", path, b"").status for _ in range(8)} == {401}


@pytest.mark.parametrize(
    "prefix",
    [
        "public.ecr//{alias}",
        "public.ecr/{alias}/",
        "public.ecr%2f{alias}",
        "public.ecr/{alias}%2f",
        "Public.ecr/{alias}",
        "PUBLIC.ECR/{alias}",
        "public%2eecr/{upper}",
        "public.ecr/{upper}",
        "public.ecr/{alias}%00",
        "public.ecr/%20{alias}",
        "public.ecr/./{alias}",
        "public.ecr/../public.ecr/{alias}",
        "public.ecr/{alias}/../{alias}",
        "x/public.ecr/{alias}",
        "public.ecr",
        "public.ecr/public.ecr/{alias}",
        "000000000000/us-east-1/public.ecr/{alias}",
    ],
)
def test_no_other_spelling_of_an_address_leads_to_a_repository(public: Public, prefix: str) -> None:
    """CVE-2020-29662: another spelling of a path reached what the right one guarded."""
    address = prefix.format(alias=public.alias, upper=public.alias.upper())
    line = f"/v2/{address}/{public.name}/manifests/latest"
    answer = send(public.server, head("GET", line, "Connection: close"))
    assert answer[9:12] in {b"400", b"401", b"404"}
    assert public.content.config.digest.encode() not in answer


@pytest.mark.parametrize("address", ["public.ecr/{name}", "public.ecr/{alias}/{account}/us-east-1/{name}"])
def test_a_private_repository_is_reached_by_no_public_address(public: Public, address: str) -> None:
    private = fresh(public.server)
    content = image(11)
    Registry(public.server).push(private, content, "latest")
    names = (address, "public.ecr/{alias}/{name}", "public.ecr/{account}/{name}")
    for each in names:
        path = each.format(alias=public.alias, account=ACCOUNT, name=private)
        for door in (public.anybody, public.owner, Registry(public.server)):
            for rest in ("manifests/latest", f"manifests/{content.digest}", f"blobs/{content.layers[0].digest}"):
                assert door.request("GET", f"/v2/{path}/{rest}").status in (400, 401, 404)


def test_a_public_repository_is_reached_by_no_private_address(public: Public) -> None:
    door = Registry(public.server)
    for path in (public.name, f"{ACCOUNT}/us-east-1/{public.name}"):
        answer = door.request("GET", f"/v2/{path}/manifests/latest")
        assert (answer.status, error_codes(answer)) == (404, ["NAME_UNKNOWN"])


def test_nobody_makes_a_private_repository_where_public_ones_are(public: Public) -> None:
    for name in ("public.ecr", "public.ecr/x", f"public.ecr/{public.alias}/{public.name}"):
        with pytest.raises(Exception, match="InvalidParameterException"):
            public.server.client().create_repository(repositoryName=name)


class TestMounts:
    """Which blobs a push may take from elsewhere (CVE-2024-39897, spinifex#548)."""

    def mount(self, public: Public, door: Registry, target: str, source: str, blob: Content) -> int:
        path = with_query(f"/v2/{target}/blobs/uploads/", mount=blob.digest, **{"from": source})
        return door.request("POST", path, b"").status

    def test_within_a_registry_only(self, public: Public, stranger: Credentials) -> None:
        other = Public(public.server)
        layer = public.content.layers[0]
        assert self.mount(public, other.owner, other.path, public.path, layer) == 201
        assert public.anybody.pull_blob(other.path, layer.digest) == layer.data
        client = public.server.client("ecr-public", credentials=stranger)
        uri = client.create_repository(repositoryName=f"m-{uuid.uuid4().hex[:8]}")["repository"]["repositoryUri"]
        foreign = uri.partition("/")[2]
        door = Registry(public.server, password(client))
        assert self.mount(public, door, foreign, public.path, layer) == 202
        assert door.request("HEAD", f"/v2/{foreign}/blobs/{layer.digest}").status == 404

    def test_never_between_private_and_public(self, public: Public) -> None:
        private, layer = fresh(public.server), public.content.layers[0]
        own = image(12)
        door = Registry(public.server)
        door.push(private, own, "latest")
        assert self.mount(public, door, private, public.path, layer) == 202
        for source in (private, f"{ACCOUNT}/us-east-1/{private}"):
            assert self.mount(public, public.owner, public.path, source, own.layers[0]) == 202
        assert public.anybody.request("HEAD", f"/v2/{public.path}/blobs/{own.layers[0].digest}").status == 404

    @pytest.mark.parametrize("source", ["public.ecr", "public.ecr/", "public.ecr/nobody/x", "public.ecr//x", "\0"])
    def test_from_nowhere_is_as_if_the_blob_were_absent(self, public: Public, source: str) -> None:
        assert self.mount(public, public.owner, public.path, source, public.content.layers[0]) in (202, 400)


def test_an_upload_is_seen_by_whoever_started_it_only(public: Public, stranger: Credentials) -> None:
    """CVE-2026-32589: an upload session was found by its id alone."""
    opened = public.owner.request("POST", f"/v2/{public.path}/blobs/uploads/", b"")
    session = opened.headers["Docker-Upload-UUID"]
    for door, status in (
        (public.anybody, 401),
        (Registry(public.server), 401),
        (Registry(public.server, password(public.server.client("ecr-public", credentials=stranger))), 403),
        (public.owner, 204),
    ):
        assert door.request("GET", f"/v2/{public.path}/blobs/uploads/{session}").status == status
    other = Public(public.server)
    assert public.owner.request("GET", f"/v2/{other.path}/blobs/uploads/{session}").status == 404
    assert public.owner.request("GET", f"/v2/{public.path}/blobs/uploads/{UPLOAD}").status == 404
