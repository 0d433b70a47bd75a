"""One server; for each test a repository of its own and the two doors: the one that acts, the one that looks."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.behaviour.callers import User
from tests.behaviour.doors import AwsDoor, Door, OciDoor
from tests.behaviour.events import Events
from tests.behaviour.identities import Iam
from tests.factories.layouts import Image, image
from tests.factories.processes import Server, serve
from tests.factories.pull_through import cache, hub
from tests.factories.registry import Registry
from tests.factories.reports import pytest_runtest_makereport

__all__ = ["cache", "hub", "pytest_runtest_makereport"]

_numbers = itertools.count()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    # nothing listens there: what is put can be, what is sent waits
    elsewhere = ",".join(f"{service}=http://127.0.0.1:9" for service in ("sqs", "sns", "lambda", "kinesis"))
    environment = {
        "ENTREPOT_AWS_ENDPOINTS": elsewhere,
        "ENTREPOT_REGIONS": "us-east-1,eu-west-1,ap-south-1",
        "ENTREPOT_ARCHIVE_RESTORE_SECONDS": "0.5",
    }
    with serve(tmp_path_factory.mktemp("behaviour"), environment=environment) as running:
        yield running


@pytest.fixture(scope="session")
def doors(server: Server) -> dict[str, Door]:
    return {"oci": OciDoor(server), "aws": AwsDoor(server)}


@pytest.fixture(scope="session")
def ecr(server: Server) -> Any:
    return server.client()


@pytest.fixture(scope="session")
def iam(server: Server) -> Iam:
    return Iam(server)


@pytest.fixture(scope="session")
def events(server: Server, iam: Iam) -> Events:
    return Events(server, iam)


@pytest.fixture(params=["oci", "aws"])
def door(request: pytest.FixtureRequest, doors: dict[str, Door]) -> Door:
    """The door that acts."""
    return doors[request.param]


@pytest.fixture(params=["oci", "aws"])
def reader(request: pytest.FixtureRequest, doors: dict[str, Door]) -> Door:
    """The door that looks at what was done."""
    return doors[request.param]


@pytest.fixture
def make_repository(ecr: Any) -> Callable[..., str]:
    def make(**settings: Any) -> str:
        name = f"behaviour/r{next(_numbers)}"
        ecr.create_repository(repositoryName=name, **settings)
        return name

    return make


@pytest.fixture
def repository(make_repository: Callable[..., str]) -> str:
    return make_repository()


@pytest.fixture
def user(server: Server, iam: Iam) -> User:
    """A user who may do nothing yet."""
    return User(server, iam)


@pytest.fixture
def pushed(server: Server, repository: str) -> Image:
    """An image under the tag v1."""
    made = image(1)
    Registry(server).push(repository, made, "v1")
    return made
