"""Many audit records: every first page is quick, a day expires in short steps, a read costs little to keep.

Times are those of the CPU: a machine that does other things besides makes them no longer.
"""

import statistics
from pathlib import Path

import pytest

from benchmarks import audit as bench
from entrepot.core.audit.upkeep import AuditUpkeep
from entrepot.db.sqlite import SqliteDatabase
from entrepot.spec.moments import moment

FEW, MANY = 60_000, 10_000_000
PAGE_MILLISECONDS = 50


@pytest.mark.timeout(7200)
def test_every_first_page_among_many_records_is_quick_and_a_day_expires_in_short_steps(tmp_path: Path, full: bool):
    count = MANY if full else FEW
    database = bench.opened(tmp_path / "audit.db", count)
    try:
        slow = {}
        for name, wanted in bench.lookups(database):
            taken = [bench.page(database, wanted) for _ in range(5)]
            milliseconds = statistics.median(cpu for _, _, cpu in taken)
            if milliseconds > PAGE_MILLISECONDS:
                slow[name] = milliseconds
            assert taken[0][0] == (1 if name == "EventId" else 50) or "absent" in name or "ago" in name, name
        assert slow == {}
        expire_a_day(database, count)
    finally:
        database.close()


def expire_a_day(database: SqliteDatabase, count: int) -> None:
    """What was of the first day is gone, the rest stays, and each step was a transaction of a few blocks."""
    now = moment(bench.FIRST + (bench.DAYS + 1) * bench.DAY)
    before, _ = bench.held(database)
    gone = AuditUpkeep(database, bench.DAYS).expire(now)
    assert gone == pytest.approx(count / bench.DAYS, rel=0.01)
    after, left = bench.held(database)
    assert left == count - gone
    assert after < before


def test_a_read_costs_little_to_keep(tmp_path: Path):
    """A bound that a machine which is ten times slower than the usual one still keeps."""
    assert bench.kept_read_micros(tmp_path, 14_000) < 100
