"""Which signatures of profiles count, over every engine."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from entrepot.db import images, profile_signatures, signing_jobs, signing_profiles
from entrepot.db.profile_signatures import Vouched
from entrepot.db.signing_records import Job, Profile, Revocation, Version
from entrepot.spec import media_type as types
from entrepot.spec import notation, sigstore
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Manifest
from tests.factories.callers import ACCOUNT, EPOCH, REGION, image_manifest, index_manifest
from tests.factories.rows import Rows, made

DAY = timedelta(days=1)
PROFILE = Profile("p1", ACCOUNT, REGION, "one", "x", "v1", 1, "DAYS", {}, "Active", "", "", EPOCH)
VERSION = Version("p1", "v1", b"s", b"p", "", 0, 0, EPOCH)
IMAGE = image_manifest([b"layer"])


def signature(of: Manifest, envelope: bytes, kind: str = notation.ARTIFACT) -> Manifest:
    """A manifest that has an envelope as its layer."""
    described = {"mediaType": types.OCI_EMPTY, "digest": str(Digest.of(b"{}")), "size": 2}
    told = {
        "schemaVersion": 2,
        "mediaType": types.OCI_MANIFEST,
        "artifactType": kind,
        "config": described,
        "layers": [{**described, "digest": str(Digest.of(envelope)), "mediaType": "application/x"}],
        "subject": {**described, "mediaType": of.media_type, "digest": str(of.digest)},
    }
    return Manifest.parse(msgspec.json.encode(told), types.OCI_MANIFEST)


class Signed:
    """A repository with an image that a profile has signed."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.of = made(rows, "one").id
        rows.write(signing_profiles.add, PROFILE)
        rows.write(signing_profiles.add_version, VERSION)
        self.add(IMAGE)
        self.signature = signature(IMAGE, b"envelope")
        self.job = self.made("j1", IMAGE, b"envelope")
        self.add(self.signature)

    def add(self, manifest: Manifest, repository: str = "") -> None:
        self.rows.write(images.add, repository or self.of, manifest.digest, manifest, 5, EPOCH)

    def made(self, name: str, of: Manifest, envelope: bytes, until: datetime = EPOCH + DAY) -> Job:
        job = Job(
            name, ACCOUNT, REGION, "p1", "v1", "", ACCOUNT, "arn", EPOCH, until, str(of.digest), Digest.of(envelope)
        )
        self.rows.write(signing_jobs.add, job)
        return job

    def vouched(self, digest: object = IMAGE.digest, repository: str = "") -> Sequence[Vouched]:
        found: Any = self.rows.read(profile_signatures.list_of, repository or self.of, str(digest))
        return list(found)


VOUCHED = [Vouched(PROFILE.arn, EPOCH + DAY)]


@pytest.fixture
def signed(rows: Rows) -> Signed:
    return Signed(rows)


def test_a_profile_vouches_for_what_it_signed_wherever_the_signature_is(signed: Signed, rows: Rows):
    assert signed.vouched() == VOUCHED
    other = made(rows, "other", 1).id
    signed.add(IMAGE, other)
    assert signed.vouched(repository=other) == []
    signed.add(signed.signature, other)
    assert signed.vouched(repository=other) == VOUCHED
    rows.write(images.remove, signed.of, signed.signature.digest)
    assert signed.vouched() == []


def test_the_signature_that_holds_the_longest_counts(signed: Signed):
    signed.made("j2", IMAGE, b"longer", EPOCH + 2 * DAY)
    signed.add(signature(IMAGE, b"longer", sigstore.BUNDLE))
    assert signed.vouched() == [Vouched(PROFILE.arn, EPOCH + 2 * DAY)]


def test_what_an_index_names_is_vouched_for_with_it(signed: Signed):
    child = image_manifest([b"other"])
    index = index_manifest([child])
    for each in (child, index, signature(index, b"index")):
        signed.add(each)
    signed.made("j2", index, b"index")
    assert signed.vouched(child.digest) == signed.vouched(index.digest) == VOUCHED


def test_an_envelope_of_another_image_counts_for_none(signed: Signed):
    other = image_manifest([b"other"])
    for each in (other, signature(other, b"envelope")):
        signed.add(each)
    assert signed.vouched(other.digest) == []


def test_what_is_revoked_or_of_a_canceled_profile_counts_no_more(signed: Signed, rows: Rows):
    after = Revocation(EPOCH + timedelta(seconds=1), EPOCH, "arn", "why")
    rows.write(signing_profiles.revoke, VERSION, after)
    assert signed.vouched() == VOUCHED
    rows.write(signing_profiles.revoke, VERSION, replace(after, since=EPOCH))
    assert signed.vouched() == []
    rows.write(signing_profiles.revoke, VERSION, after)
    rows.write(signing_profiles.change, replace(PROFILE, status="Canceled"))
    assert signed.vouched() == []
    rows.write(signing_profiles.change, PROFILE)
    assert signed.vouched() == VOUCHED
    rows.write(signing_jobs.revoke, signed.job, after)
    assert signed.vouched() == []
