"""Upstreams of the pull-through cache that mean harm, as a client of the cache sees them: no credential leaves, nothing
is asked where nothing may be, and nothing stays here that is not what it is called (tests/unit/outbound has the client
of registries by itself).
"""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import urllib3

from tests.behaviour.callers import User, allow, of
from tests.behaviour.identities import Iam
from tests.factories.layouts import Content, Image, image, manifest
from tests.factories.origins import Answering, Origin, body, origin, redirect
from tests.factories.processes import Server, serve
from tests.factories.pull_through import Upstream, caching, rule, upstream
from tests.factories.registry import Registry

FOREIGN = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    with upstream(tmp_path_factory.mktemp("hub")) as running:
        yield running


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Origin]:
    """A server that may be reached, and is not the upstream's."""
    with origin(tmp_path_factory.mktemp("elsewhere"), tls=False) as running:
        yield running


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory, hub: Upstream) -> Iterator[Server]:
    allowed = {"ENTREPOT_OUTBOUND_ALLOW": "127.0.0.1,localhost"}
    with caching(tmp_path_factory.mktemp("cache"), hub.host, **allowed) as running:
        secret = running.client("secretsmanager").create_secret(
            Name="ecr-pullthroughcache/hub",
            SecretString=json.dumps({"username": "canary", "accessToken": "canary-password"}),
        )
        rule(running, "hub", hub.host, credentialArn=secret["ARN"])
        yield running


def test_a_token_service_elsewhere_is_not_asked(hub: Upstream, cache: Server, elsewhere: Origin):
    challenge = f'Bearer realm="{elsewhere.url("/token")}",service="hub"'
    for reference in ("v1", "v2"):
        hub.answer("library/realm", f"manifests/{reference}", body(b"", 401, WWW_Authenticate=challenge))
        answer = Registry(cache).request("GET", f"/v2/hub/library/realm/manifests/{reference}")
        assert 400 <= answer.status < 500
    assert elsewhere.asked == []
    assert all("Authorization" not in each.headers for each in hub.origin.asked)


@pytest.mark.parametrize("location", ["http://169.254.169.254/latest/meta-data/", "http://127.0.0.2:1/", "file:///etc"])
def test_a_redirect_to_where_nothing_may_be_asked_ends_the_pull(hub: Upstream, cache: Server, location: str):
    made = image(91)
    hub.put("library/redirect", made, "v1")
    for each in made.blobs:
        hub.answer("library/redirect", f"blobs/{each.digest}", redirect(location, 307))
    assert not whole(cache, "hub/library/redirect", made)
    assert stored(cache, "hub/library/redirect") == []


@pytest.mark.parametrize("wrong", ["other bytes", "too short", "too long"])
def test_a_layer_that_is_another_is_given_to_nobody_as_whole(hub: Upstream, cache: Server, wrong: str):
    made = image(92)
    hub.put("library/wrong", made, "v1")
    for each in made.blobs:
        data = {"other bytes": each.data[::-1], "too short": each.data[:-1], "too long": each.data + b"!"}[wrong]
        hub.answer("library/wrong", f"blobs/{each.digest}", body(data))
    assert not whole(cache, "hub/library/wrong", made)
    assert stored(cache, "hub/library/wrong") == []


def test_urls_of_layers_are_not_asked(hub: Upstream, cache: Server, elsewhere: Origin):
    made = image(93)
    layer = Content(FOREIGN, b"kept elsewhere")
    descriptor = layer.descriptor(urls=[elsewhere.url("/layer")])
    described = json.loads(manifest(made.config, made.layers).data)
    described["layers"].append(descriptor)
    content = Image(Content(made.manifest.media_type, json.dumps(described).encode()), made.config, made.layers)
    hub.put("library/urls", content, "v1")
    door = Registry(cache)
    assert door.request("GET", "/v2/hub/library/urls/manifests/v1").data == content.manifest.data
    assert all(door.pull_blob("hub/library/urls", each.digest) == each.data for each in content.blobs)
    assert door.request("GET", f"/v2/hub/library/urls/blobs/{layer.digest}").status == 404
    assert elsewhere.asked == []


@pytest.mark.parametrize("status", [302, 307])
def test_the_password_stays_behind_where_layers_are_elsewhere(
    hub: Upstream, cache: Server, elsewhere: Origin, status: int
):
    made, name = image(94 + status), f"library/moved-{status}"
    hub.put(name, made, "v1")
    for each in made.blobs:
        hub.answer(name, f"blobs/{each.digest}", wanting(redirect(elsewhere.url(f"/{each.digest}"), status)))
        elsewhere.answers[f"/{each.digest}"] = body(each.data)
    assert whole(cache, f"hub/{name}", made)
    given = [each for each in hub.origin.asked if f"/v2/{name}/blobs/" in each.path and "Authorization" in each.headers]
    assert given
    taken = [each for each in elsewhere.asked if each.path[1:] in {blob.digest for blob in made.blobs}]
    assert taken
    assert not [each for each in taken if "Authorization" in each.headers]
    elsewhere.asked.clear()


def wanting(then: Answering) -> Answering:
    """Answers so to who gives a password."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        known = handler.headers.get("Authorization", "").startswith("Basic ")
        (then if known else body(b"{}", 401, WWW_Authenticate='Basic realm="hub"'))(handler)

    return answer


def test_an_upstream_at_an_address_that_is_not_listed_is_asked_nothing(tmp_path: Path, hub: Upstream):
    made = image(95)
    hub.put("library/inside", made, "v1")
    before = len(hub.origin.asked)
    with serve(tmp_path, environment={"ENTREPOT_PULL_THROUGH_ALLOW": f"http://{hub.host}"}) as server:
        rule(server, "hub", hub.host)
        asked = [{"imageTag": "v1"}]
        answer = server.client().batch_get_image(repositoryName="hub/library/inside", imageIds=asked)
        assert [each["failureCode"] for each in answer["failures"]] == ["UpstreamAccessDenied"]
    assert len(hub.origin.asked) == before


def test_a_rule_for_a_part_of_an_upstream_gives_no_other_part(hub: Upstream, cache: Server):
    hub.put("team/app", image(96), "v1")
    hub.put("secret/app", image(97), "v1")
    rule(cache, "part", hub.host, upstreamRepositoryPrefix="team")
    door = Registry(cache)
    assert door.request("GET", "/v2/part/app/manifests/v1").status == 200
    before = len(hub.origin.asked)
    for name in ("part/secret/app", "part/../secret/app", "part/%2e%2e/secret/app", "part%2f..%2fsecret/app"):
        assert door.request("GET", f"/v2/{name}/manifests/v1").status in {400, 404}
    assert not [each for each in hub.origin.asked[before:] if each.path.startswith("/v2/secret/")]


def test_who_may_not_pull_a_name_has_nothing_of_the_upstreams_login(hub: Upstream, cache: Server):
    made = image(98)
    hub.put("closed/app", made, "v1")
    user = User(cache, Iam(cache))
    user.put("pull", allow(["ecr:GetAuthorizationToken"]), allow(["ecr:*"], of("hub/open/*")))
    before = len(hub.origin.asked)
    assert user.registry().request("GET", "/v2/hub/closed/app/manifests/v1").status in {403, 404}
    assert len(hub.origin.asked) == before
    assert whole(cache, "hub/closed/app", made)
    for rest in ("manifests/v1", f"blobs/{made.layers[0].digest}"):
        assert user.registry().request("GET", f"/v2/hub/closed/app/{rest}").status == 403


def whole(cache: Server, repository: str, made: Image) -> bool:
    """Whether a client has all of an image in the end."""
    door = Registry(cache)
    if door.request("GET", f"/v2/{repository}/manifests/v1").status != 200:
        return False
    try:
        answers = [door.request("GET", f"/v2/{repository}/blobs/{each.digest}") for each in made.blobs]
    except urllib3.exceptions.HTTPError:
        return False
    return all(answer.status == 200 for answer in answers)


def stored(cache: Server, repository: str) -> list[object]:
    """The images that are here."""
    ecr = cache.client()
    try:
        return list(ecr.describe_images(repositoryName=repository)["imageDetails"])
    except ecr.exceptions.RepositoryNotFoundException:
        return []
