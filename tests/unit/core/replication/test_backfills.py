"""Backfills: what they tell is kept for 90 days after their end, and no longer; they bring only tags that go there."""

from datetime import timedelta
from pathlib import Path

import pytest

from entrepot.core.replication import backfills, options
from entrepot.core.replication.backfilling import Backfilling
from entrepot.core.replication.options import Option
from entrepot.errors import BackfillNotFound
from tests.factories.callers import EPOCH, caller
from tests.factories.core_database import CoreDatabase
from tests.unit.core.replication.test_engine import HOME, NEAR, SERVED, House

ID = "00000000-0000-4000-8000-00000000beef"


def test_results_are_gone_90_days_after_the_end(tmp_path: Path):
    core = CoreDatabase(tmp_path)
    house = House(core)
    made = core.image(HOME, "v1", "v2")
    house.rules()
    core.write(backfills.start, HOME.registry, NEAR, ID)
    job, end = Backfilling(core.database), EPOCH + timedelta(days=90)
    assert job.run(EPOCH) == {"images": 2, "ended": 1}
    late, over = caller(at=end), caller(at=end + timedelta(microseconds=1))
    asked = (HOME.registry, ID, None, 10, ("", "", ""))
    assert job.run(end) == {}
    _, page = core.read(backfills.results, *asked, who=late)
    assert [(item.digest, item.tag) for item in page.items] == [(made.digest, "v1"), (made.digest, "v2")]
    assert [each.backfill.id for each in core.read(backfills.list_of, HOME.registry, 10, ("", ""), who=late).items] == [
        ID
    ]
    with pytest.raises(BackfillNotFound):
        core.read(backfills.results, *asked, who=over)
    assert core.read(backfills.list_of, HOME.registry, 10, ("", ""), who=over).items == ()
    assert job.run(over.at) == {"removed": 1}
    with pytest.raises(BackfillNotFound):
        core.read(backfills.results, *asked, who=late)
    core.close()


def test_only_tags_that_go_there_are_brought(tmp_path: Path):
    core = CoreDatabase(tmp_path)
    house = House(core)
    made = core.image(HOME, "v1", "dev")
    core.image(HOME, "dev-2", layers=[b"two"])
    house.rules()
    core.write(options.put, HOME.registry, [Option(NEAR, (), ("v*",), ())], SERVED, {})
    core.write(backfills.start, HOME.registry, NEAR, ID)
    assert Backfilling(core.database).run(EPOCH) == {"images": 1, "ended": 1}
    assert house.held() == {made.digest: ("v1",)}
    core.close()
