"""What is in images that real package managers filled is what Trivy and Syft say, but for what is listed here."""

import gzip
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.differential import recipes
from tests.differential.inventories import Installed, Named, named, of_ours, of_syft, of_trivy, ours
from tests.differential.saving import save
from tests.factories.vulnerability_data import shared

# Differences from Trivy, by image and package, each with its reason; one that no longer occurs fails the test.
LEADING_V = "Composer's versions are kept without the v in front, as its advisories write them"
OVER_TRIVY = {
    ("languages", "composer", "symfony/http-kernel", "4.4.0"): LEADING_V,
    ("languages", "composer", "twig/twig", "2.14.0"): LEADING_V,
}
UNDER_TRIVY = {
    ("languages", "composer", "symfony/http-kernel", "v4.4.0"): LEADING_V,
    ("languages", "composer", "twig/twig", "v2.14.0"): LEADING_V,
}
GO_ROOT = "the module that was built here has no version: Go's word for that, (devel), is none"
GO_ITSELF = "Go's own library is versioned as its advisories do, v1.2 and not go1.2"
SYSTEMS_OWN = "a file of a package of the system is told of by that package, whose vendor mends it"
OVER_SYFT = OVER_TRIVY | {
    ("languages", "golang", "example.test/program", ""): GO_ROOT,
    ("languages", "golang", "stdlib", "v*"): GO_ITSELF,
}
UNDER_SYFT = UNDER_TRIVY | {
    ("languages", "golang", "example.test/program", "(devel)"): GO_ROOT,
    ("languages", "golang", "stdlib", "go*"): GO_ITSELF,
    ("debian", "pypi", "pyyaml", "6.0"): SYSTEMS_OWN,
    ("debian", "pypi", "six", "1.16.0"): SYSTEMS_OWN,
    ("debian", "pypi", "urllib3", "1.26.12"): SYSTEMS_OWN,
}
# rpm's three forms of database: the file, where it lies, and the system that says so
RPM = {
    "mariner": ("cbl-mariner-2.0/rpmdb.sqlite", "var/lib/rpm/rpmdb.sqlite", b'ID=mariner\nVERSION_ID="2.0"\n'),
    "sles": ("sle15-bci/Packages.db", "usr/lib/sysimage/rpm/Packages.db", b'ID=sles\nVERSION_ID="15.3"\n'),
    "centos": ("libuuid/Packages", "var/lib/rpm/Packages", b'ID=centos\nVERSION_ID="7"\n'),
}
LEAST = {"debian": 85, "languages": 600, "alpine-310": 14, "alpine-311": 14, "mariner": 129, "sles": 35, "centos": 1}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Where scanners may write; what they unpack there is not kept."""
    yield tmp_path
    shutil.rmtree(tmp_path, ignore_errors=True)


def saved(name: str, home: Path) -> Path:
    """An image of that name."""
    if name.startswith("alpine"):
        target = home / "image.tar"
        target.write_bytes(gzip.decompress(shared(f"images/{name}.tar.gz").read_bytes()))
        return target
    return save(home / "image.tar", layers(name))


def layers(name: str) -> list[Path]:
    """What an image is made of, the lowest first."""
    if name == "debian":
        base = recipes.debian()
        return [base, recipes.changed(base)]
    if name == "languages":
        of_each = (recipes.python, recipes.node, recipes.gems, recipes.composer, recipes.programs, recipes.removed)
        return [recipes.release(), *(make() for make in of_each)]
    file, path, release = RPM[name]
    with zipfile.ZipFile(shared("rpmdb/databases.zip")) as databases:
        return [recipes.folder(name, {path: databases.read(file), "etc/os-release": release})]


def listed(name: str, found: set[Installed] | set[Named], reasons: dict[tuple[str, str, str, str], str]) -> None:
    """What is found of an image is listed, and what is listed is found; versions of tools that vary end in a star."""
    expected = {key[1:] for key in reasons if key[0] == name}
    stars = {(kind, package): version[:-1] for kind, package, version in expected if version.endswith("*")}
    seen = set()
    for kind, package, version in (each[:3] for each in found):
        start = stars.get((kind, package))
        seen.add((kind, package, f"{start}*" if start and version.startswith(start) else version))
    assert seen == expected


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", LEAST)
def test_an_inventory_is_what_trivy_says(name: str, home: Path):
    image = saved(name, home)
    mine, its = of_ours(ours(image, home)), of_trivy(image, home)
    assert len(mine) >= LEAST[name]
    listed(name, mine - its, OVER_TRIVY)
    listed(name, its - mine, UNDER_TRIVY)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", LEAST)
def test_an_inventory_is_what_syft_says(name: str, home: Path):
    image = saved(name, home)
    mine, its = named(of_ours(ours(image, home))), of_syft(image, home)
    listed(name, mine - its, OVER_SYFT)
    listed(name, its - mine, UNDER_SYFT)
