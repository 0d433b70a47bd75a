"""The vulnerabilities of a CycloneDX document (1.6): each once, with all packages that it affects.

https://cyclonedx.org/docs/1.6/json/#vulnerabilities
"""

from collections.abc import Mapping, Sequence
from typing import Final

from entrepot.scan.documents.reported import Reported
from entrepot.scan.merging import Located
from entrepot.scan.severities import Assessment, Level
from entrepot.scan.weaknesses import number
from entrepot.spec.moments import moment

_SEVERITIES: Final[Mapping[Level, str]] = {
    "CRITICAL": "critical",
    "HIGH": "high",
    "MEDIUM": "medium",
    "LOW": "low",
    "INFORMATIONAL": "info",
    "UNDEFINED": "unknown",
}
_METHODS: Final = {"2.0": "CVSSv2", "3.0": "CVSSv3", "3.1": "CVSSv31", "4.0": "CVSSv4"}

Json = dict[str, object]


def listed(found: Sequence[Reported], references: Mapping[Located, str]) -> list[Json]:
    """The worst first."""
    together: dict[str, list[Reported]] = {}
    for each in found:
        together.setdefault(each.name, []).append(each)
    return [_one(name, several, references) for name, several in together.items()]


def _one(name: str, several: Sequence[Reported], references: Mapping[Located, str]) -> Json:
    first = several[0]
    told: Json = {
        "bom-ref": f"vulnerability:{name}",
        "id": name,
        "source": {"name": first.source},
        "ratings": [_rating(first.assessed, first.source)],
        "cwes": [number(cwe) for cwe in first.cwes],
        "description": first.details or first.title,
        "recommendation": " ".join(dict.fromkeys(_recommendation(each) for each in several if each.fixed)),
        "advisories": [{"url": each} for each in dict.fromkeys(first.references)],
        "published": _moment(first.published),
        "updated": _moment(first.modified),
        "affects": [
            {
                "ref": references[each.located],
                "versions": [{"version": each.located.package.version, "status": "affected"}],
            }
            for each in several
        ],
    }
    if first.advisory != name:
        told["references"] = [{"id": first.advisory, "source": {"name": first.source}}]
    return {key: value for key, value in told.items() if value}


def _rating(assessed: Assessment, source: str) -> Json:
    told: Json = {"source": {"name": assessed.source or source}, "severity": _SEVERITIES[assessed.level]}
    if assessed.score:
        told |= {"score": assessed.score, "method": _METHODS.get(assessed.version, "other")}
    if assessed.vector:
        told["vector"] = assessed.vector
    return told


def _recommendation(each: Reported) -> str:
    return f"Update {each.located.package.name} to {each.fixed}."


def _moment(at: int) -> str:
    return f"{moment(at):%Y-%m-%dT%H:%M:%SZ}" if at else ""
