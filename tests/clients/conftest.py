"""Two servers, one with TLS and one without, engines to use with them, and a workplace for each test: its own home,
repository and log-in.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.daemons import containerd, docker_engine
from tests.clients.workplace import Workplace
from tests.factories.processes import Server, serve
from tests.factories.reports import pytest_runtest_makereport

PATHS = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
__all__ = ["pytest_runtest_makereport"]


@pytest.fixture(scope="session")
def plain_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(tmp_path_factory.mktemp("plain")) as running:
        yield running


@pytest.fixture(scope="session")
def tls_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(tmp_path_factory.mktemp("tls"), tls=True) as running:
        yield running


@pytest.fixture(scope="session")
def engine() -> Iterator[str]:
    """The address of a Docker engine; its path is short, because its sockets lie below it."""
    with (
        tempfile.TemporaryDirectory(prefix="dk", ignore_cleanup_errors=True) as short,
        docker_engine(Path(short), {**PATHS, "HOME": short}) as address,
    ):
        yield address


@pytest.fixture(scope="session")
def daemon() -> Iterator[str]:
    """The address of a containerd."""
    with (
        tempfile.TemporaryDirectory(prefix="cd", ignore_cleanup_errors=True) as short,
        containerd(Path(short), {**PATHS, "HOME": short}) as address,
    ):
        yield address


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
