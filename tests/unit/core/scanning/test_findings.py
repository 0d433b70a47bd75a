"""Findings are kept as long as their image, read page by page, and never those of two scans together."""

from typing import Any

import pytest

from entrepot.core import deletion, repositories
from entrepot.core.scanning import findings
from entrepot.core.scanning.analysis import FAILED, Analysis, Finding
from entrepot.db import collection
from entrepot.db.scan_schema import image_scan, image_scan_findings
from entrepot.errors import PageTokenInvalid
from entrepot.spec.reference import Tag
from tests.factories.core_database import CoreDatabase
from tests.factories.scanning import SOURCE_AT, Literal, Scanning, pushed


def test_findings_go_with_their_image(scanning: Scanning):
    key = pushed(scanning)
    scanning.step()
    assert kept(scanning.core) == (1, 1)
    scanning.core.write(deletion.delete, key, Tag("v1"))
    assert kept(scanning.core) == (0, 0)


def test_findings_go_with_their_repository(scanning: Scanning):
    key = pushed(scanning)
    scanning.step()
    removed = scanning.core.present(key).id
    scanning.core.write(repositories.delete, key, force=True)
    scanning.core.database.submit(lambda tx: collection.drop_some(tx, removed, 10)).result()
    assert kept(scanning.core) == (0, 0)


def kept(core: CoreDatabase) -> tuple[int, int]:
    """How many scans, and parts of findings."""
    tables = (image_scan, image_scan_findings)
    scans, parts = (len(core.row(lambda tx, table=table: tx.all(table.select()))) for table in tables)
    return scans, parts


def many(number: int) -> Analysis:
    found = [Finding(f"CVE-2024-{each:05}", "MEDIUM", attributes=(("package_name", "p"),)) for each in range(number)]
    return Analysis(findings=found, source_updated_at=SOURCE_AT)


def test_findings_are_read_page_by_page_each_once(core: CoreDatabase):
    scanning = Scanning(core, Literal(many(findings.PART * 2 + 7)))
    key = pushed(scanning)
    scanning.step()
    names: list[str] = []
    after: Any = ("", "")
    while after is not None:
        report = scanning.report(key, limit=333, after=after)
        names += [each.name for each in report.findings]
        after = report.after
    assert names == [f"CVE-2024-{each:05}" for each in range(findings.PART * 2 + 7)]
    scanning.close()


def test_pages_of_two_scans_are_never_put_together(scanning: Scanning):
    key = pushed(scanning)
    scanning.step()
    page = scanning.report(key, limit=1)
    assert page.after is not None
    scanning.later(hours=25)
    scanning.start(key)
    scanning.step()
    with pytest.raises(PageTokenInvalid):
        scanning.report(key, limit=1, after=page.after)


def test_what_ecr_could_not_show_is_cut(core: CoreDatabase):
    long = Finding("CVE-1", "TERRIBLE", "d" * 9999, attributes=(("k" * 200, "v" * 300), ("empty", "")))
    scanning = Scanning(core, Literal(Analysis(findings=[long])))
    key = pushed(scanning)
    scanning.step()
    (found,) = scanning.report(key).findings
    assert (found.severity, len(found.description)) == ("UNDEFINED", 4096)
    assert [(len(name), len(value)) for name, value in found.attributes] == [(128, 256)]
    scanning.close()


def test_more_findings_than_are_kept_are_no_success(core: CoreDatabase):
    scanning = Scanning(core, Literal(many(50_001)))
    key = pushed(scanning)
    scanning.step()
    report = scanning.report(key)
    assert (report.scan.status, report.findings, report.scan.severities) == (FAILED, [], {"MEDIUM": 50_001})
    scanning.close()
