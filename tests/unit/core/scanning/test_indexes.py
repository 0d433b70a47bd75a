"""An index is scanned as each of its images is, and answers with their sum."""

from collections.abc import Sequence
from typing import Any

from entrepot.core.scanning.analysis import FAILED, UNSUPPORTED, Analysis
from entrepot.spec.manifest import Manifest
from entrepot.spec.repository import RepositoryKey
from tests.factories.callers import index_manifest
from tests.factories.core_database import CoreDatabase
from tests.factories.scanning import FOUND, OPENSSL, SOURCE_AT, ZLIB, Literal, NoDatabase, Scanning

ARCHITECTURES = ("amd64", "arm64")


def platform(child: Manifest, architecture: str, **extra: Any) -> dict[str, Any]:
    told = {"os": "linux", "architecture": architecture}
    return {"mediaType": child.media_type, "digest": child.digest, "size": len(child.payload), "platform": told} | extra


def images_of(core: CoreDatabase, key: RepositoryKey) -> Sequence[Manifest]:
    return [core.image(key, layers=[name.encode()]) for name in ARCHITECTURES]


def push_index(core: CoreDatabase, key: RepositoryKey, described: Sequence[dict[str, Any]]) -> None:
    core.put(key, index_manifest([], manifests=list(described)), "v1")


def multi(core: CoreDatabase, **settings: Any) -> tuple[RepositoryKey, Sequence[Manifest]]:
    """An index `v1` for two platforms, in a new repository."""
    key = core.repository(**settings)
    children = images_of(core, key)
    push_index(core, key, [platform(*each) for each in zip(children, ARCHITECTURES, strict=True)])
    return key, children


def run(scanning: Scanning) -> int:
    """Scan to the end."""
    done = 0
    while ended := scanning.step():
        done += ended
        scanning.later(seconds=1)
    return done


def test_the_scan_of_an_index_scans_each_of_its_images_and_sums_up(scanning: Scanning):
    key, children = multi(scanning.core)
    scanning.start(key)
    assert run(scanning) == 3
    report = scanning.report(key)
    assert (report.scan.status, report.scan.severities) == ("COMPLETE", {"HIGH": 2, "LOW": 2})
    assert report.scan.source_updated_at == SOURCE_AT
    assert [each.name for each in report.findings] == [OPENSSL.name] * 2 + [ZLIB.name] * 2
    where = {dict(each.attributes)["platform"]: dict(each.attributes)["image_digest"] for each in report.findings}
    assert where == {"linux/amd64": children[0].digest, "linux/arm64": children[1].digest}
    for child in children:
        assert scanning.report(key, None, digest=child.digest).findings == [OPENSSL, ZLIB]


def test_each_image_and_the_index_tell_of_their_end(scanning: Scanning):
    key, children = multi(scanning.core)
    scanning.start(key)
    run(scanning)
    told = [row["image-digest"] for row in scanning.core.details() if "scan-status" in row]
    assert set(told[:2]) == {child.digest for child in children}
    assert told[2:] == [scanning.report(key).digest]


def test_a_push_for_several_platforms_analyses_each_image_once(scanning: Scanning):
    multi(scanning.core, scan_on_push=True)
    assert run(scanning) == 3
    assert isinstance(scanning.analyst, Literal)
    assert len(scanning.analyst.seen) == 2


def test_a_scan_of_the_last_24_hours_is_as_good_as_a_new_one_and_an_older_one_is_not(scanning: Scanning):
    key, children = multi(scanning.core)
    scanning.start(key, None, digest=children[0].digest)
    run(scanning)
    assert isinstance(scanning.analyst, Literal)
    scanning.later(hours=23)
    scanning.start(key)
    run(scanning)
    assert [each.digest for each in scanning.analyst.seen] == [child.digest for child in children]
    scanning.later(hours=25)
    scanning.start(key)
    run(scanning)
    assert len(scanning.analyst.seen) == 4


def test_what_is_not_known_of_one_platform_makes_no_success_and_the_rest_is_shown(core: CoreDatabase):
    key, children = multi(core)
    answers = {children[0].digest: FOUND, children[1].digest: Analysis(FAILED, UNSUPPORTED)}
    scanning = Scanning(core, Literal(answers=answers))
    scanning.start(key)
    run(scanning)
    report = scanning.report(key)
    assert (report.scan.status, report.scan.severities) == (FAILED, {"HIGH": 1, "LOW": 1})
    assert report.scan.description == f"linux/arm64 ({children[1].digest}): {UNSUPPORTED}"
    assert len(report.findings) == 2
    scanning.close()


def test_an_image_that_is_not_in_the_repository_is_said_to_be_missing(scanning: Scanning):
    core, key = scanning.core, scanning.core.repository()
    child = core.image(key)
    absent = platform(child, "arm64", digest=f"sha256:{'0' * 64}")
    push_index(core, key, [platform(child, "amd64"), absent])
    scanning.start(key)
    run(scanning)
    report = scanning.report(key)
    assert report.scan.status == FAILED
    assert report.scan.description == f"linux/arm64 (sha256:{'0' * 64}): the image is not in the repository"


def test_attestations_and_artifacts_of_an_index_are_no_images(scanning: Scanning):
    core, key = scanning.core, scanning.core.repository()
    child, beside, signature = (core.image(key, layers=[each]) for each in (b"a", b"b", b"c"))
    described = [
        platform(child, "amd64"),
        platform(beside, "amd64", annotations={"vnd.docker.reference.type": "attestation-manifest"}),
        platform(signature, "amd64", artifactType="application/vnd.test"),
    ]
    push_index(core, key, described)
    scanning.start(key)
    run(scanning)
    assert scanning.report(key).scan.severities == {"HIGH": 1, "LOW": 1}


def test_an_index_of_indexes_is_the_sum_of_sums(scanning: Scanning):
    key, children = multi(scanning.core)
    index = index_manifest([], manifests=[platform(*each) for each in zip(children, ARCHITECTURES, strict=True)])
    scanning.core.put(key, index_manifest([index]), "outer")
    scanning.start(key, "outer")
    run(scanning)
    assert scanning.report(key, "outer").scan.severities == {"HIGH": 2, "LOW": 2}


def test_an_index_waits_for_its_images_however_often_they_are_tried(core: CoreDatabase):
    key, children = multi(core)
    answers = {children[0].digest: [*[OSError("disk")] * 4, FOUND]}
    scanning = Scanning(core, Literal(answers=answers))
    scanning.start(key)
    for _ in range(12):
        scanning.step()
        scanning.later(minutes=5)
    assert scanning.report(key).scan.status == "COMPLETE"
    scanning.close()


def test_without_a_database_an_index_fails_as_its_images_do_and_is_scanned_again_with_them(core: CoreDatabase):
    before, after = Scanning(core, NoDatabase()), Scanning(core)
    key, _ = multi(core, scan_on_push=True)
    run(before)
    assert before.report(key).scan.status == FAILED
    assert "`entrepot vulndb import`" in before.report(key).scan.description
    after.later(minutes=1)
    run(after)
    assert (after.report(key).scan.status, len(after.report(key).findings)) == ("COMPLETE", 4)
    for each in (before, after):
        each.close()


def test_more_findings_than_an_index_may_have_are_no_success(core: CoreDatabase):
    scanning = Scanning(core, Literal(Analysis(findings=(OPENSSL,) * 25_001)))
    key, _ = multi(core)
    scanning.start(key)
    run(scanning)
    report = scanning.report(key)
    assert (report.scan.status, report.findings, report.scan.severities) == (FAILED, [], {"HIGH": 50_002})
    assert "50002 findings together" in report.scan.description
    scanning.close()


def test_more_images_than_an_index_may_have_are_no_success(scanning: Scanning):
    key = scanning.core.repository()
    described = platform(images_of(scanning.core, key)[0], "amd64")
    push_index(
        scanning.core, key, [described, *(described | {"digest": f"sha256:{place:064x}"} for place in range(100))]
    )
    scanning.start(key)
    run(scanning)
    report = scanning.report(key)
    assert report.scan.status == FAILED
    assert "more than 100 images" in report.scan.description
