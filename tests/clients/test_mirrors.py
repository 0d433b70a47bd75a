"""Nodes whose settings name this server as a mirror: containerd by hosts.toml, Docker's engine by registry-mirrors.
What they pull comes from an upstream through the cache, by the upstream's own names.
"""

import base64
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.behaviour.looked_up import awaited
from tests.clients.daemons import docker_engine
from tests.clients.test_containerd import exported
from tests.clients.workplace import Workplace
from tests.factories.layouts import Image, Index, contents, diff_ids, image, index
from tests.factories.processes import Server
from tests.factories.pull_through import Upstream, caching, rule, upstream

PATHS = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    with upstream(tmp_path_factory.mktemp("hub")) as running:
        yield running


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory, hub: Upstream) -> Iterator[Server]:
    """Its rule of ROOT is for engines, which ask for the names of Docker Hub without a prefix."""
    with caching(tmp_path_factory.mktemp("mirror"), hub.host) as running:
        rule(running, "hub", hub.host)
        rule(running, "ROOT", hub.host)
        yield running


class Node:
    """containerd's ctr with settings of a mirror for the upstream."""

    def __init__(self, place: Workplace, address: str, hub: Upstream) -> None:
        self.place, self.address, self.hub = place, address, hub

    def hosts(self, mirror: str, *, header: bool) -> None:
        """Settings for the upstream's images; the node's credentials are in them, or in the command."""
        directory = self.place.path / "hosts" / self.hub.host
        directory.mkdir(parents=True, exist_ok=True)
        told = f'server = "http://127.0.0.1:1"\n[host."{mirror}"]\ncapabilities = ["pull", "resolve"]\n'
        told += "override_path = true\n"
        if header:
            encoded = base64.b64encode(f"AWS:{self.place.server.token()}".encode()).decode()
            told += f'[host."{mirror}".header]\nAuthorization = "Basic {encoded}"\n'
        (directory / "hosts.toml").write_text(told)

    def images(self, command: str, *arguments: str | Path) -> str:
        return self.place.run("ctr", "--address", self.address, "images", command, *arguments)

    def pull(self, reference: str, *options: str) -> None:
        where = ["--hosts-dir", str(self.place.path / "hosts"), "--snapshotter", "native", "--all-platforms"]
        self.images("pull", *where, *options, reference)


@pytest.fixture
def node(tmp_path: Path, daemon: str, hub: Upstream, mirror: Server) -> Node:
    return Node(Workplace(mirror, tmp_path, "hub/library/app"), daemon, hub)


@pytest.mark.parametrize("kind", ["image", "index"])
@pytest.mark.parametrize("path", ["/v2/hub", "/v2/000000000000/us-east-1/hub", "/v2"])
@pytest.mark.parametrize("header", [True, False])
def test_containerd_pulls_by_the_upstreams_name(node: Node, hub: Upstream, tmp_path: Path, kind, path, header):
    seed = 70 + hash_of(kind, path, header)
    made: Image | Index = image(seed) if kind == "image" else index(seed)
    name = f"library/{kind}-{seed}"
    hub.put(name, made, "v1")
    node.hosts(f"{node.place.server.base_url}{path}", header=header)
    user = () if header else ("--user", f"AWS:{node.place.server.token()}")
    reference = f"{hub.host}/{name}:v1"
    node.pull(reference, *user)
    assert exported(node, reference, tmp_path / "out").items() >= contents(made).items()
    by_digest = f"{hub.host}/{name}@{made.digest}"
    node.pull(by_digest, *user)
    here = f"hub/{name}" if path.endswith("hub") else name
    ecr = node.place.ecr
    assert awaited(lambda: [each for each in ecr.describe_images(repositoryName=here)["imageDetails"]
                            if each["imageDigest"] == made.digest])  # fmt: skip
    node.images("rm", "--sync", reference, by_digest)


def hash_of(*parts: object) -> int:
    """A number of its own for each case."""
    return sum(ord(letter) * place for place, letter in enumerate(str(parts), 1)) % 100_000


@pytest.fixture(scope="module")
def mirrored_engine(mirror: Server) -> Iterator[str]:
    with (
        tempfile.TemporaryDirectory(prefix="dm", ignore_cleanup_errors=True) as short,
        docker_engine(Path(short), {**PATHS, "HOME": short}, f"--registry-mirror={mirror.base_url}") as address,
    ):
        yield address


@pytest.mark.parametrize("docker", [True, False])
def test_docker_pulls_docker_hubs_names_through_the_rule_of_root(
    mirrored_engine: str, mirror: Server, hub: Upstream, tmp_path: Path, docker: bool
):
    """The engine sends its mirror what it has for Docker Hub: that is where the node's credentials go."""
    made = image(81 + docker, docker=docker)
    name = f"library/engine-{docker}".lower()
    hub.put(name, made, "v1")
    place = Workplace(mirror, tmp_path, name)
    settings = tmp_path / "home" / ".docker"
    settings.mkdir(parents=True)
    encoded = base64.b64encode(f"AWS:{mirror.token()}".encode()).decode()
    (settings / "config.json").write_text(json.dumps({"auths": {"https://index.docker.io/v1/": {"auth": encoded}}}))

    def run(*arguments: str) -> str:
        return place.run("docker", "--host", mirrored_engine, *arguments)

    short = name.removeprefix("library/")
    for reference in (f"{short}:v1", f"{short}@{made.digest}"):
        assert made.digest in run("pull", reference)
        assert json.loads(run("image", "inspect", reference))[0]["RootFS"]["Layers"] == diff_ids(made)
    assert awaited(lambda: place.ecr.describe_images(repositoryName=name)["imageDetails"])
    run("image", "rm", "--force", f"{short}:v1", f"{short}@{made.digest}")
