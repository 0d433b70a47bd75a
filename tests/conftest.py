"""What holds for every test: Hypothesis profiles, the full counts, and that nothing is skipped unseen in CI."""

import fnmatch
import os
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.factories.shown import OPTION, Shown

PRIVILEGED = Path(__file__).parent / "PRIVILEGED"

# `ci`: the same examples each time. `dev`: random, remembered. `soak`: many.
_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile("ci", derandomize=True, database=None, deadline=None, suppress_health_check=_SLOW)
settings.register_profile("dev", deadline=timedelta(seconds=5), suppress_health_check=_SLOW)
settings.register_profile("soak", max_examples=5000, deadline=None, suppress_health_check=_SLOW)
settings.load_profile("dev")

# hundreds of servers and commands are started from these sources: each would compile them anew
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

_skipped = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(OPTION, action="store_true", help="write docs/coverage.json from what the tests have shown")
    parser.addoption("--full", action="store_true", help="the full counts of soaks and faults, not the short ones")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_skipped] = []
    config.pluginmanager.register(_Skips(config), "unlisted-skips")
    config.pluginmanager.register(Shown(config), "shown")


@pytest.fixture(scope="session")
def full(request: pytest.FixtureRequest) -> bool:
    """Whether to run the full counts (`make soak`, `make faults`) or the short ones (`make test`)."""
    return bool(request.config.getoption("--full"))


def privileged() -> dict[str, str]:
    """tests/PRIVILEGED: pattern of node ids -> why CI cannot run them."""
    lines = [line.strip() for line in PRIVILEGED.read_text().splitlines()]
    pairs = [line.split("  ", 1) for line in lines if line and not line.startswith("#")]
    return {pair[0]: pair[1].strip() for pair in pairs}


class _Skips:
    """Fails a run in CI (CI=true) in which a test was skipped that tests/PRIVILEGED does not list."""

    def __init__(self, config: pytest.Config) -> None:
        self.skipped = config.stash[_skipped]
        self.controller = not hasattr(config, "workerinput")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._note(report)

    def _note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            self.skipped.append(report.nodeid)

    def unlisted(self) -> list[str]:
        allowed = privileged()
        return [name for name in self.skipped if not any(fnmatch.fnmatchcase(name, pattern) for pattern in allowed)]

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.controller and os.environ.get("CI") == "true" and self.unlisted():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if os.environ.get("CI") == "true":
            for name in self.unlisted():
                terminalreporter.write_line(f"SKIPPED in CI and not listed in tests/PRIVILEGED: {name}", red=True)
