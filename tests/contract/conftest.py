"""Every test of a seam runs over all of its implementations."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from entrepot.db.database import Database
from tests.factories.engines import ENGINES, fresh
from tests.factories.postgresql import Cluster, cluster


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Cluster]]:
    """Starts one server on the first call."""
    with ExitStack() as stack:
        started: list[Cluster] = []

        def start() -> Cluster:
            if not started:
                started.append(stack.enter_context(cluster(tmp_path_factory.mktemp("postgresql"))))
                started[0].prepare()
            return started[0]

        yield start


@pytest.fixture(params=ENGINES)
def database(request: pytest.FixtureRequest, tmp_path: Path, postgresql: Callable[[], Cluster]) -> Iterator[Database]:
    with fresh(request.param, tmp_path, postgresql) as opened:
        yield opened
