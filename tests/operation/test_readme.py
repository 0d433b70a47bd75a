"""The README's quick start, run line by line as it stands; only port and data directory are this test's own."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.clients.engines import ENGINE_VARIABLES
from tests.clients.workplace import absent
from tests.factories.processes import free_port
from tests.factories.waiting import wait
from tests.operation.commands import is_ready

ROOT = Path(__file__).parents[2]
# words of a command -> what its output must hold
PLAUSIBLE = {
    "get-caller-identity": '"Account": "000000000000"',
    "create-repository": '"repositoryUri": "127.0.0.1:PORT/hello"',
    "buildah login": "Login Succeeded!",
    "describe-images": '"imageTags": [',
    "skopeo inspect": '"Digest": "sha256:',
    "account create": '"secret_access_key"',
    "gc --dry-run": "candidates",
    "entrepot fsck": "every manifest resolvable  1/1",
}


def blocks() -> list[list[str]]:
    """The commands of each console block."""
    found = re.findall(r"^```console\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    return [[line.removeprefix("$ ") for line in block.splitlines()] for block in found]


def checkout(target: Path) -> None:
    """The tracked files as a clone would have them, over the dependencies that are installed already."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.split("\0"):
        if name and (ROOT / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)
    for name in ("requirements/dev.txt", "pyproject.toml"):
        os.utime(target / name, (0, 0))  # or make would install anew, into the environment that is shared
    (target / ".venv").symlink_to(ROOT / ".venv")


@contextlib.contextmanager
def running(command: str, folder: Path, environment: dict[str, str]) -> Iterator[None]:
    """`make run` in the foreground of a shell of its own, until Ctrl-C."""
    with (folder / "run.log").open("wb") as log:
        process = subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        wait(lambda: process.poll() is not None or is_ready(int(environment["PORT"])), seconds=30)
        assert process.poll() is None, (folder / "run.log").read_text()
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        process.wait(20)


def surroundings(home: Path, port: int) -> dict[str, str]:
    """A home without settings; what a root user of buildah in a container sets besides is in docs of buildah."""
    containers = home / ".config" / "containers"
    containers.mkdir(parents=True)
    (containers / "policy.json").write_text('{"default":[{"type":"insecureAcceptAnything"}]}')
    (home / "storage.conf").write_text(
        f'[storage]\ndriver = "vfs"\ngraphroot = "{home}/graph"\nrunroot = "{home}/run"\n'
    )
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PORT": str(port),
        "DATA": "./data",
        "REGISTRY_AUTH_FILE": str(home / "auth.json"),
        "CONTAINERS_STORAGE_CONF": str(home / "storage.conf"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
        **ENGINE_VARIABLES,
    }


def test_the_quick_start_works_line_by_line(tmp_path):
    for program in ("buildah", "skopeo"):
        if shutil.which(program) is None:
            absent(program)
    (first,), *rest = blocks()
    assert first == "make run"
    port = free_port()
    folder = tmp_path / "entrepot"
    folder.mkdir()
    checkout(folder)
    with tempfile.TemporaryDirectory(prefix="rm", ignore_cleanup_errors=True) as home:  # buildah takes no long runroot
        environment = surroundings(Path(home), port)
        with running(first, folder, environment):
            said = run([line.replace("5000", str(port)) for block in rest for line in block], folder, environment)
    for words, expected in PLAUSIBLE.items():
        (output,) = [output for command, output in said.items() if words in command]
        assert expected.replace("PORT", str(port)) in output, f"{words}: {output}"


def run(commands: list[str], folder: Path, environment: dict[str, str]) -> dict[str, str]:
    """Type the commands into one shell; each must end with status 0. What each one said."""
    script = "".join(f"echo '=={number}'\n{command}\n" for number, command in enumerate(commands))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=100,
        check=False,
    )
    said = re.split(r"^==\d+\n", done.stdout, flags=re.MULTILINE)[1:]
    assert done.returncode == 0, f"{commands[len(said) - 1]}: {said[-1]}"
    return dict(zip(commands, said, strict=True))
