"""How bad a finding is, of what an advisory and its package say: the vendor's word, else CVSS, else a bare score.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanFinding.html has the words, ECR's user guide the
vendor before CVSS. Of CVSS, 4.0 goes before 3.x and that before 2.0, as Trivy has it: who tells of the newer knew of
the older. Inspector's pages tell of no order; its findings name the version that was used, and so does an assessment.
"""

from collections.abc import Iterator, Sequence
from typing import Final, Literal

import msgspec

from entrepot.errors.scanning import CvssInvalid
from entrepot.scan.advisories import Advisory, Affected, Severity
from entrepot.scan.cvss import vectors

Level = Literal["INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL", "UNDEFINED"]
InspectorLevel = Literal["INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL", "UNTRIAGED"]

INSPECTOR: Final[dict[Level, InspectorLevel]] = {
    "INFORMATIONAL": "INFORMATIONAL",
    "LOW": "LOW",
    "MEDIUM": "MEDIUM",
    "HIGH": "HIGH",
    "CRITICAL": "CRITICAL",
    "UNDEFINED": "UNTRIAGED",
}

_MOST: Final = 64  # of the severities that an advisory or a package has, those that are looked at
_LONGEST: Final = 64  # characters of a word
_VECTORS: Final = "CVSS_V"  # what the kinds of vectors begin with
_NEWEST: Final = {"CVSS_V4": 0, "CVSS_V3": 1, "CVSS_V2": 2}
_VERSIONS: Final = {"4.0": 0, "3.1": 1, "3.0": 1, "2.0": 2}
# What vendors say; none of them means by a word what another does not. Words that tell of no severity are absent, and
# CVSS speaks: Debian's `not yet assigned` and `end-of-life` (what nobody mends is not small for that), Ubuntu's
# `untriaged`, SUSE's `not set`, Bitnami's `Unknown` and `None`.
_WORDS: Final[dict[str, Level]] = {
    "unimportant": "INFORMATIONAL",  # Debian
    "negligible": "INFORMATIONAL",  # Ubuntu
    "informational": "INFORMATIONAL",  # RustSec: unmaintained, a notice
    "low": "LOW",
    "medium": "MEDIUM",  # Debian, Ubuntu, Amazon, Bitnami, openEuler
    "moderate": "MEDIUM",  # Red Hat and its kin, Oracle, SUSE, GitHub, Azure Linux
    "high": "HIGH",  # Debian, Ubuntu, GitHub, Bitnami
    "important": "HIGH",  # Red Hat and its kin, Oracle, SUSE, Amazon
    "critical": "CRITICAL",
}
_RATINGS: Final[dict[vectors.Rating, Level]] = {
    "None": "INFORMATIONAL",  # Inspector: informational is a score of 0
    "Low": "LOW",
    "Medium": "MEDIUM",
    "High": "HIGH",
    "Critical": "CRITICAL",
}


class Assessment(msgspec.Struct, frozen=True, omit_defaults=True):
    """How bad a finding is, and what is shown of why."""

    level: Level
    word: str = ""  # the vendor's own, where the level is of it
    source: str = ""  # whose word it is
    score: float = 0.0  # of CVSS, whoever set the level
    vector: str = ""  # none where the score alone is told
    version: str = ""  # 2.0, 3.0, 3.1 or 4.0, where it is known


def assess(advisory: Advisory, affected: Affected) -> Assessment:
    """What to say of one package: words and, of one version, vectors of its own go before those of the advisory."""
    told = (*affected.severities[:_MOST], *advisory.severities[:_MOST])
    score, vector, version, level = _cvss(told)
    who = affected.ecosystem.partition(":")[0]
    # the word of whose package it is goes before that of others
    for each in sorted(told, key=lambda each: each.kind != who):
        if found := _level(each):
            return Assessment(found, each.value.strip(), each.source or each.kind, score, vector, version)
    return Assessment(level, score=score, vector=vector, version=version)


def _level(told: Severity) -> Level | None:
    """What a vendor's word means; Debian's stars say who gave it."""
    if told.kind.startswith(_VECTORS) or len(told.value) > _LONGEST:
        return None
    return _WORDS.get(told.value.strip().rstrip("*").lower())


def _cvss(told: Sequence[Severity]) -> tuple[float, str, str, Level]:
    """Score, vector, version and level: of a vector, else of a score without one, each time of the newest version."""
    scored = min(_scored(told), key=lambda each: _VERSIONS[each.version], default=None)
    if scored:
        return scored.score, scored.vector, scored.version, _RATINGS[scored.rating]
    bare = min(
        (each for each in told if 0 < each.score <= 10), key=lambda each: _NEWEST.get(each.kind, 3), default=None
    )
    if bare is None:
        return 0.0, "", "", "UNDEFINED"
    version = {"CVSS_V4": "4.0", "CVSS_V2": "2.0"}.get(bare.kind, "")
    return bare.score, "", version, _RATINGS[vectors.rating(bare.score, version)]


def _scored(told: Sequence[Severity]) -> Iterator[vectors.BaseScore]:
    """What vectors say; one that is none counts not, its neighbours do."""
    for each in told:
        if each.kind.startswith(_VECTORS) and each.value:
            try:
                yield vectors.parse(each.value)
            except CvssInvalid:
                continue
