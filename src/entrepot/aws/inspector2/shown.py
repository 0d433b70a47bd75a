"""Findings, groups of them, images and vulnerabilities as Inspector's answers have them."""

from collections.abc import Mapping, Sequence
from typing import Any

from entrepot.core.inspector.aggregations import Group
from entrepot.core.inspector.coverage import IMAGE, Covered
from entrepot.core.inspector.findings import Listed
from entrepot.core.inspector.intelligence import Intelligence
from entrepot.core.scanning.enhanced_shown import Texts
from entrepot.scan.cvss.vectors import BaseScore
from entrepot.scan.exploitation import Exploited
from entrepot.spec.moments import moment

Output = Mapping[str, Any]
_NO_TEXTS = Texts()
_ONLY_ECR = frozenset({"score", "scoreDetails"})  # what ECR calls otherwise
_COUNTED = frozenset({"ACCOUNT", "FINDING_TYPE"})


def finding(listed: Listed, texts: Mapping[str, Texts]) -> Output:
    """A finding, with the texts of its advisory where they are known."""
    told = listed.shown(texts.get(listed.record.id, _NO_TEXTS))
    return {name: value for name, value in told.items() if name not in _ONLY_ECR}


def group(kind: str, of: Group) -> Output:
    """How many findings there are of what some have in common."""
    severities = {word.lower(): count for word, count in of.severities.items()}
    told = {**of.parts, "severityCounts": {"all": of.total, **severities}}
    if kind in _COUNTED:
        told |= {"exploitAvailableCount": of.exploitable, "fixAvailableCount": of.fixable}
    if kind == "REPOSITORY":
        told["affectedImages"] = len(of.images)
    return told


def covered(of: Covered) -> Output:
    """An image and how it is scanned."""
    image = {
        "tags": list(of.tags),
        "imagePulledAt": of.pulled_at,
        "lastInUseAt": of.use.last_at,
        "inUseCount": of.use.total,
    }
    return {
        "accountId": of.account,
        "resourceId": of.resource_id,
        "resourceType": IMAGE,
        "scanType": "PACKAGE",
        "scanStatus": {"statusCode": of.code, "reason": of.reason},
        "resourceMetadata": {"ecrRepository": {"name": of.repository}, "ecrImage": image},
        "lastScannedAt": of.scanned_at,
    }


def details(arn: str, of: Intelligence) -> Output:
    """What more is known of a finding."""
    return {
        "findingArn": arn,
        "cisaData": _cisa(of.exploited),
        "referenceUrls": list(of.references),
        "epssScore": of.epss,
        "cwes": list(of.cwes),
    }


def vulnerability(of: Intelligence) -> Output:
    """All that is known of a vulnerability."""
    return {
        "id": of.name,
        "cisaData": _cisa(of.exploited),
        "description": of.description or None,
        "vendorSeverity": of.vendor_severity or None,
        "cvss4": _score(of.scores.get("4")),
        "cvss3": _score(of.scores.get("3")),
        "cvss2": _score(of.scores.get("2")),
        "relatedVulnerabilities": list(of.related),
        "vendorCreatedAt": moment(of.published_at) if of.published_at else None,
        "vendorUpdatedAt": moment(of.modified_at) if of.modified_at else None,
        "referenceUrls": list(of.references),
        "detectionPlatforms": _texts(of.platforms),
        "epss": None if of.epss is None else {"score": of.epss},
        "cwes": list(of.cwes),
    }


def _score(of: BaseScore | None) -> Output | None:
    return None if of is None else {"baseScore": of.score, "scoringVector": of.vector}


def _cisa(of: Exploited | None) -> Output | None:
    if of is None:
        return None
    return {
        "dateAdded": moment(of.added_at) if of.added_at else None,
        "dateDue": moment(of.due_at) if of.due_at else None,
        "action": of.action,
    }


def _texts(of: Sequence[str]) -> list[str]:
    return [text for text in of if text]
