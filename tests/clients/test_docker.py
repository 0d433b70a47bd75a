"""docker with an engine of its own: log in, load, push, pull by tag and digest, manifest lists, log out."""

import json
from pathlib import Path

import pytest

from tests.clients.engines import stored_layers
from tests.clients.workplace import Workplace
from tests.factories.layouts import DOCKER_MANIFEST, Image, archive, contents, diff_ids, image, index


class Docker:
    def __init__(self, place: Workplace, address: str) -> None:
        self.place = place
        self.address = address

    def run(self, *arguments: str | Path, text: str | None = None, succeeds: bool = True) -> str:
        return self.place.run("docker", "--host", self.address, *arguments, text=text, succeeds=succeeds).strip()

    def login(self, password: str, *, succeeds: bool = True) -> str:
        return self.run(
            "login", "--username", "AWS", "--password-stdin", self.place.server.host, text=password, succeeds=succeeds
        )

    def inspect(self, reference: str) -> dict:
        found: dict = json.loads(self.run("image", "inspect", reference))[0]
        return found


@pytest.fixture
def docker(workplace: Workplace, engine: str) -> Docker:
    client = Docker(workplace, engine)
    client.login(workplace.password())
    return client


def load(docker: Docker, content: Image, name: str) -> None:
    """Bring an image into the engine without any registry."""
    layers = [blob.data for blob in content.layers]
    files = {f"layer{number}.tar": data for number, data in enumerate(layers)}
    entry = {"Config": "config.json", "RepoTags": [name], "Layers": list(files)}
    path = docker.place.path / "load.tar"
    path.write_bytes(
        archive(files | {"config.json": content.config.data, "manifest.json": json.dumps([entry]).encode()})
    )
    docker.run("load", "--input", path)


def test_push_and_pull_bring_the_same_layers(docker: Docker, workplace: Workplace):
    content = image(701, layers=3, size=200_000, docker=True)
    name = f"{workplace.address}:v1"
    load(docker, content, name)
    docker.run("push", name)
    assert stored_layers(workplace, "v1") == diff_ids(content)
    stored = workplace.registry.pull_manifest(workplace.repository, "v1")
    assert stored.media_type == DOCKER_MANIFEST
    docker.run("image", "rm", "--force", name)
    for reference in (name, f"{workplace.address}@{stored.digest}"):
        docker.run("pull", reference)
        assert docker.inspect(reference)["RootFS"]["Layers"] == diff_ids(content)
        assert docker.inspect(reference)["Id"] == content.config.digest
        docker.run("image", "rm", "--force", reference)


def test_images_of_both_formats_are_pulled_as_they_were_put(docker: Docker, workplace: Workplace):
    for number, old in enumerate((False, True)):
        content = image(702 + number, docker=old)
        workplace.registry.push(workplace.repository, content, f"put{number}")
        said = docker.run("pull", f"{workplace.address}:put{number}")
        assert content.digest in said
        assert docker.inspect(f"{workplace.address}:put{number}")["RootFS"]["Layers"] == diff_ids(content)


def test_layers_of_another_repository_are_mounted(docker: Docker, workplace: Workplace):
    content = image(704, docker=True)
    load(docker, content, f"{workplace.address}:v1")
    docker.run("push", f"{workplace.address}:v1")
    other = workplace.other_repository()
    docker.run("tag", f"{workplace.address}:v1", f"{workplace.server.host}/{other}:v1")
    said = docker.run("push", f"{workplace.server.host}/{other}:v1")
    assert "Mounted from" in said or "Layer already exists" in said
    first = workplace.registry.pull(workplace.repository, "v1")
    assert workplace.registry.pull(other, "v1") == first


def test_an_index_is_resolved_to_the_engines_platform(docker: Docker, workplace: Workplace):
    content = index(705, docker=True)
    workplace.registry.push(workplace.repository, content, "multi")
    said = docker.run("pull", "--platform", "linux/arm64", f"{workplace.address}:multi")
    assert content.digest in said
    assert docker.inspect(f"{workplace.address}:multi")["RootFS"]["Layers"] == diff_ids(content.children[1])
    assert workplace.registry.pull(workplace.repository, "multi") == contents(content)


def test_a_wrong_password_is_refused_and_after_log_out_nothing_is_pulled(docker: Docker, workplace: Workplace):
    workplace.registry.push(workplace.repository, image(706), "put")
    docker.login("wrong", succeeds=False)
    docker.login(workplace.password())
    docker.run("logout", workplace.server.host)
    said = docker.run("pull", f"{workplace.address}:put", succeeds=False)
    # on loopback docker tries plain HTTP after a refusal over TLS, and reports that failure
    refusals = ("no basic auth credentials", "unauthorized", "authentication required", *(["EOF"] * workplace.tls))
    assert any(refusal in said for refusal in refusals)


def test_a_key_and_its_secret_log_in(workplace: Workplace, engine: str):
    docker, keys = Docker(workplace, engine), workplace.server.credentials
    login = ("login", "--username", keys.access_key_id, "--password-stdin", workplace.server.host)
    assert "Error" in docker.run(*login, text="wrong", succeeds=False)
    docker.run(*login, text=keys.secret_access_key)
    name = f"{workplace.address}:by-key"
    load(docker, image(703, layers=1, size=1000, docker=True), name)
    docker.run("push", name)
    docker.run("image", "rm", "--force", name)
    docker.run("pull", name)
