"""Programs in Go that tests run: built from pinned modules where they are not there. Owns no assertions."""

import os
import subprocess
from pathlib import Path

from tests.conformance.suites import go
from tests.factories.building import alone


def built(folder: Path, name: str, package: str, version: str) -> Path:
    """`folder/name`, built when absent."""
    target = folder / name
    with alone(folder):
        if not target.exists():
            staging = folder / f"staging-{name}"
            staging.mkdir(exist_ok=True)
            variables = {**os.environ, "GOFLAGS": "", "GOBIN": str(staging), "CGO_ENABLED": "0"}
            subprocess.run([go(), "install", f"{package}@{version}"], check=True, cwd=staging, env=variables)
            (folder / f"{name}.version").write_text(f"{version}\n")
            (staging / name).replace(target)
            staging.rmdir()
    return target
