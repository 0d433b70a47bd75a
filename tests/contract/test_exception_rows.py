"""The queries of exceptions, standings and admission, over every engine."""

from dataclasses import replace
from datetime import timedelta

import pytest

from entrepot.db import (
    collection,
    image_signatures,
    image_standings,
    images,
    registry_sboms,
    repositories,
    repository_admissions,
    vex_referrers,
    vulnerability_exceptions,
)
from entrepot.db.exception_records import Admission, Standing, VexTrust, VulnerabilityException, Worst
from entrepot.db.records import Repository
from entrepot.db.scan_records import ScanKey
from entrepot.spec.manifest import Manifest
from tests.factories.callers import ACCOUNT, EPOCH, OTHER_ACCOUNT, REGION, image_manifest, index_manifest, registry
from tests.factories.callers import repository as key_of
from tests.factories.rows import Rows

OF = "R0000000000000000000000000"
ONE = Repository(OF, key_of("one"), "MUTABLE", (), False, {}, 0, 1, EPOCH)
CHILD = image_manifest([b"layer"])
INDEX = index_manifest([CHILD])
VEX = image_manifest([b"vex"], artifactType="application/vnd.openvex+json", subject=None)
LATER = EPOCH + timedelta(days=1)
SAID = VulnerabilityException(
    "E1",
    ACCOUNT,
    REGION,
    "one",
    "",
    "",
    "CVE-1",
    ("GHSA-1",),
    "",
    "accepted",
    "r",
    "t",
    "o",
    "api",
    EPOCH,
    EPOCH,
    LATER,
)
TRUST = VexTrust("them", EPOCH, ())
SETTING = Admission("audit", "HIGH", "deny", 60, "o", EPOCH)


def standing(of: Manifest, **fields: object) -> Standing:
    made = Standing(
        ScanKey(OF, of.digest, "BASIC"), "COMPLETE", "", {"LOW": 2}, {"LOW": 1}, (Worst("C", "LOW", "p"),), None
    )
    return replace(made, **fields)  # type: ignore[arg-type]  # the fields of the record


@pytest.fixture
def held(rows: Rows) -> Rows:
    """A repository with an image, an index of it and an artifact."""
    rows.write(repositories.add, ONE)
    for each in (CHILD, INDEX, VEX):
        rows.write(images.add, OF, each.digest, each, 5, EPOCH)
    return rows


def ids(found: list[VulnerabilityException]) -> list[str]:
    return sorted(each.id for each in found)


def test_exceptions_about_an_image_are_those_of_its_repository_and_of_it(held: Rows):
    told = [
        SAID,
        replace(SAID, id="E2", repository="o*"),
        replace(SAID, id="E3", repository="two"),
        replace(SAID, id="E4", account=OTHER_ACCOUNT),
        replace(SAID, id="E5", expires_at=None, repository_id=OF, digest=str(CHILD.digest)),
        replace(SAID, id="E6", expires_at=None, repository_id=OF, digest=str(INDEX.digest)),
        replace(SAID, id="E7", repository_id="other", digest=str(CHILD.digest)),
        replace(SAID, id="E8", repository_id=OF, digest=str(VEX.digest)),
    ]
    for each in told:
        held.write(vulnerability_exceptions.add, each)
    assert held.read(vulnerability_exceptions.find, registry(), "E1") == SAID
    for image in (CHILD, INDEX):
        about = held.read(vulnerability_exceptions.about, ONE, image.digest, EPOCH)
        assert ids(about) == ["E1", "E2", "E5", "E6"]
    assert ids(held.read(vulnerability_exceptions.about, ONE, CHILD.digest, LATER)) == ["E5", "E6"]
    assert held.read(vulnerability_exceptions.count, registry()) == 3
    assert held.write(vulnerability_exceptions.remove_trusted, OF) == 3
    assert ids(held.read(vulnerability_exceptions.page, registry(), "E1", 9)) == ["E2", "E3", "E7"]


def test_what_one_origin_says_is_found_and_removed(held: Rows):
    for number, origin in enumerate(("a", "b")):
        held.write(vulnerability_exceptions.add, replace(SAID, id=f"I{number}", origin=origin))
        held.write(vulnerability_exceptions.add, replace(SAID, id=f"R{number}", origin=origin, repository_id=OF))
    assert ids(held.read(vulnerability_exceptions.imported, registry(), "a", "one")) == ["I0"]
    assert ids(held.read(vulnerability_exceptions.referred, OF, "b")) == ["R1"]
    assert held.write(vulnerability_exceptions.remove_referred, OF, "b") == 1
    assert held.write(vulnerability_exceptions.remove_referred, "", "a") == 0
    assert held.write(vulnerability_exceptions.remove, "I0")


def test_a_standing_is_outdated_with_its_image_its_index_and_its_parts(held: Rows):
    for each in (CHILD, INDEX):
        held.write(image_standings.put, standing(each))
    assert held.read(image_standings.find, standing(CHILD).key) == standing(CHILD)
    assert held.read(image_standings.next_due) is None
    for named in (CHILD, INDEX):
        held.write(image_standings.outdate, OF, named.digest, LATER)
        assert {each.digest for each in held.read(image_standings.due, LATER, 9)} == {CHILD.digest, INDEX.digest}
        for each in (CHILD, INDEX):
            held.write(image_standings.put, standing(each))
    held.write(image_standings.outdate, OF, "", EPOCH)
    assert held.read(image_standings.next_due) == EPOCH
    for each in (CHILD, INDEX):
        held.write(image_standings.put, standing(each))
    held.write(image_standings.outdate_all, OTHER_ACCOUNT, REGION, EPOCH)
    assert held.read(image_standings.due, LATER, 9) == []
    held.write(image_standings.outdate_all, ACCOUNT, REGION, EPOCH)
    assert len(held.read(image_standings.due, LATER, 9)) == 2
    assert len(held.read(image_standings.due, LATER, 1)) == 1


def test_a_setting_is_a_repository_s_own(held: Rows):
    assert held.read(repository_admissions.find, OF) is None
    for each in (SETTING, replace(SETTING, mode="enforce")):
        held.write(repository_admissions.put, OF, each)
        assert held.read(repository_admissions.find, OF) == each
    assert held.read(repository_admissions.is_any_set, ACCOUNT, REGION)
    assert not held.read(repository_admissions.is_any_set, OTHER_ACCOUNT, REGION)
    assert held.write(repository_admissions.remove, OF)
    assert not held.write(repository_admissions.remove, OF)


def test_a_setting_keeps_what_it_asks_for(held: Rows):
    asked = replace(SETTING, digest_only=True, keys=("one", "two"))
    held.write(repository_admissions.put, OF, asked)
    assert held.read(repository_admissions.find, OF) == asked


def test_images_wait_until_they_are_known_to_be_signed(held: Rows):
    held.write(image_signatures.await_, OF, "sha256:absent", EPOCH)
    assert held.read(image_signatures.due, LATER, 9) == []
    held.write(image_signatures.await_all, OF, EPOCH)
    waits = {each.digest: each for each in held.read(image_signatures.due, EPOCH, 9)}
    assert {CHILD.digest, INDEX.digest} <= waits.keys()
    assert held.read(image_signatures.next_due) == EPOCH
    held.write(image_signatures.await_, OF, INDEX.digest, LATER)
    assert not held.write(image_signatures.settle, waits[INDEX.digest], INDEX.digest)  # something came meanwhile
    for each in held.read(image_signatures.due, LATER, 9):
        by = INDEX.digest if each.digest in (CHILD.digest, INDEX.digest) else ""
        assert held.write(image_signatures.settle, each, by)
    assert held.read(image_signatures.signed, OF, CHILD.digest) == INDEX.digest
    assert held.read(image_signatures.next_due) is None
    held.write(image_signatures.await_children, OF, INDEX.digest, LATER)
    assert [each.digest for each in held.read(image_signatures.due, LATER, 9)] == [CHILD.digest]
    held.write(image_signatures.again, held.read(image_signatures.due, LATER, 9)[0], LATER + timedelta(minutes=1))
    assert held.read(image_signatures.due, LATER, 9) == []
    assert held.read(image_signatures.signed, OF, CHILD.digest) == INDEX.digest  # it stands as it did
    held.write(images.remove, OF, INDEX.digest)
    assert held.read(image_signatures.signed, OF, CHILD.digest) == ""
    held.write(image_signatures.remove_all, OF)
    assert held.read(image_signatures.due, LATER + timedelta(minutes=1), 9) == []


def test_documents_wait_until_they_are_read(held: Rows):
    assert held.read(vex_referrers.trusted, OF) is None
    for trust in (TRUST, TRUST._replace(keys=("a key",))):
        held.write(vex_referrers.trust, OF, trust)
        assert held.read(vex_referrers.trusted, OF) == trust
    held.write(vex_referrers.put, OF, VEX.digest, "them", EPOCH)
    (waiting,) = held.read(vex_referrers.due, EPOCH, 9)
    assert (waiting.digest, waiting.tries) == (VEX.digest, 0)
    held.write(vex_referrers.again, OF, VEX.digest, LATER)
    assert held.read(vex_referrers.due, EPOCH, 9) == []
    assert held.read(vex_referrers.next_due) == LATER
    assert held.write(vex_referrers.end, OF, VEX.digest, "why")
    assert not held.write(vex_referrers.end, OF, VEX.digest, "")
    (told,) = held.read(vex_referrers.page, OF, "", 9)
    assert (told.outcome, told.tries, told.due_at) == ("why", 1, None)
    held.write(vex_referrers.reread, OF, CHILD.digest, LATER)  # is none
    held.write(vex_referrers.reread, OF, VEX.digest, LATER)
    (told,) = held.read(vex_referrers.page, OF, "", 9)
    assert (told.owner, told.outcome, told.tries, told.due_at) == ("them", "", 0, LATER)
    assert held.write(vex_referrers.distrust, OF)
    assert held.read(vex_referrers.page, OF, "", 9) == []


def test_all_of_it_goes_with_image_and_repository(held: Rows):
    held.write(image_standings.put, standing(CHILD))
    held.write(vex_referrers.put, OF, CHILD.digest, "them", EPOCH)
    held.write(vulnerability_exceptions.add, replace(SAID, repository_id=OF, origin=str(CHILD.digest)))
    held.write(images.remove, OF, INDEX.digest)
    held.write(images.remove, OF, CHILD.digest)
    assert held.read(image_standings.find, standing(CHILD).key) is None
    assert held.read(vulnerability_exceptions.referred, OF, str(CHILD.digest)) == []
    held.write(image_standings.put, standing(VEX))
    held.write(registry_sboms.make, OF, VEX.digest, CHILD.digest)
    assert held.read(registry_sboms.made, OF, CHILD.digest) == [VEX.digest]
    assert held.read(registry_sboms.is_made, OF, VEX.digest)
    held.write(registry_sboms.forget, OF, VEX.digest)
    assert held.read(registry_sboms.made, OF, CHILD.digest) == []
    held.write(registry_sboms.make, OF, VEX.digest, CHILD.digest)
    held.write(vex_referrers.trust, OF, TRUST)
    held.write(vex_referrers.put, OF, VEX.digest, "them", EPOCH)
    held.write(repository_admissions.put, OF, SETTING)
    held.write(vulnerability_exceptions.add, replace(SAID, repository_id=OF))
    held.write(repositories.entomb, OF, EPOCH)
    while held.write(collection.drop_some, OF, 9):
        pass
    held.write(collection.remove_tombstone, OF)
    assert held.read(repository_admissions.find, OF) is None
    assert held.read(vulnerability_exceptions.page, registry(), "", 9) == []
