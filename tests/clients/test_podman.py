"""podman: log in, push, pull by tag and digest, manifest lists, search of nothing, log out."""

import json

import pytest

from tests.clients.engines import Engine, layers_of_layout, stored_layers
from tests.clients.workplace import Workplace, needs_root
from tests.factories.layouts import contents, diff_ids, image, index, write_layout


@pytest.fixture
def podman(workplace: Workplace) -> Engine:
    needs_root()
    engine = Engine(workplace, "podman", "--cgroup-manager=cgroupfs", "--events-backend=file")
    engine.login(workplace.password())
    return engine


def test_push_and_pull_bring_the_same_layers(podman: Engine, workplace: Workplace, tmp_path):
    content = image(201, layers=3, size=200_000)
    made = podman.run("pull", f"oci:{write_layout(content, tmp_path / 'made', 'made')}:made").splitlines()[-1]
    podman.run("push", podman.verify, "--digestfile", tmp_path / "digest", made, f"docker://{workplace.address}:v1")
    digest = (tmp_path / "digest").read_text().strip()
    assert stored_layers(workplace, "v1") == diff_ids(content)
    podman.forget()
    for number, reference in enumerate((f"{workplace.address}:v1", f"{workplace.address}@{digest}")):
        podman.run("pull", podman.verify, reference)
        podman.run("push", reference, f"oci:{tmp_path / f'out{number}'}:out")
        assert layers_of_layout(tmp_path / f"out{number}") == diff_ids(content)
        podman.forget()


def test_an_image_of_any_origin_is_pulled_as_it_was_put(podman: Engine, workplace: Workplace):
    content = image(202)
    workplace.registry.push(workplace.repository, content, "put")
    podman.run("pull", podman.verify, f"{workplace.address}:put")
    inspected = json.loads(podman.run("image", "inspect", f"{workplace.address}:put"))[0]
    assert inspected["Digest"] == content.digest
    assert inspected["RootFS"]["Layers"] == diff_ids(content)
    assert "sha256:" + inspected["Id"] == content.config.digest


def test_a_manifest_list_is_made_pushed_and_resolved(podman: Engine, workplace: Workplace):
    content = index(203)
    for child in content.children:
        workplace.registry.push(workplace.repository, child)
    podman.run("manifest", "create", "made")
    for child in content.children:
        podman.run("manifest", "add", podman.verify, "made", f"docker://{workplace.address}@{child.digest}")
    podman.run("manifest", "push", podman.verify, "--all", "made", f"docker://{workplace.address}:multi")
    stored = json.loads(workplace.registry.pull_manifest(workplace.repository, "multi").data)
    assert {entry["digest"] for entry in stored["manifests"]} == {child.digest for child in content.children}
    podman.run("pull", podman.verify, "--arch", "arm64", f"{workplace.address}:multi")
    inspected = json.loads(podman.run("image", "inspect", f"{workplace.address}:multi"))[0]
    assert inspected["Architecture"] == "arm64"
    assert inspected["RootFS"]["Layers"] == diff_ids(content.children[1])
    assert workplace.registry.pull(workplace.repository, content.children[0].digest) == contents(content.children[0])


def test_a_wrong_password_is_refused_and_after_log_out_nothing_is_pulled(podman: Engine, workplace: Workplace):
    workplace.registry.push(workplace.repository, image(204), "put")
    podman.login("wrong", succeeds=False)
    podman.login(workplace.password())
    podman.run("logout", workplace.server.host)
    said = podman.run("pull", podman.verify, f"{workplace.address}:put", succeeds=False)
    assert "unauthorized" in said or "authentication required" in said
