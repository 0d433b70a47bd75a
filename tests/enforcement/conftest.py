"""One server and one world for all tests of enforcement."""

from collections.abc import Iterator

import pytest

from tests.enforcement.world import World
from tests.factories.processes import Server, serve
from tests.factories.reports import pytest_runtest_makereport

__all__ = ["pytest_runtest_makereport"]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(tmp_path_factory.mktemp("enforcement")) as running:
        yield running


@pytest.fixture(scope="session")
def world(server: Server) -> World:
    return World(server)
