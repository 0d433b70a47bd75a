"""Several servers over one data directory: refused when their settings contradict, else one registry with two ports."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.factories import forks
from tests.factories.layouts import image
from tests.factories.processes import free_port, serve
from tests.factories.registry import Registry
from tests.factories.waiting import wait
from tests.operation.commands import children, entrepot, refused

COMMON = ("--workers", "1", "--gc-grace-seconds", "60")


def test_a_second_server_with_other_settings_is_refused_with_both_values(tmp_path):
    with serve(tmp_path, extra=COMMON) as server:
        for flags, name, theirs, ours in (
            (("--gc-grace-seconds", "5"), "gc_grace_seconds", "60.0", "5.0"),
            (("--regions", "eu-west-1", "--gc-grace-seconds", "60"), "regions", "us-east-1", "eu-west-1"),
            (("--domain", "example.com", "--gc-grace-seconds", "60"), "domain", "unset", "example.com"),
        ):
            said = refused("serve", "--data", server.data, "--port", free_port(), *flags)
            assert f"{name} = {theirs}, this one has {name} = {ours}" in said
        assert server.client().describe_repositories()["repositories"] == []


def test_a_second_server_with_the_same_settings_serves_the_same_registry(tmp_path):
    with (
        serve(tmp_path, extra=COMMON) as first,
        serve(tmp_path, extra=(*COMMON, "--drain-seconds", "5")) as second,
    ):
        assert first.port != second.port
        first.client().create_repository(repositoryName="shared")
        content = image(51)
        Registry(first).push("shared", content, "one")
        assert Registry(second).pull("shared", "one")
        assert Registry(second, first.token()).request("DELETE", f"/v2/shared/manifests/{content.digest}").status == 202
        assert Registry(first).request("GET", "/v2/shared/manifests/one").status == 404


def test_when_the_last_has_ended_other_settings_may_follow(tmp_path):
    with serve(tmp_path, extra=COMMON):
        pass
    with serve(tmp_path, extra=("--workers", "1", "--gc-grace-seconds", "7")):
        pass


def test_an_api_server_and_a_worker_server_work_together(tmp_path):
    shared = ("--gc-grace-seconds", "0.2", "--gc-interval-seconds", "0.2")
    with serve(tmp_path, extra=("--workers", "1", "--role", "api", *shared)) as api:
        assert len(children(api.process.pid)) == 1
        registry = Registry(api)
        content = image(52)
        api.client().create_repository(repositoryName="shared")
        registry.push("shared", content, "one")
        api.client().batch_delete_image(repositoryName="shared", imageIds=[{"imageTag": "one"}])
        path = f"/v2/shared/blobs/{content.layers[0].digest}"
        with worker(tmp_path, *shared) as process:
            wait(lambda: registry.request("HEAD", path).status == 404)
            assert len(children(process.pid)) == 1
    assert entrepot("fsck", "--data", api.data).status == 0


@contextmanager
def worker(tmp_path: Path, *flags: str) -> Iterator[forks.Process]:
    """A server of background jobs alone: it listens nowhere, so nobody can ask whether it is ready."""
    with (tmp_path / "worker.log").open("wb") as log:
        command = ["serve", "--data", str(tmp_path / "data"), "--role", "worker", *flags]
        process = forks.start(command, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        assert process.wait(10) == 0
