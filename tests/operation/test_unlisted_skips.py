"""In CI a skipped test fails the run unless tests/PRIVILEGED lists it with a reason."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
CASES = """
import pytest

def test_passes():
    pass

def test_skipped():
    pytest.skip("for no listed reason")
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A project of two tests, one of which skips, with this project's own rules."""
    folder = tmp_path / "tests"
    (folder / "factories").mkdir(parents=True)
    for path in ("conftest.py", "factories/shown.py"):
        shutil.copy(TESTS / path, folder / path)
    (folder / "PRIVILEGED").write_text("# nothing yet\n")
    (folder / "test_it.py").write_text(CASES)
    return tmp_path


def run(suite: Path, *arguments: str, ci: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(suite),
        *arguments,
        "tests",
    ]
    environment = {**os.environ, "CI": ci}
    return subprocess.run(command, cwd=suite, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "in parallel"])
def test_an_unlisted_skip_fails_in_ci_and_is_named(suite, workers):
    done = run(suite, *workers, ci="true")
    assert done.returncode == 1
    assert "not listed in tests/PRIVILEGED: tests/test_it.py::test_skipped" in done.stdout


def test_a_listed_skip_passes_in_ci(suite):
    (suite / "tests" / "PRIVILEGED").write_text("tests/test_it.py::test_sk*  needs what CI has not\n")
    assert run(suite, ci="true").returncode == 0


def test_outside_of_ci_a_skip_is_a_skip(suite):
    assert run(suite, ci="").returncode == 0


def test_a_module_that_skips_itself_is_seen_too(suite):
    (suite / "tests" / "test_it.py").write_text("import pytest\npytest.skip('all', allow_module_level=True)\n")
    assert run(suite, ci="true").returncode in {1, 5}
    assert "not listed" in run(suite, ci="true").stdout


def test_every_line_of_the_list_has_a_reason_and_names_a_test_that_exists():
    lines = [line for line in (TESTS / "PRIVILEGED").read_text().splitlines() if line and not line.startswith("#")]
    for line in lines:
        pattern, _, reason = line.partition("  ")
        path, _, name = pattern.partition("::")
        assert len(reason.strip()) > 20, line
        source = (TESTS.parent / path).read_text()
        of_a_parameter = f'"{name.strip("*")}"'
        assert name == "*" or f"def {name}(" in source or of_a_parameter in source, line
