"""Registries of other make as destinations: Distribution with a token service, zot with Basic credentials, and one that
speaks as AWS's does, by its token.
"""

import asyncio
import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from entrepot.outbound import Destinations, Outbound
from entrepot.outbound.registries import Place, Registries, Repository
from entrepot.outbound.registry_logins import Login
from entrepot.spec.digest import Digest
from entrepot.spec.reference import Tag
from tests.behaviour.replicated import There, replicating, rule, statuses
from tests.factories import other_registries
from tests.factories.layouts import contents, image, index
from tests.factories.other_registries import OtherRegistry
from tests.factories.peers import AWAY, HOME, deployment, done, registry
from tests.factories.processes import Server
from tests.factories.registry import Registry
from tests.factories.waiting import wait

THERE = {"region": "eu-north-1", "registryId": "999999999999"}
pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module", params=["distribution", "zot"])
def other(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OtherRegistry]:
    with getattr(other_registries, request.param)(tmp_path_factory.mktemp(request.param)) as running:
        yield running


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with deployment(tmp_path_factory.mktemp("here"), HOME) as server:
        yield server


def known(here: Server, name: str, url: str, login: Login, *more: str) -> Any:
    """Have `999999999999/eu-north-1` be this registry."""
    given = ["--url", url, "--serves", "999999999999/eu-north-1", "--username", login.username, *more]
    return done(here, "peer", "add-registry", name, *given, text=f"{login.password}\n")


def repository(other: OtherRegistry, name: str) -> Repository:
    outbound = Outbound(Destinations(["127.0.0.1"]))
    return Registries(outbound).repository(Place.parse(f"{other.url}/{name}"), other.login)


def head(other: OtherRegistry, name: str, reference: Tag | Digest) -> str | None:
    return asyncio.run(repository(other, name).head(reference))


def test_images_go_to_a_registry_of_another_make(here: Server, other: OtherRegistry):
    name, made, several = f"{other.name}/app", image(4401), index(4402)
    shown = known(here, other.name, other.url, other.login, "--prefix", "mirror/")
    assert "password" not in str(shown)
    assert other.login.password not in str(shown)
    secrets = (here.data / "entrepot.db").read_bytes() + (here.data / "entrepot.db-wal").read_bytes()
    assert other.login.password.encode() not in secrets
    here.client().create_repository(repositoryName=name)
    try:
        with replicating(here, rule(f"{other.name}/", THERE, deletes=True)) as ecr:
            Registry(here).push(name, made, "v1")
            Registry(here).push(name, several, "all")
            assert statuses(ecr, name, imageTag="v1") == [{**THERE, "status": "COMPLETE"}]
            assert statuses(ecr, name, imageTag="all") == [{**THERE, "status": "COMPLETE"}]
            assert head(other, f"mirror/{name}", Tag("v1")) == made.digest
            assert head(other, f"mirror/{name}", Tag("all")) == several.digest
            for child in several.children:
                assert head(other, f"mirror/{name}", Digest(child.digest)) == child.digest
            Registry(here).push(name, made, "v2")
            wait(lambda: head(other, f"mirror/{name}", Tag("v2")) == made.digest, what="the same image's other tag")
            ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageDigest": made.digest}])
            wait(lambda: head(other, f"mirror/{name}", Digest(made.digest)) is None, what="a deletion")
    finally:
        done(here, "peer", "remove", other.name)


def test_a_wrong_password_is_told_and_nothing_is_lost(here: Server, other: OtherRegistry):
    name, made = f"wrong-{other.name}/app", image(4403)
    known(here, "wrong", other.url, Login(other.login.username, "another"))
    here.client().create_repository(repositoryName=name)
    try:
        with replicating(here, rule(name, THERE)):
            Registry(here).push(name, made, "v1")
            (told,) = wait(lambda: reasons(here, name), what="the reason")
            assert "status 401" in told
    finally:
        done(here, "peer", "remove", "wrong")


def test_images_go_to_a_registry_that_speaks_as_awss_and_it_decides(here: Server, tmp_path: Path):
    with deployment(tmp_path / "aws", AWAY) as there:
        name, made, later = "speaks/app", image(4404), image(4405)
        client = there.client(region=AWAY)
        client.create_repository(repositoryName=name, imageTagMutability="IMMUTABLE")
        known(here, "aws", there.base_url, Login("AWS", token(there)))
        here.client().create_repository(repositoryName=name)
        try:
            with replicating(here, rule(name, THERE)) as ecr:
                Registry(here).push(name, made, "v1")
                assert statuses(ecr, name, imageTag="v1") == [{**THERE, "status": "COMPLETE"}]
                assert There(there, name).images() == {(made.digest, "v1")}
                assert registry(there).pull(name, "v1") == contents(made)
                Registry(here).push(name, later, "v1")
                told = wait(lambda: reasons(here, name), what="the reason")
                assert "status 409" in told[0] or "status 400" in told[0], told
            assert There(there, name).images() == {(made.digest, "v1")}
        finally:
            done(here, "peer", "remove", "aws")


def reasons(server: Server, name: str) -> list[str]:
    """Why images of a repository are not there."""
    return [each["reason"] for each in done(server, "replication", "status")["failures"] if each["repository"] == name]


def token(server: Server) -> str:
    answer = server.client(region=AWAY).get_authorization_token()
    return base64.b64decode(answer["authorizationData"][0]["authorizationToken"]).decode().partition(":")[2]
