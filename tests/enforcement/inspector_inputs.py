"""Valid inputs for Inspector's operations; what would change how the world is scanned asks for what cannot be."""

from collections.abc import Mapping
from typing import Any

from tests.enforcement.world import ACCOUNT

_PLACE = f"arn:aws:inspector2:us-east-1:{ACCOUNT}"
_REPORT = "00000000-0000-4000-8000-000000000000"
_FORMATS = {"CreateSbomExport": "SPDX_2_3", "CreateFindingsReport": "JSON"}


def values(operation: str, names: Mapping[str, str]) -> Mapping[str, Any]:
    """What stands for each member."""
    arn = f"{_PLACE}:owner/{ACCOUNT}/filter/{names['filter']}"
    return {
        "accountIds": [ACCOUNT],
        "resourceTypes": ["EC2"],
        "findingArns": [f"{_PLACE}:finding/{'0' * 32}"],
        "filterCriteria": {"vulnerabilityIds": ["CVE-2026-1"]} if operation == "SearchVulnerabilities" else {},
        "action": "NONE",
        "name": "world",
        "arn": arn,
        "filterArn": arn,
        "resourceArn": arn,
        "tags": {"k": "v"},
        "tagKeys": ["k"],
        "aggregationType": "PACKAGE",
        "reportFormat": _FORMATS.get(operation, ""),
        "reportId": _REPORT,
        "s3Destination": {"bucketName": "bucket", "kmsKeyArn": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/k"},
    }
