"""A failing test prints the log of the servers that it used."""

from tests.factories.reports import pytest_runtest_makereport

__all__ = ["pytest_runtest_makereport"]
