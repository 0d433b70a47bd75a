"""The supervisor, with real processes: what crashes starts again, what drains ends, nothing outlives its parent."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.factories.waiting import wait

PROGRAM = """
import os, signal, sys, time
from pathlib import Path
from entrepot.cli.supervisor import Process, Supervisor
from entrepot.telemetry import configure_logging
configure_logging(as_json=True)
folder = Path(sys.argv[1])
kind = sys.argv[2]

def live():
    stopping = []
    if kind != "deaf":
        signal.signal(signal.SIGTERM, lambda *_: stopping.append(1))
    else:
        signal.signal(signal.SIGTERM, lambda *_: (folder / f"{os.getpid()}.asked").write_text(""))
    (folder / f"{os.getpid()}.alive").write_text("")
    if kind == "failing":
        raise RuntimeError("canary")
    while not stopping:
        time.sleep(0.01)  # of the program: it lives until it is told to end
    (folder / f"{os.getpid()}.drained").write_text("")
    return 0

sys.exit(Supervisor([Process("one", live), Process("two", live)], float(sys.argv[3])).run())
"""


class Running:
    def __init__(self, folder: Path, kind: str, drain: float) -> None:
        self.folder = folder
        command = [sys.executable, "-c", PROGRAM, str(folder), kind, str(drain)]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE)

    def alive(self, count: int) -> list[int]:
        wait(lambda: len(list(self.folder.glob("*.alive"))) >= count)
        return [int(path.stem) for path in self.folder.glob("*.alive")]

    def end(self) -> tuple[int, str]:
        _, said = self.process.communicate(timeout=10)
        return self.process.returncode, said.decode()


def exists(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def start(tmp_path):
    started = []

    def run(kind: str = "good", drain: float = 5) -> Running:
        started.append(Running(tmp_path, kind, drain))
        return started[-1]

    yield run
    for running in started:
        if running.process.poll() is None:
            running.process.kill()
            running.process.wait()
        if running.process.stderr:
            running.process.stderr.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_every_process(start, tmp_path, number):
    running = start()
    running.alive(2)
    running.process.send_signal(number)
    assert running.end()[0] == 0
    assert len(list(tmp_path.glob("*.drained"))) == 2


def test_a_killed_process_is_started_again(start):
    running = start()
    os.kill(running.alive(2)[0], signal.SIGKILL)
    running.alive(3)
    running.process.terminate()
    status, said = running.end()
    assert status == 0
    assert '"event":"process ended"' in said
    assert '"status":-9' in said


def test_a_process_that_keeps_failing_is_started_ever_more_slowly_and_says_why(start):
    began = time.monotonic()
    running = start("failing")
    running.alive(8)
    assert time.monotonic() - began > 0.1 + 0.2 + 0.4, "one of two has been started four times"
    running.process.terminate()
    status, said = running.end()
    assert status == 0
    assert "RuntimeError: canary" in said
    entries = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    for name in ("one", "two"):
        pauses = [
            entry["restart_in_seconds"]
            for entry in entries
            if (entry["event"], entry.get("process")) == ("process ended", name)
        ]
        assert pauses == [0.1 * 2**number for number in range(len(pauses))]


def test_a_second_signal_forces(start):
    running = start("deaf", drain=60)
    running.alive(2)
    running.process.terminate()
    wait(lambda: len(list(running.folder.glob("*.asked"))) == 2)
    running.process.terminate()
    status, said = running.end()
    assert status == 1
    assert "forced to stop" in said


def test_no_process_outlives_a_parent_that_was_killed(start):
    running = start("deaf")
    pids = running.alive(2)
    running.process.kill()
    wait(lambda: not any(exists(pid) for pid in pids))
