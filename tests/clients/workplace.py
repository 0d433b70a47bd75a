"""Where a client works: its own home directory, settings and log-in, one repository, one server.

Runs the machine's real programs; a missing one is a skip, which CI refuses.
"""

import contextlib
import os
import shutil
import subprocess
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.factories.processes import Server
from tests.factories.registry import Registry

TIMEOUT_SECONDS = 120


class Workplace:
    """One test's place: `run` starts a program in it, `registry` looks at the server without any client."""

    def __init__(self, server: Server, path: Path, repository: str) -> None:
        self.server = server
        self.path = path
        self.repository = repository
        self.environment = server.environment(path / "home")
        self.cleanup = contextlib.ExitStack()

    @cached_property
    def ecr(self) -> Any:
        """boto3's ECR client with the root's keys."""
        return self.server.client()

    @cached_property
    def registry(self) -> Registry:
        """The plain client that the results are compared with."""
        return Registry(self.server)

    @property
    def tls(self) -> bool:
        """Whether the server speaks TLS."""
        return self.server.ca is not None

    @property
    def address(self) -> str:
        """host:port/repository."""
        return f"{self.server.host}/{self.repository}"

    def other_repository(self) -> str:
        """A second repository, made now."""
        name = f"{self.repository}-other"
        self.ecr.create_repository(repositoryName=name)
        return name

    def run(self, *command: str | Path, text: str | None = None, succeeds: bool = True, **variables: str) -> str:
        """Run a program to its end and return its output; fails with all that it said unless it ends as expected."""
        if shutil.which(str(command[0]), path=self.environment["PATH"]) is None:
            absent(str(command[0]))
        done = subprocess.run(
            [str(part) for part in command],
            input=text,
            stdin=subprocess.DEVNULL if text is None else None,
            capture_output=True,
            text=True,
            env={**self.environment, **variables},
            cwd=self.path,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        said = f"{' '.join(map(str, command))}\nstatus {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        assert (done.returncode == 0) == succeeds, said
        return done.stdout if succeeds else done.stdout + done.stderr

    def password(self) -> str:
        """What `aws ecr get-login-password` prints."""
        return self.run("aws", "ecr", "get-login-password").strip()


def absent(program: str) -> NoReturn:
    """A program is missing: a skip on a developer's machine, a failure in CI, which installs them all."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{program} is not installed")
    pytest.skip(f"{program} is not installed")


def needs_root() -> None:
    """Skip where the test must be root and is not."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
