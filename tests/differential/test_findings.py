"""What packages are known to have is what Trivy says on the very same advisories, but for what is listed here."""

import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from entrepot.scan.matching import matches
from tests.differential import recipes
from tests.differential.inventories import ours
from tests.differential.saving import save
from tests.differential.trivy_database import LANGUAGES, build
from tests.factories.advisory_index import AdvisoryIndex
from tests.factories.oracles import program_of_syft, trivy
from tests.factories.vulnerability_data import shared

DUMPS = ("Debian", "Alpine", *LANGUAGES)
Found = tuple[str, str, str]  # package, version, vulnerability
_UPDATED = re.compile(r"\+deb\d+u\d+$")
_STANZA = "Package: {name}\nStatus: install ok installed\nArchitecture: {arch}\nSource: {source}\nVersion: {version}\n"

# by image: package, version, vulnerability, and the reason; what no longer occurs fails the test
ONLY_OURS: dict[str, dict[Found, str]] = {}
ONLY_TRIVY: dict[str, dict[Found, str]] = {}
LEAST = {"debian": 61, "alpine": 14, "languages": 270}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where Trivy finds its database, of all advisories that are compared."""
    home = tmp_path_factory.mktemp("trivy")
    build(home / "trivy", [shared(f"osv/{name}.zip") for name in DUMPS])
    yield home
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def index() -> AdvisoryIndex:
    """The same advisories, as this project reads them."""
    return AdvisoryIndex(shared(f"osv/{name}.zip") for name in DUMPS)


def layers(name: str) -> list[Path]:
    """What an image is made of."""
    if name == "languages":
        made = (recipes.python, recipes.node, recipes.gems, recipes.composer, recipes.programs)
        tool = recipes.folder("tool", {"usr/local/bin/tool": program_of_syft().read_bytes()}, mode=0o755)
        return [recipes.release(), *(make() for make in made), tool]
    return [recipes.folder(name, debian() if name == "debian" else alpine())]


def debian() -> dict[str, bytes]:
    """Every package of a Debian 10 as it was published, without what was mended since."""
    packages = json.loads(shared("inventories/debian-10.json").read_text())["packages"]
    stanzas = [
        _STANZA.format(
            name=each["name"],
            arch=each["arch"],
            source=f"{each['source_name']} ({_UPDATED.sub('', each['source_version'] or each['version'])})",
            version=_UPDATED.sub("", each["version"]),
        )
        for each in packages
    ]
    return {
        "etc/debian_version": b"10.9\n",
        "etc/os-release": b'ID=debian\nVERSION_ID="10"\n',
        "var/lib/dpkg/status": "\n".join(stanzas).encode(),
    }


def alpine() -> dict[str, bytes]:
    """Packages of an Alpine 3.10 that were not mended yet."""
    told = {
        "openssl": "1.1.1a-r0",
        "busybox": "1.30.0-r0",
        "musl": "1.1.22-r0",
        "curl": "7.64.0-r0",
        "git": "2.22.0-r0",
    }
    stanzas = [f"P:{name}\nV:{version}\nA:x86_64\no:{name}\n\n" for name, version in told.items()]
    libssl = "P:libssl1.1\nV:1.1.1a-r0\nA:x86_64\no:openssl\n\n"
    return {
        "etc/alpine-release": b"3.10.4\n",
        "etc/os-release": b"ID=alpine\nVERSION_ID=3.10.4\n",
        "lib/apk/db/installed": "".join([*stanzas, libssl]).encode(),
    }


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", LEAST)
def test_findings_are_what_trivy_finds_on_the_same_advisories(
    name: str, cache: Path, index: AdvisoryIndex, tmp_path: Path
):
    image = save(tmp_path / "image.tar", layers(name))
    plain = ("--scanners", "vuln", "--skip-db-update", "--skip-java-db-update", "--list-all-pkgs=false")
    report = trivy("image", "--format", "json", *plain, "--input", image, home=cache)
    its = {
        (_name(each["PkgName"]), each["InstalledVersion"].removeprefix("v"), each["VulnerabilityID"])
        for result in report.get("Results", ())
        for each in result.get("Vulnerabilities", ())
    }
    found = matches(ours(image, tmp_path), index)
    mine = {
        (_name(each.located.package.name), each.located.package.version.removeprefix("v"), each.vulnerability)
        for each in found
    }
    print(name, dict(Counter(each.located.package.type for each in found)))  # noqa: T201 - the report
    assert len(mine) >= LEAST[name]
    assert mine - its == ONLY_OURS.get(name, {}).keys()
    assert its - mine == ONLY_TRIVY.get(name, {}).keys()


def _name(name: str) -> str:
    return name.lower()
