"""The pull-through cache in front of registries of other make, with their tokens and their Basic credentials: what the
tests of tests/behaviour/test_pull_through.py show of an upstream of ours.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.factories import other_registries
from tests.factories.layouts import OCI_INDEX, Content, image, index
from tests.factories.other_registries import OtherRegistry
from tests.factories.processes import Server
from tests.factories.pull_through import caching, rule
from tests.factories.registry import Registry, error_codes
from tests.factories.waiting import wait

CLIENTS = 50
SBOM = "application/vnd.example.sbom"


@pytest.fixture(scope="module", params=["distribution", "zot"])
def other(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OtherRegistry]:
    with getattr(other_registries, request.param)(tmp_path_factory.mktemp(request.param)) as running:
        yield running


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory, other: OtherRegistry) -> Iterator[Server]:
    """A server with rules for it: `other`, and `now` by which each pull of a tag looks there."""
    with caching(tmp_path_factory.mktemp("cache"), other.host) as running:
        for prefix in ("other", "now"):
            rule(running, prefix, other.host, credentialArn=secret(running, prefix, other.login.password))
        running.client("entrepot").put_pull_through_cache_settings(ecrRepositoryPrefix="now", ttlSeconds=0)
        yield running


def secret(server: Server, name: str, password: str) -> str:
    login = json.dumps({"username": other_registries.LOGIN.username, "accessToken": password})
    made = server.client("secretsmanager").create_secret(Name=f"ecr-pullthroughcache/{name}", SecretString=login)
    arn: str = made["ARN"]
    return arn


def details(server: Server, repository: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.client().describe_images(repositoryName=repository)["imageDetails"]
    return found


def brought(server: Server, repository: str, digest: str) -> None:
    """The image is pulled, and here."""
    assert Registry(server).pull(repository, "v1")[digest]
    wait(lambda: digest in {each["imageDigest"] for each in details(server, repository)})


def test_the_first_pull_brings_the_image_and_later_ones_ask_nobody(other: OtherRegistry, cache: Server):
    made = image(501)
    other.put("team/first", made, "v1")
    held = Registry(cache).pull("other/team/first", "v1")
    assert held[made.digest] == made.manifest.data
    assert all(held[each.digest] == each.data for each in made.blobs)
    kept = wait(lambda: details(cache, "other/team/first"))
    assert [(each["imageDigest"], each["imageTags"]) for each in kept] == [(made.digest, ["v1"])]
    before = len(other.requests())
    assert Registry(cache).pull("other/team/first", "v1") == held
    assert len(other.requests()) == before


def test_first_pulls_by_fifty_clients_fetch_each_blob_once(other: OtherRegistry, cache: Server):
    made = image(502, layers=3, size=1 << 20)
    other.put("team/busy", made, "v1")
    token = cache.token()
    with ThreadPoolExecutor(CLIENTS) as pool:
        pulled = list(pool.map(lambda _: Registry(cache, token).pull("other/team/busy", "v1"), range(CLIENTS)))
    for each in pulled:
        assert all(each[blob.digest] == blob.data for blob in made.blobs)
    wait(lambda: details(cache, "other/team/busy"))
    assert [other.given(f"team/busy/blobs/{each.digest}") for each in made.blobs] == [1] * len(made.blobs)
    assert other.given("team/busy/manifests/v1") == 1


def test_of_an_index_only_the_image_that_is_pulled_comes(other: OtherRegistry, cache: Server):
    made, name = index(503), "other/team/multi"
    other.put("team/multi", made, "v1")
    registry = Registry(cache)
    assert registry.pull_manifest(name, "v1").data == made.manifest.data
    wanted, unwanted = made.children
    registry.pull(name, wanted.digest)
    wait(lambda: {each["imageDigest"] for each in details(cache, name)} == {made.digest, wanted.digest})
    assert [other.given(f"team/multi/blobs/{each.digest}") for each in unwanted.blobs] == [0] * len(unwanted.blobs)


def test_what_it_does_not_have_is_asked_for_once(other: OtherRegistry, cache: Server):
    other.put("team/some", image(504), "v1")
    registry = Registry(cache, cache.token())
    asked = []
    for _ in range(3):
        answer = registry.request("GET", "/v2/other/team/some/manifests/absent")
        assert (answer.status, error_codes(answer)) == (404, ["MANIFEST_UNKNOWN"])
        asked.append(sum("manifests/absent" in line for line in other.requests()))
    assert asked[0] == asked[-1] > 0


def test_a_tag_that_moved_there_moves_here(other: OtherRegistry, cache: Server):
    first, second, name = image(505), image(506), "now/team/moving"
    other.put("team/moving", first, "v1")
    brought(cache, name, first.digest)
    other.put("team/moving", second, "v1")
    assert Registry(cache).pull_manifest(name, "v1").digest == second.digest
    brought(cache, name, second.digest)


def test_referrers_there_are_listed_and_pulled_here(other: OtherRegistry, cache: Server):
    subject = image(507)
    referrer = image(508, subject=subject.manifest.descriptor(), artifactType=SBOM)
    other.put("team/signed", subject, "v1")
    other.put("team/signed", referrer)
    if other.name == "distribution":  # which has no such API: its clients keep the tag
        listed = {"schemaVersion": 2, "manifests": [referrer.manifest.descriptor(artifactType=SBOM)]}
        other.put_manifest(
            "team/signed", subject.digest.replace(":", "-"), Content(OCI_INDEX, json.dumps(listed).encode())
        )
    brought(cache, "other/team/signed", subject.digest)
    answer = Registry(cache).request("GET", f"/v2/other/team/signed/referrers/{subject.digest}")
    assert [each["digest"] for each in json.loads(answer.data)["manifests"]] == [referrer.digest]
    assert Registry(cache).pull("other/team/signed", referrer.digest)[referrer.digest] == referrer.manifest.data


def test_a_password_that_it_refuses_is_told_in_the_words_of_ecr(other: OtherRegistry, cache: Server):
    other.put("team/private", image(509), "v1")
    rule(cache, "wrong", other.host, credentialArn=secret(cache, "wrong", "not the password"))
    ecr = cache.client()
    answer = ecr.batch_get_image(repositoryName="wrong/team/private", imageIds=[{"imageTag": "v1"}])
    assert [each["failureCode"] for each in answer["failures"]] == ["UpstreamAccessDenied"]
    assert not ecr.validate_pull_through_cache_rule(ecrRepositoryPrefix="wrong")["isValid"]
    assert ecr.validate_pull_through_cache_rule(ecrRepositoryPrefix="other")["isValid"]


def test_what_is_here_is_served_when_it_is_gone(tmp_path: Path):
    made = image(510)
    with other_registries.distribution(tmp_path / "there") as mortal, caching(tmp_path / "here", mortal.host) as server:
        rule(server, "now", mortal.host, credentialArn=secret(server, "now", mortal.login.password))
        server.client("entrepot").put_pull_through_cache_settings(ecrRepositoryPrefix="now", ttlSeconds=0)
        mortal.put("team/stale", made, "v1")
        brought(server, "now/team/stale", made.digest)
        mortal.process.kill()
        mortal.process.wait()
        held = Registry(server).pull("now/team/stale", "v1")
        assert all(held[each.digest] == each.data for each in made.blobs)
