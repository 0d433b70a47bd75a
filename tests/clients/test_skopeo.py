"""skopeo: log in, push, pull, copy by digest, across repositories, indexes, schema 2, list, delete."""

import json
from pathlib import Path

import pytest

from tests.clients.workplace import Workplace
from tests.factories.layouts import DOCKER_MANIFEST, contents, image, index, read_layout, write_layout


class Skopeo:
    def __init__(self, place: Workplace) -> None:
        self.place = place
        self.verify = [] if place.tls else ["--tls-verify=false"]
        self.source = [] if place.tls else ["--src-tls-verify=false"]
        self.target = [] if place.tls else ["--dest-tls-verify=false"]
        self.policy = place.path / "policy.json"
        self.policy.write_text('{"default":[{"type":"insecureAcceptAnything"}]}')

    def login(self, password: str, *, succeeds: bool = True) -> str:
        command = ["skopeo", "login", *self.verify, "--username", "AWS", "--password-stdin", self.place.server.host]
        return self.place.run(*command, text=password, succeeds=succeeds)

    def push(self, layout: Path, reference: str, *options: str) -> None:
        self._run("copy", *self.target, *options, f"oci:{layout}:made", f"docker://{reference}")

    def pull(self, reference: str, layout: Path, *options: str) -> dict[str, bytes]:
        self._run("copy", *self.source, *options, f"docker://{reference}", f"oci:{layout}:made")
        return read_layout(layout)

    def copy(self, source: str, target: str, *options: str) -> None:
        self._run("copy", *self.source, *self.target, *options, f"docker://{source}", f"docker://{target}")

    def raw(self, reference: str) -> bytes:
        return self._run("inspect", *self.verify, "--raw", f"docker://{reference}").encode()

    def delete(self, reference: str) -> None:
        self._run("delete", *self.verify, f"docker://{reference}")

    def tags(self, address: str) -> list[str]:
        listed: list[str] = json.loads(self._run("list-tags", *self.verify, f"docker://{address}"))["Tags"]
        return listed

    def _run(self, *arguments: str) -> str:
        return self.place.run("skopeo", "--policy", self.policy, *arguments)


@pytest.fixture
def skopeo(workplace: Workplace) -> Skopeo:
    client = Skopeo(workplace)
    client.login(workplace.password())
    return client


def test_push_and_pull_bring_the_same_bytes(skopeo: Skopeo, workplace: Workplace, tmp_path):
    content = image(101, layers=3, size=300_000)
    skopeo.push(write_layout(content, tmp_path / "made", "made"), f"{workplace.address}:v1")
    assert skopeo.pull(f"{workplace.address}:v1", tmp_path / "by-tag") == contents(content)
    assert skopeo.pull(f"{workplace.address}@{content.digest}", tmp_path / "by-digest") == contents(content)
    assert workplace.registry.pull(workplace.repository, "v1") == contents(content)


def test_an_index_goes_and_comes_whole(skopeo: Skopeo, workplace: Workplace, tmp_path):
    content = index(102, ("amd64", "arm64", "s390x"))
    skopeo.push(write_layout(content, tmp_path / "made", "made"), f"{workplace.address}:multi", "--all")
    assert skopeo.raw(f"{workplace.address}:multi") == content.manifest.data
    assert skopeo.pull(f"{workplace.address}:multi", tmp_path / "pulled", "--all") == contents(content)


def test_a_copy_by_digest_between_repositories_keeps_the_bytes(skopeo: Skopeo, workplace: Workplace, tmp_path):
    content = image(103)
    skopeo.push(write_layout(content, tmp_path / "made", "made"), f"{workplace.address}:v1")
    other = workplace.other_repository()
    skopeo.copy(f"{workplace.address}@{content.digest}", f"{workplace.server.host}/{other}:copied")
    assert workplace.registry.pull(other, "copied") == contents(content)


def test_an_image_converted_to_schema_2_is_stored_as_sent(skopeo: Skopeo, workplace: Workplace, tmp_path):
    content = image(104)
    skopeo.push(write_layout(content, tmp_path / "made", "made"), f"{workplace.address}:v2s2", "--format", "v2s2")
    stored = workplace.registry.pull_manifest(workplace.repository, "v2s2")
    assert stored.media_type == DOCKER_MANIFEST
    assert skopeo.raw(f"{workplace.address}:v2s2") == stored.data
    layers = [layer["digest"] for layer in json.loads(stored.data)["layers"]]
    assert layers == [layer.digest for layer in content.layers]


def test_tags_are_listed_and_a_deleted_image_is_gone(skopeo: Skopeo, workplace: Workplace, tmp_path):
    content = image(105)
    layout = write_layout(content, tmp_path / "made", "made")
    for tag in ("b", "a", "a-1"):
        skopeo.push(layout, f"{workplace.address}:{tag}")
    assert sorted(skopeo.tags(workplace.address)) == ["a", "a-1", "b"]
    # skopeo deletes by the digest that the tag names
    skopeo.delete(f"{workplace.address}:b")
    assert workplace.registry.request("HEAD", f"/v2/{workplace.repository}/manifests/{content.digest}").status == 404
    assert workplace.ecr.describe_images(repositoryName=workplace.repository)["imageDetails"] == []


def test_a_wrong_password_is_refused(workplace: Workplace):
    said = Skopeo(workplace).login("wrong", succeeds=False)
    assert "invalid username/password" in said or "unauthorized" in said


def test_a_repository_is_not_made_by_a_push(skopeo: Skopeo, workplace: Workplace, tmp_path):
    layout = write_layout(image(106), tmp_path / "made", "made")
    with pytest.raises(AssertionError, match=r"does not exist|not known|name unknown"):
        skopeo.push(layout, f"{workplace.address}-absent:v1")
