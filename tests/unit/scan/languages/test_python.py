"""Distributions of Python: what their metadata says, however long, old or broken it is."""

import importlib.metadata
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from entrepot.scan.languages import python
from entrepot.scan.packages import Package
from tests.factories.language_files import archive, names, packages, readers, told
from tests.factories.layer_files import MemoryFile

SITE = "usr/lib/python3/site-packages"
METADATA = """Metadata-Version: 2.1
Name: Flask-SQLAlchemy
Version: 3.0.5
Summary: a summary
License: BSD-3-Clause
Classifier: Framework :: Flask
Description-Content-Type: text/markdown

Name: not-this
Version: 0
"""


@pytest.mark.parametrize(
    "path",
    [
        f"{SITE}/Flask_SQLAlchemy-3.0.5.dist-info/METADATA",
        f"{SITE}/Flask_SQLAlchemy.egg-info/PKG-INFO",
        f"{SITE}/Flask_SQLAlchemy-3.0.5.egg-info/METADATA",
        f"{SITE}/Flask_SQLAlchemy-3.0.5-py3.11.egg-info",
        f"{SITE}/Flask_SQLAlchemy-3.0.5-py3.11.egg/EGG-INFO/PKG-INFO",
    ],
)
def test_metadata_is_read_wherever_installers_leave_it(path):
    assert packages(path, METADATA) == [Package("pypi", "Flask-SQLAlchemy", "3.0.5", path, licence="BSD-3-Clause")]


def test_copies_with_metadata_of_their_own_count_and_lists_of_copies_do_not():
    assert readers(f"{SITE}/setuptools/_vendor/wheel-0.45.1.dist-info/METADATA")
    assert not readers(f"{SITE}/pip/_vendor/vendor.txt")
    assert not readers(f"{SITE}/pip-25.0.dist-info/RECORD")
    assert not readers("app/requirements.txt")
    assert not readers("app/poetry.lock")


def test_the_metadata_of_an_egg_that_is_an_archive_is_read_within_it():
    egg = archive({"kitchen/__init__.py": "", "EGG-INFO/PKG-INFO": METADATA})
    assert names(f"{SITE}/kitchen-1.2-py2.7.egg", egg) == [("Flask-SQLAlchemy", "3.0.5")]
    assert names(f"{SITE}/nothing-1.2-py2.7.egg", archive({"a.py": ""})) == []
    assert told("a.egg", b"PK\3\4 not really")[1] == "a.egg cannot be read: it is no zip archive"


@pytest.mark.parametrize(
    ("lines", "licence"),
    [
        ("License-Expression: MIT OR Apache-2.0\nLicense: whatever", "MIT OR Apache-2.0"),
        ("Classifier: License :: OSI Approved :: MIT License\nLicense: see LICENSE", "MIT License"),
        (
            "Classifier: License :: OSI Approved :: MIT License\nClassifier: License :: OSI Approved :: BSD License",
            "MIT License, BSD License",
        ),
        ("Classifier: License :: OSI Approved\nLicense: BSD", "BSD"),
        ("License: Permission is hereby granted,\n   free of charge, to any person", ""),
        (f"License: {'long ' * 100}", ""),
    ],
)
def test_a_licence_is_an_expression_or_classifiers_or_a_name(lines, licence):
    (package,) = packages("a.egg-info", f"Name: a\nVersion: 1\n{lines}\n\n")
    assert package.licence == licence


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffName: a\nVersion: 1\n",
        "\n\nName: a\nVersion: 1\n\nName: b",
        "Name: a\nVersion:\n 1\n",
        "name: a\r\nVERSION:1\r\n\r\nName: b\r\n",
        "no field\n continued\nName: a\nVersion: 1\nName: b\nVersion: 2",
        "Author: J\udce9r\ud83d\nName:   a  \nVersion: 1".encode("utf-8", "surrogatepass"),
    ],
)
def test_fields_are_found_in_headers_that_are_not_quite_right(text):
    assert names("a.egg-info", text) == [("a", "1")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Name: a\n\nVersion: 1",
        "Name: a\n",
        "Version: 1\n",
        "Name: a\x00b\nVersion: 1",
        b"Name: \xff\xfe\nVersion: 1",
        f"Name: {'a' * 513}\nVersion: 1",
        b"\x00" * 100_000,
    ],
)
def test_what_has_no_name_and_version_is_malformed(text):
    assert told("x/a.egg-info", text) == (
        [],
        "x/a.egg-info cannot be read: it has no name and version that are short text",
    )


@dataclass(frozen=True)
class LongFile(MemoryFile):
    """One whose chunks go on and on."""

    given: list[int] | None = None

    def chunks(self) -> Iterator[bytes]:
        yield self.data
        for _ in range(100):
            assert self.given is not None
            self.given.append(1)
            yield b"x" * 1024 * 1024


def test_a_description_is_not_read_and_headers_have_an_end():
    short = LongFile("a.egg-info", b"Name: a\nVersion: 1\n\n", given=[])
    assert [each.version for each in python.READERS[0].read(short)] == ["1"]
    assert short.given == []
    endless = LongFile("a.egg-info", b"Name: a\nVersion: 1\nX: ", given=[])
    assert [each.version for each in python.READERS[0].read(endless)] == ["1"]
    assert endless.given is not None
    assert len(endless.given) == 1


def test_what_is_installed_here_is_found():
    site = Path(sysconfig.get_path("purelib"))
    found = {name for path in site.glob("*.dist-info/METADATA") for name in names(path.as_posix(), path.read_bytes())}
    here = importlib.metadata.distributions(path=[str(site)])
    assert found == {(each.metadata["Name"], each.version) for each in here}
    assert len(found) > 50
