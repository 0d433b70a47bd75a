"""Files of trails at every crash point: what was acknowledged is there with its words, and nothing half."""

from pathlib import Path

import msgspec
import pytest

from entrepot.store.kept_files import SIDECAR, KeptFiles
from tests.factories.crash_store import Disk, Recorder, after, crashes
from tests.faults.test_crash_points import files, lost

FILES: tuple[tuple[str, str, bytes, dict[str, str]], ...] = (
    ("entrepot", "AWSLogs/1/2026/01/01/a.json.gz", b"one", {}),
    ("entrepot", "AWSLogs/1/2026/01/01/b.json.gz", b"two" * 5000, {"signature": "00"}),
    ("another", "p/AWSLogs/1/2026/01/02/c.json.gz", b"", {"signature": "ff"}),
)


@pytest.fixture
def recorded(tmp_path: Path) -> Recorder:
    recorder = Recorder(tmp_path / "data")
    recorder.mkdir(recorder.root)
    kept = KeptFiles(recorder.root / "trails", recorder)
    for bucket, key, body, words in FILES:
        kept.put(bucket, key, body, words)
        recorder.acknowledge(f"trails/{bucket}/{key}", body)
        if words:
            recorder.acknowledge(f"trails/{bucket}/{key}{SIDECAR}", msgspec.json.encode(words))
    return recorder


def test_no_acknowledged_file_is_lost_at_any_crash_point(recorded: Recorder, tmp_path: Path, full: bool):
    assert lost(recorded.steps[1:], tmp_path / "crashed", seeds=200 if full else 5) == []


def test_the_recorder_sees_everything(recorded: Recorder, tmp_path: Path):
    Disk(recorded.steps[1:]).materialise(tmp_path / "replayed", lambda: True, after)
    assert files(tmp_path / "replayed") == files(recorded.root)


def test_whatever_a_crash_leaves_is_whole_and_can_be_stored_again(recorded: Recorder, tmp_path: Path):
    for crash in crashes(recorded.steps[1:], tmp_path / "crashed", seeds=1, every=2):
        kept = KeptFiles(crash.root / "trails")
        for bucket, key, body, words in FILES:
            if kept.get(bucket, key) is None:
                kept.put(bucket, key, body, words)
            assert kept.get(bucket, key) == (body, words), crash.when
