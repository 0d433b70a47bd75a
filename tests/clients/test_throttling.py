"""Rates of operations and real clients (docs/quotas.md): where they are refused, SDKs and those engines that know 429
try again; docker and crane's pulls do not, so by default a request to the registry waits for its turn.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import pytest
from botocore.config import Config

from tests.clients.engines import Engine, stored_layers
from tests.clients.test_create_on_push import PROGRAMS, pushed_by_crane, pushed_by_docker, pushed_by_skopeo
from tests.clients.workplace import Workplace, needs_root
from tests.factories import clients
from tests.factories.layouts import Image, diff_ids, image, write_layout
from tests.factories.processes import REGION, Server, serve
from tests.factories.registry import Registry

RATES = {"ENTREPOT_RATES": "InitiateLayerUpload=4/2,GetDownloadUrlForLayer=4/2", "ENTREPOT_WORKERS": "1"}
LAYERS = 5
_REFUSED = re.compile(r'^entrepot_http_request_seconds_count\{[^}]*status="429"[^}]*\} (\S+)$', re.MULTILINE)


class Client(NamedTuple):
    """How an engine pushes an image under a reference without its host, and pulls it again."""

    push: Callable[[Image, str], object]
    pull: Callable[[str], object]


def of_skopeo(place: Workplace, _: Callable[[], str]) -> Client:
    def pull(name: str) -> None:
        source = ["--src-tls-verify=false", "--src-creds", f"AWS:{place.server.token()}"]
        policy, address = place.path / "policy.json", f"docker://{place.server.host}/{name}"
        place.run("skopeo", "--policy", policy, "copy", *source, address, f"dir:{place.path}/out")

    return Client(lambda content, name: pushed_by_skopeo(place, content, name, succeeds=True), pull)


def of_podman(place: Workplace, _: Callable[[], str]) -> Client:
    needs_root()
    podman = Engine(place, "podman", "--cgroup-manager=cgroupfs", "--events-backend=file")
    podman.login(place.server.token())

    def push(content: Image, name: str) -> None:
        layout = write_layout(content, place.path / "made", "made")
        made = podman.run("pull", f"oci:{layout}:made").splitlines()[-1]
        podman.run("push", podman.verify, made, f"docker://{place.server.host}/{name}")
        podman.forget()

    return Client(push, lambda name: podman.run("pull", podman.verify, f"{place.server.host}/{name}"))


def of_crane(place: Workplace, _: Callable[[], str]) -> Client:
    def pull(name: str) -> None:
        place.run(PROGRAMS / "crane", "pull", "--insecure", f"{place.server.host}/{name}", place.path / "out.tar")

    return Client(lambda content, name: pushed_by_crane(place, content, name, succeeds=True), pull)


def of_docker(place: Workplace, engine: Callable[[], str]) -> Client:
    address = engine()

    def push(content: Image, name: str) -> None:
        pushed_by_docker(place, content, name, succeeds=True, engine=address)
        place.run("docker", "--host", address, "image", "rm", "--force", f"{place.server.host}/{name}")

    def pull(name: str) -> None:
        place.run("docker", "--host", address, "pull", f"{place.server.host}/{name}")

    return Client(push, pull)


CLIENTS = {"crane": of_crane, "docker": of_docker, "podman": of_podman, "skopeo": of_skopeo}


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(
        tmp_path_factory.mktemp("refusing"), environment={**RATES, "ENTREPOT_RATE_WAIT_SECONDS": "0"}
    ) as running:
        yield running


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(tmp_path_factory.mktemp("patient"), environment=RATES) as running:
        yield running


def workplace(server: Server, path: Path, name: str) -> Workplace:
    place = Workplace(server, path, f"throttled/{name}")
    place.ecr.create_repository(repositoryName=place.repository)
    return place


def refused(server: Server) -> float:
    """How many requests have been answered with 429."""
    page = Registry(server, "").request("GET", "/metrics", None).data.decode()
    return sum(float(found) for found in _REFUSED.findall(page))


def is_whole(place: Workplace) -> bool:
    """Whether the repository holds all that the image `v1` names, asked for by operations without a rate."""
    named = {"repositoryName": place.repository}
    manifest = json.loads(
        place.ecr.batch_get_image(**named, imageIds=[{"imageTag": "v1"}])["images"][0]["imageManifest"]
    )
    digests = [each["digest"] for each in (*manifest["layers"], manifest["config"])]
    found = place.ecr.batch_check_layer_availability(**named, layerDigests=digests)["layers"]
    return [each["layerAvailability"] for each in found] == ["AVAILABLE"] * (LAYERS + 1)


@pytest.mark.parametrize("name", ["podman", "skopeo"])
def test_engines_that_know_429_come_back(refusing: Server, tmp_path: Path, name: str):
    place = workplace(refusing, tmp_path, name)
    with place.cleanup:
        client, content = CLIENTS[name](place, str), image(3001, layers=LAYERS)
        reference = f"{place.repository}:v1"
        before = refused(refusing)
        client.push(content, reference)
        pushed = refused(refusing)
        client.pull(reference)
        assert before < pushed < refused(refusing)
        assert is_whole(place)


def test_crane_comes_back_with_what_it_pushes(refusing: Server, tmp_path: Path):
    place, before = workplace(refusing, tmp_path, "crane"), refused(refusing)
    of_crane(place, str).push(image(3002, layers=LAYERS), f"{place.repository}:v1")
    assert refused(refusing) > before
    assert is_whole(place)


@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
def test_boto3_comes_back(refusing: Server, tmp_path: Path, mode: Literal["legacy", "standard", "adaptive"]):
    place, keys = workplace(refusing, tmp_path, mode), refusing.credentials
    own = {"region_name": REGION, "config": Config(retries={"mode": mode, "total_max_attempts": 10})}
    ecr = clients.client("ecr", refusing.base_url, keys.access_key_id, keys.secret_access_key, None, **own)
    told: list[int] = []
    ecr.meta.events.register(
        "needs-retry.ecr.InitiateLayerUpload", lambda response, **_: told.append(response[0].status_code)
    )
    for _ in range(6):
        ecr.initiate_layer_upload(repositoryName=place.repository)
    ecr.close()
    assert told.count(200) == 6
    assert set(told) == {200, 400}


@pytest.mark.parametrize("name", sorted(CLIENTS))
def test_every_engine_passes_where_requests_wait_for_their_turn(
    request: pytest.FixtureRequest, patient: Server, tmp_path: Path, name: str
):
    place = workplace(patient, tmp_path, name)
    with place.cleanup:
        client, content = CLIENTS[name](place, lambda: request.getfixturevalue("engine")), image(3003, layers=LAYERS)
        before, reference = refused(patient), f"{place.repository}:v1"
        client.push(content, reference)
        client.pull(reference)
        assert refused(patient) == before
        assert stored_layers(place, "v1") == diff_ids(content)
