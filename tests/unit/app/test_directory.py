"""The data directory and who may share it."""

import stat
from pathlib import Path

import pytest

from entrepot.app import directory
from entrepot.app.directory import ServerLock
from entrepot.errors.start import DataDirectoryUnwritable, DataMissing, SettingsDiffer


def test_the_directory_is_made_for_its_owner_alone(tmp_path):
    directory.prepare(tmp_path / "a" / "data")
    assert stat.S_IMODE((tmp_path / "a" / "data").stat().st_mode) == 0o700


def test_a_directory_that_cannot_be_made_is_a_refusal_that_names_it(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataDirectoryUnwritable, match="file/data"):
        directory.prepare(tmp_path / "file" / "data")


def test_a_directory_that_takes_no_files_is_a_refusal():
    with pytest.raises(DataDirectoryUnwritable, match="cannot be written to"):
        directory.prepare(Path("/proc"))


def test_a_second_server_with_other_settings_is_refused_with_both_values(tmp_path):
    first = ServerLock.acquire(tmp_path, {"regions": "a", "domain": "x"})
    with pytest.raises(SettingsDiffer, match=r"regions = a, this one has regions = b"):
        ServerLock.acquire(tmp_path, {"regions": "b", "domain": "x"})
    first.release()


def test_a_second_server_with_the_same_settings_runs_beside(tmp_path):
    first = ServerLock.acquire(tmp_path, {"regions": "a"})
    second = ServerLock.acquire(tmp_path, {"regions": "a"})
    assert (first.alone, second.alone) == (True, False)
    first.release()
    with pytest.raises(SettingsDiffer):
        ServerLock.acquire(tmp_path, {"regions": "b"})
    second.release()


def test_other_settings_may_follow_when_nobody_runs_any_more(tmp_path):
    ServerLock.acquire(tmp_path, {"regions": "a"}).release()
    lock = ServerLock.acquire(tmp_path, {"regions": "b"})
    assert lock.alone
    lock.release()


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_refused_server_leaves_no_file_open(tmp_path):
    lock = ServerLock.acquire(tmp_path, {"regions": "a"})
    before = open_files()
    with pytest.raises(SettingsDiffer):
        ServerLock.acquire(tmp_path, {"regions": "b"})
    assert open_files() == before
    lock.release()


def test_a_directory_without_data_is_told_to_a_command(tmp_path):
    with pytest.raises(DataMissing):
        directory.require(tmp_path)
