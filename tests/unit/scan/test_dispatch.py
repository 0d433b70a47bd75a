"""Whose files matter: those of packages in which other packages may be found."""

import pytest

from entrepot.scan.dispatch import Dispatch
from entrepot.scan.languages import readers as languages
from entrepot.scan.programs import reader as programs
from entrepot.scan.system import readers as system

ALL = Dispatch((*languages.READERS, *programs.READERS), system.READERS)
OF_LANGUAGES = Dispatch(languages.READERS, system.READERS)


@pytest.mark.parametrize(
    "path",
    [
        "usr/bin/node",
        "opt/x/libexec/y",
        "usr/lib/postgresql/15/bin/postgres",
        "usr/lib/x86_64-linux-gnu/libcrypto.so.3",
        "usr/lib/go/tool",
        "usr/lib/python3/dist-packages/requests-2.28.1.egg-info",
        "usr/lib/python3/dist-packages/six-1.16.0.dist-info/METADATA",
        "usr/share/java/commons.jar",
        "usr/share/nodejs/semver/package.json",
        "package.json",
        "usr/lib/jvm/java-17/release",
        "opt/libnode.so.108",
    ],
)
def test_files_in_which_packages_may_be_found_are_kept(path):
    assert ALL.keeps(["usr/share/doc/a", path, "usr/share/doc/b"]) == [path]


@pytest.mark.parametrize(
    "path",
    [
        "",
        ".",
        "usr/share/doc/node/copyright",
        "usr/lib/python3/six.py",
        "usr/share/man/man1/node.1",
        "etc/release.d",
        "a",
    ],
)
def test_others_are_not(path):
    assert ALL.keeps([path]) == []


def test_a_path_in_which_others_lie_is_no_file():
    paths = ["usr", "usr/bin", "usr/bin/node", "usr/lib", "usr/lib/git-core", "usr/lib/git-core/git", "usr/lib/empty"]
    assert ALL.keeps(paths) == ["usr/bin/node", "usr/lib/git-core/git", "usr/lib/empty"]


def test_programs_count_where_they_are_read():
    paths = ["usr/bin/node", "usr/bin/package.json"]
    assert OF_LANGUAGES.keeps(paths) == ["usr/bin/package.json"]
    assert ALL.keeps(paths) == paths
