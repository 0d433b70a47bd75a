"""The queries of where images run, over every engine."""

from datetime import timedelta

import pytest

from entrepot.db import images, images_in_use, repositories
from entrepot.db.images_in_use import InUse
from entrepot.db.records import Repository
from tests.factories.callers import EPOCH, OTHER_ACCOUNT, image_manifest, registry, repository
from tests.factories.rows import Rows

OF = "R0000000000000000000000000"
OTHER = "R0000000000000000000000001"
IMAGE = image_manifest([b"layer"])
MINUTE = timedelta(minutes=1)
BEFORE = EPOCH - MINUTE


@pytest.fixture
def held(rows: Rows) -> Rows:
    """An image in a repository, and the same one in a repository of another account."""
    for number, key in ((OF, repository("one")), (OTHER, repository("one", OTHER_ACCOUNT))):
        rows.write(repositories.add, Repository(number, key, "MUTABLE", (), False, {}, 0, 1, EPOCH))
        rows.write(images.add, number, IMAGE.digest, IMAGE, 5, EPOCH)
    return rows


def found(rows: Rows, since=BEFORE, of: str = OF) -> InUse | None:
    there: InUse | None = rows.read(images_in_use.find, of, IMAGE.digest, since)
    return there


def test_what_runs_in_several_clusters_is_summed_and_the_last_moment_counts(held: Rows):
    assert found(held) is None
    held.write(images_in_use.put, OF, IMAGE.digest, "a", 2, EPOCH)
    held.write(images_in_use.put, OF, IMAGE.digest, "b", 3, EPOCH + MINUTE)
    held.write(images_in_use.put, OF, IMAGE.digest, "a", 1, EPOCH)
    assert found(held) == InUse(4, EPOCH + MINUTE)
    assert held.read(images_in_use.clusters, OF, IMAGE.digest, "a") == 1
    assert found(held, of=OTHER) is None


def test_a_report_that_is_old_does_not_count_and_still_says_when(held: Rows):
    held.write(images_in_use.put, OF, IMAGE.digest, "a", 2, EPOCH)
    held.write(images_in_use.put, OF, IMAGE.digest, "b", 3, EPOCH + MINUTE)
    assert found(held, EPOCH) == InUse(3, EPOCH + MINUTE)
    assert found(held, EPOCH + MINUTE) == InUse(0, EPOCH + MINUTE)


def test_what_was_not_reported_again_runs_no_more_in_that_cluster_of_that_registry(held: Rows):
    for of in (OF, OTHER):
        for cluster in ("a", "b"):
            held.write(images_in_use.put, of, IMAGE.digest, cluster, 2, EPOCH)
    assert held.write(images_in_use.settle, registry(), "a", EPOCH) == 0
    assert held.write(images_in_use.settle, registry(), "a", EPOCH + MINUTE) == 1
    assert found(held) == InUse(2, EPOCH)
    assert found(held, of=OTHER) == InUse(4, EPOCH)


def test_what_ran_long_ago_is_forgotten_of_one_registry(held: Rows):
    for of in (OF, OTHER):
        held.write(images_in_use.put, of, IMAGE.digest, "a", 2, EPOCH)
    assert held.write(images_in_use.forget, registry(), EPOCH) == 0
    assert held.write(images_in_use.forget, registry(), EPOCH + MINUTE) == 1
    assert found(held) is None
    assert found(held, of=OTHER) == InUse(2, EPOCH)


def test_where_an_image_runs_goes_with_it(held: Rows):
    held.write(images_in_use.put, OF, IMAGE.digest, "a", 2, EPOCH)
    assert held.write(images.remove, OF, IMAGE.digest)
    assert found(held) is None


def test_what_nobody_reported_since_runs_nowhere_any_more(held: Rows):
    held.write(images_in_use.put, OF, IMAGE.digest, "a", 2, EPOCH)
    held.write(images_in_use.put, OTHER, IMAGE.digest, "b", 3, EPOCH + MINUTE)
    assert held.read(images_in_use.is_any_stale, EPOCH) is False
    assert held.read(images_in_use.is_any_stale, EPOCH + MINUTE) is True
    assert held.write(images_in_use.settle_stale, EPOCH + MINUTE) == 1
    assert (found(held), found(held, of=OTHER)) == (InUse(0, EPOCH), InUse(3, EPOCH + MINUTE))
