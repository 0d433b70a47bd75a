"""The generated pages of the documentation are those that `make docs` would write now."""

import subprocess
import sys
from pathlib import Path

import pytest

from entrepot.app.services import SERVICES
from entrepot.cli import coverage_page, errors_page, permissions_page, settings_page

ROOT = Path(__file__).parents[3]
PAGES = {"settings": settings_page, "coverage": coverage_page, "errors": errors_page, "permissions": permissions_page}


@pytest.mark.parametrize("name", ["coverage", "errors", "permissions"])  # that of the settings stands with the settings
def test_a_generated_page_is_fresh(name: str):
    written = (ROOT / "docs" / f"{name}.md").read_text()
    assert written == PAGES[name].page(), "run `make docs`"


@pytest.mark.parametrize("name", PAGES)
def test_make_docs_writes_the_page(name: str):
    command = [sys.executable, "-m", f"entrepot.cli.{name}_page"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == PAGES[name].page()
    assert f"entrepot.cli.{name}_page > docs/{name}.md" in (ROOT / "Makefile").read_text()


def test_every_operation_that_is_built_stands_on_the_coverage_page():
    rows = coverage_page.page().splitlines()
    for service, operations in SERVICES.items():
        assert any(f"({service} " in row for row in rows), service
        for operation in operations:
            assert f"| {operation} | built |" in rows
    assert "| GetLifecyclePolicy | not yet |" in rows or "| GetLifecyclePolicy | built |" in rows
