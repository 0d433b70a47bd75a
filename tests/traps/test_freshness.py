"""What one process of a server has acknowledged, every process of it answers at once: no cache is older than a write.

Each law first lets every process read the old truth, so that whatever it remembers is there to be wrong.
"""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.credentials import Credentials as Signer

from tests.factories import layouts
from tests.factories.layouts import Image
from tests.factories.processes import Credentials, Server, serve
from tests.factories.registry import Registry
from tests.factories.signed import Wire
from tests.operation.commands import entrepot
from tests.traps.door import blob, fresh
from tests.traps.workers import Worker, one_of_each

WORKERS = 3
WRITES = 50
ROUNDS = 6
TENANT = "333344445555"


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(tmp_path_factory.mktemp("freshness"), extra=("--workers", str(WORKERS))) as running:
        yield running


@pytest.fixture(scope="module")
def workers(three: Server) -> list[Worker]:
    found = one_of_each(three, WORKERS)
    assert len({worker.pid for worker in found}) == WORKERS
    return found


@pytest.fixture(scope="module")
def token(three: Server) -> str:
    return three.token()


def put(worker: Worker, token: str, name: str, reference: str, image: Image) -> int:
    """PUT a manifest through one process; the status."""
    type_of = {"Content-Type": image.manifest.media_type}
    return worker.ask("PUT", f"/v2/{name}/manifests/{reference}", token, image.manifest.data, type_of).status


def seen(workers: list[Worker], token: str, path: str, method: str = "GET") -> list[tuple[int, str | None]]:
    """(status, digest) as each process answers."""
    return [(said.status, said.digest) for said in (worker.ask(method, path, token) for worker in workers)]


def test_a_moved_tag_is_moved_for_every_process(three: Server, workers: list[Worker], token: str) -> None:
    name, door = fresh(three), Registry(three, token)
    images = [layouts.image(seed, layers=1, size=100) for seed in (1, 2)]
    for image in images:
        door.push(name, image)
    for number in range(WRITES):
        image = images[number % 2]
        assert put(workers[number % WORKERS], token, name, "moving", image) == 201
        for method in ("HEAD", "GET"):
            told = seen(workers, token, f"/v2/{name}/manifests/moving", method)
            assert told == [(200, image.digest)] * WORKERS, f"write {number}"


def test_a_moved_tag_is_moved_for_a_process_that_is_busy(three: Server, workers: list[Worker], token: str) -> None:
    """Requests that a process answers in one turn share what it read: never from before one of them was sent."""
    name, door, ended = fresh(three), Registry(three, token), threading.Event()
    images = [layouts.image(seed, layers=1, size=100) for seed in (1, 2)]
    for image in images:
        door.push(name, image, "moving")

    def keep_busy(worker: Worker) -> None:
        while not ended.is_set():
            assert worker.ask("HEAD", f"/v2/{name}/manifests/moving", token).status == 200
            assert put(worker, token, name, f"of-{worker.pid}", images[0]) == 201

    crowd = [worker for _ in range(3) for worker in one_of_each(three, WORKERS)]
    with ThreadPoolExecutor(len(crowd)) as pool:
        busy = [pool.submit(keep_busy, worker) for worker in crowd]
        try:
            for number in range(WRITES):
                image = images[number % 2]
                assert put(workers[number % WORKERS], token, name, "moving", image) == 201
                told = seen(workers, token, f"/v2/{name}/manifests/moving", "HEAD")
                assert told == [(200, image.digest)] * WORKERS, f"write {number}"
        finally:
            ended.set()
        for each in busy:
            each.result()


@pytest.mark.parametrize("what", ["tag", "image", "blob"])
def test_what_was_deleted_is_gone_for_every_process(
    three: Server, workers: list[Worker], token: str, what: str
) -> None:
    name, door, image, layer = fresh(three), Registry(three, token), layouts.image(3, layers=1), blob("loose")
    door.push(name, image, "kept")
    paths = {"tag": "manifests/gone", "image": f"manifests/{image.digest}", "blob": f"blobs/{layer.digest}"}
    path = f"/v2/{name}/{paths[what]}"
    for number in range(ROUNDS):
        writer = workers[number % WORKERS]
        if what == "blob":
            door.push_blob(name, layer)
        assert put(writer, token, name, "gone", image) == 201
        assert [status for status, _ in seen(workers, token, path)] == [200] * WORKERS
        assert writer.ask("DELETE", path, token).status == 202
        for method in ("HEAD", "GET"):
            assert seen(workers, token, path, method) == [(404, None)] * WORKERS, f"round {number}"
        kept = [status for status, _ in seen(workers, token, f"/v2/{name}/manifests/kept")]
        assert kept == [404 if what == "image" else 200] * WORKERS


def test_a_change_of_mutability_binds_every_process(three: Server, workers: list[Worker], token: str) -> None:
    name, door, ecr = fresh(three), Registry(three, token), three.client()
    images = [layouts.image(seed, layers=1, size=100) for seed in (4, 5)]
    for image in images:
        door.push(name, image, "fixed")
    for _ in range(ROUNDS):
        ecr.put_image_tag_mutability(repositoryName=name, imageTagMutability="IMMUTABLE")
        assert [put(worker, token, name, "fixed", images[0]) for worker in workers] == [400] * WORKERS
        ecr.put_image_tag_mutability(repositoryName=name, imageTagMutability="MUTABLE")
        moves = [put(worker, token, name, "fixed", images[number % 2]) for number, worker in enumerate(workers)]
        assert moves == [201] * WORKERS
        assert put(workers[0], token, name, "fixed", images[1]) == 201


def test_a_repository_of_the_same_name_is_another_repository_for_every_process(
    three: Server, workers: list[Worker], token: str
) -> None:
    """dist#4868, harbor#11533: what was known of a name outlived what the name stood for."""
    name, door, ecr = fresh(three), Registry(three, token), three.client()
    for number in range(ROUNDS):
        image = layouts.image(100 + number, layers=1, size=100)
        door.push(name, image, "same")
        paths = {
            f"/v2/{name}/manifests/same": "MANIFEST_UNKNOWN",
            f"/v2/{name}/manifests/{image.digest}": "MANIFEST_UNKNOWN",
            f"/v2/{name}/blobs/{image.layers[0].digest}": "BLOB_UNKNOWN",
        }
        for path in paths:
            assert [status for status, _ in seen(workers, token, path)] == [200] * WORKERS
        ecr.delete_repository(repositoryName=name, force=True)
        for path in paths:
            assert [code(worker, token, path) for worker in workers] == ["NAME_UNKNOWN"] * WORKERS
        ecr.create_repository(repositoryName=name)
        for path, unknown in paths.items():
            assert [code(worker, token, path) for worker in workers] == [unknown] * WORKERS


def code(worker: Worker, token: str, path: str) -> str:
    """The code of the 404 that one process answers with."""
    said = worker.ask("GET", path, token)
    assert said.status == 404, said
    (error,) = json.loads(said.body)["errors"]
    return str(error["code"])


def test_a_rotated_key_is_void_for_every_process_at_both_doors(three: Server, workers: list[Worker]) -> None:
    """A token lives as long as its key: none of the processes knows the old one a request longer."""
    place = ("--data", three.data, "--output", "json")
    keys = tenant(entrepot("account", "create", "--id", TENANT, *place).result)
    three.client(credentials=keys).create_repository(repositoryName="rotated")
    base = f"/v2/{TENANT}/us-east-1/rotated/tags/list"
    for _ in range(3):
        token = three.token(keys)
        assert [worker.ask("GET", base, token).status for worker in workers] == [200] * WORKERS
        assert [signed(three, worker, keys) for worker in workers] == [200] * WORKERS
        rotated = tenant(entrepot("key", "rotate", "--account", TENANT, *place).result)
        assert [worker.ask("GET", base, token).status for worker in workers] == [401] * WORKERS
        assert [worker.ask("GET", "/v2/", token).status for worker in workers] == [401] * WORKERS
        assert [signed(three, worker, keys) for worker in workers] == [403] * WORKERS
        keys = rotated


def tenant(made: dict[str, str]) -> Credentials:
    return Credentials(made["access_key_id"], made["secret_access_key"])


def signed(server: Server, worker: Worker, keys: Credentials) -> int:
    """The status of one process's answer to DescribeRepositories by these keys."""
    signer = Signer(keys.access_key_id, keys.secret_access_key)
    request = Wire(server).signed("DescribeRepositories", b"{}", credentials=signer)
    return worker.ask("POST", "/", None, b"{}", dict(request.headers.items())).status
