"""What is known of an image's packages as Harbor is told it: each vulnerability of a package in a version once.

Nothing that was not seen is called clean: of a system of which nobody tells there is no report.
"""

from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version

import msgspec

from entrepot.core.scanning import basic_findings
from entrepot.core.scanning.analysis import UNSUPPORTED
from entrepot.core.scanning.outlines import outline
from entrepot.core.vulnerabilities.known import Known
from entrepot.errors.scanning import AdapterScanFailed
from entrepot.scan.advisories import Advisory
from entrepot.scan.matching import Match, asked_of, matches
from entrepot.scan.merging import Image
from entrepot.scan.severities import Assessment, Level, assess
from entrepot.spec.scanner_adapter import Artifact, Cvss, LayerOf, Report, Scanner, Severity, Vulnerability

SCANNER = Scanner("Entrepot", "Entrepot", version("entrepot"))
MOST = 50_000
_MOST_LINKS = 20
_LONGEST = 4000  # characters of a description
_NIST = "https://nvd.nist.gov/vuln/detail/{}"
_WORDS: dict[Level, Severity] = {
    "INFORMATIONAL": "Negligible",
    "LOW": "Low",
    "MEDIUM": "Medium",
    "HIGH": "High",
    "CRITICAL": "Critical",
    "UNDEFINED": "Unknown",
}
_RANKS: dict[str, int] = {word: rank for rank, word in enumerate(("Critical", "High", "Medium", "Low", "Negligible"))}


def report(image: Image, known: Known, artifact: Artifact, now: datetime) -> Report:
    """What is known: AdapterScanFailed where nothing can be."""
    _require_told_of(image, known)
    found = vulnerabilities(image, known)
    if len(found) > MOST:
        raise AdapterScanFailed(reason=f"The image has {len(found)} findings: more than the {MOST} that are told.")
    worst = str(found[0].severity) if found else "Unknown"
    return Report(now, artifact, SCANNER, worst, found)


def vulnerabilities(image: Image, known: Known) -> list[Vulnerability]:
    """Each vulnerability of a package in a version, the worst first."""
    together: dict[tuple[str, str, str], list[Match]] = {}
    for match in matches(image, known):
        package = match.located.package
        together.setdefault((match.vulnerability, package.name, package.version), []).append(match)
    wholes: dict[int, Advisory | None] = {}
    made = [_vulnerability(*key, found, known, wholes) for key, found in together.items()]
    return sorted(made, key=lambda each: (_RANKS.get(str(each.severity), len(_RANKS)), each.id, each.package))


def _vulnerability(
    name: str, package: str, version: str, found: Sequence[Match], known: Known, wholes: dict[int, Advisory | None]
) -> Vulnerability:
    assessed = [(each, assess(each.advisory, each.affected)) for match in found for each in match.told]
    told, worst = min(assessed, key=lambda each: _RANKS.get(_WORDS[each[1].level], len(_RANKS)))
    if told.number not in wholes:
        wholes[told.number] = known.whole(told.number)
    whole = wholes[told.number] or told.advisory
    fixed = next((match.fixed for match in found if match.fixed), "")
    links = [_NIST.format(name)] if name.startswith("CVE-") else []
    return Vulnerability(
        id=name,
        package=package,
        version=version,
        fix_version=fixed,
        severity=_WORDS[worst.level],
        description=(whole.details or whole.summary)[:_LONGEST],
        links=list(dict.fromkeys([*links, *whole.references]))[:_MOST_LINKS],
        preferred_cvss=_cvss(worst),
        layer=LayerOf(found[0].located.layer),
        status="fixed" if fixed else told.affected.state or "affected",
        vendor_attributes={
            "advisory": told.advisory.id,
            "source": told.advisory.source,
            "paths": sorted({match.located.package.path for match in found})[:_MOST_LINKS],
            **({"CVSS_V4": {"score": worst.score, "vector": worst.vector}} if worst.version == "4.0" else {}),
        },
    )


def _cvss(assessed: Assessment) -> Cvss | None:
    if not assessed.score or assessed.version == "4.0":
        return None
    if assessed.version == "2.0":
        return Cvss(score_v2=assessed.score, vector_v2=assessed.vector)
    return Cvss(score_v3=assessed.score, vector_v3=assessed.vector)


def _require_told_of(image: Image, known: Known) -> None:
    """AdapterScanFailed for a system that nobody tells of, and for what holds no packages at all."""
    of = outline(image)
    if image.databases or image.release is not None:
        if image.databases and not of.is_supported:
            raise AdapterScanFailed(reason=f"{UNSUPPORTED}{_unread(image)}")
        if nobody := basic_findings.unknown(of, known) if image.databases else "":
            raise AdapterScanFailed(reason=f"Nothing is known of the packages of {nobody} here.")
    elif not image.packages:
        raise AdapterScanFailed(reason=f"{UNSUPPORTED}{_unread(image)}")
    ecosystems = {asked.ecosystem for _, asked in asked_of(image)}
    if ecosystems and not any(map(known.tells_of, ecosystems)):
        raise AdapterScanFailed(reason=f"Nothing is known of the packages of {min(ecosystems)} here.")


def _unread(image: Image) -> str:
    return f" {image.unread[0].path} could not be read: {image.unread[0].reason}" if image.unread else ""


def encoded(told: msgspec.Struct) -> bytes:
    """A report as it is sent."""
    return msgspec.json.encode(told)
