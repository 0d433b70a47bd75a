"""Matches as they are reported: each with how bad it is, what is said of it, and what mends it; the worst first."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from entrepot.scan.advisories import Advisory, State
from entrepot.scan.matching import Match
from entrepot.scan.merging import Located
from entrepot.scan.severities import Assessment, Level, assess

LEVELS: Final[Sequence[Level]] = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED")  # the worst first
_RANKS: Final = {level: rank for rank, level in enumerate(LEVELS)}
_LONGEST: Final = 4000  # characters of a text

Whole = Callable[[int], Advisory | None]  # an advisory with its texts, by its number


class Reported(msgspec.Struct, frozen=True):
    """A vulnerability of a package, by the advisory that thinks worst of it."""

    name: str  # the CVE where there is one
    located: Located
    assessed: Assessment
    fixed: str  # the version in which it is mended; empty while none is known
    state: State  # why there is no fix, where that is said
    advisory: str  # the id of who is heard
    source: str  # the feed that it came by
    title: str
    details: str
    references: Sequence[str]
    published: int  # microseconds, 0 where it is not told
    modified: int
    cwes: Sequence[str] = ()  # kinds of weaknesses, `CWE-79`

    @property
    def level(self) -> Level:
        """How bad it is."""
        return self.assessed.level


def reported(found: Iterable[Match], whole: Whole) -> list[Reported]:
    """The matches of an image; each advisory is asked for once."""
    wholes: dict[int, Advisory | None] = {}

    def remembered(number: int) -> Advisory | None:
        if number not in wholes:
            wholes[number] = whole(number)
        return wholes[number]

    return sorted((_reported(match, remembered) for match in found), key=_order)


def rank(level: Level) -> int:
    """0 for the worst."""
    return _RANKS[level]


def _reported(match: Match, whole: Whole) -> Reported:
    told, assessed = min(
        ((each, assess(each.advisory, each.affected)) for each in match.told), key=lambda each: rank(each[1].level)
    )
    advisory = whole(told.number) or told.advisory
    return Reported(
        name=match.vulnerability,
        located=match.located,
        assessed=assessed,
        fixed=match.fixed,
        state=told.affected.state,
        advisory=advisory.id,
        source=advisory.source,
        title=(advisory.summary or advisory.details).strip().partition("\n")[0][:_LONGEST],
        details=advisory.details.strip()[:_LONGEST],
        references=[each for each in advisory.references if each.startswith(("https://", "http://"))],
        published=advisory.published,
        modified=advisory.modified,
        cwes=_weaknesses(match),
    )


def _weaknesses(match: Match) -> Sequence[str]:
    """Those that any advisory names: the distribution's, which is heard of the rest, seldom does."""
    return list(dict.fromkeys(cwe for each in match.told for cwe in each.advisory.cwes))


def _order(each: Reported) -> tuple[int, float, str, str, str, str]:
    package = each.located.package
    return rank(each.level), -each.assessed.score, each.name, package.name, package.version, package.path
