"""Whatever is changed, removed or added among the files of trails is found, and nothing else is."""

import asyncio
import gzip
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from entrepot.core.audit import trail_logging, trails
from entrepot.core.audit.trails import TrailChange
from entrepot.core.audit.verifying import Report, Verifying, Wanted
from entrepot.store.kept_files import SIDECAR
from tests.factories.callers import EPOCH, caller
from tests.factories.trails import BUCKET, HOUR, SOON, Doubtful, Killed, TrailHouse

SECOND = timedelta(seconds=1)
DIGEST = "CloudTrail-Digest"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrailHouse]:
    """Three hours of a trail with a log file in each and one that no digest file tells of yet."""
    made = TrailHouse(tmp_path_factory.mktemp("house"))
    made.trail(prefix="logs")
    for hour in range(3):
        made.call(EPOCH + HOUR * hour + SECOND)
        made.deliver(EPOCH + HOUR * hour + SOON)
    made.deliver(EPOCH + HOUR * 3)
    made.call(EPOCH + HOUR * 3 + SECOND)
    made.deliver(EPOCH + HOUR * 3 + SOON)
    yield made
    made.close()


@pytest.fixture
def house(built: TrailHouse) -> Iterator[TrailHouse]:
    """The same, as it was, after each test."""
    folder = built.volume / BUCKET
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    yield built
    for path in [each for each in folder.rglob("*") if each.is_file()]:
        if path not in before:
            path.unlink()
    for path, content in before.items():
        if not path.exists() or path.read_bytes() != content:
            path.unlink(missing_ok=True)
            path.write_bytes(content)


def verified(house: TrailHouse, **wanted: Any) -> Report:
    return asyncio.run(Verifying(house.units, house.destinations, Wanted(**wanted), lambda _: None).run())


def faults(report: Report) -> list[tuple[str, str]]:
    """(key, what is wrong)."""
    return [(each.file.removeprefix(f"{BUCKET}/"), each.fault.partition(":")[0]) for each in report.faults]


def write(house: TrailHouse, key: str, content: bytes) -> None:
    path = house.volume / BUCKET / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def body(house: TrailHouse, key: str) -> bytes:
    return (house.volume / BUCKET / key).read_bytes()


def test_files_as_they_were_stored_are_clean(house: TrailHouse):
    report = verified(house)
    assert report.clean
    assert (report.chains, report.digests, report.logs, report.unproven) == (1, 3, 4, 0)


def test_a_byte_of_any_file_that_is_changed_is_found(house: TrailHouse):
    for key in (*house.stored(), *house.stored(DIGEST)):
        original = body(house, key)
        write(house, key, original[:-20] + bytes([original[-20] ^ 1]) + original[-19:])
        assert (key, "changed") in faults(verified(house)), key
        write(house, key, original)
    assert verified(house).clean


def test_bytes_after_the_end_are_found(house: TrailHouse):
    for key in (house.stored()[0], house.stored(DIGEST)[0]):
        original = body(house, key)
        write(house, key, original + b"x")
        assert faults(verified(house)) == [(key, "changed")] or (key, "changed") in faults(verified(house))
        write(house, key, original)


def test_any_file_that_is_removed_is_found(house: TrailHouse):
    for key in (*house.stored(), *house.stored(DIGEST)):
        original = body(house, key)
        (house.volume / BUCKET / key).unlink()
        assert (key, "removed") in faults(verified(house)), key
        write(house, key, original)


def test_the_newest_digest_and_its_log_file_are_missed_too(house: TrailHouse):
    digest, log = house.stored(DIGEST)[-1], house.stored()[-2]
    for key in (digest, f"{digest}{SIDECAR}", log):
        (house.volume / BUCKET / key).unlink()
    assert (digest, "removed") in faults(verified(house))


def test_a_signature_that_is_changed_or_removed_is_found(house: TrailHouse):
    key = house.stored(DIGEST)[1]
    beside = f"{key}{SIDECAR}"
    original = body(house, beside)
    write(house, beside, original.replace(b'"signature":"', b'"signature":"00'))
    assert (key, "changed") in faults(verified(house))
    (house.volume / BUCKET / beside).unlink()
    assert (key, "changed") in faults(verified(house))
    write(house, beside, original)


def copied(house: TrailHouse) -> tuple[str, bytes]:
    key = house.stored()[0]
    return key.replace(".json.gz", "")[:-16] + "A" * 16 + ".json.gz", body(house, key)


def forged(house: TrailHouse) -> tuple[str, bytes]:
    key = house.stored(DIGEST)[0]
    told = json.loads(gzip.decompress(body(house, key))) | {"logFiles": []}
    return key.replace("T010000Z", "T013000Z"), gzip.compress(json.dumps(told).encode())


def noted(house: TrailHouse) -> tuple[str, bytes]:
    return f"{house.stored()[0].rpartition('/')[0]}/notes.txt", b"hello"


def pretended(house: TrailHouse) -> tuple[str, bytes]:
    """A log file of the hour that no digest file tells of yet."""
    key = house.stored()[-1]
    return key.replace(".json.gz", "")[:-16] + "B" * 16 + ".json.gz", body(house, key)


@pytest.mark.parametrize("made", [copied, forged, noted, pretended])
def test_a_file_that_is_added_is_found(house: TrailHouse, made: Callable[[TrailHouse], tuple[str, bytes]]):
    key, content = made(house)
    write(house, key, content)
    assert faults(verified(house)) == [(key, "added")]


def test_files_that_change_places_are_found(house: TrailHouse):
    first, second = house.stored()[:2]
    contents = body(house, first), body(house, second)
    write(house, first, contents[1])
    write(house, second, contents[0])
    assert faults(verified(house)) == [(first, "changed"), (second, "changed")]


def test_a_digest_in_the_place_of_another_is_found(house: TrailHouse):
    first, second = house.stored(DIGEST)[:2]
    for end in ("", SIDECAR):
        write(house, f"{second}{end}", body(house, f"{first}{end}"))
    assert (second, "changed") in faults(verified(house))


def test_behind_a_digest_that_is_gone_the_rest_of_the_chain_is_still_verified(house: TrailHouse):
    digest, log = house.stored(DIGEST)[1], house.stored()[0]
    (house.volume / BUCKET / digest).unlink()
    report = verified(house)
    assert faults(report) == [(digest, "removed")]
    assert (report.digests, report.unproven) == (2, 1)
    (house.volume / BUCKET / log).unlink()
    assert faults(verified(house)) == sorted([(digest, "removed"), (log, "removed")])


def test_only_what_is_wanted_is_verified(house: TrailHouse):
    (house.volume / BUCKET / house.stored()[0]).unlink()
    assert not verified(house, trail="main", account="000000000000", region="us-east-1").clean
    assert verified(house, account="111122223333").clean
    assert verified(house, region="eu-west-1").clean
    assert verified(house, trail="other").clean
    assert verified(house, start=EPOCH + HOUR * 2 - SECOND).clean
    assert verified(house, end=EPOCH - SECOND).clean
    assert not verified(house, end=EPOCH + HOUR).clean


def test_trails_of_every_kind_share_a_bucket(fresh: TrailHouse):
    fresh.trail("proved")
    fresh.trail("plain", validated=False)
    fresh.trail("everywhere", multi_region=True)
    fresh.trail("gone", validated=False)
    for hour in range(2):
        fresh.call(EPOCH + HOUR * hour + SECOND)
        fresh.call(EPOCH + HOUR * hour + SECOND, region="eu-west-1")
        fresh.deliver(EPOCH + HOUR * hour + SOON)
    fresh.core.write(trails.delete, "gone", who=caller(at=EPOCH + HOUR * 2))
    for hour in range(2, 4):
        fresh.deliver(EPOCH + HOUR * hour + SOON)
    report = verified(fresh)
    assert faults(report) == []
    assert report.logs == 2 + 2 + 4 + 2
    for key in fresh.stored():
        original = body(fresh, key)
        (fresh.volume / BUCKET / key).unlink()
        assert faults(verified(fresh)) == [(key, "removed")]
        write(fresh, key, original)


def test_a_chain_that_ended_is_remembered(fresh: TrailHouse):
    fresh.trail()
    fresh.call(EPOCH + SECOND)
    fresh.deliver(EPOCH + SOON)
    fresh.core.write(trails.delete, "main", who=caller(at=EPOCH + SOON))
    fresh.deliver(EPOCH + SOON * 2)
    fresh.deliver(EPOCH + SOON * 3)
    assert verified(fresh).clean
    (digest,) = fresh.stored(DIGEST)
    for key in (digest, f"{digest}{SIDECAR}", fresh.stored()[0]):
        (fresh.volume / BUCKET / key).unlink()
    assert faults(verified(fresh)) == [(digest, "removed")]


def test_a_change_of_bucket_prefix_and_validation_leaves_everything_provable(fresh: TrailHouse):
    fresh.trail()
    changes = [TrailChange(prefix="p"), TrailChange(validated=False), TrailChange(validated=True, bucket="another")]
    for number, change in enumerate(changes):
        now = EPOCH + HOUR * number
        fresh.call(now + SECOND)
        fresh.deliver(now + SOON)
        fresh.core.write(trails.update, "main", change, who=caller(at=now + SOON))
    fresh.call(EPOCH + HOUR * 3)
    fresh.deliver(EPOCH + HOUR * 3 + SOON)
    fresh.deliver(EPOCH + HOUR * 5)
    fresh.core.write(trail_logging.stop, "main", who=caller(at=EPOCH + HOUR * 5))
    fresh.deliver(EPOCH + HOUR * 6)
    report = verified(fresh)
    assert faults(report) == []
    assert report.logs == 4


def test_what_is_stored_and_not_noted_yet_is_no_stranger(doubtful: tuple[TrailHouse, Doubtful]):
    house, files = doubtful
    house.trail()
    house.call(EPOCH + SECOND)
    files.fault, files.after = Killed(), 1
    with pytest.raises(Killed):
        house.deliver(EPOCH + SOON)
    assert len(house.stored()) == 1
    assert faults(verified(house)) == []
    files.fault = None
    house.deliver(EPOCH + SOON * 2)
    files.fault = Killed()
    with pytest.raises(Killed):
        house.deliver(EPOCH + HOUR)
    assert len(house.stored(DIGEST)) == 1
    assert faults(verified(house)) == []
