"""SARIF 2.1.0: what is known of an image, for tools that show findings beside code.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final
from urllib.parse import quote

from entrepot.scan.documents.components import unread
from entrepot.scan.documents.reported import Reported
from entrepot.scan.documents.subject import TOOL, Subject, encoded
from entrepot.scan.merging import Image
from entrepot.scan.severities import Level

MEDIA_TYPE: Final = "application/sarif+json"
_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Final[dict[Level, str]] = {
    "CRITICAL": "error",
    "HIGH": "error",
    "MEDIUM": "warning",
    "LOW": "note",
    "INFORMATIONAL": "note",
    "UNDEFINED": "note",
}
# what stands for a score where there is none: the middle of what CVSS calls so
_SCORES: Final[dict[Level, float]] = {"CRITICAL": 9.5, "HIGH": 8.0, "MEDIUM": 5.5, "LOW": 2.0}
_ROOT: Final = "IMAGE"

Json = dict[str, object]


def document(subject: Subject, image: Image, found: Sequence[Reported]) -> bytes:
    """One run with a rule for each vulnerability and a result for each package that has it."""
    rules = {each.name: each for each in reversed(found)}  # of several packages the worst speaks
    names = list(dict.fromkeys(each.name for each in found))
    places = {name: place for place, name in enumerate(names)}
    run: Json = {
        "tool": {"driver": _driver(subject, [_rule(rules[name]) for name in names])},
        "invocations": [_invocation(subject, image)],
        "automationDetails": {"id": f"{TOOL}/{subject.short_name}/"},
        "originalUriBaseIds": {_ROOT: {"description": {"text": f"The root of {subject.name}"}}},
        "columnKind": "utf16CodeUnits",
        "results": [_result(each, places[each.name], subject) for each in found],
        "properties": {"image": subject.name, "digest": subject.digest},
    }
    return encoded({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _driver(subject: Subject, rules: Sequence[Json]) -> Json:
    return {"name": TOOL, "version": subject.version, "semanticVersion": subject.version, "rules": rules}


def _invocation(subject: Subject, image: Image) -> Json:
    """That it ran, and what it could not see."""
    notes = [{"level": "warning", "message": {"text": each}} for each in unread(image)]
    told: Json = {"executionSuccessful": True, "endTimeUtc": subject.moment}
    return told | ({"toolExecutionNotifications": notes} if notes else {})


def _rule(each: Reported) -> Json:
    score = each.assessed.score or _SCORES.get(each.level, 0.0)
    told: Json = {
        "id": each.name,
        "name": "KnownVulnerability",
        "shortDescription": {"text": each.title or each.name},
        "fullDescription": {"text": each.details or each.title or each.name},
        "help": {"text": "\n".join((each.details or each.title or each.name, *each.references))},
        "defaultConfiguration": {"level": _LEVELS[each.level]},
        "properties": {
            "precision": "very-high",
            "security-severity": f"{score:.1f}",
            "tags": ["security", "vulnerability", each.level, *(f"external/cwe/{cwe.lower()}" for cwe in each.cwes)],
        },
    }
    return told | ({"helpUri": each.references[0]} if each.references else {})


def _result(each: Reported, rule: int, subject: Subject) -> Json:
    package = each.located.package
    mended = f"{each.fixed} mends it" if each.fixed else "no fix is known"
    return {
        "ruleId": each.name,
        "ruleIndex": rule,
        "level": _LEVELS[each.level],
        "message": {"text": f"{package.name} {package.version} has {each.name} ({each.level.lower()}): {mended}."},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(package.path) or subject.short_name, "uriBaseId": _ROOT},
                    "region": {"startLine": 1},
                },
                "logicalLocations": [{"name": package.name, "kind": "package", "fullyQualifiedName": _whole(each)}],
            }
        ],
        "partialFingerprints": {"vulnerabilityOfPackage/v1": _fingerprint(each)},
        "properties": {
            "type": package.type,
            "version": package.version,
            "fixedVersion": each.fixed,
            "layer": each.located.layer,
            "source": each.source,
        },
    }


def _whole(each: Reported) -> str:
    return f"{each.located.package.type}:{each.located.package.name}"


def _fingerprint(each: Reported) -> str:
    """The same while the package stays where it is, in whatever version."""
    return sha256(f"{each.name}\n{_whole(each)}\n{each.located.package.path}".encode()).hexdigest()[:32]
