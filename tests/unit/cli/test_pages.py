"""The generated pages of the documentation are those that `make docs` would write now."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from entrepot.app.services import SERVICES
from entrepot.cli import coverage_page, errors_page, permissions_page, settings_page

ROOT = Path(__file__).parents[3]
RESULTS = json.loads((ROOT / "docs" / "coverage.json").read_text())
PAGES = {
    "settings": settings_page.page,
    "coverage": lambda: coverage_page.page(RESULTS),
    "errors": errors_page.page,
    "permissions": permissions_page.page,
}
READS = {"coverage": "docs/coverage.json"}


@pytest.mark.parametrize("name", ["coverage", "errors", "permissions"])  # that of the settings stands with the settings
def test_a_generated_page_is_fresh(name: str):
    written = (ROOT / "docs" / f"{name}.md").read_text()
    assert written == PAGES[name](), "run `make docs`"


@pytest.mark.parametrize("name", PAGES)
def test_make_docs_writes_the_page(name: str):
    command = [sys.executable, "-m", f"entrepot.cli.{name}_page"]
    given = (ROOT / READS[name]).read_text() if name in READS else ""
    assert subprocess.run(command, input=given, capture_output=True, text=True, check=True).stdout == PAGES[name]()
    source = f" < {READS[name]}" if name in READS else ""
    assert f"entrepot.cli.{name}_page{source} > docs/{name}.md" in (ROOT / "Makefile").read_text()


def rows(results: coverage_page.Results) -> list[str]:
    return coverage_page.page(results).splitlines()


def test_every_operation_that_is_built_stands_on_the_coverage_page():
    found = rows(RESULTS)
    for service, operations in SERVICES.items():
        assert any(f"({service} " in row for row in found), service
        for operation in operations:
            assert any(row.startswith(f"| {operation} | ") and "not yet" not in row for row in found), operation


def test_an_operation_counts_when_all_of_it_is_shown():
    whole = ["effect", "restart", "undone", "permission", "error InvalidParameterException"]
    for shown, count in ((whole, 1), (whole[1:], 0), (whole[:-1], 0)):
        found = rows({"ecr": {"GetAuthorizationToken": shown}})
        assert f"{count} of 62 operations are shown whole by tests; {len(SERVICES['ecr'])} are built." in found


def test_an_error_that_cannot_be_provoked_is_said_with_its_reason():
    found = rows({"ecr": {"GetAuthorizationToken": ["except InvalidParameterException: it has no input"]}})
    assert "- InvalidParameterException: it has no input (GetAuthorizationToken)" in found
    assert "| GetAuthorizationToken | no | no | no | no | 0 of 1, 1 cannot be |  |" in found
