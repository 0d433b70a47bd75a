"""One server of two workers for every trap, and a second account on it."""

from collections.abc import Iterator

import pytest

from tests.factories.processes import Credentials, Server, create_account, serve
from tests.factories.reports import pytest_runtest_makereport

__all__ = ["pytest_runtest_makereport"]
STRANGER = "222233334444"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(tmp_path_factory.mktemp("traps"), extra=("--workers", "2")) as running:
        yield running


@pytest.fixture(scope="session")
def stranger(server: Server) -> Credentials:
    """The root keys of another account."""
    return create_account(server, STRANGER)
