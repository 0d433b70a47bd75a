"""How things stand is told when it changes and hourly, and holds in between."""

from datetime import datetime, timedelta

from entrepot.core import blobs, deletion, repositories
from entrepot.core.metrics.gauges import Gauges
from entrepot.core.metrics.points import Window
from entrepot.core.metrics.series import Metric, metric
from entrepot.spec.reference import Tag
from tests.factories.callers import EPOCH, REGION
from tests.factories.core_database import CoreDatabase
from tests.factories.metric_database import MetricDatabase

START = int(EPOCH.timestamp())
COUNT = metric(
    "AWS/Usage",
    "ResourceCount",
    {"Service": "ECR", "Type": "RESOURCE", "Resource": "RepositoryCount", "Class": "None"},
)
IMAGES = metric(
    "AWS/Usage",
    "ResourceCount",
    {
        "Service": "ECR",
        "Type": "RESOURCE",
        "Resource": "ImagesPerRepositoryCount",
        "Class": "None",
        "ResourceId": "repository/one",
    },
)


def seen(metrics: MetricDatabase, which: Metric, minutes: int = 5) -> float | None:
    """The newest value in the five minutes before so many after the start."""
    end = START + 60 * minutes
    found = metrics.asked(Window(end - 300, end, 300), which)
    return found[end - 300].maximum if found else None


def of_one(name: str, repository: str = "one") -> Metric:
    return metric("Entrepot", name, {"Registry": "private", "RepositoryName": repository})


def test_a_repository_tells_what_it_holds(core: CoreDatabase, metrics: MetricDatabase):
    one, two = core.repository("one"), core.repository("two")
    core.image(one, "v1", "v2", layers=(b"shared", b"own layer"))
    core.image(two, "v1", layers=(b"other",))
    core.blob(two, b"shared")
    gauges = Gauges(core.database, metrics.database, REGION)
    gauges.run(EPOCH + timedelta(seconds=30))
    assert seen(metrics, COUNT) == 2.0
    assert seen(metrics, IMAGES) == 1.0
    assert seen(metrics, of_one("ImageCount")) == 1.0
    assert seen(metrics, of_one("TagCount")) == 2.0
    assert seen(metrics, of_one("OldestImageAge")) == 30.0
    assert seen(metrics, of_one("NewestImageAge")) == 30.0


def test_bytes_that_another_repository_holds_too_are_shared(core: CoreDatabase, metrics: MetricDatabase):
    one, two = core.repository("one"), core.repository("two")
    held = core.blob(one, b"four")
    core.blob(one, b"only")
    core.write(_mount, one, two, held.digest)
    Gauges(core.database, metrics.database, REGION).run(EPOCH)
    assert seen(metrics, of_one("SharedBytes")) == 4.0
    assert seen(metrics, of_one("UniqueBytes")) == 4.0
    assert seen(metrics, of_one("SharedBytes", "two")) == 4.0
    assert seen(metrics, of_one("UniqueBytes", "two")) == 0.0


def _mount(tx, caller, source, target, digest):
    return blobs.mount(tx, caller, target, source, digest)


def test_only_what_has_changed_is_told_again_and_all_of_it_hourly(core: CoreDatabase, metrics: MetricDatabase):
    one = core.repository("one")
    core.repository("two")
    gauges = Gauges(core.database, metrics.database, REGION)
    assert gauges.run(EPOCH) == 3  # two repositories and their registry
    assert gauges.run(EPOCH + timedelta(minutes=1)) == 0
    core.image(one, "v1")
    assert gauges.run(EPOCH + timedelta(minutes=2)) == 1
    assert gauges.run(EPOCH + timedelta(minutes=60)) == 3
    assert gauges.run(EPOCH + timedelta(minutes=62)) == 0


def test_what_costs_much_to_count_is_counted_hourly(core: CoreDatabase, metrics: MetricDatabase):
    one = core.repository("one")
    core.image(one, "v1", layers=(b"first",))
    gauges = Gauges(core.database, metrics.database, REGION, few=1)
    gauges.run(EPOCH)
    before = seen(metrics, of_one("UniqueBytes"))
    core.image(one, "v2", layers=(b"second",))
    for minutes in (10, 20):
        gauges.run(EPOCH + timedelta(minutes=minutes))
    assert seen(metrics, of_one("ImageCount"), 25) == 2.0
    assert seen(metrics, of_one("UniqueBytes"), 25) == before
    gauges.run(EPOCH + timedelta(minutes=60))
    assert before is not None
    assert seen(metrics, of_one("UniqueBytes"), 65) == before + len(b"second")


def test_a_value_is_seen_every_five_minutes_though_it_is_told_hourly(core: CoreDatabase, metrics: MetricDatabase):
    core.repository("one")
    gauges = Gauges(core.database, metrics.database, REGION)
    for minutes in (0, 61):
        gauges.run(EPOCH + timedelta(minutes=minutes))
    found = metrics.asked(Window(START, START + 7200, 300), COUNT)
    assert {each.maximum for each in found.values()} == {1.0}
    assert len(found) == 24


def test_the_last_of_several_changes_is_what_holds(core: CoreDatabase, metrics: MetricDatabase):
    one = core.repository("one")
    gauges = Gauges(core.database, metrics.database, REGION)
    core.image(one, "v1")
    gauges.run(EPOCH)
    core.image(one, "v2", layers=(b"other",))
    gauges.run(EPOCH + timedelta(seconds=10))
    core.write(_delete, one)
    gauges.run(EPOCH + timedelta(seconds=20))
    assert seen(metrics, of_one("ImageCount"), 10) == 1.0


def _delete(tx, caller, key):
    found = deletion.batch_delete(tx, caller, key, [deletion.ImageId(None, Tag("v2"))])
    assert found
    return found


def test_what_is_deleted_holds_nothing_from_then_on(core: CoreDatabase, metrics: MetricDatabase):
    one = core.repository("one")
    core.image(one, "v1")
    gauges = Gauges(core.database, metrics.database, REGION)
    gauges.run(EPOCH)
    core.write(repositories.delete, one, force=True)
    assert gauges.run(EPOCH + timedelta(minutes=5)) == 2
    assert seen(metrics, IMAGES, 15) == 0.0
    assert seen(metrics, COUNT, 15) == 0.0
    assert gauges.run(EPOCH + timedelta(minutes=20)) == 0
    assert seen(metrics, IMAGES, 120) is None


def test_a_run_does_a_bounded_amount_of_work(core: CoreDatabase, metrics: MetricDatabase):
    for number in range(4):
        core.repository(f"r{number}")
    gauges = Gauges(core.database, metrics.database, REGION, most=2)
    assert [gauges.run(_at(minute)) for minute in range(4)] == [2, 2, 1, 0]


def _at(minute: int) -> datetime:
    return EPOCH + timedelta(minutes=minute)
