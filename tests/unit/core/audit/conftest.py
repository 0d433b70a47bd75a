"""Trails over a fresh volume, which may fail."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.factories.trails import Doubtful, TrailHouse


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[TrailHouse]:
    made = TrailHouse(tmp_path)
    yield made
    made.close()


@pytest.fixture
def house(fresh: TrailHouse) -> TrailHouse:
    """The house of a test, unless its module shares one."""
    return fresh


@pytest.fixture
def doubtful(tmp_path: Path) -> Iterator[tuple[TrailHouse, Doubtful]]:
    files = Doubtful(tmp_path / "trails")
    made = TrailHouse(tmp_path, files)
    yield made, files
    made.close()
