"""Clients and repositories with keys of KMS: what is pushed is encrypted where it lies, and comes back as it was."""

from pathlib import Path

import pytest

from tests.clients.engines import Engine, layers_of_layout, stored_layers
from tests.clients.test_create_on_push import CRANE, PROGRAMS, pushed_by_crane
from tests.clients.test_docker import Docker, load
from tests.clients.test_skopeo import Skopeo
from tests.clients.workplace import Workplace, needs_root
from tests.factories.go_programs import built
from tests.factories.layouts import Image, contents, diff_ids, image, read_layout, write_layout

pytestmark = pytest.mark.parametrize("workplace", ["plain"], indirect=True)
SIZE = 600_000  # more than two chunks of what is encrypted at once


@pytest.fixture
def place(workplace: Workplace) -> Workplace:
    """A workplace whose repository has a key of its own."""
    key = workplace.server.client("kms").create_key()["KeyMetadata"]["Arn"]
    workplace.repository += "/sealed"
    workplace.ecr.create_repository(
        repositoryName=workplace.repository, encryptionConfiguration={"encryptionType": "KMS", "kmsKey": key}
    )
    return workplace


def is_sealed(place: Workplace) -> bool:
    """Whether all blobs of the repository's images lie there encrypted, and nowhere else."""
    digests = [
        each["imageDigest"] for each in place.ecr.describe_images(repositoryName=place.repository)["imageDetails"]
    ]
    blobs = {each for digest in digests for each in place.registry.pull(place.repository, digest)}.difference(digests)
    kept = [path for digest in blobs for path in (place.server.data / "blobs").rglob(f"{digest.partition(':')[2]}.*")]
    return bool(blobs) and len(kept) == len(blobs) and {path.suffix for path in kept} == {".sealed"}


def test_docker_pushes_and_pulls(place: Workplace, engine: str):
    docker, content = Docker(place, engine), image(801, layers=2, size=SIZE, docker=True)
    docker.login(place.password())
    name = f"{place.address}:v1"
    load(docker, content, name)
    docker.run("push", name)
    assert stored_layers(place, "v1") == diff_ids(content)
    assert is_sealed(place)
    docker.run("image", "rm", "--force", name)
    docker.run("pull", name)
    assert docker.inspect(name)["RootFS"]["Layers"] == diff_ids(content)


def test_podman_pushes_and_pulls(place: Workplace, tmp_path: Path):
    needs_root()
    podman, content = Engine(place, "podman", "--cgroup-manager=cgroupfs", "--events-backend=file"), _content(802)
    podman.login(place.password())
    made = podman.run("pull", f"oci:{write_layout(content, tmp_path / 'made', 'made')}:made").splitlines()[-1]
    podman.run("push", podman.verify, made, f"docker://{place.address}:v1")
    assert stored_layers(place, "v1") == diff_ids(content)
    assert is_sealed(place)
    podman.forget()
    podman.run("pull", podman.verify, f"{place.address}:v1")
    podman.run("push", f"{place.address}:v1", f"oci:{tmp_path / 'out'}:out")
    assert layers_of_layout(tmp_path / "out") == diff_ids(content)


def test_skopeo_pushes_and_pulls(place: Workplace, tmp_path: Path):
    skopeo, content = Skopeo(place), _content(803)
    skopeo.login(place.password())
    skopeo.push(write_layout(content, tmp_path / "made", "made"), f"{place.address}:v1")
    assert is_sealed(place)
    assert skopeo.pull(f"{place.address}:v1", tmp_path / "out") == contents(content)


def test_crane_pushes_and_pulls(place: Workplace, tmp_path: Path):
    content = _content(804)
    pushed_by_crane(place, content, f"{place.repository}:v1", succeeds=True)
    assert is_sealed(place)
    crane = built(PROGRAMS, "crane", *CRANE)
    place.run(crane, "pull", "--insecure", "--format=oci", f"{place.address}:v1", tmp_path / "out")
    assert read_layout(tmp_path / "out") == contents(content)


def _content(seed: int) -> Image:
    return image(seed, layers=2, size=SIZE)
