"""Requests of nodes that ask this server in place of a registry: `?ns=` names it, with a rule's prefix in the path
already or not.
"""

import json
from collections.abc import Iterator

import pytest

from tests.behaviour.looked_up import awaited
from tests.factories.layouts import image
from tests.factories.processes import Credentials, Server
from tests.factories.pull_through import Upstream, caching, rule, upstream
from tests.factories.registry import Registry, error_codes


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    with upstream(tmp_path_factory.mktemp("hub")) as running:
        yield running


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory, hub: Upstream) -> Iterator[Server]:
    with caching(tmp_path_factory.mktemp("mirror"), hub.host) as running:
        rule(running, "mirrored", hub.host)
        yield running


def manifest(door: Registry, name: str, reference: str, host: str, method: str = "GET"):
    return door.request(method, f"/v2/{name}/manifests/{reference}?ns={host}")


@pytest.mark.parametrize("prefix", ["", "mirrored/", "000000000000/us-east-1/", "000000000000/us-east-1/mirrored/"])
def test_what_an_upstream_has_is_found_by_its_own_name_and_below_the_prefix(hub: Upstream, mirror: Server, prefix: str):
    made = image(61)
    hub.put("library/app", made, "v1")
    door, name = Registry(mirror), f"{prefix}library/app"
    for method in ("HEAD", "GET"):
        answer = manifest(door, name, "v1", hub.host, method)
        assert (answer.status, answer.headers["Docker-Content-Digest"]) == (200, made.digest)
    blobs = [door.request("GET", f"/v2/{name}/blobs/{each.digest}?ns={hub.host}") for each in made.blobs]
    assert [each.data for each in blobs] == [each.data for each in made.blobs]
    ecr = mirror.client()
    assert awaited(lambda: ecr.describe_images(repositoryName="mirrored/library/app")["imageDetails"])
    names = {each["repositoryName"] for each in ecr.describe_repositories()["repositories"]}
    assert names == {"mirrored/library/app"}


def test_a_registry_without_a_rule_changes_no_name(mirror: Server):
    made = image(62)
    mirror.client().create_repository(repositoryName="own/app")
    door = Registry(mirror)
    door.push("own/app", made, "v1")
    for host in ("registry.example:5000", "docker.io", "", "%00", "a b"):
        assert manifest(door, "own/app", "v1", host).data == made.manifest.data
    refused = manifest(door, "none/app", "v1", "docker.io")
    assert (refused.status, error_codes(refused)) == (404, ["NAME_UNKNOWN"])
    mirror.client().delete_repository(repositoryName="own/app", force=True)


def test_a_write_goes_where_it_says_whatever_the_parameter(hub: Upstream, mirror: Server):
    door = Registry(mirror)
    refused = door.request("POST", f"/v2/library/pushed/blobs/uploads/?ns={hub.host}")
    assert (refused.status, error_codes(refused)) == (404, ["NAME_UNKNOWN"])


def test_the_root_rule_is_no_rule_of_other_registries(tmp_path, hub: Upstream):
    """A node that asks one server for the images of every registry is given none of another."""
    ours, theirs = image(63), image(64)
    hub.put("team/app", theirs, "v1")
    with caching(tmp_path, hub.host) as server:
        rule(server, "ROOT", hub.host)
        server.client().create_repository(repositoryName="own/app")
        door = Registry(server)
        door.push("own/app", ours, "v1")
        for _ in range(2):  # before and after it is cached here
            refused = manifest(door, "team/app", "v1", "ghcr.io")
            assert (refused.status, error_codes(refused)) == (404, ["NAME_UNKNOWN"])
            assert manifest(door, "team/app", "v1", hub.host).data == theirs.manifest.data
        assert door.request("GET", "/v2/team/app/manifests/v1").data == theirs.manifest.data
        assert manifest(door, "own/app", "v1", "ghcr.io").data == ours.manifest.data


def test_who_may_not_read_is_told_nothing_of_rules(hub: Upstream, mirror: Server):
    iam = mirror.client("iam")
    iam.create_user(UserName="nobody")
    allowed = {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}
    iam.put_user_policy(
        UserName="nobody",
        PolicyName="token",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
    )
    key = iam.create_access_key(UserName="nobody")["AccessKey"]
    nobody = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    door = Registry(mirror, mirror.token(nobody))
    for name, host in (("library/app", hub.host), ("none/app", hub.host), ("none/app", "docker.io")):
        refused = manifest(door, name, "v1", host)
        assert (refused.status, error_codes(refused)) == (403, ["DENIED"])
