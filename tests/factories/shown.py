"""What a run's passed tests have shown of operations, over all its workers, and docs/coverage.json, which says it.

A test calls `shows(service, operation, what)` where it has shown that. `make coverage` writes the file; in CI a run
whose tests show less than the file says, or more, fails.
"""

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

RESULTS = Path(__file__).parents[2] / "docs" / "coverage.json"
OPTION = "--write-coverage"
_PROPERTY = "shows"
Shows = Callable[[str, str, str], None]
Results = dict[str, dict[str, list[str]]]


class Shown:
    """A plugin of pytest's that gathers what tests show."""

    def __init__(self, config: pytest.Config) -> None:
        self.controller = not hasattr(config, "workerinput")
        self.writes = bool(config.getoption(OPTION))
        self.seen: set[tuple[str, str, str]] = set()
        self.wrong: list[str] = []

    @pytest.fixture
    def shows(self, record_property: Callable[[str, object], None]) -> Shows:
        """Notes what a test has shown of an operation; it counts if the test passes."""
        return lambda service, operation, what: record_property(_PROPERTY, f"{service} {operation} {what}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            for name, value in report.user_properties:
                if name == _PROPERTY:
                    service, operation, what = str(value).split(" ", 2)
                    self.seen.add((service, operation, what))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if not self.controller or not self.seen or session.exitstatus:
            return
        if self.writes:
            RESULTS.write_text(written(self.seen))
        elif os.environ.get("CI") == "true":
            self.wrong = differences(self.seen, json.loads(RESULTS.read_text()))
        if self.wrong:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for line in self.wrong:
            terminalreporter.write_line(f"docs/coverage.json (`make coverage`): {line}", red=True)


def differences(seen: Iterable[tuple[str, str, str]], results: Results) -> list[str]:
    """What the tests of a run have not shown and the results say, and the other way round."""
    said = {(service, name, what) for service, told in results.items() for name, all_ in told.items() for what in all_}
    shown = set(seen)
    return [
        *(f"no test shows {' '.join(each)}" for each in sorted(said - shown)),
        *(f"it does not say {' '.join(each)}" for each in sorted(shown - said)),
    ]


def written(seen: Iterable[tuple[str, str, str]]) -> str:
    """The results as they are kept: a line for each operation."""
    told: Results = {}
    for service, operation, what in sorted(seen):
        told.setdefault(service, {}).setdefault(operation, []).append(what)
    services = [
        f'"{service}": {{\n'
        + ",\n".join(f'  "{operation}": {json.dumps(shown)}' for operation, shown in operations.items())
        + "\n}"
        for service, operations in told.items()
    ]
    return "{\n" + ",\n".join(services) + "\n}\n"
