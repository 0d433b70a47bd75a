"""The queries of trails, over every engine."""

from dataclasses import replace
from datetime import timedelta

import pytest

from entrepot.db import trail_files, trails
from entrepot.db.database import Conflict
from entrepot.db.trail_records import Chain, Delivery, DigestHead, LogFile, SigningKey, Trail
from tests.factories.callers import ACCOUNT, EPOCH, OTHER_ACCOUNT, REGION
from tests.factories.rows import Rows

LATER = EPOCH + timedelta(hours=1)
TRAIL = Trail(
    "T1",
    ACCOUNT,
    REGION,
    "main",
    "logs",
    "p",
    multi_region=False,
    global_events=True,
    validated_at=EPOCH,
    created_at=EPOCH,
)
FILE = LogFile("T1", REGION, "logs", "p/a", "00", EPOCH, LATER, LATER)
CHAIN = Chain("C1", "T1", ACCOUNT, REGION, REGION, "main", "p", EPOCH, EPOCH)
HEAD = DigestHead("logs", "p/d", "11", "22")


def stored(rows: Rows, trail_id: str = "T1") -> Trail:
    found = rows.read(trails.by_id, trail_id)
    assert isinstance(found, Trail)
    return found


def test_a_trail_is_read_as_it_was_added_and_changed(rows: Rows):
    rows.write(trails.add, TRAIL)
    assert replace(stored(rows), retry_at=None) == TRAIL
    assert rows.read(trails.find, ACCOUNT, REGION, "main") == stored(rows)
    for place in ((OTHER_ACCOUNT, REGION, "main"), (ACCOUNT, "eu-west-1", "main"), (ACCOUNT, REGION, "Main")):
        assert rows.read(trails.find, *place) is None
    changed = replace(TRAIL, bucket="b", prefix="", multi_region=True, global_events=False, validated_at=None)
    rows.write(trails.change, replace(changed, selectors="{}"))
    assert replace(stored(rows), retry_at=None) == replace(changed, selectors="{}")


def test_a_name_is_taken_until_its_trail_is_deleted(rows: Rows):
    rows.write(trails.add, TRAIL)
    with pytest.raises(Conflict):
        rows.write(trails.add, replace(TRAIL, id="T2"))
    assert rows.read(trails.count, ACCOUNT, REGION) == 1
    rows.write(trails.bury, "T1", LATER)
    rows.write(trails.add, replace(TRAIL, id="T2"))
    assert rows.read(trails.count, ACCOUNT, REGION) == 1
    assert [each.id for each in rows.read(trails.list_of, ACCOUNT)] == ["T2"]
    assert [each.id for each in rows.read(trails.active)] == ["T1"]
    assert len(rows.read(trails.every)) == 2


def test_logging_is_of_an_account_and_its_regions(rows: Rows):
    rows.write(trails.add, TRAIL)
    assert rows.read(trails.active) == []
    periods = ((EPOCH, LATER), (LATER, None))
    rows.write(trails.set_logging, replace(TRAIL, logging=True, started_at=LATER, stopped_at=LATER, periods=periods))
    found = stored(rows)
    assert (found.logging, found.started_at, found.stopped_at, found.periods) == (True, LATER, LATER, periods)
    assert rows.read(trails.logging, ACCOUNT, REGION) is True
    assert rows.read(trails.logging, ACCOUNT, "eu-west-1") is False
    assert rows.read(trails.logging, OTHER_ACCOUNT, REGION) is False
    rows.write(trails.change, replace(TRAIL, multi_region=True))
    assert rows.read(trails.logging, ACCOUNT, "eu-west-1") is True
    rows.write(trails.set_periods, "T1", ())
    assert stored(rows).periods == ()


def test_a_plan_is_made_once_and_struck_out_once(rows: Rows):
    rows.write(trails.add, TRAIL)
    rows.write(trails.skip, "T1", 3)
    assert rows.write(trails.plan, "T1", 5, "plan") is True
    assert rows.write(trails.plan, "T1", 6, "other") is False
    assert (stored(rows).cursor, stored(rows).plan) == (5, "plan")
    rows.write(trails.skip, "T1", 99)
    assert stored(rows).cursor == 5
    rows.write(trails.failed, "T1", LATER)
    rows.write(trails.failed, "T1", LATER)
    assert (stored(rows).failures, stored(rows).retry_at) == (2, LATER)
    assert rows.write(trails.advance, "T1", "other", 9) is False
    assert rows.write(trails.advance, "T1", "plan", 9) is True
    assert rows.write(trails.advance, "T1", "plan", 9) is False
    assert (stored(rows).cursor, stored(rows).plan, stored(rows).failures) == (9, "", 0)
    rows.write(trails.failed, "T1", LATER)
    rows.write(trails.recovered, "T1")
    assert stored(rows).failures == 0


def test_tags_are_put_over_one_another_and_go_with_their_trail(rows: Rows):
    rows.write(trails.add, TRAIL)
    for key, value in (("b", "1"), ("a", ""), ("b", "2"), ("A", "3")):
        rows.write(trails.put_tag, "T1", key, value)
    assert rows.read(trails.tags, "T1") == [("A", "3"), ("a", ""), ("b", "2")]
    rows.write(trails.remove_tag, "T1", "a")
    rows.write(trails.remove_tag, "T1", "absent")
    assert len(rows.read(trails.tags, "T1")) == 2
    rows.write(trail_files.delivered, "T1", REGION, EPOCH)
    rows.write(trail_files.add_file, FILE)
    rows.write(trail_files.add_chain, CHAIN)
    rows.write(trails.remove, "T1")
    assert rows.read(trails.every) == []
    assert rows.read(trail_files.every_file) == [FILE]
    assert rows.read(trail_files.chains) == [CHAIN]


def test_each_region_says_what_was_stored_and_what_failed_since(rows: Rows):
    rows.write(trails.add, TRAIL)
    assert rows.read(trail_files.delivery, "T1", REGION) == Delivery()
    rows.write(trail_files.not_delivered, "T1", REGION, "AccessDenied")
    rows.write(trail_files.not_digested, "T1", REGION, "NoSuchBucket")
    assert rows.read(trail_files.delivery, "T1", REGION) == Delivery(None, "AccessDenied", None, "NoSuchBucket")
    rows.write(trail_files.delivered, "T1", REGION, EPOCH)
    rows.write(trail_files.digested, "T1", REGION, LATER)
    rows.write(trail_files.digested, "T1", "eu-west-1", EPOCH)
    assert rows.read(trail_files.delivery, "T1", REGION) == Delivery(EPOCH, "", LATER, "")
    rows.write(trail_files.not_delivered, "T1", REGION, "SlowDown")
    assert rows.read(trail_files.delivery, "T1", REGION) == Delivery(EPOCH, "SlowDown", LATER, "")


def test_log_files_are_told_of_by_time(rows: Rows):
    files = [replace(FILE, key=f"p/{number}", delivered_at=EPOCH + timedelta(hours=number)) for number in range(4)]
    elsewhere = replace(FILE, region="eu-west-1", delivered_at=EPOCH + timedelta(hours=1))
    for file in (*files, elsewhere):
        rows.write(trail_files.add_file, file)
    assert rows.read(trail_files.files, "T1", LATER) == [elsewhere, *files[1:]]
    rows.write(trail_files.remove_files, "T1", REGION, LATER, EPOCH + timedelta(hours=3))
    assert rows.read(trail_files.files, "T1", EPOCH) == [elsewhere, files[0], files[3]]
    with pytest.raises(Conflict):
        rows.write(trail_files.add_file, files[0])


def test_a_chain_goes_from_one_planned_digest_to_the_next_and_ends(rows: Rows):
    rows.write(trail_files.add_chain, CHAIN)
    assert rows.read(trail_files.open_chains, "T1") == [CHAIN]
    assert rows.write(trail_files.extend, "C1", HEAD, LATER) is False
    rows.write(trail_files.plan_digest, "C1", LATER, "{}")
    assert rows.read(trail_files.chains) == [replace(CHAIN, planned_at=LATER, planned_key="{}")]
    assert rows.write(trail_files.extend, "C1", HEAD, LATER) is True
    assert rows.write(trail_files.extend, "C1", HEAD, LATER) is False
    extended = replace(CHAIN, next_at=LATER, head=HEAD)
    assert rows.read(trail_files.open_chains, "T1") == [extended]
    rows.write(trail_files.end, "C1", LATER)
    assert rows.read(trail_files.open_chains, "T1") == []
    assert rows.read(trail_files.chains) == [replace(extended, ended_at=LATER)]


def test_keys_are_of_a_region_oldest_first(rows: Rows):
    newer = SigningKey("f2", REGION, b"public", b"private", LATER, LATER + timedelta(days=1))
    older = replace(newer, fingerprint="f1", valid_from=EPOCH)
    for key in (newer, older, replace(older, fingerprint="f3", region="eu-west-1")):
        rows.write(trail_files.add_key, key)
    assert rows.read(trail_files.keys, REGION) == [older, newer]
    assert {key.fingerprint for key in rows.read(trail_files.every_key)} == {"f1", "f2", "f3"}
