"""The queries of signing, over every engine."""

from dataclasses import replace
from datetime import timedelta

from entrepot.db import image_signings, images, signing_jobs, signing_profiles
from entrepot.db.signing_records import AuthorityRow, ImageSigning, Job, Permission, Profile, Revocation, Version
from tests.factories.callers import ACCOUNT, EPOCH, OTHER_ACCOUNT, REGION, image_manifest, registry
from tests.factories.rows import Rows, made

LATER = EPOCH + timedelta(days=7)
PROFILE = Profile("p1", ACCOUNT, REGION, "one", "x", "v1", 1, "DAYS", {"a": "1"}, "Active", "", "", EPOCH)
VERSION = Version("p1", "v1", b"\x00sealed", b"\x00public", "", 0, 0, EPOCH)
JOB = Job("j1", ACCOUNT, REGION, "p1", "v1", "17", ACCOUNT, "arn", EPOCH, LATER)
REVOCATION = Revocation(EPOCH, LATER, "arn", "leaked")


def furnish(rows: Rows) -> None:
    rows.write(signing_profiles.add, PROFILE)
    rows.write(signing_profiles.add_version, VERSION)


def test_a_profile_is_read_as_it_was_added_and_changed(rows: Rows):
    furnish(rows)
    assert rows.read(signing_profiles.find, ACCOUNT, REGION, "one") == PROFILE
    changed = replace(PROFILE, version="v2", validity=2, validity_type="YEARS", parameters={}, status="Canceled")
    changed = replace(changed, status_reason="why", revision="r")
    rows.write(signing_profiles.change, changed)
    assert rows.write(signing_profiles.lock, "p1") == rows.read(signing_profiles.by_id, "p1") == changed
    assert rows.read(signing_profiles.find, OTHER_ACCOUNT, REGION, "one") is None


def test_profiles_are_listed_by_name_and_place(rows: Rows):
    furnish(rows)
    for number in (3, 2):
        rows.write(signing_profiles.add, replace(PROFILE, id=f"p{number}", name=f"one{number}"))
    rows.write(signing_profiles.add, replace(PROFILE, id="other", account=OTHER_ACCOUNT))
    assert [each.id for each in rows.read(signing_profiles.list_of, ACCOUNT, REGION, "one", 5)] == ["p2", "p3"]
    assert rows.read(signing_profiles.count, ACCOUNT, REGION) == 3


def test_a_version_counts_what_it_signs_and_is_revoked(rows: Rows):
    furnish(rows)
    rows.write(signing_profiles.count_signature, "p1", "v1")
    rows.write(signing_profiles.count_revocation, "p1", "v1")
    rows.write(signing_profiles.revoke, VERSION, REVOCATION)
    told = replace(VERSION, signatures=1, revocations=2, revocation=REVOCATION)
    assert rows.read(signing_profiles.version, "p1", "v1") == told
    assert rows.read(signing_profiles.version, "p1", "v2") is None


def test_an_authority_permissions_and_tags_are_read_as_they_were_added(rows: Rows):
    furnish(rows)
    row = AuthorityRow(ACCOUNT, b"\x00c", b"\x00s", EPOCH)
    rows.write(signing_profiles.add_authority, row)
    assert rows.read(signing_profiles.authority, ACCOUNT) == row
    given = [Permission(f"s{number}", "a", "p", "v1") for number in range(2)]
    for each in reversed(given):
        rows.write(signing_profiles.add_permission, "p1", each)
    assert list(rows.read(signing_profiles.permissions, "p1")) == given
    assert rows.write(signing_profiles.remove_permission, "p1", "s0")
    assert not rows.write(signing_profiles.remove_permission, "p1", "s0")
    rows.write(signing_profiles.put_tags, "p1", [("k", "v")])
    assert rows.read(signing_profiles.tags, "p1") == [("k", "v")]


def test_jobs_are_listed_from_the_newest_and_revoked_one_by_one_or_from_a_moment(rows: Rows):
    furnish(rows)
    for number in range(4):
        at = EPOCH + timedelta(seconds=number // 2)
        rows.write(signing_jobs.add, replace(JOB, id=f"j{number}", serial=str(number), created_at=at))
    first = rows.read(signing_jobs.list_of, ACCOUNT, REGION, (signing_jobs.NEVER, ""), 3)
    assert [each.id for each in first] == ["j3", "j2", "j1"]
    assert rows.read(signing_jobs.revoked, "p1", "v1", None, 10) == []
    rows.write(signing_jobs.revoke, JOB, replace(REVOCATION, since=LATER))
    assert rows.write(signing_jobs.lock, "j1").revocation == replace(REVOCATION, since=LATER)
    assert rows.read(signing_jobs.revoked, "p1", "v1", None, 10) == [(1, LATER)]
    since = EPOCH + timedelta(seconds=1)
    assert [serial for serial, _ in rows.read(signing_jobs.revoked, "p1", "v1", since, 10)] == [1, 2, 3]


def test_rules_are_replaced_and_removed(rows: Rows):
    key = registry()
    for text in ("[1]", "[2]"):
        rows.write(image_signings.put_rules, key, text)
    assert rows.read(image_signings.rules, key) == "[2]"
    rows.write(image_signings.delete_rules, key)
    assert rows.read(image_signings.rules, key) is None


def test_an_image_is_held_by_one_and_ends_once(rows: Rows):
    of, image = made(rows, "one").id, image_manifest([b"layer"])
    digest = str(image.digest)
    rows.write(images.add, of, image.digest, image, 5, EPOCH)
    rows.write(image_signings.begin, of, digest, "arn", "{}", EPOCH)
    assert rows.read(image_signings.next_due) == EPOCH
    (found,) = rows.read(image_signings.due, EPOCH, 10)
    assert found == ImageSigning(of, digest, "arn", "IN_PROGRESS", "", "", "{}", 0, EPOCH, "", "")
    assert [rows.write(image_signings.hold, found, EPOCH, LATER) for _ in range(2)] == [True, False]
    assert rows.read(image_signings.due, EPOCH, 10) == []
    rows.write(image_signings.again, found, EPOCH)
    rows.write(image_signings.fail, found, "code", "why")
    (told,) = rows.read(image_signings.list_of, of, digest)
    assert (told.status, told.failure_code, told.failure_reason, told.pusher) == ("FAILED", "code", "why", "")
    rows.write(image_signings.begin, of, digest, "arn", "{}", LATER)
    assert [rows.write(image_signings.complete, found, "sha256:s", "j1") for _ in range(2)] == [True, False]
    rows.write(image_signings.begin, of, digest, "arn", "{}", LATER)
    assert rows.read(image_signings.next_due) is None, "what is signed is not signed again"
    assert rows.read(image_signings.made, of, digest) == ["sha256:s"]
    rows.write(image_signings.remove, of, "sha256:s")
    assert rows.read(image_signings.made, of, digest) == []
    rows.write(image_signings.remove, of, digest)
    assert rows.read(image_signings.list_of, of, digest) == []
