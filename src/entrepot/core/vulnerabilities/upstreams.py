"""Who is asked for what is new, and what was got from each before: the state of updates.

DATA/vulndb/update.json    a Noted for each upstream, by its text
DATA/vulndb/update.lock    held by who updates
DATA/vulndb/update/        what is being downloaded
"""

import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import msgspec

from entrepot.errors.scanning import VulnerabilityUpdateBusy

Kind = Literal["file", "oci", "osv", "yum"]
_OSV: Final = "https://osv-vulnerabilities.storage.googleapis.com"
_SECDB: Final = "https://secdb.alpinelinux.org"
_AMAZON: Final = "https://cdn.amazonlinux.com"
_ECOSYSTEMS: Final = (
    *("AlmaLinux", "Alpine", "Azure%20Linux", "Debian", "openSUSE", "Photon%20OS", "Red%20Hat", "Rocky%20Linux"),
    *("SUSE", "Ubuntu", "Bitnami", "crates.io", "Go", "Hex", "Maven", "npm", "NuGet", "Packagist", "Pub", "PyPI"),
    "RubyGems",
)
_ALPINE: Final = ("v3.20", "v3.21", "v3.22", "v3.23", "edge")
_NAME: Final = "update.json"
_MOST_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where something is told: an ecosystem of OSV's bucket, a repository of packages (yum) or its list of mirrors, an
    export in a registry, or any file that can be imported.
    """

    kind: Kind
    url: str

    @property
    def name(self) -> str:
        """As settings write it."""
        return f"{self.kind}={self.url}"


PUBLIC: Final[Sequence[Upstream]] = (
    *(Upstream("osv", f"{_OSV}/{name}") for name in _ECOSYSTEMS),
    Upstream("file", "https://security-tracker.debian.org/tracker/data/json"),
    *(Upstream("file", f"{_SECDB}/{release}/{name}.json") for release in _ALPINE for name in ("main", "community")),
    Upstream("yum", f"{_AMAZON}/2/core/latest/x86_64/mirror.list"),
    Upstream("yum", f"{_AMAZON}/al2023/core/mirrors/latest/x86_64/mirror.list"),
    Upstream("file", "https://linux.oracle.com/security/oval/com.oracle.elsa-all.xml.bz2"),
    Upstream("file", "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json"),
    Upstream("file", "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz"),
    Upstream("file", "https://github.com/endoflife-date/release-data/archive/refs/heads/main.zip"),
)


class Noted(msgspec.Struct, omit_defaults=True, frozen=True):
    """What is known of one upstream. Moments in microseconds.

    `etag`, `last_modified` and `sha256` are of the file that was taken last; `until` and `at_until` of OSV's list are
    the newest moment that was taken in and the ids told at just that; `told` are the sources that it brought.
    """

    tried_at: int = 0
    taken_at: int = 0
    whole_at: int = 0
    generation: int = 0
    fault: str = ""
    etag: str = ""
    last_modified: str = ""
    sha256: str = ""
    until: int = 0
    at_until: list[str] = []
    told: list[str] = []

    def holds(self, generation: int, sources: Collection[str]) -> bool:
        """Whether what was taken is still in a generation with these sources."""
        return bool(self.told) and self.generation <= generation and all(name in sources for name in self.told)

    def forgotten(self) -> "Noted":
        """Without what was taken: all of it is to be fetched anew."""
        return Noted(tried_at=self.tried_at, taken_at=self.taken_at, fault=self.fault)


_STATE = msgspec.json.Decoder(dict[str, Noted])


def noted(directory: Path) -> Mapping[str, Noted]:
    """What is known of each upstream; nothing where that cannot be read, for then all of it is fetched again."""
    try:
        with (directory / _NAME).open("rb") as file:
            return _STATE.decode(file.read(_MOST_BYTES))
    except (FileNotFoundError, msgspec.MsgspecError):
        return {}


def note(directory: Path, state: Mapping[str, Noted]) -> None:
    """Keep it; nobody ever sees half of it."""
    temporary = directory / f"{_NAME}.{secrets.token_hex(8)}"
    try:
        temporary.write_bytes(msgspec.json.format(msgspec.json.encode(state)))
        temporary.replace(directory / _NAME)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def room(directory: Path) -> Iterator[Path]:
    """A folder for downloads, empty, for the only one who updates: VulnerabilityUpdateBusy."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(directory / "update.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    folder = directory / "update"
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise VulnerabilityUpdateBusy from None
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(descriptor)
