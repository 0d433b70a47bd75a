"""What most tests start in the place of the installed executable (tests/factories/forks.py) does what that does."""

import os
import re
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.factories import forks
from tests.factories.processes import INSTALLED, Server, serve
from tests.operation.commands import Ended

Run = Callable[..., Ended]
SECRETS = re.compile(r'"(secret_)?access_key(_id)?": "[^"]+"')
COMMANDS = {
    "help": ["--help"],
    "version": ["--version"],
    "no such command": ["frobnicate"],
    "a flag that is unknown": ["serve", "--frobnicate"],
    "a setting that is wrong": ["serve", "--port", "none", "--workers", "0"],
    "data that are absent": ["fsck", "--data", "absent"],
}


def ended(done: subprocess.CompletedProcess[str]) -> Ended:
    return Ended(done.returncode, done.stdout, done.stderr)


def installed(arguments: Sequence[str], cwd: Path, text: str = "", **variables: str) -> Ended:
    environment = {**os.environ, **variables}
    command = [*INSTALLED, *arguments]
    return ended(
        subprocess.run(
            command, input=text, capture_output=True, text=True, check=False, cwd=cwd, env=environment, timeout=60
        )
    )


def forked(arguments: Sequence[str], cwd: Path, text: str = "", **variables: str) -> Ended:
    return ended(forks.run(arguments, cwd=cwd, text=text, environment={**os.environ, **variables}))


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
def test_a_fork_ends_and_says_what_the_executable_does(arguments: list[str], tmp_path: Path):
    assert forked(arguments, tmp_path) == installed(arguments, tmp_path)


def test_a_fork_has_the_environment_the_directory_and_the_input_that_it_is_given(tmp_path: Path):
    setting = {"ENTREPOT_WORKERS": "many"}
    refused = forked(["serve", "--data", "data"], tmp_path, **setting)
    assert refused == installed(["serve", "--data", "data"], tmp_path, **setting)
    assert refused.status == 1
    assert "ENTREPOT_WORKERS" in refused.complaint or "workers" in refused.complaint
    plugin = ["kubelet-credential-provider"]
    assert forked(plugin, tmp_path, "no json") == installed(plugin, tmp_path, "no json")


@pytest.fixture
def server(tmp_path: Path):
    with serve(tmp_path, program=INSTALLED) as running:
        yield running


def test_a_forked_command_works_beside_an_installed_server(server: Server, tmp_path: Path):
    listing = ["account", "list", "--data", str(server.data), "--output", "json"]
    making = ["account", "create", "--data", str(server.data), "--output", "json", "--id"]
    made = [forked([*making, "111122223333"], tmp_path), installed([*making, "444455556666"], tmp_path)]
    one, other = (Ended(each.status, SECRETS.sub("", each.out), each.complaint) for each in made)
    assert one.status == other.status == 0
    assert one.out.replace("111122223333", "444455556666") == other.out
    assert forked(listing, tmp_path) == installed(listing, tmp_path)


def test_a_signal_is_the_status_of_a_fork_and_it_is_told_once(tmp_path: Path):
    with serve(tmp_path) as server:
        assert server.process.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            server.process.wait(0)
        server.process.kill()
        assert server.process.wait(10) == server.process.wait() == server.process.poll() == -9
