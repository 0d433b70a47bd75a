"""What is known of vulnerabilities beside findings: texts, exploitation, scores (Inspector API reference,
"SearchVulnerabilities", "BatchGetFindingDetails").
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from entrepot.core.access import Caller
from entrepot.core.inspector import places
from entrepot.core.scanning.enhanced_findings import unpacked
from entrepot.core.scanning.enhanced_shown import Texts
from entrepot.core.vulnerabilities.known import Known
from entrepot.db.inspector_records import FindingRecord
from entrepot.errors.scanning import CvssInvalid
from entrepot.scan.advisories import Advisory
from entrepot.scan.cvss import vectors
from entrepot.scan.exploitation import Exploited
from entrepot.scan.severities import Assessment, assess

_MOST_ADVISORIES: Final = 50  # about one vulnerability, that are looked at
_MOST: Final = 100  # references, platforms, related names


@dataclass(frozen=True, slots=True)
class Intelligence:
    """What is known of one vulnerability. Moments in microseconds, 0 where not told."""

    name: str
    description: str
    references: Sequence[str]
    related: Sequence[str]
    platforms: Sequence[str]
    vendor_severity: str
    scores: Mapping[str, vectors.BaseScore]  # by the first digit of CVSS's version
    published_at: int
    modified_at: int
    exploited: Exploited | None
    epss: float | None
    cwes: Sequence[str]


def allow_search(caller: Caller) -> None:
    """AccessDenied unless the caller may look up vulnerabilities."""
    places.require(caller, "SearchVulnerabilities")


def look_up(known: Known | None, name: str) -> Intelligence | None:
    """What is known of a vulnerability, None where nothing is."""
    if known is None:
        return None
    told = list(_advisories(known, name))
    exploited, score = known.exploited(name), known.score(name)
    if not told and exploited is None and score is None:
        return None
    return Intelligence(
        name=name,
        description=next((each.details or each.summary for each in told if each.details or each.summary), ""),
        references=_first(url for each in told for url in each.references),
        related=_first(other for each in told for other in (each.id, *each.aliases, *each.related) if other != name),
        platforms=_first(sorted({affected.ecosystem for each in told for affected in each.affected})),
        vendor_severity=next((found.word for each in told if (found := _assessed(each)) and found.word), ""),
        scores=_scores(told),
        published_at=min((each.published for each in told if each.published), default=0),
        modified_at=max((each.modified for each in told), default=0),
        exploited=exploited,
        epss=None if score is None else score.score,
        cwes=_first(cwe for each in told for cwe in each.cwes),
    )


def texts(known: Known | None, records: Sequence[FindingRecord]) -> Mapping[str, Texts]:
    """The long texts of findings by their ids; of advisories that are not known any more there are none."""
    of_advisories = texts_of(known, [unpacked(record.body).advisory for record in records])
    named = {record.id: of_advisories.get(unpacked(record.body).advisory) for record in records}
    return {finding_id: found for finding_id, found in named.items() if found is not None}


def texts_of(known: Known | None, advisories: Sequence[str]) -> Mapping[str, Texts]:
    """The long texts of advisories, by their ids, as far as they are known."""
    return {} if known is None else {each: _texts(known, each) for each in dict.fromkeys(advisories)}


def details(known: Known | None, records: Sequence[FindingRecord]) -> Mapping[str, Intelligence]:
    """What is known of the vulnerabilities of findings, by the findings' ids."""
    found = {record.id: look_up(known, record.vulnerability) for record in records}
    return {finding_id: each for finding_id, each in found.items() if each is not None}


def _texts(known: Known, advisory: str) -> Texts:
    for number in known.search(advisory)[:1]:
        told = known.whole(number)
        if told is not None:
            return Texts(told.details or told.summary, told.references)
    return Texts()


def _advisories(known: Known, name: str) -> Iterable[Advisory]:
    """Those that are not withdrawn."""
    for number in known.search(name)[:_MOST_ADVISORIES]:
        told = known.whole(number)
        if told is not None and not told.withdrawn:
            yield told


def _assessed(advisory: Advisory) -> Assessment | None:
    return next((assess(advisory, affected) for affected in advisory.affected), None)


def _scores(told: Sequence[Advisory]) -> Mapping[str, vectors.BaseScore]:
    found: dict[str, vectors.BaseScore] = {}
    for advisory in told:
        said = [*advisory.severities, *(each for affected in advisory.affected for each in affected.severities)]
        for severity in said:
            if severity.kind.startswith("CVSS_V") and severity.value:
                try:
                    scored = vectors.parse(severity.value)
                except CvssInvalid:
                    continue
                found.setdefault(scored.version[:1], scored)
    return found


def _first(names: Iterable[str]) -> Sequence[str]:
    return list(dict.fromkeys(names))[:_MOST]
