"""The container image: what its recipe promises; and, for `make image`, a real one that is run and pushed to."""

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.clients.workplace import absent
from tests.factories.layouts import image
from tests.factories.processes import Credentials, Server, free_port, serve
from tests.factories.registry import Registry
from tests.factories.waiting import wait
from tests.operation.commands import is_ready

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()
LARGEST_OWN_BYTES = 200_000_000
# the machine's own authorities and pip settings, for a build that reaches the package index as this machine does
MACHINE = ("/etc/ssl/certs", "/etc/pip.conf", "/opt/wheels")


def stages() -> list[str]:
    return re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1:]


def test_everything_that_is_installed_is_pinned_by_hash():
    commands = re.findall(r"pip install ([^&\n]+)", DOCKERFILE)
    assert len(commands) == 3
    assert [command for command in commands if "--no-deps" not in command] == []
    fetched = [command for command in commands if "dist/*.whl" not in command]
    assert [command for command in fetched if "--require-hashes" not in command] == []
    for name in ("runtime", "build"):
        pins = [line for line in (ROOT / f"requirements/{name}.txt").read_text().splitlines() if "==" in line]
        assert len(pins) > 4
        assert all(line.endswith("\\") for line in pins)


def test_the_image_runs_as_nobody_else_and_holds_no_tools_of_the_build():
    last = stages()[-1]
    assert re.search(r"^USER entrepot$", last, re.MULTILINE)
    assert last.index("\nUSER") < last.index("\nENTRYPOINT")
    assert "tools" not in last
    assert re.search(r"^VOLUME /data$", last, re.MULTILINE)
    assert re.search(r"^STOPSIGNAL SIGTERM$", last, re.MULTILINE)


def test_no_secret_and_nothing_but_the_source_reaches_the_build():
    assert not re.search(r"(SECRET|PASSWORD|TOKEN|KEY_ID)", DOCKERFILE, re.IGNORECASE)
    allowed = {line.lstrip("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {
        word for line in re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE) for word in line.split()
    }
    assert {word.split("/")[0] for word in copied} == allowed


def healthcheck() -> list[str]:
    found = re.search(r"^  CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    assert found is not None
    return list(json.loads(found[1]))


@pytest.mark.parametrize("tls", [False, True])
def test_the_health_check_succeeds_beside_a_ready_server_and_fails_without_one(tmp_path, tls):
    with serve(tmp_path, tls=tls, extra=("--workers", "1")) as server:
        environment = {"ENTREPOT_PORT": str(server.port), "PATH": os.environ["PATH"]}
        environment |= {"ENTREPOT_TLS_SELF_SIGNED": "true"} if tls else {}
        assert check(environment) == 0
    assert check(environment) != 0


def check(environment: dict[str, str]) -> int:
    program, *arguments = healthcheck()
    assert program == "python"
    command = [shutil.which("python3") or "python3", *arguments]
    return subprocess.run(command, env=environment, stderr=subprocess.DEVNULL, check=False).returncode


class Builder:
    """buildah and podman over storage of their own."""

    def __init__(self, storage: Path) -> None:
        self._options = ["--root", f"{storage}/root", "--runroot", f"{storage}/run"]
        (storage / "policy.json").write_text('{"default":[{"type":"insecureAcceptAnything"}]}')
        self._policy = str(storage / "policy.json")

    def build(self, tag: str, recipe: Path, folder: Path, *options: str) -> None:
        volumes = [option for path in MACHINE if Path(path).exists() for option in ("-v", f"{path}:{path}:ro")]
        self.run("buildah", "build", "--signature-policy", self._policy, "--format", "docker", "--network", "host",
                 *volumes, *options, "-t", tag, "-f", str(recipe), str(folder))  # fmt: skip

    def podman(self, *arguments: str) -> str:
        return self.run("podman", *arguments, options=("--cgroup-manager=cgroupfs", "--events-backend=file"))

    def run(self, program: str, *arguments: str, options: tuple[str, ...] = ()) -> str:
        environment = {**os.environ, "STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot"}
        command = [program, *self._options, *options, *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout.strip()


@pytest.fixture(scope="module")
def builder() -> Iterator[Builder]:
    for program in ("buildah", "podman", "mmdebstrap", "runc"):
        if shutil.which(program) is None:
            absent(program)
    with tempfile.TemporaryDirectory(prefix="im", ignore_cleanup_errors=True) as storage:
        made = Builder(Path(storage))
        base = Path(storage) / "base"
        base.mkdir()
        packages = "--include=python3,python3-venv,ca-certificates"
        command = ["mmdebstrap", "-q", "--variant=minbase", packages, "bookworm", str(base / "base.tar")]
        subprocess.run(command, check=True, timeout=300)
        (base / "Dockerfile").write_text("FROM scratch\nADD base.tar /\nRUN ln -s python3 /usr/bin/python\n")
        made.build("localhost/python", base / "Dockerfile", base)
        build_arg = ("--build-arg", "PYTHON=localhost/python")
        made.build("localhost/entrepot", ROOT / "deploy" / "Dockerfile", ROOT, *build_arg)
        yield made


@pytest.mark.image
def test_the_image_serves_is_pushed_to_and_drains(builder, tmp_path):
    port = free_port()
    limits = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")
    name = builder.podman("run", "-d", "--runtime=runc", "--network=host", *limits, "-e", f"ENTREPOT_PORT={port}",
                          "localhost/entrepot")  # fmt: skip
    try:
        wait(lambda: is_ready(port))
        assert builder.podman("exec", name, "id", "-u") == "10001"
        push_and_pull(port, builder.podman("exec", name, "cat", "/data/credentials"), tmp_path)
        builder.podman("exec", name, *healthcheck())
        builder.podman("stop", "-t", "20", name)
        assert builder.podman("inspect", name, "--format", "{{.State.ExitCode}}") == "0"
    finally:
        builder.podman("rm", "-f", name)


def push_and_pull(port: int, credentials: str, tmp_path: Path) -> None:
    found = dict(re.findall(r"^(\w+) = (\S+)$", credentials, re.MULTILINE))
    with ExitStack() as resources:
        nobody = subprocess.Popen(["true"])
        nobody.wait()
        server = Server(
            base_url=f"http://127.0.0.1:{port}",
            host=f"127.0.0.1:{port}",
            port=port,
            data=tmp_path,
            credentials=Credentials(found["aws_access_key_id"], found["aws_secret_access_key"]),
            process=nobody,
            log=tmp_path / "log",
            resources=resources,
        )
        server.client().create_repository(repositoryName="inside")
        Registry(server).push("inside", image(91), "one")
        assert Registry(server).pull("inside", "one")


@pytest.mark.image
def test_what_the_image_adds_to_its_base_is_small(builder):
    sizes = [
        int(builder.podman("inspect", name, "--format", "{{.Size}}"))
        for name in ("localhost/entrepot", "localhost/python")
    ]
    assert 0 < sizes[0] - sizes[1] < LARGEST_OWN_BYTES
