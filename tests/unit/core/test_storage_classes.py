"""Storage classes over a database whose clock is the test's: what is told, when, and what a job does twice."""

from datetime import timedelta

import pytest

from entrepot.core import deletion, images, storage_classes
from entrepot.core.activation import Activation, activate
from entrepot.core.collection import Collector, Periods
from entrepot.core.images import Filter
from entrepot.db import blobs
from entrepot.db import images as rows
from entrepot.db.storage_classes import Activating
from entrepot.spec.manifest import Manifest
from entrepot.spec.moments import micros
from entrepot.spec.repository import RepositoryKey
from entrepot.store.filesystem import Filesystem
from tests.factories.callers import EPOCH, caller
from tests.factories.core_database import CONFIG, CoreDatabase

TAKES = timedelta(minutes=20)
SECOND = timedelta(seconds=1)


@pytest.fixture
def key(core: CoreDatabase) -> RepositoryKey:
    return core.repository("one")


@pytest.fixture
def image(core: CoreDatabase, key: RepositoryKey) -> Manifest:
    return core.image(key, "v1")


def change(core: CoreDatabase, key: RepositoryKey, image: Manifest, target: str, after: timedelta = SECOND) -> str:
    who = caller(at=EPOCH + after)
    told: tuple[str, str] = core.write(storage_classes.update, key, image.digest, None, target, who=who)
    return told[1]


def status(core: CoreDatabase, key: RepositoryKey, image: Manifest) -> str:
    (found,) = core.read(images.describe_these, key, [(image.digest, None)]).images
    told: str = found.status
    return told


def told(core: CoreDatabase) -> list[tuple[str, str | None]]:
    return [
        (each["target-storage-class"], each.get("last-activated-at"))
        for each in core.details()
        if each["action-type"] == "UPDATE_STORAGE_CLASS"
    ]


def test_a_restored_image_is_on_its_way_for_as_long_as_is_set(core, key, image):
    change(core, key, image, "ARCHIVE")
    assert change(core, key, image, "STANDARD", TAKES) == "ACTIVATING"
    job = Activation(core.database, TAKES)
    assert job.run(EPOCH + 2 * TAKES - SECOND) == {}
    assert status(core, key, image) == "ACTIVATING"
    shown = core.read(images.describe, key, Filter(status="ACTIVATING"), 10, "").images
    assert [row.digest for row in shown] == [image.digest]
    assert told(core) == [("ARCHIVE", None)]
    assert job.run(EPOCH + 2 * TAKES) == {"activated": 1}
    assert status(core, key, image) == "ACTIVE"
    assert told(core) == [("ARCHIVE", None), ("STANDARD", "2026-01-01T00:40:00.00Z")]
    assert job.run(EPOCH + 3 * TAKES) == {}


def test_each_change_gives_the_repository_another_stamp(core, key, image):
    stamps = [core.present(key).stamp]
    for target in ("ARCHIVE", "STANDARD"):
        change(core, key, image, target)
        stamps.append(core.present(key).stamp)
    Activation(core.database, TAKES).run(EPOCH + 2 * TAKES)
    stamps.append(core.present(key).stamp)
    assert len(set(stamps)) == 4
    change(core, key, image, "STANDARD")
    assert core.present(key).stamp == stamps[-1]


def test_an_image_that_is_archived_on_its_way_stays_there(core, key, image):
    change(core, key, image, "ARCHIVE")
    change(core, key, image, "STANDARD")
    since = Activating(core.present(key).id, image.digest, micros(EPOCH + SECOND))
    assert change(core, key, image, "ARCHIVE") == "ARCHIVED"
    assert core.write(lambda tx, _: activate(tx, since, EPOCH + TAKES)) is False
    assert Activation(core.database, TAKES).run(EPOCH + 2 * TAKES) == {}
    assert status(core, key, image) == "ARCHIVED"


def test_an_image_that_goes_on_its_way_is_gone(core, key, image):
    change(core, key, image, "ARCHIVE")
    change(core, key, image, "STANDARD")
    core.write(deletion.delete, key, image.digest)
    assert Activation(core.database, TAKES).run(EPOCH + 2 * TAKES) == {}


def test_a_put_restores_what_is_on_its_way_and_the_job_leaves_it(core, key, image):
    change(core, key, image, "ARCHIVE")
    change(core, key, image, "STANDARD")
    core.put(key, image, "v1", rules=images.AWS_RULES)
    assert status(core, key, image) == "ACTIVE"
    assert [target for target, _ in told(core)] == ["ARCHIVE", "STANDARD"]
    assert Activation(core.database, TAKES).run(EPOCH + 2 * TAKES) == {}


def test_what_an_archived_image_needs_is_never_collected(core, key, image, tmp_path):
    change(core, key, image, "ARCHIVE")
    store = Filesystem(tmp_path / "store")
    done = Collector(core.database, store, "main", Periods(SECOND, SECOND)).run(EPOCH + timedelta(days=400))
    assert (done.condemned, done.unlinked) == (0, 0)
    link = core.row(blobs.find_link, core.present(key).id, image.config.digest if image.config else "")
    assert (link.condemned, link.archived) == (False, True)


def test_a_blob_that_was_sent_since_its_image_was_archived_is_there(core, key, image):
    digest = core.blob(key, CONFIG).digest
    change(core, key, image, "ARCHIVE")
    repository = core.present(key).id
    assert core.row(blobs.find_link, repository, digest).archived
    core.blob(key, CONFIG, at=EPOCH + TAKES)
    assert not core.row(blobs.find_link, repository, digest).archived
    assert core.row(rows.find, repository, image.digest).status == "ARCHIVED"
