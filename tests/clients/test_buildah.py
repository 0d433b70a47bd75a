"""buildah: build from scratch, push, pull, build on top of what was pulled, manifest lists."""

import json
import random

import pytest

from tests.clients.engines import Engine, layers_of_layout, stored_layers
from tests.clients.workplace import Workplace, needs_root
from tests.factories.layouts import OCI_INDEX


@pytest.fixture
def buildah(workplace: Workplace) -> Engine:
    needs_root()
    engine = Engine(workplace, "buildah")
    engine.login(workplace.password())
    return engine


def build(buildah: Engine, base: str, name: str, seed: int, *options: str) -> None:
    source = buildah.place.path / f"{name}.bin"
    source.write_bytes(random.Random(seed).randbytes(100_000))
    container = buildah.run("from", *options, base).splitlines()[-1]
    buildah.run("copy", "--quiet", container, source, f"/{name}.bin")
    buildah.run("commit", "--quiet", container, name)
    buildah.run("rm", container)


def test_a_build_is_pushed_and_comes_back_with_the_same_layers(buildah: Engine, workplace: Workplace, tmp_path):
    build(buildah, "scratch", "first", 301)
    buildah.run(
        "push", buildah.verify, "--digestfile", tmp_path / "digest", "first", f"docker://{workplace.address}:v1"
    )
    digest = (tmp_path / "digest").read_text().strip()
    pushed = stored_layers(workplace, "v1")
    assert pushed == stored_layers(workplace, digest)
    buildah.forget()
    pulled = buildah.run("pull", "--quiet", buildah.verify, f"{workplace.address}@{digest}")
    buildah.run("push", "--quiet", pulled, f"oci:{tmp_path / 'out'}:out")
    assert layers_of_layout(tmp_path / "out") == pushed


def test_a_build_on_a_pulled_image_reuses_its_layers(buildah: Engine, workplace: Workplace):
    build(buildah, "scratch", "first", 302)
    buildah.run("push", buildah.verify, "first", f"docker://{workplace.address}:base")
    buildah.forget()
    build(buildah, f"{workplace.address}:base", "second", 303, buildah.verify)
    buildah.run("push", buildah.verify, "second", f"docker://{workplace.address}:top")
    base, top = stored_layers(workplace, "base"), stored_layers(workplace, "top")
    assert top[: len(base)] == base
    assert len(top) == len(base) + 1


def test_a_manifest_list_is_pushed_with_its_images(buildah: Engine, workplace: Workplace):
    buildah.run("manifest", "create", "made")
    for number, architecture in enumerate(("amd64", "arm64")):
        build(buildah, "scratch", architecture, 304 + number, "--arch", architecture)
        buildah.run("manifest", "add", "--arch", architecture, "made", f"containers-storage:localhost/{architecture}")
    buildah.run("manifest", "push", buildah.verify, "--all", "made", f"docker://{workplace.address}:multi")
    stored = workplace.registry.pull_manifest(workplace.repository, "multi")
    assert stored.media_type == OCI_INDEX
    entries = json.loads(stored.data)["manifests"]
    assert [entry["platform"]["architecture"] for entry in entries] == ["amd64", "arm64"]
    assert len(workplace.registry.pull(workplace.repository, "multi")) == 7
