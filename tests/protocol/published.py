"""Amazon's own test cases, read out of the source distribution of the botocore that this project pins.

They are others' data: fetched with pip by hash into build/, never committed. Without them the tests fail.
"""

import json
import subprocess
import sys
import tarfile
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

from tests.factories.building import alone

ROOT = Path(__file__).parents[2]
_PINNED = ROOT / "requirements" / "botocore-sdist.txt"
_CACHE = ROOT / "build" / "published"
_TESTS = "tests/unit/"
_WANTED = (_TESTS + "protocols/", _TESTS + "auth/aws4_testsuite/")


@lru_cache
def directory() -> Path:
    """botocore's tests/unit, with `protocols` and `auth/aws4_testsuite`; fetched once for each pinned version."""
    line = next(line for line in _PINNED.read_text().splitlines() if line.startswith("botocore=="))
    target = _CACHE / line.split()[0].replace("==", "-")
    with alone(_CACHE):
        if not target.exists():
            with tempfile.TemporaryDirectory(dir=_CACHE) as scratch:
                _unpack(_download(Path(scratch)), Path(scratch) / "unpacked").rename(target)
    return target


def _download(folder: Path) -> Path:
    # pip asks a source distribution for its name and version before it keeps it, and builds nothing else
    command = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps"]
    command += ["--no-binary", "botocore", "--require-hashes", "-r", str(_PINNED), "-d", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    archives = list(folder.glob("botocore-*.tar.gz"))
    assert done.returncode == 0, f"the published test cases could not be fetched:\n{done.stdout}{done.stderr}"
    assert archives, f"pip kept no source distribution:\n{done.stdout}{done.stderr}"
    return archives[0]


def _unpack(archive: Path, target: Path) -> Path:
    with tarfile.open(archive) as tar:
        for member in tar:
            name = member.name.partition("/")[2]
            if member.isfile() and name.startswith(_WANTED):
                content = tar.extractfile(member)
                assert content is not None
                path = target / name.removeprefix(_TESTS)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content.read())
    return target


def suites(side: str, protocol: str) -> list[dict[str, Any]]:
    """The suites of one protocol; `side` is input or output."""
    found: list[dict[str, Any]] = json.loads((directory() / "protocols" / side / f"{protocol}.json").read_text())
    return found
