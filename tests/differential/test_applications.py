"""What archives of Java, nested too, and lists of .NET tell is what Trivy and Syft say, but for what is listed here."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.differential import applications, recipes
from tests.differential.inventories import Installed, Named, named, of_ours, of_syft, of_trivy, ours
from tests.differential.saving import save

# Differences, by package, each with its reason; one that no longer occurs fails the test.
NAMED_BY_ITS_FILE = (
    "an archive that says nothing is known by its file's name; Trivy knows such by a checksum, or not at all"
)
VENDOR = "an archive without a pom whose manifest says who made it is named so; Trivy knows such by a checksum alone"
KNOWN_GROUP = "the group of a well-known library's prefix is written down, so that its advisories find it"
PLUGINS = "plugins of Jenkins are archives of Java: .hpi and .jpi"
RUNTIME = "the runtime that an application carries along is one of its packages, and its advisories are told of it"
ITSELF = "the application's own project is no package that could be told of"
GUESSED = "an archive is what its pom says, whatever its file is called: Syft tells of a second one"
NO_FILES = "what was needed to compile alone, and has no file in the application, is not there; Trivy says so too"
NO_MANIFEST = "Syft tells nothing of an archive without a manifest"
ONLY_TRIVY = {("nuget", "Web", "1.0.0"): ITSELF}
OVER_TRIVY = {
    ("maven", "nothing:nothing", "1.0"): NAMED_BY_ITS_FILE,
    ("maven", "org.eclipse.jetty:jetty-util", "9.4.30.v20200611"): KNOWN_GROUP,
    ("maven", "org.example:named", "4.5"): VENDOR,
    ("maven", "org.jenkins-ci.plugins:git", "4.0.0"): PLUGINS,
    ("maven", "org.springframework:spring-core", "5.3.1"): KNOWN_GROUP,
    ("nuget", "Microsoft.NETCore.App.Runtime.linux-x64", "8.0.1"): RUNTIME,
}
OVER_SYFT = {
    ("maven", "nothing:nothing", "1.0"): NO_MANIFEST,
    ("maven", "org.eclipse.jetty:jetty-util", "9.4.30.v20200611"): KNOWN_GROUP,
    ("maven", "org.jenkins-ci.plugins:git", "4.0.0"): NO_MANIFEST,
    ("nuget", "Microsoft.NETCore.App.Runtime.linux-x64", "8.0.1"): RUNTIME,
}
ONLY_SYFT = {
    ("maven", "app:app", "UNKNOWN"): GUESSED,
    ("maven", "c:c", "2.9.8"): GUESSED,
    ("maven", "commons-compress:renamed", "1.18"): GUESSED,
    ("maven", "org.eclipse.jetty.util:jetty-util", "9.4.30.v20200611"): KNOWN_GROUP,
    ("nuget", "Microsoft.NETCore.Platforms", "3.1.0"): NO_FILES,
    ("nuget", "NETStandard.Library", "2.0.3"): NO_FILES,
    ("nuget", "Web", "1.0.0"): ITSELF,
    ("nuget", "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64", "8.0.1"): RUNTIME,
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where scanners may write; what they unpack there is not kept."""
    made = tmp_path_factory.mktemp("applications")
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def image(home: Path) -> Path:
    """An image of applications."""
    made = {"java": applications.java(), "dotnet": applications.dotnet()}
    layers = [recipes.folder(name, files) for name, files in made.items()]
    return save(home / "image.tar", [recipes.release(), *layers])


@pytest.fixture(scope="module")
def mine(image: Path, home: Path) -> set[Installed]:
    """What this project says."""
    return of_ours(ours(image, home))


@pytest.mark.timeout(1200)
def test_applications_are_what_trivy_says(image: Path, mine: set[Installed], home: Path):
    its = of_trivy(image, home)
    assert len(mine & its) >= 13
    assert {each[:3] for each in mine - its} == OVER_TRIVY.keys()
    assert {each[:3] for each in its - mine} == ONLY_TRIVY.keys()


@pytest.mark.timeout(1200)
def test_applications_are_what_syft_says(image: Path, mine: set[Installed], home: Path):
    its = of_syft(image, home, "--select-catalogers", "+dotnet-deps-cataloger")
    assert len(named(mine) & its) >= 13
    assert named(mine) - its == {Named(*each) for each in OVER_SYFT}
    assert its - named(mine) == {Named(*each) for each in ONLY_SYFT}
