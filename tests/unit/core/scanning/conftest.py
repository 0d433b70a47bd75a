"""A scanner whose analyst finds two things in every image."""

from collections.abc import Iterator

import pytest

from tests.factories.core_database import CoreDatabase
from tests.factories.scanning import Scanning


@pytest.fixture
def scanning(core: CoreDatabase) -> Iterator[Scanning]:
    made = Scanning(core)
    yield made
    made.close()
