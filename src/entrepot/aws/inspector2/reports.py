"""Operations on exports of SBOMs and reports of findings."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.protocol.call import Call
from entrepot.core.inspector import criteria, reports
from entrepot.core.inspector.reports import Destination, ReportRecord

Output = Mapping[str, Any]


async def create_sbom_export(call: Call) -> Output:
    """CreateSbomExport."""
    return await _create(call, "resourceFilterCriteria")


async def get_sbom_export(call: Call) -> Output:
    """GetSbomExport."""
    found = await _found(call, "GetSbomExport")
    return {**_shown(found), "format": found.format, "s3Destination": _destination(found.destination)}


async def cancel_sbom_export(call: Call) -> Output:
    """CancelSbomExport."""
    return await _cancel(call, "CancelSbomExport")


async def create_findings_report(call: Call) -> Output:
    """CreateFindingsReport."""
    return await _create(call, "filterCriteria")


async def get_findings_report_status(call: Call) -> Output:
    """GetFindingsReportStatus: without an id, of the last report that was asked for."""
    found = await _found(call, "GetFindingsReportStatus")
    return {**_shown(found), "destination": _destination(found.destination)}


async def cancel_findings_report(call: Call) -> Output:
    """CancelFindingsReport."""
    return await _cancel(call, "CancelFindingsReport")


async def _create(call: Call, member: str) -> Output:
    given = call.input["s3Destination"]
    place = Destination(
        given["bucketName"], given.get("keyPrefix", ""), given["kmsKeyArn"], given.get("expectedBucketOwner", "")
    )
    form, wanted = call.input["reportFormat"], call.input.get(member, {})
    made = await call.core.units.write(
        reports.create, call.caller, form, wanted, place, storable=call.core.stores_reports
    )
    return {"reportId": made.id}


async def _found(call: Call, operation: str) -> ReportRecord:
    return await call.core.units.read(reports.get, call.caller, operation, call.input.get("reportId"))


async def _cancel(call: Call, operation: str) -> Output:
    await call.core.units.write(reports.cancel, call.caller, operation, call.input["reportId"])
    return {"reportId": call.input["reportId"]}


def _shown(found: ReportRecord) -> dict[str, Any]:
    return {
        "reportId": found.id,
        "status": found.status,
        "errorCode": found.error_code or None,
        "errorMessage": found.error_message or None,
        "filterCriteria": criteria.decoded(found.criteria),
    }


def _destination(of: Destination) -> Output:
    return {
        "bucketName": of.bucket,
        "keyPrefix": of.prefix or None,
        "kmsKeyArn": of.kms_key,
        "expectedBucketOwner": of.owner or None,
    }
