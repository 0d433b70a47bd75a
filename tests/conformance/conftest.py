"""One server for the whole directory, with the repositories that the suites push to."""

from collections.abc import Iterator

import pytest

from tests.factories.processes import Server, serve
from tests.factories.reports import pytest_runtest_makereport

__all__ = ["pytest_runtest_makereport"]

REPOSITORIES = ("conformance/one", "conformance/two", "legacy/one", "legacy/two")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(tmp_path_factory.mktemp("conformance")) as running:
        make_repositories(running)
        yield running


@pytest.fixture(scope="session")
def tls_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(tmp_path_factory.mktemp("conformance-tls"), tls=True) as running:
        make_repositories(running)
        yield running


def make_repositories(server: Server) -> None:
    ecr = server.client()
    for name in REPOSITORIES:
        ecr.create_repository(repositoryName=name)
