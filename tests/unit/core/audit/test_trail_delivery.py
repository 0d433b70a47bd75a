"""Records go to trails once each, whatever is killed between; what cannot be stored waits, and says so."""

import asyncio
import gzip
import hashlib
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from entrepot.core.audit import event_selectors, records, trail_logging, trails
from entrepot.core.audit.destinations import FilesUnstorable
from entrepot.core.audit.trails import TrailChange
from entrepot.core.calls import Call
from entrepot.db import trails as rows
from tests.factories.callers import ACCOUNT, EPOCH, OTHER_ACCOUNT, REGION, caller
from tests.factories.trails import BUCKET, SOON, Doubtful, Killed, TrailHouse

SECOND = timedelta(seconds=1)
NAME = re.compile(
    rf"AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/2026/01/01/"
    rf"{ACCOUNT}_CloudTrail_us-east-1_20260101T0005Z_[A-Za-z0-9]{{16}}\.json\.gz"
)


def ids(*calls: Call) -> list[str]:
    return sorted(records.id_of(call, call.common.account) for call in calls)


def test_a_record_is_in_a_file_of_cloudtrails_name_and_form(house: TrailHouse):
    house.trail()
    call = house.call(EPOCH + SECOND)
    done = house.deliver(EPOCH + SOON)
    assert (done.files, done.records, done.failed) == (1, 1, 0)
    (key,) = house.stored()
    assert NAME.fullmatch(key)
    (record,) = house.read(key)["Records"]
    assert record == records.record(call, ACCOUNT, REGION)
    assert record["eventName"] == "CreateRepository"


def test_each_record_is_delivered_once_and_nothing_makes_a_file_of_nothing(house: TrailHouse):
    house.trail()
    calls = [house.call(EPOCH + SECOND * number) for number in range(1, 4)]
    house.deliver(EPOCH + SOON)
    assert house.deliver(EPOCH + SOON * 2).files == 0
    calls.append(house.call(EPOCH + SOON * 2))
    house.deliver(EPOCH + SOON * 3)
    assert sorted(house.delivered()) == ids(*calls)
    assert len(house.stored()) == 2


def test_only_what_happened_while_it_logged_is_delivered(house: TrailHouse):
    house.trail(logging=False)
    before = house.call(EPOCH)
    house.core.write(trail_logging.start, "main", who=caller(at=EPOCH + SECOND * 2))
    during = house.call(EPOCH + SECOND * 3)
    house.core.write(trail_logging.stop, "main", who=caller(at=EPOCH + SECOND * 4))
    after = house.call(EPOCH + SECOND * 5)
    house.core.write(trail_logging.start, "main", who=caller(at=EPOCH + SECOND * 6))
    again = house.call(EPOCH + SECOND * 7)
    house.deliver(EPOCH + SOON)
    assert sorted(house.delivered()) == ids(during, again)
    assert not {*ids(before), *ids(after)} & set(house.delivered())


def test_what_happened_before_a_stop_comes_though_it_is_kept_late(house: TrailHouse):
    house.trail()
    house.core.write(trail_logging.stop, "main", who=caller(at=EPOCH + SECOND * 4))
    house.deliver(EPOCH + SOON)
    late = house.call(EPOCH + SECOND * 3)
    house.deliver(EPOCH + SOON * 3)
    assert house.delivered() == ids(late)
    assert house.row().periods
    house.deliver(EPOCH + timedelta(hours=25))
    assert house.row().periods == ()


def test_a_trail_of_one_region_and_one_of_all_take_what_is_theirs(house: TrailHouse):
    house.trail("here")
    house.trail("all", multi_region=True)
    here, there = house.call(EPOCH + SECOND), house.call(EPOCH + SECOND, region="eu-west-1")
    house.call(EPOCH + SECOND, account=OTHER_ACCOUNT)
    house.deliver(EPOCH + SOON)
    found = {key: [each["eventID"] for each in house.read(key)["Records"]] for key in house.stored()}
    assert sorted(found.values()) == sorted([ids(here), ids(here), ids(there)])
    assert [found[key] for key in found if "/eu-west-1/" in key] == [ids(there)]


@pytest.mark.parametrize("wanted", [True, False])
def test_events_of_global_services_come_where_they_are_wanted(house: TrailHouse, wanted: bool):
    house.trail(global_events=wanted)
    call = house.call(EPOCH + SECOND, "CreateUser", service="iam", region="eu-west-1")
    house.deliver(EPOCH + SOON)
    assert house.delivered() == (ids(call) if wanted else [])


def test_selectors_decide_what_is_delivered(house: TrailHouse):
    house.trail()
    put = {"Field": "eventName", "NotEquals": ["PutImage"]}
    advanced = [{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}, put]}]
    house.core.write(event_selectors.put, "main", [], advanced)
    wanted = house.call(EPOCH + SECOND)
    house.call(EPOCH + SECOND, "PutImage")
    house.deliver(EPOCH + SOON)
    assert house.delivered() == ids(wanted)
    house.core.write(event_selectors.put, "main", [{"ReadWriteType": "ReadOnly"}], [])
    house.call(EPOCH + SOON)
    read = house.call(EPOCH + SOON, "DescribeImages")
    house.deliver(EPOCH + SOON * 2)
    assert sorted(house.delivered()) == sorted(ids(wanted) + ids(read))


@pytest.mark.parametrize("files_before", [1, 2])
def test_who_is_killed_between_file_and_cursor_is_followed_by_the_same_files(
    doubtful: tuple[TrailHouse, Doubtful], files_before: int
):
    house, files = doubtful
    house.trail(multi_region=True)
    calls = [house.call(EPOCH + SECOND), house.call(EPOCH + SECOND, region="eu-west-1")]
    files.fault, files.after = Killed(), files_before
    with pytest.raises(Killed):
        house.deliver(EPOCH + SOON)
    stored = {key: (house.volume / BUCKET / key).read_bytes() for key in house.stored()}
    assert len(stored) == files_before
    files.fault = None
    calls.append(house.call(EPOCH + SECOND * 2))  # it is in no file that is stored already
    house.core.write(event_selectors.put, "main", [{"ReadWriteType": "ReadOnly"}], [])  # of later deliveries
    house.deliver(EPOCH + SOON * 2)
    assert sorted(house.delivered()) == ids(*calls[:2])
    for key, content in stored.items():
        assert (house.volume / BUCKET / key).read_bytes() == content


def test_what_cannot_be_stored_is_told_waits_longer_each_time_and_is_not_lost(doubtful: tuple[TrailHouse, Doubtful]):
    house, files = doubtful
    house.trail()
    call = house.call(EPOCH + SECOND)
    files.fault, files.first = FilesUnstorable("AccessDenied"), True
    assert house.deliver(EPOCH + SOON).failed == 1
    status = house.core.write(trail_logging.status, "main")
    assert (status.delivery.delivery_error, status.delivery.delivered_at) == ("AccessDenied", None)
    pauses = []
    for number in range(2, 6):
        now = EPOCH + SOON * number
        assert house.deliver(now).failed == 1
        pauses.append((house.row().retry_at or now) - now)
    assert pauses == sorted(set(pauses))
    assert house.deliver(EPOCH + SOON * 5).failed == 0  # it is not tried before it is due
    files.fault = None
    house.deliver(EPOCH + SOON * 7)
    assert house.delivered() == ids(call)
    status = house.core.write(trail_logging.status, "main")
    assert (status.delivery.delivery_error, status.delivery.delivered_at) == ("", EPOCH + SOON * 7)
    assert house.row().failures == 0


def test_a_fault_of_one_trail_keeps_no_other_from_being_served(house: TrailHouse):
    house.trail("aaa")
    house.trail("bbb")
    broken = house.row("aaa")
    house.core.database.submit(lambda tx: rows.change(tx, replace(broken, selectors="{broken"))).result()
    call = house.call(EPOCH + SECOND)
    with pytest.raises(msgspec.DecodeError):
        house.deliver(EPOCH + SOON)
    assert house.delivered() == ids(call)


def test_a_new_bucket_is_tried_at_once_and_gets_what_the_old_one_refused(doubtful: tuple[TrailHouse, Doubtful]):
    house, files = doubtful
    house.trail(bucket="refused")
    call = house.call(EPOCH + SECOND)
    files.fault, files.first = FilesUnstorable("NoSuchBucket"), True
    house.deliver(EPOCH + SOON)
    files.fault = None
    house.core.write(trails.update, "main", TrailChange(bucket=BUCKET))
    house.deliver(EPOCH + SOON + SECOND / 10)
    assert house.delivered() == ids(call)


def test_a_file_that_stands_where_another_should_be_is_never_overwritten(house: TrailHouse):
    house.trail()
    house.call(EPOCH + SECOND)
    house.deliver(EPOCH + SOON)
    (key,) = house.stored()
    (house.volume / BUCKET / key).chmod(0o600)
    (house.volume / BUCKET / key).write_bytes(b"something else")
    with pytest.raises(FilesUnstorable, match="ObjectAlreadyExists"):
        asyncio.run(house.own.put(BUCKET, key, b"body", {}))
    assert (house.volume / BUCKET / key).read_bytes() == b"something else"


def test_a_deleted_trail_delivers_the_rest_and_is_gone(house: TrailHouse):
    trail = house.trail()
    call = house.call(EPOCH + SECOND)
    house.core.write(trails.delete, "main", who=caller(at=EPOCH + SECOND * 2))
    house.deliver(EPOCH + SECOND * 3)
    assert house.delivered() == ids(call)
    house.deliver(EPOCH + SOON)
    house.deliver(EPOCH + SOON * 2)
    assert house.core.database.read(lambda tx: rows.by_id(tx, trail.id)) is None
    (chain,) = house.chains()
    assert chain.ended_at is not None
    assert chain.head is not None


def test_large_deliveries_are_divided(house: TrailHouse):
    house.trail()
    calls = [house.call(EPOCH + SECOND * number) for number in range(1, 6)]
    assert house.deliver(EPOCH + SOON, most_records=2).files == 3
    assert sorted(house.delivered()) == ids(*calls)


def test_readers_of_blocks_are_told_what_every_trail_has_passed(house: TrailHouse):
    house.call(EPOCH)
    house.deliver(EPOCH + SOON)
    assert house.source.passed() == house.source.last() == 1
    house.trail(at=EPOCH + SOON)
    house.call(EPOCH + SOON * 2)
    house.deliver(EPOCH + SOON * 3)
    assert house.source.passed() == house.source.last() == 2


def test_the_hash_that_is_noted_is_of_the_content(house: TrailHouse):
    trail = house.trail()
    house.call(EPOCH + SECOND)
    house.deliver(EPOCH + SOON)
    (noted,) = house.pending(trail)
    content: Any = asyncio.run(house.own.get(BUCKET, noted.key))
    assert hashlib.sha256(gzip.decompress(content[0])).hexdigest() == noted.hash
