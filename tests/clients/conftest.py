"""Two servers, one with TLS and one without, and a workplace for each test: its own home, repository and log-in."""

from collections.abc import Iterator

import pytest

from tests.clients.workplace import Workplace
from tests.factories.processes import Server, serve
from tests.factories.reports import pytest_runtest_makereport

__all__ = ["pytest_runtest_makereport"]


@pytest.fixture(scope="session")
def plain_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(tmp_path_factory.mktemp("plain")) as running:
        yield running


@pytest.fixture(scope="session")
def tls_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(tmp_path_factory.mktemp("tls"), tls=True) as running:
        yield running


@pytest.fixture(params=["plain", "tls"])
def workplace(request: pytest.FixtureRequest, tmp_path) -> Iterator[Workplace]:
    server: Server = request.getfixturevalue(f"{request.param}_server")
    name = "".join(letter if letter.isalnum() else "-" for letter in request.node.name).strip("-").lower()
    place = Workplace(
        server, tmp_path, f"clients/{request.module.__name__.rpartition('.')[2]}/{name}".replace("_", "-")
    )
    place.ecr.create_repository(repositoryName=place.repository)
    with place.cleanup:
        yield place
