"""Policies as they are carried out: what is deleted and told, and what is looked at again before."""

from collections.abc import Callable
from datetime import datetime

import pytest

from entrepot.core import deletion, protection, repositories, resource_tags, trash
from entrepot.core.deletion import ImageId
from entrepot.core.lifecycle import policies, previews
from entrepot.core.lifecycle.executor import LifecycleJob, Pace
from entrepot.db import lifecycle_policies
from entrepot.errors import LifecyclePolicyNotFound, LifecyclePreviewNotFound
from entrepot.spec.manifest import Manifest
from tests.factories.callers import caller, image_manifest, index_manifest, registry
from tests.factories.core_database import CONFIG
from tests.factories.lifecycle import ARCHIVE, rule, text
from tests.factories.lifecycle_house import DAY, HOUR, KEEP_ONE, KEY, OLD, House


def descriptor(of: Manifest) -> dict[str, object]:
    return {"mediaType": of.media_type, "digest": of.digest, "size": len(of.payload)}


def test_what_a_policy_says_is_done_with_events_and_records(house: House):
    first, second, third = house.images("a", "b", "c")
    house.put(KEEP_ONE)
    revision = house.core.present(KEY).revision
    assert house.run() == {"expired": 2}
    assert house.digests() == {third.digest}
    deleted = [each for each in house.core.details() if each.get("action-type") == "DELETE"]
    assert [(each["image-digest"], each["image-tag"]) for each in deleted] == [
        (first.digest, "a"),
        (second.digest, "b"),
    ]
    (event,) = house.told("PolicyExecutionEvent")
    assert [each["lifecycleEventImage"]["digest"] for each in event["lifecycleEventImageActions"]] == [
        first.digest,
        second.digest,
    ]
    assert event["lifecycleEventPolicy"]["policyId"] == house.policy().id
    assert house.core.present(KEY).revision == revision + 1
    assert house.policy().evaluated_at == house.now


def test_it_is_evaluated_again_after_an_hour_and_not_before(house: House):
    house.images("a")
    house.put(KEEP_ONE)
    assert house.run() == {}
    house.images("b")
    assert house.run() == {}
    house.now += HOUR
    assert house.run() == {"expired": 1}
    assert len(house.told("PolicyExecutionEvent")) == 1


def test_images_are_told_of_ten_at_a_time(house: House):
    house.images(*(f"v{number}" for number in range(25)))
    house.put(KEEP_ONE)
    assert house.run() == {"expired": 24}
    events = house.told("PolicyExecutionEvent")
    assert [len(each["lifecycleEventImageActions"]) for each in events] == [10, 10, 4]
    assert len({each.request_id for each in house.core.calls("PolicyExecutionEvent")}) == 3


def test_what_stays_because_an_index_names_it_is_told_once(house: House):
    (child,) = house.images("child")
    multi = house.push(index_manifest([child]), "multi")
    house.core.write(deletion.batch_delete, KEY, [ImageId(None, "absent")])
    house.put(text(rule(1, ("sinceImagePushed", 1), ["child"])))
    house.now += 2 * DAY
    for _ in range(3):
        house.run()
        house.now += HOUR
    (event,) = house.told("PolicyExecutionEvent")
    ((failure),) = event["lifecycleEventFailureDetails"]
    assert (failure["lifecycleEventImage"]["digest"], failure["failureCode"]) == (
        child.digest,
        "ImageReferencedByManifestList",
    )
    assert failure["failureReason"] == f"Requested image referenced by manifest list: [{multi.digest}]"
    assert house.digests() == {child.digest, multi.digest}


def test_a_referrer_goes_in_the_transaction_of_its_subject(house: House):
    (first,) = house.images("a")
    signature = house.push(image_manifest([], CONFIG, subject=descriptor(first)))
    (last,) = house.images("b")
    house.put(KEEP_ONE)
    assert house.run() == {"expired": 2}
    assert house.digests() == {last.digest}
    (event,) = house.told("PolicyExecutionEvent")
    told_of = [each["lifecycleEventImage"]["digest"] for each in event["lifecycleEventImageActions"]]
    assert told_of == [first.digest, signature.digest]


def test_what_was_pushed_meanwhile_has_a_count_looked_at_again(house: House):
    first, second = house.images("a", "b")
    house.put(KEEP_ONE)
    evaluation = house.evaluation()
    house.core.write(deletion.batch_delete, KEY, [ImageId(second.digest, None)])
    assert house.step(evaluation) is None
    assert house.run() == {}
    assert house.digests() == {first.digest}


def test_what_goes_by_its_age_goes_though_others_are_pushed_meanwhile_unless_it_changed(house: House):
    first, second = house.images("a", "b")
    house.put(text(rule(1, ("sinceImagePushed", 1), ["a"]), rule(2, ("sinceImagePushed", 1), ["b"])))
    house.now += 2 * DAY
    evaluation = house.evaluation()
    house.push(second, "a")  # which the first rule held
    done = house.step(evaluation)
    assert [each.record.digest for each in done.actions] == []
    assert house.digests() == {first.digest, second.digest}
    evaluation = house.evaluation()
    house.images("c")
    done = house.step(evaluation)
    assert first.digest not in [each.record.digest for each in done.actions]  # untagged: no rule's now
    assert house.core.present(KEY).revision == done.revision


def test_another_policy_meanwhile_is_what_counts(house: House):
    house.images("a", "b")
    house.put(KEEP_ONE)
    evaluation = house.evaluation()
    house.put(text(rule(1, 5)))
    assert house.step(evaluation) is None
    house.core.write(policies.delete, KEY)
    assert house.step(evaluation) is None
    assert house.run() == {}


def test_an_image_that_runs_since_the_evaluation_stays(house: House):
    first, _ = house.images("a", "b")
    house.put(KEEP_ONE)
    evaluation = house.evaluation()
    house.use(first.digest)
    assert house.step(evaluation).actions == ()
    assert first.digest in house.digests()


def test_images_in_use_go_where_the_registry_wants_what_aws_does(house: House):
    first, second = house.images("a", "b")
    house.use(first.digest)
    house.set("LIFECYCLE_SPARE_IN_USE", "DISABLED")
    house.put(KEEP_ONE)
    assert house.run() == {"expired": 1}
    assert house.digests() == {second.digest}


def test_what_was_pulled_lately_stays_where_the_registry_wants_that(house: House):
    first, second, third = house.images("a", "b", "c")
    house.now += 10 * DAY
    house.pull(first.digest, house.now - 2 * DAY)
    house.pull(second.digest, house.now - 4 * DAY)
    house.set("LIFECYCLE_SPARE_PULLED_DAYS", "3")
    house.put(KEEP_ONE)
    evaluation = house.evaluation()
    assert [each.record.digest for each in evaluation.outcome.actions] == [second.digest]
    house.pull(second.digest, house.now)
    assert house.step(evaluation).actions == ()
    assert house.run() == {}
    assert house.digests() == {first.digest, second.digest, third.digest}


def test_the_policy_of_a_repository_that_was_deleted_does_nothing(house: House):
    house.images("a", "b")
    house.put(KEEP_ONE)
    house.core.write(repositories.delete, KEY, force=True)
    assert house.run() == {}
    assert house.core.database.read(lambda tx: lifecycle_policies.due(tx, house.now, 10)) == []
    house.core.repository("one")
    with pytest.raises(LifecyclePolicyNotFound):
        house.core.read(policies.get, KEY)
    with pytest.raises(LifecyclePreviewNotFound):
        house.core.read(previews.page, KEY, "ANY", 10, ("", ""))


def test_of_a_protected_repository_nothing_goes_until_it_is_so_no_more(house: House):
    house.images("a", "b")
    house.core.write(protection.put, KEY, enabled=True)
    house.put(KEEP_ONE)
    assert house.run() == {}
    assert (len(house.digests()), house.told("PolicyExecutionEvent")) == (2, [])
    house.core.write(protection.put, KEY, enabled=False)
    house.now += HOUR
    assert house.run() == {"expired": 1}


def test_what_a_policy_deletes_is_in_the_trash_where_the_registry_has_one(house: House):
    first, _ = house.images("a", "b")
    signature = house.push(image_manifest([], CONFIG, subject=descriptor(first)))
    house.core.write(trash.put_grace, registry(), 86400)
    house.put(KEEP_ONE)
    assert house.run() == {"expired": 2}
    found = house.core.read(trash.list_of, registry(), 10, "").items
    assert {each.digest for each in found} == {first.digest, signature.digest}


def test_an_image_goes_into_the_archive_with_its_referrers_and_is_told_of(house: House):
    first, second = house.images("a", "b")
    signature = house.push(image_manifest([], CONFIG, subject=descriptor(first)))
    house.put(text(rule(1, 1, "any", ARCHIVE)))
    assert house.run() == {"archived": 2}
    assert house.statuses() == {first.digest: "ARCHIVED", signature.digest: "ARCHIVED", second.digest: "ACTIVE"}
    (event,) = house.told("PolicyExecutionEvent")
    assert len(event["lifecycleEventImageActions"]) == 2
    told_of = [each["image-digest"] for each in house.core.details() if each.get("target-storage-class") == "ARCHIVE"]
    assert sorted(told_of) == sorted([first.digest, signature.digest])
    house.now += HOUR
    assert house.run() == {}


def test_what_was_in_the_archive_for_long_expires_from_there(house: House):
    _, second = house.images("a", "b")
    rules = [rule(1, 1, "any", ARCHIVE), rule(2, ("sinceImageTransitioned", 1), storageClass="archive")]
    house.put(text(*rules))
    assert house.run() == {"archived": 1}
    house.now += 89 * DAY
    assert house.run() == {}
    house.now += 2 * DAY
    assert house.run() == {"expired": 1}
    assert house.statuses() == {second.digest: "ACTIVE"}


def test_an_image_that_an_active_index_names_is_not_archived_before_it(house: House):
    (child,) = house.images("child")
    multi = house.push(index_manifest([child]), "multi")
    house.put(text(rule(1, ("sinceImagePushed", 1), ["child"], ARCHIVE)))
    house.now += 2 * DAY
    assert house.run() == {}
    house.put(text(rule(1, ("sinceImagePushed", 1), "any", ARCHIVE)))
    assert house.run() == {"archived": 2}
    assert house.statuses() == {child.digest: "ARCHIVED", multi.digest: "ARCHIVED"}


def test_a_run_without_time_goes_on_where_it_was(house: House):
    house.images(*(f"v{number}" for number in range(15)))
    house.put(KEEP_ONE)
    hasty = LifecycleJob(house.core.database, lambda: house.now, Pace(HOUR, turn_seconds=0.0))
    assert hasty.run(house.now) == {}
    assert house.policy().evaluated_at is None
    assert house.run() == {"expired": 14}


def test_what_is_busy_all_the_time_is_done_in_the_transaction_that_evaluates(house: House):
    images_ = house.images(*(f"v{number}" for number in range(4)))
    house.put(KEEP_ONE)
    ticking = busy(house, lambda: house.core.write(resource_tags.put, KEY, [("n", str(house.now))]))
    job = LifecycleJob(house.core.database, ticking, Pace(HOUR))
    assert job.run(house.now) == {"expired": 3}
    assert house.digests() == {images_[-1].digest}


def busy(house: House, disturb: Callable[[], object]) -> Callable[[], datetime]:
    """A clock at which somebody changes the repository whenever it is looked at."""

    def look() -> datetime:
        disturb()
        return house.now

    return look


def test_policies_are_numbered_by_their_texts(house: House):
    first, again, third = caller(), caller(), caller()
    house.core.write(policies.put, KEY, KEEP_ONE, who=first)
    assert (house.policy().id, house.policy().version) == (first.request_id, 1)
    house.core.write(policies.put, KEY, OLD, who=again)
    assert (house.policy().id, house.policy().version) == (first.request_id, 2)
    house.core.write(policies.delete, KEY)
    house.core.write(policies.put, KEY, OLD, who=third)
    assert (house.policy().id, house.policy().version) == (third.request_id, 1)
