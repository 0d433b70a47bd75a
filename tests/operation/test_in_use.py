"""`entrepot in-use report` beside a Kubernetes API and a Docker socket as they answer, and the operation it calls."""

import contextlib
import json
import signal
import socketserver
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from entrepot.core.scanning import in_use
from entrepot.db import repositories
from entrepot.db.images_in_use import InUse
from entrepot.db.sqlite import SqliteDatabase
from entrepot.spec.repository import RegistryKey, RepositoryKey
from tests.behaviour.callers import User, allow
from tests.behaviour.identities import Iam
from tests.factories.layouts import Image, image, index
from tests.factories.origins import Origin, body, origin
from tests.factories.processes import EXECUTABLE, REGION, Server, serve
from tests.factories.registry import Registry
from tests.factories.waiting import wait
from tests.operation.commands import Ended, entrepot

ACCOUNT = "000000000000"
PODS = "/api/v1/pods?limit=500&fieldSelector=status.phase%3DRunning"
NODES = "/api/v1/nodes?limit=500"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(tmp_path_factory.mktemp("in-use")) as running:
        yield running


@pytest.fixture
def app(server: Server, request: pytest.FixtureRequest) -> tuple[str, Image]:
    """A repository of the test's own with an image."""
    name = f"app/{request.node.name.lower().replace('_', '-').partition('[')[0]}"[:100].rstrip("-")
    server.client().create_repository(repositoryName=name)
    made = image(1)
    Registry(server).push(name, made, "v1")
    return name, made


def shown(server: Server, repository: str, digest: str) -> InUse | None:
    """What the server knows of where an image runs."""
    key = RepositoryKey(RegistryKey("private", ACCOUNT, REGION), repository)
    database = SqliteDatabase(server.data / "entrepot.db")
    try:
        found = database.read(lambda tx: repositories.find(tx, key))
        assert found is not None
        return database.read(lambda tx: in_use.of_image(tx, found.id, digest, found.created_at))
    finally:
        database.close()


def count(server: Server, repository: str, digest: str) -> int:
    known = shown(server, repository, digest)
    return 0 if known is None else known.count


def pod(*images: str, node: str = "n1", state: str = "running") -> dict[str, Any]:
    statuses = [{"imageID": each, "state": {state: {}}} for each in images]
    return {"spec": {"nodeName": node}, "status": {"containerStatuses": statuses}}


def node(name: str, architecture: str) -> dict[str, Any]:
    about = {"operatingSystem": "linux", "architecture": architecture}
    return {"metadata": {"name": name}, "status": {"nodeInfo": about}}


def page(*items: dict[str, Any], following: str = "") -> Callable[[BaseHTTPRequestHandler], None]:
    return body(json.dumps({"items": items, "metadata": {"continue": following}}).encode())


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Origin]:
    """A Kubernetes API that knows nothing yet, and a service account for it."""
    with origin(tmp_path / "kubernetes") as api:
        account = tmp_path / "account"
        account.mkdir()
        (account / "token").write_text("the token of a service account\n")
        (account / "ca.crt").write_bytes(api.authority.read_bytes())
        api.answers |= {PODS: page(), NODES: page(node("n1", "amd64"), node("n2", "arm64"))}
        yield api


def kubernetes(server: Server, api: Origin, *more: object) -> Ended:
    """Report what runs in the cluster."""
    place = ("--kubernetes", "--kubernetes-server", api.url("").rstrip("/"), "--cluster", "prod")
    account = ("--kubernetes-account", api.authority.parent.parent / "account")
    given = ("in-use", "report", server.base_url, *place, *account, "--output", "json", *more)
    return entrepot(*given, **keys(server))


def keys(server: Server) -> dict[str, Any]:
    found = server.credentials
    return {
        "AWS_ACCESS_KEY_ID": found.access_key_id,
        "AWS_SECRET_ACCESS_KEY": found.secret_access_key,
        "AWS_REGION": REGION,
    }


def test_pods_of_a_cluster_are_counted_page_by_page(server: Server, app: tuple[str, Image], cluster: Origin):
    name, made = app
    reference = f"{server.host}/{name}@{made.digest}"
    explicit = f"{server.host}/{ACCOUNT}/{REGION}/{name}@{made.digest}"
    cluster.answers[PODS] = page(
        pod(reference, reference), pod(f"docker-pullable://{server.host}/{name}:v1@{made.digest}"), following="next one"
    )
    cluster.answers[f"{PODS}&continue=next+one"] = page(
        pod(explicit),
        pod(f"docker.io/{name}@{made.digest}"),
        pod(f"{server.host}/public.ecr/alias/{name}@{made.digest}"),
        pod("docker://sha256:" + "0" * 64),
        pod(reference, state="terminated"),
        {"status": None},
    )
    ended = kubernetes(server, cluster)
    assert (ended.status, ended.complaint) == (0, "")
    assert ended.result["running"] == 3
    assert ended.result["failures"] == []
    assert count(server, name, made.digest) == 3
    assert all(each.headers["Authorization"] == "Bearer the token of a service account" for each in cluster.asked)
    cluster.answers[PODS] = page()
    assert kubernetes(server, cluster).status == 0
    known = shown(server, name, made.digest)
    assert known is not None
    assert known.count == 0


def test_of_an_index_the_image_of_the_nodes_platform_runs(server: Server, cluster: Origin):
    server.client().create_repository(repositoryName="multi")
    made = index(5)
    Registry(server).push("multi", made, "v1")
    cluster.answers[PODS] = page(pod(f"{server.host}/multi@{made.digest}", node="n2"))
    assert kubernetes(server, cluster).status == 0
    counts = {each.digest: count(server, "multi", each.digest) for each in made.children}
    platforms = {
        each["digest"]: each["platform"]["architecture"] for each in json.loads(made.manifest.data)["manifests"]
    }
    assert {platforms[digest]: number for digest, number in counts.items()}["arm64"] == 1
    assert sum(counts.values()) == 1
    cluster.answers[NODES] = body(b'{"kind": "Status"}', 403)
    assert kubernetes(server, cluster).status == 0
    assert all(count(server, "multi", each.digest) == 1 for each in made.children)


def test_what_the_registry_does_not_hold_is_told(server: Server, cluster: Origin):
    absent = "sha256:" + "0" * 64
    cluster.answers[PODS] = page(pod(f"{server.host}/absent/one@{absent}"))
    ended = kubernetes(server, cluster)
    assert ended.status == 0
    assert ended.result["failures"] == [f"absent/one@{absent}: there is no such repository"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (body(b"{}", 403), "does not let the service account see /api/v1/pods"),
        (body(b"no JSON"), "no JSON"),
        (body(b"", 500), "status 500"),
        (page(following="again"), "the same page"),
    ],
)
def test_an_api_that_does_not_answer_as_one_should_is_said(server: Server, cluster: Origin, answer, said: str):
    cluster.answers[PODS] = answer
    cluster.answers[f"{PODS}&continue=again"] = answer
    ended = kubernetes(server, cluster)
    assert ended.status == 1
    assert said in ended.complaint


def test_a_cluster_is_named(server: Server, cluster: Origin):
    ended = entrepot("in-use", "report", server.base_url, "--kubernetes", **keys(server))
    assert (ended.status, ended.out) == (1, "")
    assert "--cluster" in ended.complaint


def test_reports_go_on_until_they_are_ended(server: Server, app: tuple[str, Image], cluster: Origin):
    name, made = app
    cluster.answers[PODS] = body(b"", 500)
    command = [
        str(EXECUTABLE),
        "in-use",
        "report",
        server.base_url,
        "--kubernetes",
        "--cluster",
        "loop",
        "--every",
        "10",
    ]
    command += ["--kubernetes-server", cluster.url("").rstrip("/")]
    command += ["--kubernetes-account", str(cluster.authority.parent.parent / "account")]
    process = subprocess.Popen(command, env={"PATH": "/usr/bin", **keys(server)}, stderr=subprocess.PIPE)
    try:
        assert wait(lambda: PODS in cluster.paths(), 30)
        cluster.answers[PODS] = page(pod(f"{server.host}/{name}@{made.digest}"))
        assert wait(lambda: count(server, name, made.digest) == 1, 40)
    finally:
        process.send_signal(signal.SIGTERM)
        _, complaint = process.communicate(timeout=20)
    assert b"status 500" in complaint


class _Socket(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    answers: dict[str, object]


class _Engine(BaseHTTPRequestHandler):
    server: _Socket

    def do_GET(self) -> None:
        found = self.server.answers.get(self.path)
        content = json.dumps(found).encode()
        self.send_response(404 if found is None else 200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def address_string(self) -> str:
        return "socket"

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


@contextlib.contextmanager
def engine(path: Path, answers: dict[str, object]) -> Iterator[Path]:
    """A Docker engine that answers so."""
    with _Socket(str(path), _Engine) as listening:
        listening.answers = answers
        thread = threading.Thread(target=listening.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield path
        finally:
            listening.shutdown()
            thread.join()


def test_containers_of_an_engine_are_counted(server: Server, app: tuple[str, Image], tmp_path: Path):
    name, made = app
    one = {"Os": "linux", "Architecture": "amd64", "RepoDigests": [f"{server.host}/{name}@{made.digest}"]}
    two = one | {"RepoDigests": [f"{server.host}/other@{made.digest}", f"{server.host}/{name}@{made.digest}"]}
    answers: dict[str, object] = {
        "/info": {"Name": "machine"},
        "/containers/json": [
            {"ImageID": "sha256:a", "Image": f"{server.host}/{name}:v1"},
            {"ImageID": "sha256:a", "Image": f"{server.host}/{name}:v1"},
            {"ImageID": "sha256:b", "Image": f"{server.host}/{name}"},
            {"ImageID": "sha256:gone", "Image": "gone"},
        ],
        "/images/sha256:a/json": one,
        "/images/sha256:b/json": two,
    }
    with engine(tmp_path / "d.sock", answers) as path:
        ended = entrepot("in-use", "report", server.base_url, "--docker", path, "--output", "json", **keys(server))
    assert (ended.status, ended.complaint) == (0, "")
    assert ended.result == {"cluster": "machine", "images": 1, "running": 3, "failures": []}
    assert count(server, name, made.digest) == 3


def test_without_an_engine_or_credentials_nothing_is_reported(server: Server, tmp_path: Path):
    nothing: dict[str, Any] = {"AWS_SHARED_CREDENTIALS_FILE": "/nonexistent", "AWS_CONFIG_FILE": "/nonexistent"}
    given = ("in-use", "report", server.base_url, "--docker", tmp_path / "absent.sock")
    ended = entrepot(*given, **keys(server))
    assert (ended.status, ended.out) == (1, "")
    with engine(tmp_path / "d.sock", {"/info": {"Name": "m"}, "/containers/json": []}) as path:
        ended = entrepot("in-use", "report", server.base_url, "--docker", path, **nothing)
    assert ended.status == 1
    assert "no credentials" in ended.complaint


def test_the_operation_is_an_aws_clients_too_and_needs_a_permission(server: Server, app: tuple[str, Image]):
    name, made = app
    user = User(server, Iam(server))
    client = server.client("entrepot", credentials=user.keys)
    asked: dict[str, Any] = {
        "cluster": "arn:aws:ecs:us-east-1:000000000000:cluster/one",
        "images": [{"repositoryName": name, "imageDigest": made.digest, "count": 7, "platform": "linux/amd64"}],
        "complete": True,
    }
    with pytest.raises(ClientError, match="entrepot:ReportImagesInUse"):
        client.report_images_in_use(**asked)
    user.put("p", allow("entrepot:ReportImagesInUse"))
    told = client.report_images_in_use(**asked)
    assert (told["registryId"], told["failures"]) == (ACCOUNT, [])
    assert count(server, name, made.digest) == 7
    for wrong in ({"cluster": "a b"}, {"registryId": "1"}, {"startedAt": "2100-01-01T00:00:00Z"}):
        with pytest.raises(ClientError, match="InvalidParameter"):
            client.report_images_in_use(**(asked | wrong))
    with pytest.raises(ClientError, match="AccessDenied"):
        client.report_images_in_use(**asked, registryId="111122223333")
