"""A finding as ECR (EnhancedImageScanFinding), Inspector (Finding) and its event show it: one mapping, of which `shown`
has all members, and `to_ecr` those that ECR has.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_EnhancedImageScanFinding.html
https://docs.aws.amazon.com/inspector/v2/APIReference/API_Finding.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from entrepot.core.scanning.enhanced_findings import Details, unpacked
from entrepot.core.scanning.inspector_packages import Vulnerable
from entrepot.db.inspector_records import FindingRecord
from entrepot.spec.moments import moment
from entrepot.spec.repository import RegistryKey, RepositoryKey

Json = Mapping[str, Any]
NONE_PROVIDED: Final = "None Provided"
_LONGEST: Final = 1024  # characters of a description
_MOST_REFERENCES: Final = 100
_NOT_OF_ECR: Final = frozenset({"epss", "exploitabilityDetails", "inspectorScore", "inspectorScoreDetails"})
_NOT_OF_ECRS_PACKAGES: Final = frozenset({"remediation"})
_NOT_OF_ECRS_RESOURCES: Final = frozenset({"partition", "region"})
_NOT_OF_ECRS_SCORES: Final = frozenset({"cvssSource"})


@dataclass(frozen=True, slots=True)
class Texts:
    """The long texts of a finding's advisory."""

    description: str = ""
    references: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ImageNow:
    """What is told of a finding's image at this moment; of one that is gone nothing is."""

    tags: Sequence[str] = ()
    last_in_use_at: datetime | None = None
    in_use: int = 0


def shown(record: FindingRecord, image: ImageNow, texts: Texts) -> Json:
    """All that is told of a finding."""
    details = unpacked(record.body)
    score = _score(details)
    remediation = {"recommendation": {"text": NONE_PROVIDED}}
    return {
        "awsAccountId": record.registry.account,
        "description": (texts.description or details.title)[:_LONGEST],
        "epss": {"score": record.epss} if record.epss else None,
        "exploitAvailable": record.exploit_available,
        "exploitabilityDetails": _exploitability(details),
        "findingArn": record.arn,
        "firstObservedAt": record.first_observed_at,
        "fixAvailable": record.fix_available,
        "inspectorScore": score["score"] if score else None,
        "inspectorScoreDetails": {"adjustedCvss": score} if score else None,
        "lastObservedAt": record.last_observed_at,
        "packageVulnerabilityDetails": _vulnerability(record, details, texts),
        "remediation": remediation,
        "resources": [_resource(record, details, image)],
        "score": score["score"] if score else None,
        "scoreDetails": {"cvss": score} if score else None,
        "severity": record.severity,
        "status": record.status,
        "title": details.title,
        "type": "PACKAGE_VULNERABILITY",
        "updatedAt": record.updated_at,
    }


def kept(texts: Texts) -> tuple[str, Sequence[str]]:
    """As much of long texts as is ever shown: the description, and the references."""
    return texts.description[:_LONGEST], tuple(texts.references[:_MOST_REFERENCES])


def to_ecr(told: Json) -> Json:
    """What ECR has of a finding."""
    vulnerability = told["packageVulnerabilityDetails"]
    packages = [_without(each, _NOT_OF_ECRS_PACKAGES) for each in vulnerability["vulnerablePackages"]]
    score = told["scoreDetails"]
    return _without(told, _NOT_OF_ECR) | {
        "packageVulnerabilityDetails": vulnerability | {"vulnerablePackages": packages},
        "resources": [_without(each, _NOT_OF_ECRS_RESOURCES) for each in told["resources"]],
        "scoreDetails": score and {"cvss": _without(score["cvss"], _NOT_OF_ECRS_SCORES)},
    }


def resource_id(record: FindingRecord) -> str:
    """The ARN of a finding's image, as Inspector writes it."""
    return resource_arn(record.registry, record.repository_name, record.image.digest)


def resource_arn(registry: RegistryKey, repository_name: str, digest: str) -> str:
    """The same of any image."""
    return f"{RepositoryKey(registry, repository_name).arn}/{digest}"


def _without(told: Json, names: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name not in names}


def _score(details: Details) -> dict[str, Any] | None:
    if not details.score:
        return None
    return {
        "adjustments": [],
        "cvssSource": details.source,
        "score": round(details.score, 1),
        "scoreSource": details.source,
        "scoringVector": details.vector or None,
        "version": details.version or None,
    }


def _exploitability(details: Details) -> Json | None:
    return {"lastKnownExploitAt": moment(details.exploited_at)} if details.exploited_at else None


def _vulnerability(record: FindingRecord, details: Details, texts: Texts) -> Json:
    return {
        "cvss": [
            {"baseScore": each.score, "scoringVector": each.vector, "source": each.source, "version": each.version}
            for each in details.cvss
        ],
        "referenceUrls": list(texts.references[:_MOST_REFERENCES]),
        "relatedVulnerabilities": list(details.related),
        "source": details.source,
        "sourceUrl": details.source_url,
        "vendorCreatedAt": moment(details.published_at) if details.published_at else None,
        "vendorSeverity": details.vendor_severity or None,
        "vendorUpdatedAt": moment(details.modified_at) if details.modified_at else None,
        "vulnerabilityId": record.vulnerability,
        "vulnerablePackages": [_package(each) for each in details.packages],
    }


def _package(package: Vulnerable) -> Json:
    return {
        "arch": package.arch or None,
        "epoch": package.epoch,
        "filePath": package.path or None,
        "fixedInVersion": package.fixed or None,
        "name": package.name,
        "packageManager": package.manager,
        "release": package.release or None,
        "remediation": package.remediation or None,
        "sourceLayerHash": package.layer or None,
        "version": package.version,
    }


def _resource(record: FindingRecord, details: Details, image: ImageNow) -> Json:
    facts = details.image
    return {
        "details": {
            "awsEcrContainerImage": {
                "architecture": facts.architecture or None,
                "author": facts.author or None,
                "imageHash": record.image.digest,
                "imageTags": list(image.tags),
                "inUseCount": image.in_use,
                "lastInUseAt": image.last_in_use_at,
                "platform": facts.platform or None,
                "pushedAt": moment(facts.pushed_at) if facts.pushed_at else None,
                "registry": record.registry.account,
                "repositoryName": record.repository_name,
            }
        },
        "id": resource_id(record),
        "partition": "aws",
        "region": record.registry.region,
        "tags": {},
        "type": "AWS_ECR_CONTAINER_IMAGE",
    }
