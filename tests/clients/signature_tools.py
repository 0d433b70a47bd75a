"""notation and cosign as Debian packages them for the next release, cosign 2 as it is in Debian 13, with the C library
that they want: unpacked into build/signature-tools, installed nowhere. Debian 12 has neither.
"""

import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import pytest

from tests.factories.building import alone

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / "build" / "signature-tools"
_PACKAGES = {"sid": ("notation", "cosign", "libc6"), "trixie": ("cosign", "libc6")}
_SOURCES = ("/etc/apt/sources.list", "/etc/apt/sources.list.d")
_MIRROR = re.compile(r"(?:URIs:|^deb)\s+(?:\[[^\]]*\]\s+)?(https?://\S*debian\.org/debian)/?\s", re.MULTILINE)


def command(program: str, release: str = "sid") -> Sequence[str]:
    """What a program is run by; a test is skipped where it cannot be had."""
    binary, libraries = (TOOLS / release / "usr" / each for each in (f"bin/{program}", "lib/x86_64-linux-gnu"))
    with alone(TOOLS / release):
        obtained = binary.exists() or _unpacked(release)
    if not obtained:
        pytest.skip(f"{program} cannot be had")  # listed in tests/PRIVILEGED: Debian 12 has no package of it
    return [str(libraries / "ld-linux-x86-64.so.2"), "--library-path", str(libraries), str(binary)]


@lru_cache
def _unpacked(release: str) -> bool:
    """Whether the packages could be had."""
    mirror = _mirror()
    if mirror is None:
        return False
    with tempfile.TemporaryDirectory(prefix="apt") as place:
        folder = Path(place)
        try:
            _download(folder, mirror, release)
            staging = folder / "tree"
            for package in folder.glob("*.deb"):
                _run(folder, "dpkg-deb", "-x", str(package), str(staging))
            _run(folder, "cp", "-rf", f"{staging}/.", str(TOOLS / release))
        except (OSError, subprocess.SubprocessError):
            return False
    return (TOOLS / release / "usr" / "bin" / "cosign").exists()


def _mirror() -> str | None:
    """Where this machine gets Debian's packages."""
    for source in map(Path, _SOURCES):
        for file in sorted(source.glob("*")) if source.is_dir() else [source]:
            found = _MIRROR.search(file.read_text()) if file.is_file() else None
            if found is not None:
                return found[1]
    return None


def _download(folder: Path, mirror: str, release: str) -> None:
    """With a state of apt's own, so that the machine's stays as it is."""
    for each in ("lists/partial", "cache/archives/partial"):
        (folder / each).mkdir(parents=True)
    keys = "/usr/share/keyrings/debian-archive-keyring.gpg"
    (folder / "sources.list").write_text(f"deb [signed-by={keys}] {mirror} {release} main\n")
    (folder / "apt.conf").write_text(
        f'Dir::State::lists "{folder}/lists";\nDir::Cache "{folder}/cache";\n'
        f'Dir::Etc::sourcelist "{folder}/sources.list";\nDir::Etc::sourceparts "/dev/null";\n'
        'Acquire::Check-Valid-Until "false";\nAcquire::Languages "none";\nAPT::Sandbox::User "root";\n'
    )
    _run(folder, "apt-get", "update", "-q")
    _run(folder, "apt-get", "download", "-q", *_PACKAGES[release])


def _run(folder: Path, *arguments: str) -> None:
    environment = {**os.environ, "APT_CONFIG": str(folder / "apt.conf")}
    subprocess.run(arguments, cwd=folder, env=environment, check=True, capture_output=True, timeout=300)
