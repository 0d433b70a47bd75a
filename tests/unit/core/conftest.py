"""A fresh database for each test of core; and for tests that walk its packages, a house that was furnished once."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.factories.core_database import CoreDatabase
from tests.factories.furnished import House
from tests.factories.metric_database import MetricDatabase, sqlite_metrics


@pytest.fixture
def core(tmp_path: Path) -> Iterator[CoreDatabase]:
    made = CoreDatabase(tmp_path)
    yield made
    made.close()


@pytest.fixture
def metrics(tmp_path: Path) -> Iterator[MetricDatabase]:
    made = MetricDatabase(sqlite_metrics(tmp_path))
    yield made
    made.close()


@pytest.fixture(scope="session")
def houses(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two directories to copy: of a furnished house, and of a bare one."""
    directory = tmp_path_factory.mktemp("houses")
    for name in ("furnished", "bare"):
        (directory / name).mkdir()
        made = House(directory / name)
        if name == "furnished":
            made.furnish()
        made.close()
    return directory


@pytest.fixture
def house(houses: Path, tmp_path: Path) -> Iterator[House]:
    """A house whose first account has something of everything on which core's packages work."""
    made = House(shutil.copytree(houses / "furnished", tmp_path / "furnished"))
    yield made
    made.close()


@pytest.fixture
def bare(houses: Path, tmp_path: Path) -> Iterator[House]:
    """A house whose accounts have nothing."""
    made = House(shutil.copytree(houses / "bare", tmp_path / "bare"))
    yield made
    made.close()
