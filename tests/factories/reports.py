"""A pytest hook for directories whose tests share a server: the report of a failed test shows the servers' logs."""

import pytest

from tests.factories.processes import log_tail, running

SHOWN_BYTES = 6_000


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    report = yield
    if report.failed:
        for server in running:
            report.sections.append((f"log of {server.base_url}", log_tail(server.log, SHOWN_BYTES)))
    return report
