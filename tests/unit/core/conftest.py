"""A fresh database for each test of core."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.factories.core_database import CoreDatabase
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
