"""The job that writes what was asked for (core/inspector/reports.py): an SBOM for each image, or one file of findings.

A report that is begun anew after a kill stores the same objects under the same names.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from entrepot.core.inspector import coverage, findings, intelligence, report_documents, reports
from entrepot.core.inspector.criteria import Criteria, decoded
from entrepot.core.inspector.findings import Listed
from entrepot.core.inspector.reports import FAILED, SUCCEEDED, ReportRecord
from entrepot.core.scanning import sboms
from entrepot.core.scanning.enhanced_shown import Texts
from entrepot.core.scanning.sboms import Kept
from entrepot.core.units import Units
from entrepot.core.vulnerabilities.questions import Questions
from entrepot.db import images, repositories
from entrepot.db import inspector_exports as rows
from entrepot.db.database import Transaction
from entrepot.db.inspector_listing import After
from entrepot.outbound import OutboundFault
from entrepot.outbound.buckets import BucketRefused, Buckets
from entrepot.spec.digest import Digest

_AT_ONCE: Final = 10  # images or findings of a read
_A_BATCH: Final = 200
_HELD: Final = timedelta(minutes=5)
_AGAIN: Final = timedelta(seconds=20)
_PATIENCE: Final = timedelta(hours=1)
_KEPT_FOR: Final = timedelta(days=30)
_FORGET_EVERY: Final = timedelta(hours=1)
_MOST_FINDINGS: Final = 100_000
_NAMED: Final = 5
_CODES: Final = {
    "NoSuchBucket": "BUCKET_NOT_FOUND",
    "NotFound": "BUCKET_NOT_FOUND",
    "AccessDenied": "INVALID_PERMISSIONS",
    "PermanentRedirect": "INCOMPATIBLE_BUCKET_REGION",
    "IllegalLocationConstraintException": "INCOMPATIBLE_BUCKET_REGION",
}
_KMS: Final = "KMS."
waiting: Final = rows.next_due
_NOTHING: Final = ("NO_FINDINGS_FOUND", "The criteria mean nothing that there is.")


class ReportEnded(Exception):
    """A report that ended in another way than by being written: Inspector's code, and why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Reporting:
    """Writes reports, one after the other; without buckets none can have been asked for."""

    def __init__(self, units: Units, known: Questions, buckets: Buckets | None) -> None:
        self._units = units
        self._known = known
        self._buckets = buckets
        self._forgot_at: datetime | None = None

    async def run(self, now: datetime) -> dict[str, object]:
        """Write what is due; how many reports ended."""
        if self._forgot_at is None or now - self._forgot_at >= _FORGET_EVERY:
            await self._units.write(rows.forget, now - _KEPT_FOR)
            self._forgot_at = now
        ended = 0
        for report in await self._units.read(rows.due, now, 1):
            if await self._units.write(rows.hold, report.id, now + _HELD):
                ended += await self._write(report, now)
        return {"reports": ended} if ended else {}

    async def _write(self, report: ReportRecord, now: datetime) -> bool:
        """Whether the report has ended."""
        try:
            told = await (self._sboms if report.format in reports.SBOMS else self._findings)(report, now)
        except ReportEnded as end:
            return await self._units.write(rows.end, report.id, FAILED, end.code, str(end))
        except OutboundFault as fault:
            code = _code(fault)
            if code is None and now < report.created_at + _PATIENCE:
                await self._units.write(rows.hold, report.id, now + _AGAIN)
                return False
            return await self._units.write(rows.end, report.id, FAILED, code or "INTERNAL_ERROR", str(fault))
        return await self._units.write(rows.end, report.id, SUCCEEDED, "", told)

    # ------------------------------------------------------------ SBOMs
    async def _sboms(self, report: ReportRecord, now: datetime) -> str:
        """What is to be said of an export that is written: which images have no inventory."""
        written, without = 0, []
        async for resource, kept in self._images(report):
            if kept is None:
                without.append(resource)
                continue
            body = await asyncio.to_thread(sboms.exported, kept, report.format)
            await self._store(report, _sbom_key(report, kept), body)
            written += 1
            if not await self._units.write(rows.hold, report.id, now + _HELD):
                raise ReportEnded("INTERNAL_ERROR", "The report was cancelled.")
        if not written and not without:
            raise ReportEnded(*_NOTHING)
        if without:
            return f"{len(without)} images have not been looked into and have no SBOM: {', '.join(without[:_NAMED])}"
        return ""

    async def _images(self, report: ReportRecord) -> AsyncIterator[tuple[str, Kept | None]]:
        after: tuple[str, str] | None = coverage.START
        while after is not None:
            found, after = await self._units.read(_kept, report, after)
            for each in found:
                yield each

    # ------------------------------------------------------------ findings
    async def _findings(self, report: ReportRecord, _: datetime) -> str:
        criteria = Criteria(decoded(report.criteria))
        shown: list[Mapping[str, Any]] = []
        after: After | None = After()
        while after is not None:
            found, after = await self._units.read(_listed, report, criteria, after)
            texts = await self._known.ask(intelligence.texts, [each.record for each in found])
            shown += [each.shown(texts.get(each.record.id, Texts())) for each in found]
            if len(shown) > _MOST_FINDINGS:
                raise ReportEnded("INTERNAL_ERROR", f"A report has at most {_MOST_FINDINGS} findings: ask for fewer.")
        if not shown:
            raise ReportEnded(*_NOTHING)
        write = report_documents.as_csv if report.format == "CSV" else report_documents.as_json
        body = await asyncio.to_thread(write, shown)
        await self._store(report, _prefixed(report, f"{report.id}.{report.format.lower()}"), body)
        return ""

    async def _store(self, report: ReportRecord, key: str, body: bytes) -> None:
        if self._buckets is None:
            raise ReportEnded("INTERNAL_ERROR", "This server has no S3 endpoint to store reports at any more.")
        at = report.destination
        await self._buckets.put(at.bucket, key, body, {}, kms_key=at.kms_key, owner=at.owner)


def _kept(
    tx: Transaction, report: ReportRecord, after: tuple[str, str]
) -> tuple[Sequence[tuple[str, Kept | None]], tuple[str, str] | None]:
    """Some images that a report is about, with what is kept of them, and where the next ones begin."""
    found: list[tuple[str, Kept | None]] = []
    some, following = coverage.some(tx, report.registry, decoded(report.criteria), after, _AT_ONCE)
    for image, covered in some:
        repository = repositories.find_live(tx, image.image.repository_id)
        stored = None if repository is None else images.find(tx, repository.id, Digest(image.image.digest))
        kept = None if repository is None or stored is None else sboms.kept(tx, repository, stored)
        found.append((covered.resource_id, kept))
    return found, following


def _listed(
    tx: Transaction, report: ReportRecord, criteria: Criteria, after: After
) -> tuple[Sequence[Listed], After | None]:
    """Some findings that a report is about, and where the next ones begin."""
    return findings.some(tx, report.registry, criteria, after, _A_BATCH)


def _sbom_key(report: ReportRecord, kept: Kept) -> str:
    name = f"{kept.subject.name.replace('/', '_')}_{kept.subject.digest.replace(':', '_')}.json"
    place = f"{report.format}_outputs_{report.id}/account={report.registry.account}"
    return _prefixed(report, f"{place}/resource={coverage.IMAGE}/{name}")


def _prefixed(report: ReportRecord, key: str) -> str:
    prefix = report.destination.prefix.strip("/")
    return f"{prefix}/{key}" if prefix else key


def _code(fault: OutboundFault) -> str | None:
    """Inspector's code of what trying again will not mend; None for what it may."""
    if not isinstance(fault, BucketRefused):
        return None
    return "MALFORMED_KMS_KEY" if fault.code.startswith(_KMS) else _CODES.get(fault.code)
