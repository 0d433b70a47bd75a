"""A repository with a job for its lifecycle policies."""

import pytest

from tests.factories.core_database import CoreDatabase
from tests.factories.lifecycle_house import House


@pytest.fixture
def house(core: CoreDatabase) -> House:
    return House(core)
