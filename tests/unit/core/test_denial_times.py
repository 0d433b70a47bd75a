"""A denial takes as long whether or not the repository exists."""

import statistics
import time
from pathlib import Path

import pytest

from entrepot.core import access
from entrepot.core.hot import Hot
from entrepot.errors import AccessDenied
from entrepot.spec.repository import RepositoryKey
from tests.factories.callers import OTHER_ACCOUNT, caller, repository
from tests.factories.core_database import CoreDatabase

ROUNDS, ASKED = 60, 50
FACTOR = 1.5  # finding a row that was not remembered would be a factor of ten


def denials(hot: Hot, key: RepositoryKey) -> float:
    """The CPU time of some denials of a stranger."""
    stranger = caller(OTHER_ACCOUNT)
    began = time.process_time()
    for _ in range(ASKED):
        found = hot.repository(key)
        with pytest.raises(AccessDenied):
            access.require(stranger, "BatchGetImage", hot.resource(key, found))
    return time.process_time() - began


@pytest.mark.serial
def test_a_denial_takes_as_long_whether_or_not_the_repository_exists(tmp_path: Path):
    core = CoreDatabase(tmp_path)
    present, absent = core.repository("one"), repository("two")
    snapshot = core.database.snapshot()
    hot = Hot(snapshot, lambda _: None)
    times = [(denials(hot, present), denials(hot, absent)) for _ in range(ROUNDS)]
    there, not_there = (statistics.median(each) for each in zip(*times, strict=True))
    assert there < FACTOR * not_there
    assert not_there < FACTOR * there
    snapshot.close()
    core.close()
