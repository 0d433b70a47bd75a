"""Pairs of versions that others put in order, both ways round: none may come out wrong."""

import zipfile
from collections.abc import Iterator

import pytest

from entrepot.scan.versions.schemes import scheme_of
from tests.factories.vulnerability_data import shared

# file, ecosystem, how many pairs it has
FILES = [
    ("alpine-versions.txt", "Alpine", 389),
    ("alpine-versions-generated.txt", "Alpine", 6990),
    ("cran-versions.txt", "CRAN", 11),
    ("cran-versions-generated.txt", "CRAN", 29),
    ("debian-versions.txt", "Debian", 15),
    ("debian-versions-generated.txt", "Debian", 7221),
    ("hackage-versions.txt", "Hackage", 6),
    ("maven-versions.txt", "Maven", 51),
    ("maven-versions-generated.txt", "Maven", 7376),
    ("nuget-versions.txt", "NuGet", 18),
    ("packagist-versions.txt", "Packagist", 48),
    ("packagist-versions-generated.txt", "Packagist", 5315),
    ("pub-versions.txt", "Pub", 50),
    ("pypi-versions.txt", "PyPI", 19),
    ("pypi-versions-generated.txt", "PyPI", 6188),
    ("redhat-versions.txt", "Red Hat", 83),
    ("rubygems-versions.txt", "RubyGems", 13),
    ("rubygems-versions-generated.txt", "RubyGems", 2049),
    ("semver-versions.txt", "npm", 43),
    ("semver-versions.txt", "Go", 43),
    ("semver-versions.txt", "crates.io", 43),
    ("semver-versions.txt", "Hex", 43),
]
SIGNS = {"<": -1, "=": 0, ">": 1}


def pairs(name: str) -> Iterator[tuple[str, str, str]]:
    with zipfile.ZipFile(shared("versions/version-pairs.zip")) as archive:
        found = next(each for each in archive.namelist() if each.rpartition("/")[2] == name)
        for line in archive.read(found).decode().splitlines():
            if line and not line.startswith(("# ", "// ")):
                one, sign, other = line.split(" ")
                yield one, sign, other


@pytest.mark.parametrize(("name", "ecosystem", "count"), FILES)
def test_every_pair_comes_out_in_its_order(name, ecosystem, count):
    key = scheme_of(ecosystem).key
    wrong = []
    read = 0
    for one, sign, other in pairs(name):
        read += 1
        left, right = key(one), key(other)
        order = (left > right) - (left < right)
        back = (right > left) - (right < left)
        if (order, back) != (SIGNS[sign], -SIGNS[sign]) or (left == right) is not (sign == "="):
            wrong.append(f"{one} {sign} {other}")
    assert wrong == []
    assert read == count
