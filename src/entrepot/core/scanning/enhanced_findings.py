"""Matches as enhanced scanning keeps them: a finding for each vulnerability of an image, with its packages.

https://docs.aws.amazon.com/inspector/v2/APIReference/API_Finding.html ; long texts are not kept: they are looked up by
the advisory when a finding is shown or told of.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final, Protocol

import msgspec

from entrepot.core.scanning.inspector_packages import MANAGERS, Vulnerable, vulnerable
from entrepot.core.scanning.trackers import tracker
from entrepot.db.inspector_records import ImageKey
from entrepot.errors.scanning import CvssInvalid
from entrepot.scan.advisories import Advisory
from entrepot.scan.cvss import vectors
from entrepot.scan.exploitation import Exploited, Score
from entrepot.scan.matching import Match, Told
from entrepot.scan.packages import Release
from entrepot.scan.severities import INSPECTOR, Assessment, assess
from entrepot.spec.event_ids import event_id
from entrepot.spec.moments import micros

_MOST_SCORES: Final = 20
_MOST_RELATED: Final = 100
_MOST_PACKAGES: Final = 1000
_LONGEST_TITLE: Final = 1024
_RANKS: Final = {"CRITICAL": 0, "HIGH": 1, "MEDIUM": 2, "LOW": 3, "INFORMATIONAL": 4, "UNDEFINED": 5}
_PROGRAMS: Final = "BITNAMI"
_WORDS: Final = re.compile(r"[^A-Z0-9]+")
_ENCODE: Final = msgspec.msgpack.Encoder().encode
_HEADER: Final = 1  # byte, of an array of up to 15 members


class Exploitation(Protocol):
    """What is known of exploits (core/vulnerabilities/known.py)."""

    def exploited(self, name: str) -> Exploited | None:
        """What CISA's catalogue says of a vulnerability."""

    def score(self, name: str) -> Score | None:
        """EPSS of a vulnerability."""


class Facts(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a finding says of its image, which may be gone when it is shown; `platform` is like `DEBIAN_12`."""

    platform: str = ""
    architecture: str = ""
    author: str = ""
    pushed_at: int = 0


class Cvss(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A vector, what it comes to, and who gave it."""

    score: float
    vector: str
    version: str
    source: str


class Details(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """What the body of a finding's row holds. Moments in microseconds, 0 where not told."""

    title: str
    advisory: str  # the id of the one that the severity is of; texts are looked up by it
    source: str  # who tells, as Inspector writes it: DEBIAN_CVE
    source_url: str
    image: Facts
    packages: Sequence[Vulnerable]
    vendor_severity: str = ""
    score: float = 0.0  # of CVSS, with `vector` and `version` of it
    vector: str = ""
    version: str = ""
    cvss: Sequence[Cvss] = ()
    related: Sequence[str] = ()
    published_at: int = 0
    modified_at: int = 0
    exploited_at: int = 0  # since when it is in the catalogue of exploited ones


class Found(msgspec.Struct, frozen=True, gc=False):
    """A vulnerability of an image as it is found: what its row will say.

    Its details are kept packed and in three pieces: images that share packages differ in what is said of them alone.
    """

    vulnerability: str
    severity: str
    score: float
    epss: float
    fix_available: str
    exploit_available: str
    stamp: bytes  # a hash of all that it says, but of the image's facts
    head: bytes
    facts: bytes
    tail: bytes
    title: str = ""
    vendor_severity: str = ""
    source: str = ""
    advisory: str = ""  # by which its texts are looked up

    @property
    def body(self) -> bytes:
        """That of its row."""
        return self.head + self.facts + self.tail

    @property
    def pushed_at(self) -> int:
        """When its image was."""
        return _FACTS.decode(self.facts).pushed_at

    @property
    def details(self) -> Details:
        """What the body holds."""
        return unpacked(self.body)


def finding_id(image: ImageKey, vulnerability: str, at: datetime) -> str:
    """Of a vulnerability of an image that was first found then: 32 hexadecimal digits that begin with when, so that
    what is found together stands together in every index.
    """
    return event_id(micros(at), f"{image.repository_id}/{image.digest}", vulnerability).replace("-", "")


def packed(details: Details) -> bytes:
    """The body of a row."""
    return _ENCODE(details)


def unpacked(body: bytes) -> Details:
    """What `packed` was given."""
    return _DECODER.decode(body)


_DECODER: Final = msgspec.msgpack.Decoder(Details)
_FACTS: Final = msgspec.msgpack.Decoder(Facts)


def made(
    vulnerability: str,
    severity: str,
    score: float,
    epss: float,
    details: Details,
    *,
    fix_available: str,
    exploit_available: str,
) -> Found:
    """A finding that says this."""
    body, facts = packed(details), _ENCODE(details.image)
    start = _HEADER + sum(len(_ENCODE(each)) for each in (details.title, details.advisory, details.source))
    start += len(_ENCODE(details.source_url))
    head, tail = body[:start], body[start + len(facts) :]
    told = "\0".join((vulnerability, severity, fix_available, exploit_available, str(score), str(epss)))
    stamp = hashlib.blake2b(b"\0".join((told.encode(), head, tail)), digest_size=16).digest()
    return Found(
        vulnerability,
        severity,
        score,
        epss,
        fix_available,
        exploit_available,
        stamp,
        head,
        facts,
        tail,
        details.title,
        details.vendor_severity,
        details.source,
        details.advisory,
    )


def those_of(found: Iterable[Found], facts: Facts) -> list[Found]:
    """The same findings, as those of an image."""
    said = _ENCODE(facts)
    return [
        Found(
            each.vulnerability,
            each.severity,
            each.score,
            each.epss,
            each.fix_available,
            each.exploit_available,
            each.stamp,
            each.head,
            said,
            each.tail,
            each.title,
            each.vendor_severity,
            each.source,
            each.advisory,
        )
        for each in found
    ]


def found(matches: Iterable[Match], known: Exploitation, release: Release | None, facts: Facts) -> list[Found]:
    """One for each vulnerability of an image, by its name."""
    together: dict[str, list[Match]] = {}
    for match in matches:
        together.setdefault(match.vulnerability, []).append(match)
    return [finding(name, together[name], known, release, facts) for name in sorted(together)]


def finding(name: str, matches: Sequence[Match], known: Exploitation, release: Release | None, facts: Facts) -> Found:
    """A vulnerability of an image, as all matches say that have its name."""
    told, assessed = min(
        ((each, assess(each.advisory, each.affected)) for match in matches for each in match.told),
        key=lambda each: (_RANKS[each[1].level], each[0].advisory.id),
    )
    packages = _packages(matches, release)
    exploited, score = known.exploited(name), known.score(name)
    details = Details(
        title=_title(name, packages),
        advisory=told.advisory.id,
        source=_source(told, matches[0].located.package.type),
        source_url=tracker(name, told.affected.ecosystem),
        image=facts,
        packages=packages[:_MOST_PACKAGES],
        vendor_severity=assessed.word,
        score=assessed.score,
        vector=assessed.vector,
        version=assessed.version,
        cvss=_scores(matches),
        related=_related(name, matches),
        published_at=told.advisory.published,
        modified_at=told.advisory.modified,
        exploited_at=exploited.added_at if exploited else 0,
    )
    return made(
        name,
        INSPECTOR[assessed.level],
        _tenths(assessed),
        round(score.score, 6) if score else 0.0,
        details,
        fix_available=_fix_available(packages),
        exploit_available="YES" if exploited else "NO",
    )


def _packages(matches: Sequence[Match], release: Release | None) -> list[Vulnerable]:
    """Each package of an image once, in an order that is always the same."""
    shown = {vulnerable(match.located, match.fixed, release) for match in matches}
    return sorted(shown, key=lambda each: (each.name, each.path, each.version, each.release, each.arch, each.fixed))


def _fix_available(packages: Sequence[Vulnerable]) -> str:
    fixed = sum(bool(each.fixed) for each in packages)
    if not fixed:
        return "NO"
    return "YES" if fixed == len(packages) else "PARTIAL"


def _title(name: str, packages: Sequence[Vulnerable]) -> str:
    return f"{name} - {', '.join(dict.fromkeys(each.name for each in packages))}"[:_LONGEST_TITLE]


def _source(told: Told, kind: str) -> str:
    """Who tells: a distribution of its own CVEs, else the feed; `kind` is the package's type."""
    name = _word(told.affected.ecosystem.partition(":")[0])
    if MANAGERS.get(kind) == "OS" and name != _PROGRAMS:
        return f"{name}_CVE"
    return "GITHUB" if told.advisory.id.startswith("GHSA-") else _word(told.advisory.source) or name


def _word(text: str) -> str:
    return _WORDS.sub("_", text.upper()).strip("_")


def _tenths(assessed: Assessment) -> float:
    return round(assessed.score, 1)


def _scores(matches: Sequence[Match]) -> Sequence[Cvss]:
    """Every vector that somebody gives, each once."""
    scores = {score for match in matches for told in match.told for score in _vectors(told, match.located.package.type)}
    return sorted(scores, key=lambda each: (each.source, each.version, each.vector))[:_MOST_SCORES]


def _vectors(told: Told, kind: str) -> Iterator[Cvss]:
    for each in (*told.affected.severities, *told.advisory.severities):
        if each.kind.startswith("CVSS_V") and each.value:
            try:
                scored = vectors.parse(each.value)
            except CvssInvalid:
                continue
            yield Cvss(scored.score, scored.vector, scored.version, _word(each.source) or _source(told, kind))


def _related(name: str, matches: Sequence[Match]) -> Sequence[str]:
    """What else it is called, or goes with it."""
    names = {other for match in matches for told in match.told for other in _names(told.advisory)}
    return sorted(names - {name})[:_MOST_RELATED]


def _names(advisory: Advisory) -> Iterator[str]:
    yield advisory.id
    yield from advisory.aliases
    yield from advisory.related
