"""The queries of lifecycle policies and previews, over every engine."""

from dataclasses import replace
from datetime import timedelta

import pytest

from entrepot.db import collection, images, images_in_use, lifecycle_images, repositories, tags
from entrepot.db import lifecycle_policies as policies
from entrepot.db import lifecycle_previews as previews
from entrepot.db.lifecycle_records import LifecycleSettings, Preview, PreviewImage, StoredPolicy
from entrepot.db.records import Repository
from entrepot.spec.moments import micros
from tests.factories.callers import EPOCH, image_manifest, index_manifest, registry, repository
from tests.factories.rows import Rows

OF, OTHER = "R0000000000000000000000000", "R0000000000000000000000001"
IMAGE = image_manifest([b"layer"])
INDEX = index_manifest([IMAGE])
HOUR = timedelta(hours=1)
FOUND = PreviewImage(0, "sha256:a", ("v1",), EPOCH, "EXPIRE", 1, "STANDARD", False, (), None)


@pytest.fixture
def held(rows: Rows) -> Rows:
    """Two repositories, the first with an image, and an index over it."""
    for number, name in ((OF, "one"), (OTHER, "two")):
        rows.write(repositories.add, Repository(number, repository(name), "MUTABLE", (), False, {}, 0, 1, EPOCH))
    rows.write(images.add, OF, IMAGE.digest, IMAGE, 5, EPOCH)
    rows.write(images.add, OF, INDEX.digest, INDEX, 5, EPOCH + HOUR)
    for name in ("b", "a"):
        rows.write(tags.point, OF, name, INDEX.digest, EPOCH)
    return rows


def policy(rows: Rows, of: str = OF) -> StoredPolicy:
    found = rows.read(policies.find, of)
    assert isinstance(found, StoredPolicy)
    return found


def preview(rows: Rows) -> Preview:
    found = rows.read(previews.find, OF)
    assert isinstance(found, Preview)
    return found


def test_a_policy_that_is_replaced_keeps_its_id_and_is_due_at_once(held: Rows):
    assert held.read(policies.soonest) is None
    held.write(policies.put, OF, "id", "text", EPOCH, extended=False)
    assert held.write(policies.evaluated, policy(held), EPOCH, EPOCH + HOUR, "hash")
    assert policy(held) == StoredPolicy(OF, "id", 1, "text", False, EPOCH, "hash")
    assert (held.read(policies.due, EPOCH, 5), held.read(policies.soonest)) == ([], EPOCH + HOUR)
    before = policy(held)
    held.write(policies.put, OF, "other", "new", EPOCH, extended=True)
    assert policy(held) == StoredPolicy(OF, "id", 2, "new", True, EPOCH, "")
    assert not held.write(policies.evaluated, before, EPOCH, EPOCH + HOUR, "")
    held.write(policies.postpone, before, EPOCH + HOUR)
    assert held.read(policies.due, EPOCH, 5) == [OF]
    held.write(policies.rest, OF, EPOCH + HOUR)
    assert held.read(policies.due, EPOCH, 5) == []
    held.write(policies.remove, OF)
    assert held.read(policies.find, OF) is None


def test_settings_are_those_of_one_registry(rows: Rows):
    assert rows.read(policies.settings, registry()) == LifecycleSettings()
    for new in (LifecycleSettings(True, False, 3), LifecycleSettings(False, True, 0)):
        rows.write(policies.put_settings, registry(), new)
        assert rows.read(policies.settings, registry()) == new
    assert rows.read(policies.settings, registry("111122223333")) == LifecycleSettings()


def test_a_preview_is_one_run_s_until_it_ends(held: Rows):
    held.write(previews.start, OF, "id", "text", EPOCH, extended=False)
    assert held.read(previews.due, EPOCH, 5) == [OF]
    claimed = held.write(previews.claim, OF, "first", EPOCH, EPOCH + HOUR)
    assert claimed == preview(held) == Preview(OF, "id", "text", False, "IN_PROGRESS", "first", 1, 0, 0)
    assert held.write(previews.claim, OF, "second", EPOCH, EPOCH + HOUR) is None
    again = held.write(previews.claim, OF, "second", EPOCH + HOUR, EPOCH + 2 * HOUR)
    assert not held.write(previews.end, claimed, "COMPLETE", EPOCH, EPOCH)
    whole = replace(again, expiring=3, transitioning=2)
    assert held.write(previews.end, whole, "COMPLETE", EPOCH, EPOCH + HOUR)
    assert not held.write(previews.end, whole, "FAILED", EPOCH, EPOCH + HOUR)
    assert preview(held) == replace(whole, status="COMPLETE")
    assert held.read(previews.soonest) == EPOCH + HOUR
    held.write(previews.expire, whole, EPOCH + HOUR)
    assert preview(held) == replace(whole, status="EXPIRED", run="", expiring=0, transitioning=0)
    held.write(previews.remove_expired, OF, EPOCH)
    assert preview(held).status == "EXPIRED"
    held.write(previews.remove_expired, OF, EPOCH + HOUR)
    assert held.read(previews.find, OF) is None


def test_what_a_run_found_is_read_in_pages_and_forgotten_in_parts(held: Rows):
    clusters = replace(FOUND, ordinal=1, digest="sha256:b", tags=(), spared=True, clusters=("a",), pulled_at=EPOCH)
    third = replace(FOUND, ordinal=2, digest="sha256:c", tags=())
    held.write(previews.keep, OF, "run", [FOUND, clusters, third])
    held.write(previews.keep, OTHER, "other", [FOUND])
    assert held.read(previews.page, "run", "ANY", -1, 2) == [FOUND, clusters]
    assert held.read(previews.page, "run", "ANY", 1, 2) == [third]
    assert held.read(previews.page, "run", "TAGGED", -1, 9) == [FOUND]
    assert held.read(previews.page, "run", "UNTAGGED", -1, 9) == [clusters, third]
    assert held.read(previews.page, "run", "SPARED", -1, 9) == [clusters]
    assert held.read(previews.of_digest, "run", "sha256:c") == third
    assert held.read(previews.of_digest, "run", "sha256:d") is None
    assert held.write(previews.forget_some, OF, "run", 2) == 0
    assert [held.write(previews.forget_some, OF, "", 2) for _ in range(3)] == [2, 1, 0]
    assert held.read(previews.page, "other", "ANY", -1, 9) == [FOUND]


def test_images_are_told_with_their_tags_and_what_they_name_and_where_they_run(held: Rows):
    first, second = sorted((str(IMAGE.digest), str(INDEX.digest)))
    found = held.read(lifecycle_images.images, OF)
    assert [each.digest for each in found] == [first, second]
    assert tuple(held.read(lifecycle_images.image, OF, INDEX.digest)) == (
        *(INDEX.digest, "index", None, micros(EPOCH + HOUR), None),
        *("ACTIVE", None, None, None),
    )
    assert held.read(lifecycle_images.image, OTHER, INDEX.digest) is None
    assert held.read(lifecycle_images.tags, OF) == {INDEX.digest: ("a", "b")}
    assert held.read(lifecycle_images.children, OF) == {INDEX.digest: (IMAGE.digest,)}
    for cluster, count in (("b", 1), ("a", 2), ("c", 0)):
        held.write(images_in_use.put, OF, IMAGE.digest, cluster, count, EPOCH)
    assert held.read(lifecycle_images.in_use, OF, EPOCH - HOUR) == {IMAGE.digest: ("a", "b")}
    assert held.read(lifecycle_images.in_use, OF, EPOCH) == {}


def test_with_a_repository_goes_all_that_its_policy_has_left(held: Rows):
    held.write(policies.put, OF, "id", "text", EPOCH, extended=False)
    held.write(previews.start, OF, "id", "text", EPOCH, extended=False)
    held.write(previews.keep, OF, "run", [replace(FOUND, ordinal=number) for number in range(5)])
    held.write(repositories.entomb, OF, EPOCH)
    while held.write(collection.drop_some, OF, 2):
        pass
    held.write(collection.remove_tombstone, OF)
    assert (held.read(policies.find, OF), held.read(previews.find, OF)) == (None, None)
    assert held.read(previews.page, "run", "ANY", -1, 9) == []
    assert held.read(repositories.tombstones, 5) == []
