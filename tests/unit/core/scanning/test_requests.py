"""What asks for scans: pushes through either door, and who starts one; once in 24 hours, and so many of a registry."""

import json
from typing import Any

import pytest

from entrepot.core import images
from entrepot.core.access import Caller
from entrepot.core.images import AWS_RULES
from entrepot.core.public_registries import PublicDraft, create_repository
from entrepot.core.repositories import RepositoryDraft
from entrepot.core.scanning import configuration, requests, results
from entrepot.core.scanning.configuration import ScanningRule
from entrepot.db.database import Transaction
from entrepot.errors import (
    ImageNotFound,
    ImageNotScannable,
    ImageScanned,
    ParameterInvalid,
    ScanNotFound,
    ScansTooMany,
)
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Manifest
from entrepot.spec.reference import Tag
from entrepot.spec.repository import RepositoryKey, public_registry
from tests.factories.callers import ACCOUNT, caller, image_manifest, index_manifest, registry
from tests.factories.core_database import CoreDatabase
from tests.factories.scanning import Scanning

ARTIFACTS: dict[str, dict[str, Any]] = {
    "an artifact type": {"artifactType": "application/vnd.test"},
    "a config of its own": {
        "config": {
            "mediaType": "application/vnd.cncf.helm.config.v1+json",
            "digest": Digest.of(b"{}"),
            "size": 2,
        }
    },
    "layers of another type": {
        "layers": [{"mediaType": "application/vnd.in-toto+json", "digest": Digest.of(b"layer"), "size": 5}]
    },
}


def set_rules(core: CoreDatabase, *filters: str) -> None:
    core.write(configuration.put, registry(), "BASIC", [ScanningRule("SCAN_ON_PUSH", filters)])


def status(scanning: Scanning, key: RepositoryKey, tag: str = "v1") -> str:
    return scanning.report(key, tag).scan.status


def test_a_push_to_a_repository_that_is_scanned_on_push_has_its_image_scanned(scanning: Scanning):
    key = scanning.core.repository(scan_on_push=True)
    scanning.core.image(key, "v1")
    assert status(scanning, key) == "IN_PROGRESS"


def test_a_push_through_the_aws_door_does_the_same(scanning: Scanning):
    key = scanning.core.repository(scan_on_push=True)
    for data in (b"{}", b"layer"):
        scanning.core.blob(key, data)
    scanning.core.write(images.put, key, Tag("v1"), image_manifest([b"layer"]), AWS_RULES)
    assert status(scanning, key) == "IN_PROGRESS"


def test_a_push_to_another_repository_has_nothing_scanned(scanning: Scanning):
    key = scanning.core.repository()
    scanning.core.image(key, "v1")
    with pytest.raises(ScanNotFound, match=r"Image scan does not exist for the image with '\{imageDigest:'sha256:"):
        scanning.report(key)


def test_rules_of_the_registry_take_the_place_of_the_repositorys_setting(scanning: Scanning):
    set_rules(scanning.core, "prod*")
    asked, unasked = scanning.core.repository("prod-one"), scanning.core.repository("dev", scan_on_push=True)
    for key in (asked, unasked):
        scanning.core.image(key, "v1")
    assert status(scanning, asked) == "IN_PROGRESS"
    with pytest.raises(ScanNotFound):
        scanning.report(unasked)


def test_a_second_push_within_24_hours_has_nothing_scanned_again_and_a_later_one_has(scanning: Scanning):
    core, key = scanning.core, scanning.core.repository(scan_on_push=True)
    manifest = core.image(key, "v1")
    first = scanning.report(key).scan.id
    scanning.step()

    def push_again() -> str:
        core.write(images.put, key, Tag("v1"), manifest, images.OCI_RULES, who=caller(at=scanning.now))
        return scanning.report(key).scan.id

    scanning.later(hours=23)
    assert push_again() == first
    scanning.later(hours=1)
    assert push_again() != first


def test_a_push_that_is_undone_leaves_no_scan(scanning: Scanning):
    key = scanning.core.repository(scan_on_push=True)
    with pytest.raises(Exception, match="do not exist"):
        scanning.core.put(key, image_manifest([b"absent"]), "v1")
    assert scanning.step() == 0


@pytest.mark.parametrize("extra", ARTIFACTS.values(), ids=ARTIFACTS)
def test_what_is_no_image_is_not_scanned_on_push_and_refused_when_asked_for(scanning: Scanning, extra: dict[str, Any]):
    key = scanning.core.repository(scan_on_push=True)
    for data in (b"{}", b"layer"):
        scanning.core.blob(key, data)
    body = json.loads(image_manifest([b"layer"]).payload) | extra
    scanning.core.put(key, Manifest.parse(json.dumps(body).encode(), None), "v1")
    with pytest.raises(ScanNotFound):
        scanning.report(key)
    with pytest.raises(ImageNotScannable):
        scanning.start(key)


def test_an_index_of_attestations_alone_is_no_image(scanning: Scanning):
    key = scanning.core.repository()
    child = scanning.core.image(key)
    told = {"platform": {"os": "unknown", "architecture": "unknown"}}
    index = index_manifest([], manifests=[{**_descriptor(child), **told}])
    scanning.core.put(key, index, "v1")
    with pytest.raises(ImageNotScannable):
        scanning.start(key)


def _descriptor(child: Any) -> dict[str, Any]:
    return {"mediaType": child.media_type, "digest": child.digest, "size": len(child.payload)}


def test_a_public_repository_is_never_scanned_on_push(core: CoreDatabase):
    key = RepositoryKey(public_registry(ACCOUNT), "tool")
    core.write(create_repository, key, PublicDraft(RepositoryDraft(scan_on_push=True), None))
    core.image(key, "v1")
    with pytest.raises(ScanNotFound):
        core.read(results.describe, key, None, "v1", 10)


def test_a_scan_is_started_once_in_24_hours_however_it_ended(scanning: Scanning):
    key = scanning.core.repository()
    scanning.core.image(key, "v1")
    assert scanning.start(key).status == "IN_PROGRESS"
    with pytest.raises(ImageScanned):
        scanning.start(key)
    scanning.step()
    scanning.later(hours=23, minutes=59)
    with pytest.raises(ImageScanned):
        scanning.start(key)
    scanning.later(minutes=1)
    assert scanning.start(key).status == "IN_PROGRESS"


def test_an_image_is_named_by_digest_tag_or_both_that_agree(scanning: Scanning):
    key = scanning.core.repository()
    manifest = scanning.core.image(key, "v1")
    other = Digest.of(b"other")
    for digest, tag in ((other, None), (other, "v1"), (None, "absent")):
        with pytest.raises(ImageNotFound):
            scanning.start(key, tag, digest=digest)
        with pytest.raises(ImageNotFound):
            scanning.report(key, tag, digest=digest)
    with pytest.raises(ParameterInvalid):
        scanning.start(key, None)
    assert scanning.start(key, "v1", digest=manifest.digest).key.digest == manifest.digest


def test_a_registry_begins_so_many_scans_in_24_hours(scanning: Scanning):
    core, key = scanning.core, scanning.core.repository()
    for number in range(3):
        core.image(key, f"v{number}", layers=[b"%d" % number])
    scanning.start(key, "v0", most=2)
    scanning.later(hours=1)
    scanning.start(key, "v1", most=2)
    with pytest.raises(ScansTooMany, match="2 images in 24 hours"):
        scanning.start(key, "v2", most=2)
    scanning.later(hours=24)
    assert scanning.start(key, "v2", most=2).status == "IN_PROGRESS"


def test_a_push_beyond_the_quota_is_taken_and_its_scan_says_what_was_not_done(scanning: Scanning):
    core, key = scanning.core, scanning.core.repository()
    manifest = core.image(key, "v1")
    core.image(key, "v2", layers=[b"other"])
    scanning.start(key, "v2")
    core.write(configuration.set_scan_on_push, key, value=True)
    repository, payload = core.present(key), manifest.payload

    def push(tx: Transaction, _: Caller) -> None:
        requests.pushed(tx, repository, manifest.digest, payload, scanning.now, "a request", most=1)

    core.write(push)
    report = scanning.report(key)
    assert (report.scan.status, report.findings, report.has_ended) == ("LIMIT_EXCEEDED", [], True)
    assert "1 images in 24 hours" in report.scan.description
    assert scanning.start(key).status == "IN_PROGRESS"


def test_a_push_beyond_the_quota_leaves_what_an_earlier_scan_found(scanning: Scanning):
    core, key = scanning.core, scanning.core.repository(scan_on_push=True)
    manifest = core.image(key, "v1")
    scanning.step()
    scanning.later(days=2)
    repository, payload = core.present(key), manifest.payload

    def push(tx: Transaction, _: Caller) -> None:
        requests.pushed(tx, repository, manifest.digest, payload, scanning.now, "a request", most=0)

    core.write(push)
    assert scanning.report(key).scan.status == "COMPLETE"
