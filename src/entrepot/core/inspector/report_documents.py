"""Reports of findings as files: JSON as Inspector's API shows findings, or CSV with a line for each.

Inspector user guide, "Exporting Amazon Inspector findings reports": the columns that findings of images have.
"""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

Json = Mapping[str, Any]
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would compute


def as_json(findings: Iterable[Json]) -> bytes:
    """An object with all findings."""
    return msgspec.json.encode({"findings": list(findings)})


def as_csv(findings: Iterable[Json]) -> bytes:
    """A line for each finding below one with the names of columns; no cell begins as a formula does."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for finding in findings:
        writer.writerow([_plain(value(finding)) for value in _COLUMNS.values()])
    return text.getvalue().encode()


def _plain(value: object) -> str:
    text = _text(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return ", ".join(_text(each) for each in value)
    return str(value)


def _of(*path: str) -> Callable[[Json], Any]:
    def value(finding: Json) -> Any:
        found: Any = finding
        for name in path:
            found = None if found is None else found.get(name)
        return found

    return value


def _of_image(name: str) -> Callable[[Json], Any]:
    return lambda finding: finding["resources"][0]["details"]["awsEcrContainerImage"][name]


def _of_packages(name: str) -> Callable[[Json], Sequence[Any]]:
    return lambda finding: [
        each[name] for each in finding["packageVulnerabilityDetails"]["vulnerablePackages"] if each[name] is not None
    ]


_DETAILS: Final = "packageVulnerabilityDetails"
_CVSS: Final = ("inspectorScoreDetails", "adjustedCvss")
_COLUMNS: Final[Mapping[str, Callable[[Json], Any]]] = {
    "AWS Account Id": _of("awsAccountId"),
    "Severity": _of("severity"),
    "Fix Available": _of("fixAvailable"),
    "Finding Type": _of("type"),
    "Title": _of("title"),
    "Description": _of("description"),
    "Finding ARN": _of("findingArn"),
    "First Seen": _of("firstObservedAt"),
    "Last Seen": _of("lastObservedAt"),
    "Last Updated": _of("updatedAt"),
    "Resource ID": lambda finding: finding["resources"][0]["id"],
    "Resource Type": lambda finding: finding["resources"][0]["type"],
    "Container Image Tags": _of_image("imageTags"),
    "Container Repository": _of_image("repositoryName"),
    "Platform": _of_image("platform"),
    "Affected Packages": _of_packages("name"),
    "Package Installed Version": _of_packages("version"),
    "Fixed in Version": _of_packages("fixedInVersion"),
    "Package Remediation": _of_packages("remediation"),
    "File Path": _of_packages("filePath"),
    "Inspector Score": _of("inspectorScore"),
    "Inspector Score Vector": _of(*_CVSS, "scoringVector"),
    "Status": _of("status"),
    "Vulnerability Id": _of(_DETAILS, "vulnerabilityId"),
    "Vendor": _of(_DETAILS, "source"),
    "Vendor Severity": _of(_DETAILS, "vendorSeverity"),
    "Vendor Advisory": _of(_DETAILS, "sourceUrl"),
    "Vendor Advisory Published": _of(_DETAILS, "vendorCreatedAt"),
    "Exploit Available": _of("exploitAvailable"),
    "EPSS Score": _of("epss", "score"),
    "Reference Urls": _of(_DETAILS, "referenceUrls"),
}
