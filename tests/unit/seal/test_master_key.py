"""The master key's file: made once, durable, closed to others; what is no such file is refused with the reason."""

import os
import stat
from pathlib import Path

import pytest

from entrepot.seal import MasterKeyUnusable, load_master_key
from tests.factories.threads import together

GOOD = "ab" * 32


def key_file(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_the_first_start_makes_a_key_that_only_its_owner_reads(tmp_path: Path):
    path = tmp_path / "secret.key"
    umask = os.umask(0)
    try:
        key = load_master_key(path, create=True)
    finally:
        os.umask(umask)
    assert len(key) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert bytes.fromhex(path.read_text()) == key
    assert load_master_key(path, create=True) == load_master_key(path, create=False) == key
    assert list(tmp_path.iterdir()) == [path], "nothing is left beside it"


def test_two_first_starts_make_two_keys(tmp_path: Path):
    assert load_master_key(tmp_path / "one", create=True) != load_master_key(tmp_path / "two", create=True)


def test_many_who_make_the_key_at_once_hold_the_same_one(tmp_path: Path):
    paths = [tmp_path / str(number) for number in range(10)]
    found: list[list[bytes]] = [[] for _ in paths]

    def make(_: int) -> None:
        for path, keys in zip(paths, found, strict=True):
            keys.append(load_master_key(path, create=True))

    together(8, make)
    assert found == [[bytes.fromhex(path.read_text())] * 8 for path in paths]
    assert sorted(tmp_path.iterdir()) == paths


def test_a_key_that_is_gone_is_not_made_anew_unless_asked(tmp_path: Path):
    with pytest.raises(MasterKeyUnusable, match="ENTREPOT_SECRET_KEY_FILE"):
        load_master_key(tmp_path / "secret.key", create=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o777])
def test_a_key_that_others_may_touch_is_refused(tmp_path: Path, mode: int):
    path = key_file(tmp_path / "secret.key", GOOD, mode)
    with pytest.raises(MasterKeyUnusable, match=r"run: chmod 600 .*secret\.key"):
        load_master_key(path, create=True)
    path.chmod(0o400)
    assert load_master_key(path, create=True) == bytes.fromhex(GOOD)


@pytest.mark.parametrize(
    "text",
    ["", "\n", "ab" * 31, "ab" * 33, "ab" * 16, "zz" * 32, "a" * 63, GOOD + GOOD, "\u00e9" * 32, "0x" + "ab" * 31],
)
def test_a_file_that_holds_no_key_is_refused_and_left_alone(tmp_path: Path, text: str):
    path = key_file(tmp_path / "secret.key", text)
    with pytest.raises(MasterKeyUnusable, match="32 bytes in hex"):
        load_master_key(path, create=True)
    assert path.read_text() == text


def test_a_newline_or_none_at_the_end_and_either_case_are_the_same_key(tmp_path: Path):
    for text in (GOOD, GOOD + "\n", GOOD.upper() + "\r\n"):
        assert load_master_key(key_file(tmp_path / "secret.key", text), create=False) == bytes.fromhex(GOOD)


def test_a_link_to_a_key_is_followed_and_the_mode_is_the_key_s(tmp_path: Path):
    target = key_file(tmp_path / "mounted", GOOD)
    link = tmp_path / "secret.key"
    link.symlink_to(target)
    assert load_master_key(link, create=True) == bytes.fromhex(GOOD)
    target.chmod(0o644)
    with pytest.raises(MasterKeyUnusable):
        load_master_key(link, create=True)


@pytest.mark.parametrize("create", [True, False])
def test_a_link_to_nothing_is_refused_and_nothing_is_made(tmp_path: Path, create: bool):
    link = tmp_path / "secret.key"
    link.symlink_to(tmp_path / "not-mounted")
    with pytest.raises(MasterKeyUnusable, match="is not there"):
        load_master_key(link, create=create)
    assert list(tmp_path.iterdir()) == [link]
