"""What stands between the head of a hot pull and its manifest costs a session no more than a key, or nearly so."""

import pytest

from benchmarks import callers
from benchmarks.callers import PULL, microseconds, opened


@pytest.mark.serial
def test_a_session_costs_a_pull_little_more_than_a_key():
    with opened() as house:
        key, session = microseconds(house, house.root), microseconds(house, house.session())
        limited = microseconds(house, house.session(callers.document(PULL)))
    assert session < 1.5 * key
    assert limited < 1.5 * key
