"""Which images are handed out: by what counts of their findings, by both doors, as soon as something changes."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from msgspec import structs

from entrepot.core import admission, image_batches
from entrepot.core.admission import Draft
from entrepot.core.calls import Telling
from entrepot.core.deletion import ImageId
from entrepot.core.hot import Hot
from entrepot.core.reads import Reads
from entrepot.core.scanning import exceptions
from entrepot.core.scanning.analysis import Analysis
from entrepot.core.units import Units
from entrepot.db.database import Reader
from entrepot.db.exception_records import Admission, Standing, Worst
from entrepot.db.profile_signatures import Vouched
from entrepot.db.records import StoredManifest
from entrepot.db.scan_records import ScanKey
from entrepot.db.snapshot import Executable, Row, Snapshot
from entrepot.errors import ImageNotAdmitted, ParameterInvalid
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Manifest
from entrepot.spec.reference import Tag
from entrepot.spec.repository import RegistryKey, RepositoryKey
from entrepot.store.filesystem import Filesystem
from tests.factories.callers import EPOCH, caller, image_manifest, index_manifest, registry
from tests.factories.core_database import CoreDatabase
from tests.factories.scan_cases import ACCEPTANCE
from tests.factories.scanning import OPENSSL, Literal, Scanning, pushed

T = TypeVar("T")
SETTING = Admission("enforce", "HIGH", "allow", 0, "them", EPOCH)
IMAGE = image_manifest([b"layer"])
MINUTE = timedelta(minutes=1)


def stored(manifest: Manifest = IMAGE) -> StoredManifest:
    kind, size = manifest.kind, len(manifest.payload)
    return StoredManifest(
        manifest.digest, manifest.media_type, kind, None, None, 5, size, EPOCH, None, manifest.payload
    )


def standing(status: str = "COMPLETE", **effective: int) -> Standing:
    return counted(effective, status)


def counted(effective: dict[str, int], status: str = "COMPLETE") -> Standing:
    worst = [Worst(f"CVE-{severity}", severity, "p") for severity in effective]
    return Standing(ScanKey("R", IMAGE.digest, "BASIC"), status, "why", effective, effective, worst, None)


def decided(
    setting: Admission,
    image: StoredManifest,
    known: Standing | None,
    at: Any,
    signed: str = "",
    *,
    by_tag: bool = False,
) -> admission.Refused | None:
    key = RepositoryKey(RegistryKey("private", "000000000000", "us-east-1"), "team/app")
    return admission.decide(setting, key, image, admission.Seen(known, is_signed=bool(signed)), at, by_tag=by_tag)


@pytest.mark.parametrize(
    ("most", "refused"),
    [
        ("CRITICAL", set()),
        ("HIGH", {"CRITICAL"}),
        ("MEDIUM", {"CRITICAL", "HIGH"}),
        ("LOW", {"CRITICAL", "HIGH", "MEDIUM"}),
        ("INFORMATIONAL", {"CRITICAL", "HIGH", "MEDIUM", "LOW"}),
        ("NONE", {"CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED", "UNTRIAGED"}),
    ],
)
def test_an_image_is_refused_for_what_is_worse_than_the_maximum(most: str, refused: set[str]):
    severities = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED", "UNTRIAGED")
    setting = replace(SETTING, max_severity=most)
    found = {each for each in severities if decided(setting, stored(), counted({each: 1}), EPOCH)}
    assert found == refused
    assert decided(setting, stored(), standing(), EPOCH) is None


@pytest.mark.parametrize("known", [None, standing("FAILED")])
def test_of_what_nothing_is_known_the_setting_decides(known: Standing | None):
    assert decided(SETTING, stored(), known, EPOCH) is None
    denying = replace(SETTING, unscanned="deny", grace_seconds=60)
    assert decided(denying, stored(), known, EPOCH + MINUTE / 2) is None
    found = decided(denying, stored(), known, EPOCH + MINUTE)
    assert found is not None
    assert found.why == ("it has not been scanned" if known is None else "its scan says: why")


def test_what_is_no_image_and_an_index_are_handed_out():
    strict = replace(SETTING, max_severity="NONE", unscanned="deny")
    assert decided(strict, stored(index_manifest([IMAGE])), standing(CRITICAL=1), EPOCH) is None
    artifact = image_manifest([b"layer"], artifactType="application/vnd.test")
    assert decided(strict, stored(artifact), None, EPOCH) is None


def test_a_refusal_says_how_many_which_and_where_to_look(core: CoreDatabase):
    found = decided(SETTING, stored(), standing(CRITICAL=2, LOW=1), EPOCH)
    assert found is not None
    text = str(found.fact(core.repository("team/app")))
    assert "CRITICAL 2; at most HIGH is allowed; the worst: CVE-CRITICAL (p)." in text
    assert f"--repository-name team/app --image-id imageDigest={IMAGE.digest}" in text


@pytest.mark.parametrize(
    "draft",
    [
        Draft("on", "HIGH"),
        Draft("enforce", "ANY"),
        Draft("enforce", "HIGH", keys=("no key",)),
        Draft("audit", "LOW", "maybe"),
        Draft("audit", "LOW", "deny", -1),
    ],
)
def test_a_setting_that_says_nothing_is_refused(core: CoreDatabase, draft: Draft):
    with pytest.raises(ParameterInvalid):
        core.write(admission.put, core.repository(), draft)


def test_what_nobody_signed_is_refused_whatever_was_found_in_it():
    setting = replace(SETTING, keys=("key",))
    for image in (stored(), stored(index_manifest([IMAGE]))):
        found = decided(setting, image, standing(), EPOCH)
        assert found is not None
        assert "sign it" in found.why
        assert decided(setting, image, standing(), EPOCH, signed=image.digest) is None
    assert decided(setting, stored(), standing(CRITICAL=1), EPOCH, signed=IMAGE.digest) is not None


def test_what_images_are_verified_by_needs_no_signature():
    setting = replace(SETTING, keys=("key",))
    artifact = stored(image_manifest([b"layer"], artifactType="application/vnd.test"))
    assert decided(setting, artifact, None, EPOCH) is None
    assert decided(setting, replace_subject(artifact), None, EPOCH) is None
    assert decided(setting, replace_subject(stored(index_manifest([IMAGE]))), None, EPOCH) is None
    assert decided(setting, replace_subject(stored()), None, EPOCH) is not None  # an image is one, whatever it names


def replace_subject(of: StoredManifest) -> StoredManifest:
    return structs.replace(of, subject=Digest.of(b"subject"))


def test_where_digests_are_wanted_a_tag_is_refused_with_the_digest_to_pull_by():
    setting = replace(SETTING, digest_only=True)
    found = decided(setting, stored(), None, EPOCH, by_tag=True)
    assert found is not None
    assert f"team/app@{IMAGE.digest}" in found.why
    assert decided(setting, stored(), None, EPOCH) is None
    assert decided(SETTING, stored(), None, EPOCH, by_tag=True) is None


# ---------------------------------------------------------------- both doors
class Doors:
    """How several workers and the AWS door answer for the image of a repository."""

    def __init__(self, scanning: Scanning, workers: int = 3) -> None:
        self.scanning, core = scanning, scanning.core
        self.key = pushed(scanning)
        scanning.step()
        self.snapshots = [core.database.snapshot() for _ in range(workers)]
        units = Units(core.database, scanning.pool)
        store = Filesystem(core.path.parent)
        self.reads = [Reads(Hot(snapshot), units, store) for snapshot in self.snapshots]

    def guard(self, mode: str = "enforce", most: str = "MEDIUM", **more: Any) -> None:
        self.scanning.core.write(admission.put, self.key, Draft(mode, most, **more))

    def answers(self) -> set[bool]:
        """Whether each hands the image out."""
        core, now = self.scanning.core, self.scanning.now
        batch = core.read(image_batches.get, self.key, [ImageId(None, "v1")], None, who=caller(at=now))
        return {bool(batch.images), *(asyncio.run(self._ask(reads)) for reads in self.reads)}

    async def _ask(self, reads: Reads) -> bool:
        try:
            await reads.manifest(caller(at=self.scanning.now), self.key, Tag("v1"))
        except ImageNotAdmitted:
            return False
        return True

    def close(self) -> None:
        for snapshot in self.snapshots:
            snapshot.close()


@pytest.fixture
def scanning(core: CoreDatabase) -> Iterator[Scanning]:
    made = Scanning(core)
    yield made
    made.close()


@pytest.fixture
def doors(scanning: Scanning) -> Iterator[Doors]:
    made = Doors(scanning)
    yield made
    made.close()


def accepted(key: RepositoryKey, **fields: Any) -> exceptions.Acceptance:
    return replace(ACCEPTANCE, repository=key.name, vulnerability=OPENSSL.name, **fields)


def test_each_change_is_seen_by_both_doors_and_every_worker_at_once(doors: Doors):
    core = doors.scanning.core
    assert doors.answers() == {True}
    doors.guard()
    assert doors.answers() == {False}
    made = core.write(exceptions.add, registry(), accepted(doors.key))
    assert doors.answers() == {True}
    core.write(exceptions.remove, registry(), made.id)
    assert doors.answers() == {False}
    doors.guard(most="HIGH")
    assert doors.answers() == {True}
    doors.guard()
    core.write(admission.delete, doors.key)
    assert doors.answers() == {True}


def test_an_expiry_is_seen_though_nothing_is_written(doors: Doors):
    doors.guard()
    until = EPOCH + MINUTE
    doors.scanning.core.write(exceptions.add, registry(), accepted(doors.key, expires_at=until))
    assert doors.answers() == {True}
    doors.scanning.later(minutes=1)
    assert doors.answers() == {False}


def test_a_scan_that_ends_otherwise_is_seen(doors: Doors):
    analyst = doors.scanning.analyst
    assert isinstance(analyst, Literal)
    doors.guard()
    analyst.otherwise = Analysis()
    doors.scanning.later(days=2)
    doors.scanning.start(doors.key)
    assert doors.answers() == {False}  # until it has ended, the last one counts
    doors.scanning.step()
    assert doors.answers() == {True}


def test_in_audit_mode_what_would_be_refused_is_told(doors: Doors):
    doors.guard("audit")
    telling = Telling()
    asyncio.run(_told(doors, telling))
    response: Any = telling.response
    (told,) = response["admission"]
    assert (told["decision"], told["effectiveFindingSeverityCounts"]) == ("WOULD_BE_REFUSED", {"HIGH": 1, "LOW": 1})
    batch = doors.scanning.core.read(image_batches.get, doors.key, [ImageId(None, "v1")], None)
    assert (len(batch.images), len(batch.not_admitted)) == (1, 1)


async def _told(doors: Doors, telling: Telling) -> None:
    await doors.reads[0].manifest(caller(), doors.key, Tag("v1"), telling)


def test_a_refusal_is_told_too(doors: Doors):
    doors.guard()
    telling = Telling()
    with pytest.raises(ImageNotAdmitted):
        asyncio.run(_told(doors, telling))
    assert telling.response is not None
    assert telling.repository_id == doors.scanning.core.present(doors.key).id
    batch = doors.scanning.core.read(image_batches.get, doors.key, [ImageId(None, "v1")], None)
    assert [each.code for each in batch.refusals] == ["ImageInaccessible"]


class Counted:
    """A snapshot that counts what is read of it."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.version, self.close = snapshot.version, snapshot.close
        self.rows = 0

    def one(self, statement: Executable, **parameters: object) -> Row | None:
        """A row."""
        self.rows += 1
        return self.snapshot.one(statement, **parameters)

    def together(self, work: Callable[[Reader], T]) -> T:
        """Several."""
        self.rows += 1
        return self.snapshot.together(work)


def test_a_guarded_repository_costs_one_read_after_a_change_and_another_one_none(doors: Doors):
    core = doors.scanning.core

    def read(*, guarded: bool) -> list[int]:
        counted = Counted(doors.snapshots[0])
        reads = Reads(Hot(counted), Units(core.database, doors.scanning.pool), Filesystem(core.path.parent))
        found = []
        for _ in range(3):
            before = counted.rows
            asyncio.run(reads.manifest(caller(), doors.key, Tag("v1")))
            found.append(counted.rows - before)
            core.repository(f"other/{guarded}/{len(found)}".lower())  # a change of something else
        return found

    first, *without = read(guarded=False)
    doors.guard("audit")
    more, *guarded = read(guarded=True)
    assert (without, guarded) == ([2, 2], [3, 3])  # repository and registry; how the image stands
    assert more == first + 1


def test_a_profile_counts_until_its_signature_expires_and_a_key_or_another_profile_does_as_well():
    setting = replace(SETTING, keys=["pem"], profiles=["arn:one", "arn:two"])
    held = [Vouched("arn:three", EPOCH + MINUTE), Vouched("arn:two", EPOCH + MINUTE)]
    assert admission.is_signed(setting, "", held, EPOCH)
    assert not admission.is_signed(setting, "", held, EPOCH + MINUTE)
    assert not admission.is_signed(setting, "", held[:1], EPOCH)
    assert admission.is_signed(setting, str(IMAGE.digest), (), EPOCH + MINUTE)
    refused = decided(replace(setting, keys=[]), stored(), None, EPOCH)
    assert refused is not None
    assert "arn:one, arn:two" in refused.why
