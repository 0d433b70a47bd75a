"""Pulls are counted without a write to the database, survive kill -9; HEAD is no pull and writes nothing to it."""

import base64
import time
from pathlib import Path
from typing import Any

from sqlalchemy import text

from entrepot.db.sqlite import SqliteDatabase
from tests.factories.layouts import image
from tests.factories.processes import Server, serve
from tests.factories.registry import Registry
from tests.factories.waiting import wait

PULLS = 25
HEADS = 200
FOLD_INTERVAL = 1.2  # what a lost machine may cost: a second of reads, and a little for the clock
_COUNTS = text("SELECT pull_count FROM manifest WHERE digest = :digest")


def pull_count(server: Server, digest: str) -> int:
    database = SqliteDatabase(server.data / "entrepot.db")
    found = database.read(lambda tx: tx.all(_COUNTS, digest=digest))
    database.close()
    return int(found[0][0])


def described(server: Server) -> dict[str, Any]:
    (detail,) = server.client().describe_images(repositoryName="counted")["imageDetails"]
    return dict(detail)


def written(data: Path) -> dict[str, bytes]:
    """Everything of the database that a read could have changed: the file and its log."""
    files = [data / "entrepot.db", data / "entrepot.db-wal"]
    return {path.name: path.read_bytes() for path in files}


def test_pulls_before_a_kill_are_counted_after_it_each_once(tmp_path: Path):
    content = image(81)
    with serve(tmp_path, extra=("--workers", "2")) as server:
        server.client().create_repository(repositoryName="counted")
        registry = Registry(server)
        registry.push("counted", content, "v1")
        assert "lastRecordedPullTime" not in described(server)
        begun = time.time()
        for number in range(PULLS):
            registry.pull_manifest("counted", "v1" if number % 2 else content.digest)
        time.sleep(FOLD_INTERVAL)  # the promise is about time: there is nothing to await
        server.kill()
    with serve(tmp_path, extra=("--workers", "1")) as server:
        wait(lambda: pull_count(server, content.digest) >= PULLS)
        assert pull_count(server, content.digest) == PULLS
        pulled_at = described(server)["lastRecordedPullTime"]
        assert begun - 1 <= pulled_at.timestamp() <= time.time()
        Registry(server).pull_manifest("counted", "v1")
        wait(lambda: pull_count(server, content.digest) == PULLS + 1)


def test_a_pull_through_the_api_counts_like_one_of_a_client(tmp_path: Path):
    content = image(82)
    with serve(tmp_path, extra=("--workers", "1")) as server:
        client = server.client()
        client.create_repository(repositoryName="counted")
        Registry(server).push("counted", content, "v1")
        client.batch_get_image(repositoryName="counted", imageIds=[{"imageTag": "v1"}])
        Registry(server).pull_manifest("counted", "v1")
        wait(lambda: pull_count(server, content.digest) == 2)


def test_a_pull_by_nobody_in_particular_counts_like_any_other(tmp_path: Path):
    content = image(84)
    with serve(tmp_path, extra=("--workers", "1")) as server:
        client = server.client("ecr-public")
        client.create_repository(repositoryName="counted")
        encoded = client.get_authorization_token()["authorizationData"]["authorizationToken"]
        token = base64.b64decode(encoded).decode().partition(":")[2]
        Registry(server, token).push("public.ecr/000000000000/counted", content, "v1")
        for number in range(PULLS):
            Registry(server, "").pull_manifest(
                "public.ecr/000000000000/counted", "v1" if number % 2 else content.digest
            )
        wait(lambda: pull_count(server, content.digest) >= PULLS)
        assert pull_count(server, content.digest) == PULLS


def test_head_writes_nothing_to_the_database_and_is_no_pull(tmp_path: Path):
    content = image(83)
    with serve(tmp_path, extra=("--workers", "1", "--role", "api")) as server:  # background jobs write their leases
        server.client().create_repository(repositoryName="counted")
        registry = Registry(server)
        registry.push("counted", content, "v1")
        paths = [f"manifests/{reference}" for reference in ("v1", content.digest)]
        paths += [f"blobs/{blob.digest}" for blob in content.blobs]
        before = written(server.data)
        for number in range(HEADS):
            path = paths[number % len(paths)]
            assert registry.request("HEAD", f"/v2/counted/{path}").status == 200
        time.sleep(FOLD_INTERVAL)  # journals are flushed each second
        assert written(server.data) == before
        assert before["entrepot.db-wal"]
        server.kill()
    with serve(tmp_path, extra=("--workers", "1")) as server:
        Registry(server).pull_manifest("counted", "v1")
        wait(lambda: pull_count(server, content.digest) > 0)
        assert pull_count(server, content.digest) == 1
