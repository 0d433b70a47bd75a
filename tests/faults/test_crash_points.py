"""Invariant 1 without a kernel's mercy: after any step of a push, a crash that loses whatever was not synced."""

import hashlib
from pathlib import Path

import pytest

from entrepot.spec.digest import Digest
from entrepot.spec.ulid import new_ulid
from entrepot.store.filesystem import Filesystem
from tests.factories.crash_store import Disk, Recorder, Step, after, crashes

UPLOADS = [f"00000000-0000-4000-8000-{number:012d}" for number in range(10)]


def push(store: Filesystem, recorder: Recorder, upload: str, data: bytes, algorithm: str = "sha256") -> str:
    """What a finished upload does, with the acknowledgement where the response would leave."""
    digest = Digest.of(data, algorithm)
    with store.spool(upload, create=True) as spool:
        for start in range(0, len(data), 65536):
            spool.write(data[start : start + 65536])
        location = store.adopt(upload, digest, new_ulid())
    recorder.acknowledge(location, data)
    store.discard(upload)
    return location


def same_prefix(data: bytes) -> bytes:
    """Other bytes whose digest begins with the same two digits."""
    prefix = hashlib.sha256(data).hexdigest()[:2]
    return next(
        other
        for number in range(100_000)
        if hashlib.sha256(other := b"other %d" % number).hexdigest().startswith(prefix)
    )


def everything(store: Filesystem, recorder: Recorder) -> None:
    """Pushes of every kind: new and known prefixes, large, empty, sha512, continued after adoption; and a removal."""
    store.prepare()
    small = push(store, recorder, UPLOADS[0], b"small")
    push(store, recorder, UPLOADS[1], same_prefix(b"small"))
    push(store, recorder, UPLOADS[2], bytes(range(256)) * 1000)
    push(store, recorder, UPLOADS[3], b"")
    push(store, recorder, UPLOADS[4], b"wide", "sha512")
    with store.spool(UPLOADS[5], create=True) as spool:  # excess of an unfinished request is cut off
        spool.write(b"kept, and excess")
        spool.truncate(4)
        location = store.adopt(UPLOADS[5], Digest.of(b"kept"), new_ulid())
        recorder.acknowledge(location, b"kept")
    with store.spool(UPLOADS[5], create=False) as spool:  # a late second request, before the spool is dropped
        spool.truncate(0)
        spool.write(b"something else")
        again = store.adopt(UPLOADS[5], Digest.of(b"something else"), new_ulid())
        recorder.acknowledge(again, b"something else")
    store.discard(UPLOADS[5])
    recorder.forget(small)
    store.remove(small)


def lost(steps: list[Step], tree: Path, seeds: int) -> list[str]:
    """What was acknowledged and is not there, for each crash point and way to lose."""
    return [
        f"{crash.when}: {location}"
        for crash in crashes(steps, tree, seeds)
        for location, data in crash.promised.items()
        if not (crash.root / location).is_file() or (crash.root / location).read_bytes() != data
    ]


def files(root: Path) -> dict[str, bytes | None]:
    return {str(path.relative_to(root)): path.read_bytes() if path.is_file() else None for path in root.rglob("*")}


@pytest.fixture
def recorded(tmp_path) -> Recorder:
    recorder = Recorder(tmp_path / "data")
    everything(Filesystem(recorder.root, recorder), recorder)
    return recorder


def test_no_acknowledged_blob_is_lost_at_any_crash_point(recorded, tmp_path, full):
    assert lost(recorded.steps[1:], tmp_path / "crashed", seeds=200 if full else 5) == []


def test_the_recorder_sees_everything_that_the_store_does(recorded, tmp_path):
    Disk(recorded.steps[1:]).materialise(tmp_path / "replayed", lambda: True, after)
    assert files(tmp_path / "replayed") == files(recorded.root)


def test_a_store_over_a_crashed_tree_serves_and_takes_the_same_push_again(recorded, tmp_path):
    for crash in crashes(recorded.steps[1:], tmp_path / "crashed", seeds=1, every=3):
        recorder = Recorder(crash.root)
        store = Filesystem(crash.root)
        store.prepare()
        located = {location for location, _ in store.locations()}
        assert crash.promised.keys() <= located
        for upload in [upload for upload, _ in store.spools()]:
            store.discard(upload)
        location = push(store, recorder, UPLOADS[6], b"small")
        assert store.digest(location, "sha256") == Digest.of(b"small").hex


@pytest.mark.parametrize("seen_before", [False, True], ids=["new prefix", "known prefix"])
def test_every_sync_of_a_push_is_needed(tmp_path, seen_before):
    recorder = Recorder(tmp_path / "data")
    store = Filesystem(recorder.root, recorder)
    store.prepare()
    if seen_before:
        push(store, recorder, UPLOADS[0], same_prefix(b"small"))
        recorder.forget(recorder.steps[-2].path.as_posix())
    begin = len(recorder.steps) if seen_before else 1
    push(store, recorder, UPLOADS[1], b"small")
    steps = recorder.steps[1:]
    syncs = [
        at
        for at, step in enumerate(steps, start=1)
        if step.kind.startswith("sync") and not step.path.is_absolute() and at >= begin
    ]
    assert len(syncs) == (2 if seen_before else 5)
    for at in syncs:
        without = [step for number, step in enumerate(steps, start=1) if number != at]
        assert lost(without, tmp_path / f"without-{at}", seeds=0), f"nothing is lost without {steps[at - 1]}"
