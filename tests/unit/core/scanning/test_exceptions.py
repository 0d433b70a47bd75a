"""Exceptions change what counts as soon as they are acknowledged, until they expire; both are told."""

import json
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from entrepot.core import deletion
from entrepot.core.scanning import exceptions, standings
from entrepot.core.scanning.analysis import Analysis
from entrepot.core.scanning.exceptions import Acceptance, Scope
from entrepot.core.units import BlockingUnits
from entrepot.db import image_standings, vulnerability_exceptions
from entrepot.db.exception_records import Standing
from entrepot.db.scan_records import ScanKey
from entrepot.errors import EntityNotFound, ParameterInvalid
from entrepot.errors.vex import VexMalformed
from entrepot.scan.vex.statements import Document, Product, Statement
from entrepot.spec.moments import micros
from entrepot.spec.reference import Tag
from entrepot.spec.repository import RepositoryKey
from tests.factories.callers import EPOCH, caller, index_manifest, registry
from tests.factories.scanning import OPENSSL, ZLIB, Literal, Scanning, pushed

DAY = timedelta(days=1)
RISK = Acceptance("one", OPENSSL.name, "not reachable", "them", EPOCH + 30 * DAY)
RAW = {"HIGH": 1, "LOW": 1}


def accept(scanning: Scanning, **fields: Any) -> Any:
    return scanning.core.write(exceptions.add, registry(), replace(RISK, **fields), who=caller(at=scanning.now))


def standing(scanning: Scanning, key: RepositoryKey) -> Standing:
    """How the image stands now, and as its row says."""
    repository = scanning.core.present(key)
    digest = scanning.report(key).digest
    row = scanning.core.row(image_standings.find, ScanKey(repository.id, digest, "BASIC"))
    present: Standing = scanning.core.row(standings.present, repository, row, scanning.now)
    return present


def renew(scanning: Scanning) -> int:
    """Do what the job does; how many images stand otherwise."""
    core = scanning.core
    due = core.row(image_standings.due, scanning.now, 100)
    done = BlockingUnits(core.database)
    return sum(done.write(standings.renew, key, str(uuid.uuid4()), scanning.now) for key in due)


def changes(scanning: Scanning) -> list[dict[str, Any]]:
    rows = scanning.core.outbox(name=standings.EVENT)
    return [json.loads(row.body)["detail"]["effective-finding-severity-counts"] for row in rows]


def statement(status: str = "not_affected", said_at: int = 1, product: Product | None = None) -> Statement:
    return Statement(OPENSSL.name, (), (product or Product(package=""),), status, "component_not_present", "", said_at)  # type: ignore[arg-type]  # a status


def document(*statements: Statement) -> Document:
    return Document("https://vex.test/1", "them", "1", 1, statements)


def test_what_counts_changes_with_an_exception_and_its_removal(scanning: Scanning):
    key = pushed(scanning)
    scanning.step()
    assert standing(scanning, key).effective == RAW
    made = accept(scanning)
    assert standing(scanning, key).effective == {"LOW": 1}
    assert [each.name for each in standing(scanning, key).worst] == [ZLIB.name]
    scanning.core.write(exceptions.remove, registry(), made.id)
    assert standing(scanning, key).effective == RAW


def test_what_counts_is_told_once_for_each_change(scanning: Scanning):
    key = pushed(scanning)
    scanning.step()
    made = accept(scanning)
    assert (renew(scanning), renew(scanning)) == (1, 0)
    scanning.core.write(exceptions.remove, registry(), made.id)
    assert (renew(scanning), renew(scanning)) == (1, 0)
    assert changes(scanning) == [{"LOW": 1}, RAW]
    told = scanning.core.calls("ImageFindingsChangeEvent")[0].parameters
    assert told is not None
    assert told["imageDigest"] == scanning.report(key).digest


def test_an_expired_exception_suppresses_nothing_whether_or_not_a_job_has_run(scanning: Scanning):
    key = pushed(scanning)
    accept(scanning, expires_at=EPOCH + DAY)
    scanning.step()
    assert standing(scanning, key).effective == {"LOW": 1}
    assert dict(scanning.report(key).findings[0].attributes)["status"] == "SUPPRESSED"
    scanning.later(days=1)
    assert standing(scanning, key).effective == RAW
    assert "status" not in dict(scanning.report(key).findings[0].attributes)
    assert renew(scanning) == 1
    assert changes(scanning) == [RAW]


def test_the_end_of_a_scan_says_what_counts_where_not_all_does(scanning: Scanning):
    pushed(scanning)
    accept(scanning)
    scanning.step()
    (told,) = [json.loads(row.body)["detail"] for row in scanning.core.outbox(name="ECR Image Scan")]
    assert told["finding-severity-counts"] == RAW
    assert told["effective-finding-severity-counts"] == {"LOW": 1}


def test_while_an_image_is_scanned_again_a_change_makes_all_count(scanning: Scanning):
    key = pushed(scanning)
    made = accept(scanning)
    scanning.step()
    scanning.later(days=2)
    scanning.start(key)
    assert standing(scanning, key).effective == {"LOW": 1}  # of the last scan that ended
    scanning.core.write(exceptions.remove, registry(), made.id)
    assert standing(scanning, key).effective == RAW
    assert renew(scanning) == 0
    scanning.step()
    assert (standing(scanning, key).effective, standing(scanning, key).due_at) == (RAW, None)


def test_an_index_counts_what_its_images_count(scanning: Scanning):
    key = scanning.core.repository()
    first = scanning.core.image(key, layers=[b"1"])
    second = scanning.core.image(key, layers=[b"2"])
    scanning.core.put(key, index_manifest([first, second]), "v1")
    scanning.start(key)
    scanning.step()
    assert standing(scanning, key).effective == {"HIGH": 2, "LOW": 2}
    accept(scanning, digest=str(first.digest))
    assert standing(scanning, key).effective == {"HIGH": 1, "LOW": 2}
    accept(scanning, digest=str(scanning.report(key).digest))  # of the index: of each of its images
    assert standing(scanning, key).effective == {"LOW": 2}


def test_an_exception_is_about_the_images_that_it_names_only(scanning: Scanning):
    key = pushed(scanning)
    scanning.step()
    for fields in ({"repository": "on"}, {"repository": "two*"}, {"package": "zlib"}, {"digest": "sha256:" + "0" * 64}):
        accept(scanning, **fields)
    assert standing(scanning, key).effective == RAW
    accept(scanning, repository="o*e", package="openssl")
    assert standing(scanning, key).effective == {"LOW": 1}


def test_what_a_failed_scan_knew_nothing_of_stands_as_failed(scanning: Scanning):
    scanning.analyst = Literal(Analysis("FAILED", "why"))
    scanning = Scanning(scanning.core, scanning.analyst)
    key = pushed(scanning)
    scanning.step()
    assert (standing(scanning, key).status, standing(scanning, key).description) == ("FAILED", "why")
    scanning.close()


def test_a_document_takes_the_place_of_what_it_said_before(scanning: Scanning):
    key = pushed(scanning)
    scanning.step()
    put = (exceptions.import_document, registry())
    done = scanning.core.write(*put, document(statement()), Scope("one"), "them")
    assert (done.kept, done.replaced) == (1, 0)
    assert standing(scanning, key).effective == {"LOW": 1}
    done = scanning.core.write(*put, document(statement("affected", 2)), Scope("one"), "them")
    assert (done.kept, done.replaced) == (1, 1)
    assert standing(scanning, key).effective == RAW


def test_the_later_of_two_documents_counts(scanning: Scanning):
    key = pushed(scanning)
    scanning.step()
    later = replace_id(document(statement("affected", micros(EPOCH))), "https://vex.test/2")
    for each in (later, document(statement(said_at=1))):
        scanning.core.write(exceptions.import_document, registry(), each, Scope("one"), "them")
    assert standing(scanning, key).effective == RAW


def replace_id(told: Document, name: str) -> Document:
    return Document(name, told.author, told.version, told.said_at, told.statements)


def test_a_statement_about_nothing_needs_an_image_that_it_is_about(scanning: Scanning):
    key = pushed(scanning)
    scanning.step()
    bare = document(Statement(OPENSSL.name, (), (), "not_affected", "component_not_present"))
    with pytest.raises(VexMalformed, match="names no products"):
        scanning.core.write(exceptions.import_document, registry(), bare, Scope("one"), "them")
    scope = Scope("one", str(scanning.report(key).digest))
    scanning.core.write(exceptions.import_document, registry(), bare, scope, "them")
    assert standing(scanning, key).effective == {"LOW": 1}
    foreign = document(Statement(OPENSSL.name, (), (), "not_affected", "component_not_present", foreign=1))
    assert scanning.core.write(exceptions.import_document, registry(), foreign, scope, "them").kept == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"expires_at": EPOCH},
        {"owner": ""},
        {"reason": " "},
        {"vulnerability": ""},
        {"repository": ""},
        {"digest": "sha256:x"},
        {"package": "pkg:nothing"},
        {"package": "pkg:oci/app"},
        {"package": "p" * 300},
    ],
)
def test_an_acceptance_that_says_too_little_is_refused(scanning: Scanning, fields: dict[str, Any]):
    with pytest.raises(ParameterInvalid):
        accept(scanning, **fields)


def test_exceptions_are_listed_removed_and_forgotten(scanning: Scanning):
    made = [accept(scanning, vulnerability=f"CVE-{each}") for each in range(3)]
    ids = sorted(each.id for each in made)
    page = scanning.core.read(exceptions.list_of, registry(), 2)
    assert [each.id for each in page] == ids[:2]
    assert [each.id for each in scanning.core.read(exceptions.list_of, registry(), 2, ids[1])] == ids[2:]
    with pytest.raises(EntityNotFound):
        scanning.core.write(exceptions.remove, registry(), "nothing")
    scanning.core.database.submit(lambda tx: vulnerability_exceptions.forget(tx, RISK.expires_at)).result()
    assert len(scanning.core.read(exceptions.list_of, registry(), 9)) == 3
    scanning.core.database.submit(lambda tx: vulnerability_exceptions.forget(tx, RISK.expires_at + DAY)).result()
    assert scanning.core.read(exceptions.list_of, registry(), 9) == []


def test_how_an_image_stands_goes_with_it(scanning: Scanning):
    key = pushed(scanning)
    scanning.step()
    of = ScanKey(scanning.core.present(key).id, scanning.report(key).digest, "BASIC")
    scanning.core.write(deletion.delete, key, Tag("v1"))
    assert scanning.core.row(image_standings.find, of) is None


def test_what_an_exception_is_about_and_is_not_there_is_said(scanning: Scanning):
    key = pushed(scanning)
    image = str(scanning.report(key).digest)

    def missing(repository: str, digest: str = "") -> str:
        return " ".join(scanning.core.read(exceptions.missing, registry(), repository, digest))

    for pattern in (key.name, "*", f"{key.name[0]}*"):
        assert missing(pattern) == missing(pattern, image) == ""
        assert f"has the image sha256:{'0' * 64}" in missing(pattern, f"sha256:{'0' * 64}")
    assert "is named 'two'" in missing("two", image)
    assert "matches 'two/*'" in missing("two/*")


def test_a_document_about_one_product_needs_a_repository_or_an_image(scanning: Scanning):
    key = pushed(scanning)
    told = replace_product(document(statement(product=Product(package="pkg:deb/debian/openssl"))))
    with pytest.raises(VexMalformed, match="all of it is about 'shop'"):
        scanning.core.write(exceptions.import_document, registry(), told, Scope("*"), "them")
    assert scanning.core.write(exceptions.import_document, registry(), told, Scope(key.name), "them").kept == 1


def replace_product(told: Document) -> Document:
    return msgspec.structs.replace(told, product="shop")
