"""A full volume: documented errors, no damage, reads go on; then deletes and collection make room by themselves."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.factories.layouts import OCI_CONFIG, OCI_LAYER, Content, Image, contents, manifest
from tests.factories.processes import Server, free_port, serve
from tests.factories.registry import Registry, error_codes, with_query
from tests.factories.waiting import wait
from tests.faults.test_kill import fsck
from tests.operation.commands import refused

REPOSITORY = "full/one"
MIB = 1024 * 1024
SETTINGS = ["--workers", "2", "--gc-grace-seconds", "1", "--gc-interval-seconds", "0.3", "--disk-reserve", "8MiB"]


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 MiB where the server keeps its data; its log is elsewhere."""
    data = tmp_path / "data"
    data.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64m,mode=0700", "tmpfs", str(data)]
    if os.geteuid() != 0 or subprocess.run(command, check=False).returncode:
        pytest.skip("no right to mount a file system")
    try:
        yield data
    finally:
        subprocess.run(["umount", "--lazy", str(data)], check=True)


def free(volume: Path) -> int:
    state = os.statvfs(volume)
    return state.f_bavail * state.f_frsize


def image(number: int) -> Image:
    layer = Content(OCI_LAYER, os.urandom(2 * MIB))
    config = Content(OCI_CONFIG, b'{"number":%d}' % number)
    return Image(manifest(config, [layer]), config, (layer,))


def push(registry: Registry, made: Image, tag: str) -> int:
    """The status of the first answer that refuses, else that of the manifest's put."""
    for blob in made.blobs:
        opened = registry.request("POST", f"/v2/{REPOSITORY}/blobs/uploads/", b"")
        if opened.status != 202:
            assert error_codes(opened) == ["DENIED"]
            return opened.status
        closed = registry.request("PUT", with_query(opened.headers["Location"], digest=blob.digest), blob.data)
        if closed.status != 201:
            assert error_codes(closed) == ["DENIED"]
            return closed.status
    return registry.put_manifest(REPOSITORY, tag, made.manifest).status


def fill(path: Path) -> None:
    """Another program takes every byte that is left."""
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(64 * 1024))


def push_until_refused(registry: Registry) -> dict[str, Image]:
    pushed: dict[str, Image] = {}
    for number in range(40):
        made = image(number)
        status = push(registry, made, f"t{number}")
        if status == 507:
            return pushed
        assert status == 201
        pushed[f"t{number}"] = made
    raise AssertionError("the volume never filled")


def check_refusals(server: Server, registry: Registry) -> None:
    """Both doors say that there is no room, and neither calls it an error of its own inside."""
    assert push(registry, image(99), "refused") == 507
    single = registry.request("POST", f"/v2/{REPOSITORY}/blobs/uploads/?digest=sha256:{'0' * 64}", b"x")
    assert (single.status, error_codes(single)) == (507, ["DENIED"])
    with pytest.raises(ClientError) as refusal:
        server.client().initiate_layer_upload(repositoryName=REPOSITORY)
    assert refusal.value.response["Error"]["Code"] == "ServerException"
    assert "free" in refusal.value.response["Error"]["Message"]


def test_a_full_volume_refuses_and_recovers_by_deletes_alone(volume: Path, tmp_path: Path):
    with serve(tmp_path, extra=SETTINGS) as server:
        server.client().create_repository(repositoryName=REPOSITORY)
        registry = Registry(server)
        wait((volume / "ballast").exists, 30, "the ballast")
        pushed = push_until_refused(registry)
        assert len(pushed) > 10
        fill(volume / "filler")
        assert free(volume) == 0
        check_refusals(server, registry)
        for tag, made in pushed.items():
            assert registry.pull(REPOSITORY, tag) == contents(made)
        kept = dict(list(pushed.items())[:2])
        for tag in pushed.keys() - kept.keys():
            answer = registry.request("DELETE", f"/v2/{REPOSITORY}/manifests/{tag}")
            assert answer.status == 202, answer.data
        wait(lambda: free(volume) > 12 * MIB, 30, "freed bytes")
        again = image(200)
        assert push(registry, again, "again") == 201
        wait((volume / "ballast").exists, 30, "the ballast again")
        for tag, made in (kept | {"again": again}).items():
            assert registry.pull(REPOSITORY, tag) == contents(made)
        log = server.log.read_text()
    assert '"ballast released"' in log
    assert '"request failed"' not in log
    assert "SIGBUS" not in log
    assert '"process ended"' not in log
    (volume / "filler").unlink()
    report = fsck(volume)
    assert report["clean"] is True, report


def test_a_server_starts_on_a_full_volume_and_can_be_emptied(volume: Path, tmp_path: Path):
    with serve(tmp_path, extra=SETTINGS) as server:
        server.client().create_repository(repositoryName=REPOSITORY)
        pushed = push_until_refused(Registry(server))
    fill(volume / "filler")
    (volume / "ballast").unlink()
    fill(volume / "filler-too")
    with serve(tmp_path, extra=SETTINGS) as server:
        registry = Registry(server)
        tag, made = next(iter(pushed.items()))
        assert registry.pull(REPOSITORY, tag) == contents(made)
        (volume / "filler-too").unlink()
        for tag in pushed:
            assert registry.request("DELETE", f"/v2/{REPOSITORY}/manifests/{tag}").status == 202
        wait(lambda: free(volume) > 20 * MIB, 30, "freed bytes")
        assert push(registry, image(300), "again") == 201
        assert '"request failed"' not in server.log.read_text()


@pytest.mark.parametrize("kilobytes", [8, 32, 128, 320])
def test_a_first_start_without_room_says_so_and_the_next_one_with_room_succeeds(
    volume: Path, tmp_path: Path, kilobytes: int
):
    resize(volume, f"{kilobytes}k")
    said = refused("serve", "--data", volume, "--port", free_port(), "--workers", "1")
    assert f"the volume of {volume} is full; make room there" in said
    resize(volume, "64m")
    with serve(tmp_path, extra=SETTINGS) as server:
        server.client().create_repository(repositoryName=REPOSITORY)
        made = image(1)
        assert push(Registry(server), made, "one") == 201
    assert fsck(volume)["clean"] is True


def resize(volume: Path, size: str) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(volume)], check=True)
