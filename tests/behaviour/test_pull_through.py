"""Pulls through the cache: what an upstream has is pulled here, once, whole or not at all."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import urllib3

from tests.behaviour.identities import refusal
from tests.factories import forks
from tests.factories.layouts import Content, image, index
from tests.factories.origins import body
from tests.factories.processes import Server
from tests.factories.pull_through import Upstream, rule, stopping
from tests.factories.registry import Registry, error_codes
from tests.factories.waiting import wait

SERVICE = "pullthroughcache.ecr.amazonaws.com"


@pytest.fixture(scope="module")
def impatient(hub: Upstream, cache: Server) -> str:
    """The prefix of a rule by which each pull of a tag looks upstream."""
    rule(cache, "now", hub.host)
    cache.client("entrepot").put_pull_through_cache_settings(ecrRepositoryPrefix="now", ttlSeconds=0)
    return "now"


def test_the_first_pull_brings_the_image_and_makes_its_repository(hub: Upstream, cache: Server):
    made = image(1)
    hub.put("library/one", made, "v1")
    held = Registry(cache).pull("hub/library/one", "v1")
    assert held[made.digest] == made.manifest.data
    assert all(held[each.digest] == each.data for each in made.blobs)


def test_what_was_pulled_is_an_image_of_the_repository_and_is_not_asked_for_again(hub: Upstream, cache: Server):
    made = image(2)
    hub.put("library/two", made, "v1")
    Registry(cache).pull("hub/library/two", "v1")
    kept = wait(lambda: details(cache, "hub/library/two"))
    assert [(each["imageDigest"], each["imageTags"]) for each in kept] == [(made.digest, ["v1"])]
    before = len(hub.origin.asked)
    assert set(Registry(cache).pull("hub/library/two", "v1")) == {made.digest, *(each.digest for each in made.blobs)}
    assert len(hub.origin.asked) == before
    assert all(hub.asked("library/two", f"blobs/{each.digest}") == 1 for each in made.blobs)


def details(server: Server, repository: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.client().describe_images(repositoryName=repository)["imageDetails"]
    return found


def test_an_index_is_stored_whole_and_only_the_image_that_is_pulled_comes(hub: Upstream, cache: Server):
    made = index(10)
    hub.put("library/multi", made, "v1")
    registry, name = Registry(cache), "hub/library/multi"
    assert registry.pull_manifest(name, "v1").data == made.manifest.data
    wanted, other = made.children
    registry.pull(name, wanted.digest)
    wait(lambda: {each["imageDigest"] for each in details(cache, name)} == {made.digest, wanted.digest})
    assert [hub.asked("library/multi", f"blobs/{each.digest}") for each in other.blobs] == [0] * len(other.blobs)
    assert hub.asked("library/multi", f"manifests/{other.digest}") == 0


def test_many_first_pulls_at_once_ask_for_each_blob_once(hub: Upstream, cache: Server):
    made = image(3)
    hub.put("library/busy", made, "v1")
    client = cache.token()
    with ThreadPoolExecutor(50) as pool:
        pulled = list(pool.map(lambda _: Registry(cache, client).pull("hub/library/busy", "v1"), range(50)))
    assert all(set(each) == {made.digest, *(blob.digest for blob in made.blobs)} for each in pulled)
    assert [hub.asked("library/busy", f"blobs/{each.digest}") for each in made.blobs] == [1] * len(made.blobs)
    assert hub.asked("library/busy", "manifests/v1") == 1


def test_an_image_is_pulled_by_digest_at_both_doors(hub: Upstream, cache: Server):
    made = image(4)
    hub.put("library/pinned", made, "v1")
    answer = cache.client().batch_get_image(
        repositoryName="hub/library/pinned", imageIds=[{"imageDigest": made.digest}]
    )
    assert [each["imageManifest"] for each in answer["images"]] == [made.manifest.data.decode()]
    assert answer["failures"] == []
    wait(lambda: details(cache, "hub/library/pinned"))
    layer = made.layers[0]
    given = cache.client().get_download_url_for_layer(repositoryName="hub/library/pinned", layerDigest=layer.digest)
    assert Registry(cache, "").request("GET", given["downloadUrl"]).data == layer.data


def test_what_the_upstream_does_not_have_is_asked_for_once(hub: Upstream, cache: Server):
    registry = Registry(cache)
    for _ in range(3):
        answer = registry.request("GET", "/v2/hub/library/absent/manifests/v1")
        assert (answer.status, error_codes(answer)) == (404, ["MANIFEST_UNKNOWN"])
    assert hub.asked("library/absent", "manifests/v1") == 1
    code, _ = refusal(cache.client().describe_repositories, repositoryNames=["hub/library/absent"])
    assert code == "RepositoryNotFoundException"


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [(403, "UpstreamAccessDenied", 403), (429, "UpstreamTooManyRequests", 429), (503, "UpstreamUnavailable", 503)],
)
def test_what_the_upstream_refuses_is_told_in_the_words_of_ecr(
    hub: Upstream, cache: Server, status: int, code: str, told: int
):
    name = f"library/refused-{status}"
    hub.answer(name, "manifests/v1", body(b"", status))
    answer = cache.client().batch_get_image(repositoryName=f"hub/{name}", imageIds=[{"imageTag": "v1"}])
    assert [each["failureCode"] for each in answer["failures"]] == [code]
    assert Registry(cache).request("GET", f"/v2/hub/{name}/manifests/v1").status == told


def test_a_tag_that_moved_upstream_moves_here_when_its_time_is_over(hub: Upstream, cache: Server):
    first, second, name = image(5), image(6), "hub/library/moving"
    hub.put("library/moving", first, "v1")
    registry = Registry(cache)
    registry.pull(name, "v1")
    wait(lambda: details(cache, name))
    hub.put("library/moving", second, "v1")
    assert registry.pull_manifest(name, "v1").digest == first.digest
    cache.client("entrepot").refresh_cached_images(repositoryName=name, imageTag="v1")
    wait(lambda: registry.pull_manifest(name, "v1").digest == second.digest)
    registry.pull(name, "v1")


def test_the_image_that_is_here_is_served_when_the_upstream_is_not(hub: Upstream, cache: Server, impatient: str):
    made, name = image(7), f"{impatient}/library/stale"
    hub.put("library/stale", made, "v1")
    registry = Registry(cache)
    registry.pull(name, "v1")
    wait(lambda: details(cache, name))
    hub.answer("library/stale", "manifests/v1", body(b"", 503))
    assert registry.pull(name, "v1")[made.digest] == made.manifest.data
    hub.answer("library/stale", "manifests/v1", body(b"", 404))
    assert registry.pull(name, "v1")[made.digest] == made.manifest.data


def test_an_immutable_tag_stays_where_it_is(hub: Upstream, cache: Server, impatient: str):
    first, second, name = image(8), image(9), f"{impatient}/library/frozen"
    hub.put("library/frozen", first, "v1")
    registry = Registry(cache)
    registry.pull(name, "v1")
    wait(lambda: details(cache, name))
    cache.client().put_image_tag_mutability(repositoryName=name, imageTagMutability="IMMUTABLE")
    hub.put("library/frozen", second, "v1")
    registry.pull(name, "v1")
    wait(lambda: len(details(cache, name)) >= 1)
    tagged = {each["imageDigest"] for each in details(cache, name) if each.get("imageTags")}
    assert tagged == {first.digest}


def test_the_command_has_the_next_pull_look_upstream(hub: Upstream, cache: Server):
    first, second, name = image(20), image(21), "hub/library/refreshed"
    hub.put("library/refreshed", first, "v1")
    registry = Registry(cache)
    registry.pull(name, "v1")
    wait(lambda: details(cache, name))
    hub.put("library/refreshed", second, "v1")
    assert registry.pull_manifest(name, "v1").digest == first.digest
    done = forks.run(["cache", "refresh", f"{name}:v1", "--data", str(cache.data), "--output", "json"])
    assert json.loads(done.stdout) == {"repository": name, "tags": ["v1"]}
    assert registry.pull_manifest(name, "v1").digest == second.digest


def test_an_operator_reads_what_the_cache_does(hub: Upstream, cache: Server):
    made = image(22)
    hub.put("library/counted", made, "v1")
    path = f"/v2/library/counted/manifests/{made.digest}"
    headers = {"Content_Type": made.manifest.media_type, "RateLimit_Remaining": "76;w=21600"}
    hub.origin.answers[path] = body(made.manifest.data, 200, **headers)
    Registry(cache).pull("hub/library/counted", made.digest)
    page = Registry(cache).request("GET", "/metrics").data.decode()
    assert 'entrepot_pull_through_pulls_total{result="miss"}' in page
    assert "entrepot_pull_through_fetched_bytes_total" in page
    assert f'entrepot_pull_through_upstream_remaining{{upstream="{hub.host}"}} 76.0' in page


def test_an_import_is_pushed_by_the_role_of_the_service_and_its_repository_made_by_who_pulled(
    hub: Upstream, cache: Server
):
    made, name = image(23), "hub/library/recorded"
    hub.put("library/recorded", made, "v1")
    Registry(cache).pull(name, "v1")
    wait(lambda: details(cache, name))
    wait(lambda: recorded(cache, name, "PutImage") and recorded(cache, name, "BatchImportUpstreamImage"))
    for operation in ("PutImage", "BatchImportUpstreamImage"):
        (record,) = recorded(cache, name, operation)
        identity, issuer = record["userIdentity"], record["userIdentity"]["sessionContext"]["sessionIssuer"]
        assert identity["type"] == "AssumedRole"
        assert identity["arn"].endswith(":assumed-role/AWSServiceRoleForECRPullThroughCache/ecr-pullthroughcache")
        assert issuer["arn"].endswith(f":role/aws-service-role/{SERVICE}/AWSServiceRoleForECRPullThroughCache")
        assert (record["sourceIPAddress"], record["userAgent"], identity["invokedBy"]) == (SERVICE, SERVICE, SERVICE)
        assert record["readOnly"] is False
    (creation,) = recorded(cache, name, "CreateRepository")
    assert creation["userIdentity"]["type"] == "Root"


def recorded(server: Server, name: str, operation: str) -> list[dict[str, Any]]:
    """CloudTrail's records of an operation on a repository."""
    asked = [{"AttributeKey": "EventName", "AttributeValue": operation}]
    found = server.client("cloudtrail").lookup_events(LookupAttributes=asked)["Events"]
    records = [json.loads(each["CloudTrailEvent"]) for each in found]
    return [each for each in records if (each["requestParameters"] or {}).get("repositoryName") == name]


def test_clients_of_every_process_get_what_there_is_of_a_layer_that_is_on_its_way(hub: Upstream, cache: Server):
    made = image(24, layers=1, size=4 << 20)
    layer, name, reached, go_on = made.layers[0], "library/halted", threading.Event(), threading.Event()
    hub.put(name, made, "v1")
    half = len(layer.data) // 2
    hub.answer(name, f"blobs/{layer.digest}", stopping(layer, half, reached, go_on))
    Registry(cache).pull_manifest(f"hub/{name}", "v1")
    password, got = cache.token(), [0] * 16
    with ThreadPoolExecutor(len(got)) as pool:
        taking = [pool.submit(taken, cache, password, f"hub/{name}", layer, got, each) for each in range(len(got))]
        try:
            assert reached.wait(20)
            wait(lambda: min(got) == half)
        finally:
            go_on.set()
        assert all(each.result() == layer.data for each in taking)
    assert hub.asked(name, f"blobs/{layer.digest}") == 1


def taken(server: Server, password: str, name: str, blob: Content, got: list[int], place: int) -> bytes:
    """A blob over a connection of its own; `got` tells how much of it has come."""
    headers = urllib3.make_headers(basic_auth=f"AWS:{password}")
    url, content = f"{server.base_url}/v2/{name}/blobs/{blob.digest}", b""
    with urllib3.PoolManager(retries=False) as pool:
        answer = pool.request("GET", url, headers=headers, preload_content=False)
        assert answer.status == 200
        while piece := answer.read1(1 << 16):
            content += piece
            got[place] = len(content)
        answer.release_conn()
    return content
