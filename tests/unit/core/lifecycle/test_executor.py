"""Policies as they are carried out: what is deleted and told, and what is looked at again before."""

import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from entrepot.core import deletion, images, repositories, resource_tags
from entrepot.core.deletion import ImageId
from entrepot.core.images import OCI_RULES
from entrepot.core.lifecycle import evaluating, policies, previews, registry_settings, steps, told
from entrepot.core.lifecycle.executor import LifecycleJob, Pace
from entrepot.core.lifecycle.previewing import PreviewPeriods
from entrepot.core.scanning import in_use
from entrepot.core.scanning.in_use import Part, Running
from entrepot.db import images as image_rows
from entrepot.db import lifecycle_policies, lifecycle_previews
from entrepot.db.lifecycle_records import PreviewImage, StoredPolicy
from entrepot.errors import LifecyclePolicyNotFound, LifecyclePreviewInProgress, LifecyclePreviewNotFound
from entrepot.spec.manifest import Manifest
from entrepot.spec.moments import micros
from entrepot.spec.reference import Reference, Tag
from tests.factories.callers import EPOCH, caller, image_manifest, index_manifest, registry, repository
from tests.factories.core_database import CONFIG, CoreDatabase
from tests.factories.lifecycle import EXPIRE, rule, text

KEY = repository("one")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
KEEP_ONE = text(rule(1, 1))
OLD = text(rule(1, ("sinceImagePushed", 1)))


class House:
    """A repository whose images are pushed a minute after each other, and a job whose clock stands."""

    def __init__(self, core: CoreDatabase) -> None:
        self.core = core
        self.now = EPOCH
        core.repository("one")
        self.job = LifecycleJob(core.database, lambda: self.now, Pace(HOUR))

    def push(self, manifest: Manifest | None = None, *tags: str) -> Manifest:
        self.now += timedelta(minutes=1)
        if manifest is None:
            manifest = image_manifest([], CONFIG, annotations={"at": str(self.now)})
            self.core.blob(KEY, CONFIG)
        named: list[Reference] = [Tag(tag) for tag in tags]
        for reference in named or [manifest.digest]:
            self.core.write(images.put, KEY, reference, manifest, OCI_RULES, who=caller(at=self.now))
        return manifest

    def images(self, *tags: str) -> list[Manifest]:
        return [self.push(None, tag) for tag in tags]

    def put(self, policy: str) -> None:
        self.core.write(policies.put, KEY, policy, who=caller(at=self.now))

    def run(self) -> Mapping[str, object]:
        return self.job.run(self.now)

    def digests(self) -> set[str]:
        return {each.manifest.digest for each in self.core.read(images.describe, KEY, "ANY", 1000, "").items}

    def policy(self) -> StoredPolicy:
        found = self.core.read(policies.get, KEY)
        assert isinstance(found, StoredPolicy)
        return found

    def told(self, name: str) -> list[Any]:
        return [each.parameters for each in self.core.calls(name)]

    def previewed(self) -> list[tuple[str, bool]]:
        shown = self.core.read(previews.page, KEY, "ANY", 1000, ("", ""))
        return [(each.digest, each.spared) for each in shown.images]

    def use(self, digest: Any, cluster: str = "prod") -> None:
        part = Part(cluster, (Running("one", digest, 2),), None, complete=True)
        self.core.write(in_use.report, registry(), part, who=caller(at=self.now))

    def pull(self, digest: str, at: datetime) -> None:
        found = self.core.present(KEY)
        self.core.database.submit(lambda tx: image_rows.pulled(tx, found.id, digest, 1, micros(at))).result()

    def set(self, name: str, value: str) -> None:
        self.core.database.submit(lambda tx: registry_settings.put(tx, registry(), name, value)).result()

    def evaluation(self) -> Any:
        return self.core.row(evaluating.of_repository, self.core.present(KEY).id, self.now)

    def step(self, evaluation: Any) -> Any:
        """Carry out the first group of an evaluation that may be out of date."""
        (group, *_) = steps.groups(evaluation.outcome.actions)
        acting = told.caller(evaluation.repository, self.now)
        revision = evaluation.repository.revision
        return self.core.database.submit(lambda tx: steps.carry_out(tx, acting, evaluation, group, revision)).result()


@pytest.fixture
def house(core: CoreDatabase) -> House:
    return House(core)


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
    descriptor = {"mediaType": first.media_type, "digest": first.digest, "size": len(first.payload)}
    signature = house.push(image_manifest([], CONFIG, subject=descriptor))
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


def test_an_image_in_use_stays_and_the_preview_says_where(house: House):
    first, second, third = house.images("a", "b", "c")
    house.use(first.digest)
    house.core.write(previews.start, KEY, KEEP_ONE)
    house.put(KEEP_ONE)
    assert house.run() == {"previews": 1, "expired": 1}
    assert house.previewed() == [(first.digest, True), (second.digest, False)]
    spared = house.core.read(previews.spared, KEY, 10, ("", ""))
    assert [(each.digest, each.clusters, each.action) for each in spared.images] == [
        (first.digest, ("prod",), "EXPIRE")
    ]
    assert house.digests() == {first.digest, third.digest}
    house.now += 2 * DAY  # nobody has told of it since
    assert house.run() == {"expired": 1}


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


def test_a_preview_is_shown_for_a_day_and_said_to_be_expired_for_a_week(house: House):
    first, _ = house.images("a", "b")
    house.core.write(previews.start, KEY, KEEP_ONE)
    with pytest.raises(LifecyclePreviewInProgress):
        house.core.write(previews.start, KEY, KEEP_ONE)
    assert house.run() == {"previews": 1}
    assert house.previewed() == [(first.digest, False)]
    house.now += DAY
    assert house.run() == {}
    shown = house.core.read(previews.page, KEY, "ANY", 10, ("", ""))
    assert (shown.preview.status, shown.images, shown.preview.expiring) == ("EXPIRED", (), 0)
    house.now += 7 * DAY
    assert house.run() == {}
    with pytest.raises(LifecyclePreviewNotFound):
        house.core.read(previews.page, KEY, "ANY", 10, ("", ""))


def test_a_preview_that_a_killed_run_left_is_made_again_and_shows_nothing_of_that(house: House):
    house.images("a", "b")
    house.core.write(previews.start, KEY, KEEP_ONE)
    of = house.core.present(KEY).id
    claimed = house.core.database.submit(
        lambda tx: lifecycle_previews.claim(tx, of, "killed", house.now, house.now + HOUR)
    ).result()
    house.core.write(previews_of_killed, of)
    assert house.run() == {}
    house.now += HOUR
    assert house.run() == {"previews": 1}
    assert len(house.previewed()) == 1
    assert claimed is not None
    late = house.core.database.submit(
        lambda tx: lifecycle_previews.end(tx, claimed, "COMPLETE", house.now, house.now)
    ).result()
    assert late is False
    assert house.core.row(lifecycle_previews.page, "killed", "ANY", -1, 10) == []


def previews_of_killed(tx: Any, _: Any, of: str) -> None:
    """What the killed run had kept."""
    shown = PreviewImage(0, "sha256:1", (), EPOCH, "EXPIRE", 1, "STANDARD", False, (), None)
    lifecycle_previews.keep(tx, of, "killed", [shown])


def test_a_preview_that_cannot_be_made_fails_in_the_end(house: House):
    house.core.write(previews.start, KEY, KEEP_ONE)
    of = house.core.present(KEY).id
    for _ in range(3):
        house.core.database.submit(lambda tx: lifecycle_previews.claim(tx, of, "x", house.now, house.now)).result()
    assert house.run() == {}
    assert house.core.read(previews.page, KEY, "ANY", 10, ("", "")).preview.status == "FAILED"


@pytest.mark.parametrize("seed", range(6))
def test_what_is_done_is_what_the_preview_of_the_same_revision_tells_but_for_what_is_in_use(house: House, seed: int):
    chance = random.Random(seed)
    pushed = furnish(house, chance)
    policy = text(
        rule(1, chance.randint(1, 3), ["v*"]),
        rule(2, ("sinceImagePushed", 2), ["w*"], EXPIRE),
        rule(3, chance.randint(1, 4), "untagged"),
        rule(4, chance.randint(2, 6)),
    )
    for each in chance.sample(pushed, 3):
        house.use(each.digest, each.digest[-5:])
    house.core.write(previews.start, KEY, policy)
    house.run()
    told_of, before = house.previewed(), house.digests()
    house.put(policy)
    house.run()
    assert before - house.digests() == {digest for digest, spared in told_of if not spared}
    house.put(policy)
    assert house.run() == {}, "a second run finds something to do"


def furnish(house: House, chance: random.Random) -> list[Manifest]:
    """Images with and without tags, indexes over some, referrers of others."""
    pushed: list[Manifest] = []
    for number in range(14):
        house.now += chance.choice([HOUR, DAY])
        tags = chance.choice([(), (f"v{number}",), (f"w{number}",), (f"v{number}", f"w{number}")])
        made: Manifest | None = None
        if pushed and chance.random() < 0.25:
            made = index_manifest(chance.sample(pushed, min(2, len(pushed))), annotations={"n": str(number)})
        elif pushed and chance.random() < 0.25:
            of = chance.choice(pushed)
            subject = {"mediaType": of.media_type, "digest": of.digest, "size": len(of.payload)}
            made = image_manifest([], CONFIG, subject=subject, annotations={"n": str(number)})
        pushed.append(house.push(made, *tags))
    return pushed


def test_periods_can_be_shorter(house: House):
    house.core.write(previews.start, KEY, KEEP_ONE)
    job = LifecycleJob(house.core.database, lambda: house.now, Pace(HOUR), PreviewPeriods(shown=HOUR))
    assert job.run(house.now) == {"previews": 1}
    house.now += HOUR
    job.run(house.now)
    assert house.core.read(previews.page, KEY, "ANY", 10, ("", "")).preview.status == "EXPIRED"


def test_policies_are_numbered_by_their_texts(house: House):
    first, again, third = caller(), caller(), caller()
    house.core.write(policies.put, KEY, KEEP_ONE, who=first)
    assert (house.policy().id, house.policy().version) == (first.request_id, 1)
    house.core.write(policies.put, KEY, OLD, who=again)
    assert (house.policy().id, house.policy().version) == (first.request_id, 2)
    house.core.write(policies.delete, KEY)
    house.core.write(policies.put, KEY, OLD, who=third)
    assert (house.policy().id, house.policy().version) == (third.request_id, 1)
