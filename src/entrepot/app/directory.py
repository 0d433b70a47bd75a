"""The data directory: made, found writable, and locked against servers whose settings contradict each other.

DATA/entrepot.db       metadata (SQLite)          DATA/blobs/, uploads/   bytes (store/)
DATA/events.db         events on their way        DATA/audit.db           audit records
DATA/metrics.db        points of metrics          DATA/trails/            files of trails (store/kept_files.py)
DATA/secret.key        the master key             DATA/journal/           calls (journal/)
DATA/credentials       root keys, AWS's format    DATA/metrics/           counters of all processes
DATA/ca.pem, tls/      self-signed TLS            DATA/server.lock        settings of those that run
DATA/prepare.lock      one start at a time        DATA/entrepot.toml      settings, by the operator
DATA/*.db.turn         whose turn to write it is  DATA/plots/            fonts that what draws has found
DATA/vulndb/           what is known of vulnerable packages (db/vulnerability_generations.py)
DATA/ballast           room for deletes when the volume is full (store/ballast.py)
"""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from entrepot.errors.start import DataDirectoryUnwritable, DataMissing, SettingsDiffer

_MOST_BYTES = 1 << 20
_SETTINGS = msgspec.json.Decoder(dict[str, str])


def prepare(data: Path) -> None:
    """Make the directory, for its owner alone; DataDirectoryUnwritable where a file cannot be made."""
    probe = data / f".probe-{os.getpid()}"
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as fault:
        raise DataDirectoryUnwritable(data=data, reason=fault.strerror or fault) from None


def require(data: Path) -> None:
    """DataMissing for a directory that no server has prepared."""
    if not (data / "server.lock").exists():
        raise DataMissing(data=data)


@contextmanager
def preparing(data: Path) -> Iterator[None]:
    """While this is held, nobody else migrates or makes keys and accounts here."""
    with (data / "prepare.lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def running(data: Path) -> Mapping[str, str]:
    """The settings that the servers which run here agree on; empty when none runs."""
    if not (data / "server.lock").exists():
        return {}
    with preparing(data):
        descriptor = os.open(data / "server.lock", os.O_RDWR | os.O_CLOEXEC)
        try:
            return {} if _try_exclusive(descriptor) else _SETTINGS.decode(os.pread(descriptor, _MOST_BYTES, 0))
        finally:
            os.close(descriptor)


class ServerLock:
    """Held by each running server: shared among those that agree. Forked children hold it too."""

    def __init__(self, descriptor: int, *, alone: bool) -> None:
        self._descriptor = descriptor
        self.alone = alone

    @classmethod
    def acquire(cls, data: Path, agreed: Mapping[str, str]) -> "ServerLock":
        """SettingsDiffer when a server runs here whose settings contradict `agreed`. Call it while `preparing`."""
        descriptor = os.open(data / "server.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with ExitStack() as undo:
            undo.callback(os.close, descriptor)
            alone = _try_exclusive(descriptor)
            if alone:
                os.truncate(descriptor, 0)
                os.pwrite(descriptor, msgspec.json.encode(dict(agreed)), 0)
            else:
                _compare(data, _SETTINGS.decode(os.pread(descriptor, _MOST_BYTES, 0)), agreed)
            fcntl.flock(descriptor, fcntl.LOCK_SH)  # not atomic after LOCK_EX: `preparing` keeps others out meanwhile
            undo.pop_all()
        return cls(descriptor, alone=alone)

    def release(self) -> None:
        """Let servers with other settings run here; a process that ends does so too."""
        os.close(self._descriptor)


def _try_exclusive(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _compare(data: Path, theirs: Mapping[str, str], ours: Mapping[str, str]) -> None:
    for name, value in ours.items():
        if theirs.get(name) != value:
            raise SettingsDiffer(data=data, name=name, theirs=theirs.get(name) or "unset", ours=value or "unset")
