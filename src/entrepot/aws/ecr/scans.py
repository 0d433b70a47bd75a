"""Operations on scans of images, and on how images are scanned."""

from collections.abc import Mapping, Sequence
from typing import Any

from entrepot.aws.ecr import keys
from entrepot.aws.protocol.call import Call
from entrepot.aws.repository import pages
from entrepot.core.repositories import Repository
from entrepot.core.scanning import configuration, enhanced_analysis, requests, results
from entrepot.core.scanning.analysis import Finding
from entrepot.core.scanning.configuration import Applied, RegistryScanning, ScanningRule
from entrepot.core.scanning.enhanced_results import EnhancedReport, Standing
from entrepot.core.scanning.results import Report

Output = Mapping[str, Any]


async def start_image_scan(call: Call) -> Output:
    """StartImageScan."""
    digest, tag = keys.image_id(call.input["imageId"])
    scan = await call.core.units.write(requests.start, call.caller, keys.repository(call), digest, tag)
    return _of_image(call, scan.key.digest) | {"imageScanStatus": {"status": scan.status}}


async def describe_image_scan_findings(call: Call) -> Output:
    """DescribeImageScanFindings."""
    digest, tag = keys.image_id(call.input["imageId"])
    scan_id, position = pages.start(call, "DescribeImageScanFindings", 2)
    key, after = keys.repository(call), (scan_id, position)
    report = await call.core.units.read(results.describe, call.caller, key, digest, tag, pages.limit(call), after)
    return _of_image(call, report.digest) | {
        **(await _enhanced(call, report) if isinstance(report, EnhancedReport) else _basic(report)),
        "nextToken": pages.following(call, "DescribeImageScanFindings", report.after),
    }


async def put_image_scanning_configuration(call: Call) -> Output:
    """PutImageScanningConfiguration."""
    key, on_push = keys.repository(call), call.input["imageScanningConfiguration"].get("scanOnPush", False)
    await call.core.units.write(configuration.set_scan_on_push, call.caller, key, value=on_push)
    return {
        "registryId": key.registry.account,
        "repositoryName": key.name,
        "imageScanningConfiguration": {"scanOnPush": on_push},
    }


async def get_registry_scanning_configuration(call: Call) -> Output:
    """GetRegistryScanningConfiguration."""
    found = await call.core.units.read(configuration.get, call.caller, call.registry)
    return {"registryId": call.registry.account, "scanningConfiguration": _scanning(found)}


async def put_registry_scanning_configuration(call: Call) -> Output:
    """PutRegistryScanningConfiguration."""
    rules = [
        ScanningRule(rule["scanFrequency"], tuple(each["filter"] for each in rule["repositoryFilters"]))
        for rule in call.input.get("rules", ())
    ]
    scan_type = call.input.get("scanType")
    new = await call.core.units.write(configuration.put, call.caller, call.registry, scan_type, rules)
    return {"registryScanningConfiguration": _scanning(new)}


async def batch_get_repository_scanning_configuration(call: Call) -> Output:
    """BatchGetRepositoryScanningConfiguration: how each is scanned, and a failure for each name that nothing has."""
    names = call.input["repositoryNames"]
    found, absent = await call.core.units.read(configuration.of_repositories, call.caller, call.registry, names)
    reason = "The repository with name '{}' does not exist in the registry with id '{}'"
    return {
        "scanningConfigurations": [_applied(repository, applied) for repository, applied in found],
        "failures": [
            {
                "repositoryName": name,
                "failureCode": "REPOSITORY_NOT_FOUND",
                "failureReason": reason.format(name, call.registry.account),
            }
            for name in absent
        ],
    }


def _of_image(call: Call, digest: str) -> dict[str, Any]:
    return {
        "registryId": call.registry.account,
        "repositoryName": call.input["repositoryName"],
        "imageId": {"imageDigest": digest, "imageTag": call.input["imageId"].get("imageTag")},
    }


def scan_status(standing: Standing) -> Output:
    """An image's ImageScanStatus."""
    return {"status": standing.status, "description": standing.description or None}


def summary(standing: Standing) -> Output:
    """An image's ImageScanFindingsSummary."""
    return {
        "imageScanCompletedAt": standing.completed_at,
        "vulnerabilitySourceUpdatedAt": standing.source_updated_at,
        "findingSeverityCounts": standing.severities,
    }


async def _enhanced(call: Call, report: EnhancedReport) -> Output:
    texts = await call.core.vulnerabilities.ask(enhanced_analysis.texts, report.advisories)
    shown = {**summary(report.standing), "enhancedFindings": list(report.shown(texts))}
    return {"imageScanStatus": scan_status(report.standing), "imageScanFindings": shown}


def _basic(report: Report) -> Output:
    status = {"status": report.scan.status, "description": report.scan.description or None}
    return {"imageScanStatus": status, "imageScanFindings": _findings(report) if report.has_ended else None}


def _findings(report: Report) -> Output:
    scan = report.scan
    return {
        "imageScanCompletedAt": scan.completed_at,
        "vulnerabilitySourceUpdatedAt": scan.source_updated_at,
        "findingSeverityCounts": scan.severities or {},
        "findings": [_finding(each) for each in report.findings],
    }


def _finding(finding: Finding) -> Output:
    return {
        "name": finding.name,
        "description": finding.description or None,
        "uri": finding.uri or None,
        "severity": finding.severity,
        "attributes": [{"key": key, "value": value} for key, value in finding.attributes],
    }


def _scanning(found: RegistryScanning) -> Output:
    rules = [{"scanFrequency": rule.frequency, "repositoryFilters": _filters(rule.filters)} for rule in found.rules]
    return {"scanType": found.scan_type, "rules": rules}


def _filters(filters: Sequence[str]) -> list[dict[str, str]]:
    return [{"filter": text, "filterType": "WILDCARD"} for text in filters]


def _applied(repository: Repository, applied: Applied) -> Output:
    return {
        "repositoryArn": repository.key.arn,
        "repositoryName": repository.key.name,
        "scanOnPush": applied.frequency == configuration.ON_PUSH,
        "scanFrequency": applied.frequency,
        "appliedScanFilters": _filters(applied.filters),
    }
