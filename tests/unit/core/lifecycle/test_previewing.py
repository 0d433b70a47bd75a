"""Previews as they are made and expire, and that what is done is what they tell."""

import random
from typing import Any

import pytest

from entrepot.core.lifecycle import previews
from entrepot.core.lifecycle.executor import LifecycleJob, Pace
from entrepot.core.lifecycle.previewing import PreviewPeriods
from entrepot.db import lifecycle_previews
from entrepot.db.lifecycle_records import PreviewImage
from entrepot.errors import LifecyclePreviewInProgress, LifecyclePreviewNotFound
from entrepot.spec.manifest import Manifest
from tests.factories.callers import EPOCH, image_manifest, index_manifest
from tests.factories.core_database import CONFIG
from tests.factories.lifecycle import EXPIRE, rule, text
from tests.factories.lifecycle_house import DAY, HOUR, KEEP_ONE, KEY, House


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
