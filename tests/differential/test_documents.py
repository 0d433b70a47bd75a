"""The SBOMs that are written here say the same to Trivy as the image does to this project, but for what is listed."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from packageurl import PackageURL

from entrepot.scan.documents import cyclonedx, spdx
from entrepot.scan.merging import Image
from tests.differential import applications, recipes
from tests.differential.inventories import Installed, of_ours, ours
from tests.differential.saving import save
from tests.differential.trivy_database import build
from tests.factories.documented import SUBJECT
from tests.factories.oracles import trivy

_STATUS = b"""Package: libssl3
Status: install ok installed
Architecture: amd64
Source: openssl (3.0.9-1)
Version: 3.0.9-1+b2
Maintainer: Debian OpenSSL Team <openssl@packages.test>

Package: zlib1g
Status: install ok installed
Architecture: amd64
Source: zlib
Version: 1:1.2.13.dfsg-1

Package: tzdata
Status: install ok installed
Architecture: all
Version: 2024a-0+deb12u1

"""
_APK = b"P:libssl3\nV:3.1.4-r0\nA:x86_64\no:openssl\nL:Apache-2.0\n\nP:musl\nV:1.2.4-r2\nA:x86_64\no:musl\nL:MIT\n\n"
SYSTEMS = {
    "debian": {"etc/os-release": b'ID=debian\nVERSION_ID="12"\n', "var/lib/dpkg/status": _STATUS},
    "alpine": {"etc/os-release": b"ID=alpine\nVERSION_ID=3.18.4\n", "lib/apk/db/installed": _APK},
}
WRITERS: dict[str, Callable[[Image], bytes]] = {
    "cyclonedx 1.4": lambda of: cyclonedx.document(SUBJECT, of, "1.4"),
    "cyclonedx 1.6": lambda of: cyclonedx.document(SUBJECT, of, "1.6"),
    "spdx 2.3": lambda of: spdx.document(SUBJECT, of),
}
LEAST = {"applications": 20, "languages": 70, "debian": 3, "alpine": 2}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where Trivy may write; what it unpacks there is not kept."""
    made = tmp_path_factory.mktemp("documents")
    build(made / "trivy", [])
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module", params=LEAST)
def image(request: pytest.FixtureRequest, home: Path) -> tuple[str, Image]:
    """An image by its name."""
    name = request.param
    return name, ours(save(home / f"{name}.tar", layers(name)), home)


def layers(name: str) -> list[Path]:
    """What an image is made of."""
    if name in SYSTEMS:
        return [recipes.folder(f"system-{name}", SYSTEMS[name])]
    if name == "languages":
        return [recipes.release(), *(make() for make in (recipes.python, recipes.node, recipes.gems, recipes.composer))]
    made = {"java": applications.java(), "dotnet": applications.dotnet()}
    return [recipes.release(), *(recipes.folder(kind, files) for kind, files in made.items())]


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_trivy_reads_the_packages_that_are_in_the_image(image: tuple[str, Image], write, home: Path):
    name, of = image
    document = home / "sbom.json"
    document.write_bytes(write(of))
    plain = ("--scanners", "vuln", "--skip-db-update", "--skip-java-db-update", "--list-all-pkgs")
    report = trivy("sbom", "--format", "json", *plain, document, home=home)
    found = [each for result in report.get("Results", ()) for each in result.get("Packages", ())]
    read = {_read(each) for each in found}
    mine = {_bare(each) for each in of_ours(of)}
    assert len(mine) >= LEAST[name]
    assert (mine - read, read - mine) == (set(), set())


def _read(package: Mapping[str, Any]) -> Installed:
    """A package as Trivy has understood it."""
    url = PackageURL.from_string(package["Identifier"]["PURL"])
    if url.type not in {"deb", "apk"}:
        name = f"{url.namespace}{':' if url.type == 'maven' else '/'}{url.name}" if url.namespace else url.name
        return Installed(url.type, name, package["Version"], path=package.get("FilePath", ""))
    source = f"{package['SrcName']} {_version(package, 'Src')}"
    return Installed(url.type, package["Name"], _version(package, ""), source)


def _version(package: Mapping[str, Any], of: str) -> str:
    epoch, release = package.get(f"{of}Epoch"), package.get(f"{of}Release")
    return f"{f'{epoch}:' if epoch else ''}{package[f'{of}Version']}{f'-{release}' if release else ''}"


def _bare(installed: Installed) -> Installed:
    """Without its layer: a document of a registry names layers as they are stored, Trivy as they are unpacked."""
    return installed._replace(layer="")
