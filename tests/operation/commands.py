"""Runs `entrepot` as a person does: its exit status, what it printed and what it complained of."""

import json
import os
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.factories import forks

TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    complaint: str

    @property
    def result(self) -> Any:
        """What it printed with `--output json`."""
        return json.loads(self.out)


def entrepot(*arguments: object, cwd: Path | None = None, text: str = "", **variables: str) -> Ended:
    """Run one command to its end; `text` is its standard input."""
    environment = {**os.environ, **variables}
    done = forks.run([*map(str, arguments)], text=text, environment=environment, cwd=cwd, timeout=TIMEOUT_SECONDS)
    return Ended(done.returncode, done.stdout, done.stderr)


def children(pid: int) -> list[int]:
    """The processes that a server's supervisor keeps: those that serve, in order, then the background worker."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_ready(port: int) -> bool:
    """Whether a server on loopback, without TLS, says that it can work."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def refused(*arguments: object, **variables: str) -> str:
    """The reason that a command gives for doing nothing: status 1, no output, no traceback."""
    ended = entrepot(*arguments, cwd=None, **variables)
    assert (ended.status, ended.out) == (1, ""), ended
    assert "Traceback" not in ended.complaint
    return ended.complaint
