"""Files that are stored once: what is there stays, and keys lead nowhere else."""

from pathlib import Path

import pytest

from entrepot.store.kept_files import SIDECAR, KeptFiles


@pytest.fixture
def kept(tmp_path: Path) -> KeptFiles:
    return KeptFiles(tmp_path / "trails")


def test_a_file_is_read_as_it_was_stored(kept: KeptFiles):
    kept.put("logs", "a/b/c.gz", b"body", {"signature": "00"})
    kept.put("logs", "a/b/d.gz", b"", {})
    assert kept.get("logs", "a/b/c.gz") == (b"body", {"signature": "00"})
    assert kept.get("logs", "a/b/d.gz") == (b"", {})
    assert kept.get("logs", "a/b/e.gz") is None
    assert kept.get("logs", "a/b") is None
    assert sorted(kept.keys("logs", "a/")) == ["a/b/c.gz", "a/b/d.gz"]
    assert list(kept.keys("logs", "absent/")) == []


def test_a_file_is_never_overwritten(kept: KeptFiles):
    kept.put("logs", "a.gz", b"first", {"word": "1"})
    with pytest.raises(FileExistsError):
        kept.put("logs", "a.gz", b"second", {"word": "2"})
    assert kept.get("logs", "a.gz") == (b"first", {"word": "1"})


def test_files_are_for_the_server_alone_and_nothing_is_left_beside_them(kept: KeptFiles, tmp_path: Path):
    kept.put("logs", "a/b.gz", b"body", {"word": "1"})
    root = tmp_path / "trails"
    found = {str(path.relative_to(root)): path.stat().st_mode & 0o777 for path in root.rglob("*")}
    assert found == {
        ".incoming": 0o700,
        "logs": 0o700,
        "logs/a": 0o700,
        "logs/a/b.gz": 0o400,
        f"logs/a/b.gz{SIDECAR}": 0o400,
    }


def test_words_of_a_file_that_was_never_stored_are_replaced(kept: KeptFiles, tmp_path: Path):
    kept.put("logs", "a.gz", b"", {"word": "old"})
    (tmp_path / "trails" / "logs" / "a.gz").unlink()
    kept.put("logs", "a.gz", b"body", {"word": "new"})
    assert kept.get("logs", "a.gz") == (b"body", {"word": "new"})


def test_words_without_their_file_are_listed_as_the_file(kept: KeptFiles, tmp_path: Path):
    kept.put("logs", "a/b.gz", b"", {"word": "1"})
    (tmp_path / "trails" / "logs" / "a" / "b.gz").unlink()
    assert list(kept.keys("logs", "a/")) == ["a/b.gz"]


def test_words_that_are_no_words_count_as_none(kept: KeptFiles, tmp_path: Path):
    kept.put("logs", "a.gz", b"", {"word": "1"})
    beside = tmp_path / "trails" / "logs" / f"a.gz{SIDECAR}"
    beside.unlink()
    beside.write_bytes(b"[1, 2")
    assert kept.get("logs", "a.gz") == (b"", {})


@pytest.mark.parametrize(
    ("bucket", "key"),
    [
        ("..", "a"),
        (".incoming", "a"),
        ("logs/x", "a"),
        ("logs", "../a"),
        ("logs", "a/../../b"),
        ("logs", "/etc/passwd"),
        ("logs", "a//b"),
        ("logs", "a/./b"),
        ("logs", "a\0b"),
    ],
)
def test_a_place_outside_is_refused(kept: KeptFiles, bucket: str, key: str):
    with pytest.raises(ValueError, match="not a place"):
        kept.put(bucket, key, b"", {})
    with pytest.raises(ValueError, match="not a place"):
        kept.get(bucket, key)


def test_a_link_is_no_file(kept: KeptFiles, tmp_path: Path):
    kept.put("logs", "a.gz", b"", {})
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "trails" / "logs" / "b.gz").symlink_to(tmp_path / "secret")
    assert kept.get("logs", "b.gz") is None
