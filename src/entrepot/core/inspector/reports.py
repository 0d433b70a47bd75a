"""Exports of SBOMs and reports of findings: asked for here, written to a bucket by a job (core/inspector/reporting.py).

Inspector user guide, "Exporting SBOMs with Amazon Inspector", "Exporting Amazon Inspector findings reports".
"""

import re
from collections.abc import Mapping
from typing import Final

from entrepot.core.access import Caller
from entrepot.core.inspector import criteria, places
from entrepot.core.inspector.criteria import Filters
from entrepot.db import accounts
from entrepot.db import inspector_exports as rows
from entrepot.db.database import Transaction
from entrepot.db.inspector_setting_records import Destination, ReportRecord
from entrepot.errors import InspectorInputInvalid, InspectorReportNotFound
from entrepot.spec.event_ids import event_id
from entrepot.spec.moments import micros

__all__ = ["Destination", "ReportRecord", "cancel", "create", "get"]

SBOMS: Final = frozenset({"CYCLONEDX_1_4", "SPDX_2_3"})
FINDINGS: Final = frozenset({"CSV", "JSON"})
IN_PROGRESS, SUCCEEDED, FAILED, CANCELLED = "IN_PROGRESS", "SUCCEEDED", "FAILED", "CANCELLED"
MOST_WAITING: Final = 10
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_KEY: Final = re.compile(r"arn:aws(-[a-z]+)*:kms:[a-z0-9-]{1,32}:[0-9]{12}:(key|alias)/[A-Za-z0-9/_-]{1,256}")
_LONGEST_PREFIX: Final = 512
_NO_BUCKETS: Final = (
    "s3Destination: this server has no S3 endpoint to store reports at; the operator names one by "
    "ENTREPOT_AWS_ENDPOINTS=s3=URL"
)
_FULL: Final = "{} reports are under way; wait for one to end, or cancel it"


def create(
    tx: Transaction,
    caller: Caller,
    form: str,
    given: Mapping[str, Filters],
    destination: Destination,
    *,
    storable: bool,
    most: int = MOST_WAITING,
) -> ReportRecord:
    """Have a report written: InspectorInputInvalid where there is no place to write to, or much is under way."""
    operation = "CreateSbomExport" if form in SBOMS else "CreateFindingsReport"
    registry = places.require(caller, operation)
    if not storable:
        raise InspectorInputInvalid(reason=_NO_BUCKETS)
    _check(destination)
    accounts.lock(tx, registry.account)
    if rows.waiting(tx, registry) >= most:
        raise InspectorInputInvalid(reason=_FULL.format(most))
    made = ReportRecord(
        id=event_id(micros(caller.at), caller.request_id, f"report/{form}"),
        registry=registry,
        status=IN_PROGRESS,
        format=form,
        criteria=criteria.encoded(given),
        destination=destination,
        created_at=caller.at,
    )
    rows.add(tx, made)
    told = {"reportFormat": form, "s3Destination": {"bucketName": destination.bucket, "keyPrefix": destination.prefix}}
    places.told(tx, caller, operation, told)
    return made


def get(tx: Transaction, caller: Caller, operation: str, report_id: str | None) -> ReportRecord:
    """A report, without an id the last one of its kind: InspectorReportNotFound. `operation` says of which kind."""
    registry = places.require(caller, operation)
    kind = _kind(operation)
    found = rows.last(tx, registry, kind) if report_id is None else rows.find(tx, registry, report_id)
    if found is None or found.format not in kind:
        raise InspectorReportNotFound(id=report_id or "that was asked for last")
    return found


def cancel(tx: Transaction, caller: Caller, operation: str, report_id: str) -> None:
    """End a report that is under way: InspectorReportNotFound, InspectorInputInvalid for one that has ended."""
    found = get(tx, caller, operation, report_id)
    if not rows.end(tx, found.id, CANCELLED):
        raise InspectorInputInvalid(reason=f"The report {found.id} has ended: it is {found.status}")
    places.told(tx, caller, operation, {"reportId": found.id})


def _check(destination: Destination) -> None:
    """InspectorInputInvalid for what names no bucket, key or object."""
    if not _BUCKET.fullmatch(destination.bucket):
        raise InspectorInputInvalid(reason=f"s3Destination.bucketName: {destination.bucket[:64]} names no bucket")
    if not _KEY.fullmatch(destination.kms_key):
        raise InspectorInputInvalid(reason="s3Destination.kmsKeyArn: it is not the ARN of a key of AWS KMS")
    parts = destination.prefix.split("/")
    if len(destination.prefix) > _LONGEST_PREFIX or not destination.prefix.isprintable() or {".", ".."} & set(parts):
        raise InspectorInputInvalid(reason="s3Destination.keyPrefix: objects cannot be named so")


def _kind(operation: str) -> frozenset[str]:
    return SBOMS if "Sbom" in operation else FINDINGS
