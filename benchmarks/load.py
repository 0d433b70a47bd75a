"""The load generator (benchmarks/load, in Go): built once, run as a process of its own, its report read."""

import json
import os
import subprocess
from dataclasses import dataclass, field
from typing import Any

from benchmarks import cpu
from benchmarks.servers import ROOT, Running

PROGRAM = ROOT / "build" / "bench" / "load"
SERVER_CORE, CLIENT_CORE = 0, 1
_LONGEST_SECONDS = 900


@dataclass(frozen=True)
class Measured:
    """What one load cost: the client's report, and the CPU seconds of the server while it ran."""

    report: dict[str, Any] = field(repr=False)
    cpu: float

    @property
    def seconds(self) -> float:
        """Wall time of the timed part."""
        return float(self.report["seconds"])

    @property
    def requests_per_cpu_second(self) -> float:
        """Requests answered for each second of the server's CPU."""
        return float(self.report["requests"]) / self.cpu

    @property
    def cpu_per_gb(self) -> float:
        """Seconds of the server's CPU for each 10^9 bytes."""
        return self.cpu / (float(self.report["bytes"]) / 1e9)


def compile_program() -> None:
    """Build the generator with the machine's Go."""
    PROGRAM.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["go", "build", "-o", str(PROGRAM), "."], cwd=ROOT / "benchmarks" / "load", check=True)


def run(server: Running, command: str, *flags: str, pinned: bool = False) -> Measured:
    """Run one load to its end; a failed request fails the run. `pinned`: server and client on a core each."""
    cores = os.sched_getaffinity(0)
    if pinned:
        cpu.pin(server.pid, SERVER_CORE)
    before = server.usage()
    done = subprocess.run(
        [str(PROGRAM), command, server.url, *flags],
        env={**os.environ, "LOAD_AUTHORIZATION": server.authorization},
        preexec_fn=(lambda: os.sched_setaffinity(0, {CLIENT_CORE} & cores or cores)) if pinned else None,
        capture_output=True,
        text=True,
        check=False,
        timeout=_LONGEST_SECONDS,
    )
    after = server.usage()
    if done.returncode:
        raise RuntimeError(f"{command} against {server.name}: {done.stdout}{done.stderr[-2000:]}")
    return Measured(json.loads(done.stdout), max((after - before).total, 0.001))
