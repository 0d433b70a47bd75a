"""kill -9 while images go to the trash and come back: each is in its repository or in the trash, whole, and never in
both or neither. What has been in the trash for its grace is gone, and so are its bytes.
"""

import json
import random
import threading
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.factories import forks
from tests.factories.layouts import image
from tests.factories.processes import Server, free_port, serve
from tests.factories.registry import Registry
from tests.factories.waiting import wait
from tests.faults.test_kill import COLLECTING, fsck, kill

IMAGES = [image(number, layers=1, size=512) for number in range(4)]
KILLS, KILLS_FULL = 3, 60
LEAST = 20  # deletions and restorations before each kill


def entrepot(data: Path, *words: str) -> Any:
    """What a command prints."""
    done = forks.run([*words, "--data", str(data), "--output", "json"], timeout=60)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


class Work(threading.Thread):
    """Deletes and restores one image after the other until the server is gone."""

    def __init__(self, server: Server, seed: int) -> None:
        super().__init__()
        self.ecr, self.own = server.client(), server.client("entrepot")
        self.chance = random.Random(seed)
        self.done = 0

    def run(self) -> None:
        while True:
            digest = self.chance.choice(IMAGES).digest
            try:
                if self.chance.random() < 0.5:
                    self.ecr.batch_delete_image(repositoryName="undone", imageIds=[{"imageDigest": digest}])
                else:
                    self.own.restore_image(repositoryName="undone", imageDigest=digest)
            except self.own.exceptions.TrashedNotFoundException:
                continue
            except (BotoCoreError, ClientError):
                return
            self.done += 1

    def has_done_enough(self) -> bool:
        return self.done > LEAST


def where(server: Server) -> tuple[list[str], list[str]]:
    """Digests in the repository, and in the trash."""
    held = server.client().describe_images(repositoryName="undone")["imageDetails"]
    kept = server.client("entrepot").list_trash()["trash"]
    return sorted(each["imageDigest"] for each in held), sorted(each["imageDigest"] for each in kept)


def test_a_killed_server_has_each_image_in_one_place(tmp_path, full):
    port = free_port()
    with serve(tmp_path, extra=COLLECTING, port=port) as server:
        server.client("entrepot").put_trash_configuration(graceSeconds=3600)
        server.client().create_repository(repositoryName="undone")
        for number, each in enumerate(IMAGES):
            Registry(server).push("undone", each, f"t{number}")
    for number in range(KILLS_FULL if full else KILLS):
        with serve(tmp_path, extra=COLLECTING, port=port) as server:
            work = Work(server, number)
            work.start()
            wait(work.has_done_enough, 60)
            kill(server, "all")
            work.join(60)
        report = fsck(tmp_path / "data")
        assert report["clean"] is True, report
    with serve(tmp_path, extra=COLLECTING, port=port) as server:
        held, kept = where(server)
        assert sorted(held + kept) == sorted(each.digest for each in IMAGES)
        for digest in kept:
            server.client("entrepot").restore_image(repositoryName="undone", imageDigest=digest)
        for number, each in enumerate(IMAGES):
            assert each.manifest.data == Registry(server).pull("undone", f"t{number}")[each.digest]


def test_what_has_been_in_the_trash_for_its_grace_is_gone_with_its_bytes(tmp_path: Path) -> None:
    made = IMAGES[0]
    data = tmp_path / "data"
    with serve(tmp_path, extra=COLLECTING) as server:
        assert entrepot(data, "trash", "set", "--grace-seconds", "3600") == {"grace_seconds": 3600}
        server.client().create_repository(repositoryName="undone")
        Registry(server).push("undone", made, "v1")
        server.client().batch_delete_image(repositoryName="undone", imageIds=[{"imageTag": "v1"}])
        (kept,) = entrepot(data, "trash", "list")
        assert (kept["image_digest"], kept["tags"]) == (made.digest, ["v1"])
        (back,) = entrepot(data, "trash", "restore", "undone", "--image-digest", made.digest)
        assert back == {"image_digest": made.digest, "tags": ["v1"], "taken_tags": []}
        entrepot(data, "trash", "set", "--grace-seconds", "1")
        server.client().delete_repository(repositoryName="undone", force=True)
        wait(lambda: entrepot(data, "trash", "list") == [], 30)
        wait(lambda: not [each for each in (data / "blobs").rglob("*") if each.is_file()], 60)


def test_a_repository_is_protected_by_a_command(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serve(tmp_path) as server:
        ecr = server.client()
        ecr.create_repository(repositoryName="kept")
        assert entrepot(data, "repository", "protection", "show", "kept") == {"repository": "kept", "protected": False}
        assert entrepot(data, "repository", "protection", "set", "kept")["protected"] is True
        with pytest.raises(ClientError, match="entrepot repository protection set kept --off"):
            ecr.delete_repository(repositoryName="kept", force=True)
        assert entrepot(data, "repository", "protection", "set", "kept", "--off")["protected"] is False
        ecr.delete_repository(repositoryName="kept")
