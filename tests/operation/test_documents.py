"""Pages that people read stay true to what is there: links, make targets, names of packages, fragments."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "entrepot"
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "changes.d" / "README.md",
    *sorted(ROOT.glob("docs/**/*.md")),
]
FRAGMENT = re.compile(r"\d{4}-[a-z0-9]+(-[a-z0-9]+)*\.(added|changed|fixed|removed|security)\.md")
LONGEST_DECISION = 60


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_relative_links_lead_to_what_is_there(page):
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text())
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


def test_every_make_target_is_in_the_readme_and_the_other_way_round():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)) - {"help"}
    named = set(re.findall(r"\bmake ([a-z]+)\b", "\n".join(re.findall(r"`([^`]*)`", readme()))))
    named |= set(re.findall(r"^\$ make ([a-z]+)", readme(), re.MULTILINE))
    assert named == targets


def readme() -> str:
    return (ROOT / "README.md").read_text()


def test_make_help_lists_every_target():
    listed = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony is not None
    assert {line.split()[0] for line in listed.splitlines()} == set(phony[1].split())


def test_ci_installs_what_the_readme_says_it_installs():
    arrays = re.findall(r"^(?:required|driven)=\((.*)\)$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    packages = {package for array in arrays for package in array.split()}
    paragraph = readme().partition("It installs from Debian:")[2].partition("; and from PyPI")[0]
    assert (
        set(re.findall(r"[a-z0-9][a-z0-9.-]+[a-z0-9]", paragraph)) - {"and", "what", "the", "tests", "drive"}
        == packages
    )


def architecture() -> str:
    return (ROOT / "docs" / "architecture.md").read_text()


def test_every_module_that_the_architecture_names_exists():
    paths = re.findall(r"`([a-z_]+(?:/[a-z_0-9]+)*(?:\.py|/))`", architecture())
    assert len(paths) > 40
    assert [path for path in paths if not (SOURCE / path).exists() and not (ROOT / path).exists()] == []


def test_every_package_and_every_module_of_the_core_is_in_the_architecture():
    packages = [f"{path.name}/" for path in SOURCE.iterdir() if (path / "__init__.py").exists()]
    modules = [f"core/{path.name}" for path in (SOURCE / "core").glob("*.py") if path.name != "__init__.py"]
    assert [path for path in [*packages, *modules] if f"`{path}`" not in architecture()] == []


def test_decisions_are_numbered_without_gaps_short_and_of_one_form():
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [page.name[:4] for page in pages] == [f"{number:04d}" for number in range(1, len(pages) + 1)]
    for page in pages:
        lines = page.read_text().splitlines()
        assert len(lines) <= LONGEST_DECISION, page.name
        assert lines[0].startswith("# "), page.name
        assert [line for line in lines if line.startswith("## ")] == ["## Context", "## Decision", "## Consequences"]


def test_fragments_of_the_changelog_say_in_their_name_what_they_are():
    fragments = [path for path in (ROOT / "changes.d").iterdir() if path.name != "README.md"]
    assert [path.name for path in fragments if not FRAGMENT.fullmatch(path.name)] == []
    assert [path.name for path in fragments if not path.read_text().strip()] == []
