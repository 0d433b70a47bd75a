"""Each single system call of a push fails once: nothing acknowledged is lost, and the same push works afterwards."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from entrepot.errors import StorageFull
from entrepot.spec.digest import Digest
from entrepot.spec.ulid import new_ulid
from entrepot.store.filesystem import Filesystem

UPLOADS = [f"00000000-0000-4000-8000-{number:012d}" for number in range(3)]
DATA = bytes(range(256)) * 400
CALLS = ("open", "pwrite", "ftruncate", "fsync", "link", "mkdir")


class Failing:
    """The module `os`, but the call of this number fails; `count` is how many there were."""

    def __init__(self, number: int, code: int) -> None:
        self._number = number
        self._code = code
        self.count = 0
        self.failed = ""

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        if name not in CALLS:
            return real

        def call(*args: Any, **kwargs: Any) -> Any:
            self.count += 1
            if self.count == self._number:
                self.failed = name
                raise OSError(self._code, os.strerror(self._code))
            return real(*args, **kwargs)

        return call


def push(store: Filesystem, upload: str, data: bytes) -> str:
    with store.spool(upload, create=True) as spool:
        spool.truncate(0)
        spool.write(data[:1000])
        spool.write(data[1000:])
        location = store.adopt(upload, Digest.of(data), new_ulid())
    store.discard(upload)
    return location


def calls_of_a_push(root: Path) -> int:
    counting = Failing(0, 0)
    store = Filesystem(root)
    store.prepare()
    push(Filesystem(root, counting), UPLOADS[0], DATA)
    return counting.count


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO], ids=["full", "broken"])
def test_a_call_that_fails_loses_nothing_and_the_push_can_be_repeated(tmp_path: Path, code: int):
    total = calls_of_a_push(tmp_path / "counted")
    assert total > 8
    for number in range(1, total + 1):
        root = tmp_path / f"{number}"
        sound = Filesystem(root)
        sound.prepare()
        before = push(sound, UPLOADS[0], b"acknowledged before")
        failing = Failing(number, code)
        store = Filesystem(root, failing)
        with pytest.raises(StorageFull if code == errno.ENOSPC else OSError):
            push(store, UPLOADS[1], DATA)
        assert failing.failed
        location = push(store, UPLOADS[1], DATA)
        assert sound.digest(location, "sha256") == Digest.of(DATA).hex
        assert sound.digest(before, "sha256") == Digest.of(b"acknowledged before").hex
        assert list(sound.spools()) == [], f"{failing.failed} left a spool"


def test_a_failed_sync_is_never_tried_again_on_the_same_file(tmp_path: Path):
    sound = Filesystem(tmp_path)
    sound.prepare()
    with sound.spool(UPLOADS[1], create=True) as spool:
        spool.write(DATA)
        with pytest.raises(OSError, match="Input/output"):
            Filesystem(tmp_path, Failing(2, errno.EIO)).adopt(UPLOADS[1], Digest.of(DATA), new_ulid())
    assert list(sound.spools()) == []
