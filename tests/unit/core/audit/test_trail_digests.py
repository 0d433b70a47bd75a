"""Digest files follow one another without a gap while a trail logs, and prove the log files that they tell of."""

import asyncio
import gzip
import hashlib
from datetime import timedelta
from typing import Any

import pytest

from entrepot.core.audit import log_files, signing_keys, trail_logging, trails
from entrepot.core.audit.destinations import FilesUnstorable
from entrepot.core.audit.trails import TrailChange
from entrepot.db import trail_files
from entrepot.seal.signatures import verifies
from tests.factories.callers import EPOCH, REGION, caller
from tests.factories.trails import BUCKET, HOUR, SOON, Doubtful, Killed, TrailHouse

SECOND = timedelta(seconds=1)
DIGEST = "CloudTrail-Digest"
MEMBERS = {
    *("awsAccountId", "digestStartTime", "digestEndTime", "digestS3Bucket", "digestS3Object"),
    *("digestPublicKeyFingerprint", "digestSignatureAlgorithm", "newestEventTime", "oldestEventTime"),
    *("previousDigestS3Bucket", "previousDigestS3Object", "previousDigestHashValue", "previousDigestHashAlgorithm"),
    *("previousDigestSignature", "logFiles"),
}


def digests(house: TrailHouse) -> list[dict[str, Any]]:
    return [house.read(key) for key in house.stored(DIGEST)]


def words(house: TrailHouse, key: str) -> Any:
    found = asyncio.run(house.own.get(BUCKET, key))
    assert found is not None
    return found[1]


def test_each_digest_names_the_one_before_and_is_signed(house: TrailHouse):
    house.trail()
    for hour in range(3):
        house.call(EPOCH + HOUR * hour + SECOND)
        house.deliver(EPOCH + HOUR * hour + SOON)
    house.deliver(EPOCH + HOUR * 3)
    found, keys = digests(house), house.stored(DIGEST)
    assert [(each["digestStartTime"], each["digestEndTime"]) for each in found] == [
        (f"2026-01-01T0{hour}:00:00Z", f"2026-01-01T0{hour + 1}:00:00Z") for hour in range(3)
    ]
    public = {key.fingerprint: key.public for key in house.core.write(signing_keys.list_public, None, None)}
    before: dict[str, Any] | None = None
    for key, told in zip(keys, found, strict=True):
        assert set(told) == MEMBERS
        assert (told["digestS3Bucket"], told["digestS3Object"]) == (BUCKET, key)
        content = gzip.decompress((house.volume / BUCKET / key).read_bytes())
        text = "\n".join(
            (
                told["digestEndTime"],
                f"{BUCKET}/{key}",
                hashlib.sha256(content).hexdigest(),
                told["previousDigestSignature"] or "null",
            )
        )
        about = words(house, key)
        assert about["signature-algorithm"] == told["digestSignatureAlgorithm"] == "SHA256withRSA"
        proof = bytes.fromhex(about["signature"])
        assert verifies(public[told["digestPublicKeyFingerprint"]], text.encode(), proof)
        assert not verifies(public[told["digestPublicKeyFingerprint"]], text.encode() + b" ", proof)
        if before is None:
            assert told["previousDigestS3Object"] is None
        else:
            assert told["previousDigestS3Object"] == before["key"]
            assert told["previousDigestHashValue"] == before["hash"]
            assert told["previousDigestSignature"] == before["signature"]
        (log,) = told["logFiles"]
        logged = gzip.decompress((house.volume / BUCKET / log["s3Object"]).read_bytes())
        assert log["hashValue"] == hashlib.sha256(logged).hexdigest()
        before = {"key": key, "hash": hashlib.sha256(content).hexdigest(), "signature": about["signature"]}


def test_an_hour_without_log_files_has_an_empty_digest(house: TrailHouse):
    house.trail()
    house.deliver(EPOCH + HOUR)
    (told,) = digests(house)
    assert told["logFiles"] == []
    assert told["newestEventTime"] is None


def test_one_digest_tells_of_all_hours_in_which_nobody_worked(house: TrailHouse):
    house.trail()
    house.deliver(EPOCH + HOUR * 5 + SOON)
    house.deliver(EPOCH + HOUR * 6 + SOON)
    assert [each["digestEndTime"] for each in digests(house)] == ["2026-01-01T05:00:00Z", "2026-01-01T06:00:00Z"]


def test_a_stopped_trail_has_a_last_digest_and_a_new_chain_afterwards(house: TrailHouse):
    trail = house.trail()
    house.call(EPOCH + SECOND)
    house.deliver(EPOCH + SOON)
    house.core.write(trail_logging.stop, "main", who=caller(at=EPOCH + SOON * 2))
    house.deliver(EPOCH + SOON * 3)
    assert house.pending(trail) == []
    (last,) = digests(house)
    assert len(last["logFiles"]) == 1
    house.core.write(trail_logging.start, "main", who=caller(at=EPOCH + SOON * 4))
    house.deliver(EPOCH + SOON * 4 + HOUR)
    assert digests(house)[-1]["previousDigestS3Object"] is None
    assert [chain.ended_at is not None for chain in house.chains()] == [True, False]


def test_a_trail_without_validation_has_no_digests(house: TrailHouse):
    house.trail(validated=False)
    house.call(EPOCH + SECOND)
    house.deliver(EPOCH + HOUR * 2)
    assert digests(house) == []
    house.core.write(trails.update, "main", TrailChange(validated=True), who=caller(at=EPOCH + HOUR * 3))
    house.deliver(EPOCH + HOUR * 4)
    assert [each["digestStartTime"] for each in digests(house)] == ["2026-01-01T03:00:00Z"]


def test_a_trail_of_all_regions_has_a_chain_and_a_key_in_each(house: TrailHouse):
    house.trail(multi_region=True)
    house.call(EPOCH + SECOND, region="eu-west-1")
    house.deliver(EPOCH + SOON)
    house.deliver(EPOCH + HOUR)
    found = {each["digestS3Object"].split("/")[3]: each for each in digests(house)}
    assert {region: len(each["logFiles"]) for region, each in found.items()} == {"us-east-1": 0, "eu-west-1": 1}
    assert len({each["digestPublicKeyFingerprint"] for each in found.values()}) == 2
    assert f"_eu-west-1_main_{REGION}_" in found["eu-west-1"]["digestS3Object"]
    here = house.core.write(signing_keys.list_public, EPOCH, EPOCH + HOUR)
    assert [key.fingerprint for key in here] == [found[REGION]["digestPublicKeyFingerprint"]]


def test_who_is_killed_after_a_digest_is_followed_by_the_same_digest(doubtful: tuple[TrailHouse, Doubtful]):
    house, files = doubtful
    house.trail()
    house.call(EPOCH + SECOND)
    house.deliver(EPOCH + SOON)
    files.fault, files.after = Killed(), 1
    with pytest.raises(Killed):
        house.deliver(EPOCH + HOUR)
    (key,) = house.stored(DIGEST)
    before = (house.volume / BUCKET / key).read_bytes()
    files.fault = None
    house.call(EPOCH + HOUR)
    house.deliver(EPOCH + HOUR + SOON)
    assert house.stored(DIGEST) == [key]
    assert (house.volume / BUCKET / key).read_bytes() == before
    house.deliver(EPOCH + HOUR * 2)
    assert [len(each["logFiles"]) for each in digests(house)] == [1, 1]


def test_a_digest_that_cannot_be_stored_is_told_and_made_later(doubtful: tuple[TrailHouse, Doubtful]):
    house, files = doubtful
    house.trail()
    files.fault, files.first = FilesUnstorable("AccessDenied"), True
    house.deliver(EPOCH + HOUR)
    status = house.core.write(trail_logging.status, "main")
    assert (status.delivery.digest_error, status.delivery.digested_at) == ("AccessDenied", None)
    files.fault = None
    house.deliver(EPOCH + HOUR + SOON)
    assert [each["digestEndTime"] for each in digests(house)] == ["2026-01-01T01:00:00Z"]
    status = house.core.write(trail_logging.status, "main")
    assert (status.delivery.digest_error, status.delivery.digested_at) == ("", EPOCH + HOUR + SOON)


def test_a_key_is_replaced_when_its_time_is_over_and_stays_listed(house: TrailHouse):
    house.trail()
    house.deliver(EPOCH + HOUR)
    house.deliver(EPOCH + timedelta(days=100))
    first, second = digests(house)
    assert first["digestPublicKeyFingerprint"] != second["digestPublicKeyFingerprint"]
    listed = house.core.write(signing_keys.list_public, EPOCH, EPOCH + timedelta(days=100))
    assert [key.fingerprint for key in listed] == [each["digestPublicKeyFingerprint"] for each in (first, second)]


def test_private_keys_are_sealed(house: TrailHouse):
    house.trail()
    house.deliver(EPOCH + HOUR)
    (key,) = house.core.database.read(lambda tx: trail_files.keys(tx, REGION))
    assert b"\x30\x82" not in key.private[:16]
    assert "private" not in repr(key)


def test_names_of_files_say_when():
    folder, name = "p/AWSLogs/1/CloudTrail-Digest/us-east-1/2026/01/01", "us-east-1_a_b_c_20260101T010203Z.json.gz"
    assert log_files.named_at(f"{folder}/000000000000_CloudTrail-Digest_{name}") == EPOCH + timedelta(
        hours=1, minutes=2, seconds=3
    )
    assert log_files.named_at("AWSLogs/notes.txt") is None
