"""What Composer installed."""

import json

import pytest

from entrepot.scan.packages import Package
from tests.factories.language_files import names, packages, readers, told

PATH = "var/www/vendor/composer/installed.json"
ENTRIES = [
    {"name": "symfony/console", "version": "v5.4.1", "version_normalized": "5.4.1.0", "license": ["MIT"]},
    {"name": "monolog/monolog", "version": "2.3.5", "type": "library", "license": "BSD-3-Clause"},
    {"name": "own/site", "version": "dev-main"},
    {"name": "pear/log", "version": "V1.2"},
    {"name": "a/vector", "version": "vector"},
]


@pytest.mark.parametrize("installed", [ENTRIES, {"packages": ENTRIES, "dev": True, "dev-package-names": []}])
def test_both_versions_of_the_file_are_read_and_a_leading_v_is_dropped(installed):
    assert packages(PATH, json.dumps(installed)) == [
        Package("composer", "symfony/console", "5.4.1", PATH, licence="MIT"),
        Package("composer", "monolog/monolog", "2.3.5", PATH, licence="BSD-3-Clause"),
        Package("composer", "own/site", "dev-main", PATH),
        Package("composer", "pear/log", "1.2", PATH),
        Package("composer", "a/vector", "vector", PATH),
    ]


def test_the_lock_file_and_other_files_of_that_name_are_not_read():
    assert not readers("var/www/composer.lock")
    assert not readers("var/www/installed.json")
    assert not readers("var/www/composer.json")


def test_an_entry_without_a_name_hides_no_other_and_is_said():
    found, reason = told(PATH, json.dumps([{"name": "a/b"}, {"name": 1, "version": "1"}, ENTRIES[1]]))
    assert [each.name for each in found] == ["monolog/monolog"]
    assert reason == f"{PATH} cannot be read: 2 of its packages have no name or version"


@pytest.mark.parametrize("text", ["", "{", "7", '{"packages": {}}', "[1]", '{"packages": [null]}', "[" * 100_000])
def test_what_is_not_composers_is_malformed(text):
    found, reason = told(PATH, text)
    assert found == []
    assert reason.startswith(f"{PATH} cannot be read: ")


def test_nothing_installed_is_nothing():
    assert names(PATH, "[]") == names(PATH, "{}") == []


def test_there_are_only_so_many_packages():
    entries = ",".join(f'{{"name": "a/b{number}", "version": "1"}}' for number in range(20_001))
    found, reason = told(PATH, f"[{entries}]")
    assert len(found) == 20_000
    assert "more than 20000 packages" in reason
