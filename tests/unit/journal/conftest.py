"""A fresh database for each test that folds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.factories.core_database import CoreDatabase


@pytest.fixture
def core(tmp_path: Path) -> Iterator[CoreDatabase]:
    made = CoreDatabase(tmp_path)
    yield made
    made.close()
