"""Whether a version is affected: OSV's `affected[].ranges` and `affected[].versions` (OSV schema, "Evaluation").

Ranges of type GIT say nothing here: commits have no order.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Final

import msgspec

from entrepot.errors.scanning import VersionInvalid
from entrepot.scan.versions.schemes import SEMVER, Scheme
from entrepot.scan.versions.text import Key

_Bound = tuple[int, Key]

_LOWEST: Final[_Bound] = (0, ())  # "0": before every version
_HIGHEST: Final[_Bound] = (2, ())  # "*": behind every version


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """A version at which something begins or ends; a record's event has one of the four."""

    introduced: str | None = None
    fixed: str | None = None
    last_affected: str | None = None
    limit: str | None = None


class Range(msgspec.Struct, frozen=True, omit_defaults=True):
    """Events on one line of versions; what else a record's range has is left out."""

    type: str  # ECOSYSTEM, SEMVER, GIT
    events: Sequence[Event] = ()


def affects(scheme: Scheme, affected_ranges: Iterable[Range], versions: Collection[str], version: str) -> bool:
    """Whether ranges or the list of versions hold a version.

    VersionInvalid for a version that the list does not hold as it is written, or a bound, that is none of its scheme.
    """
    if version in versions:
        return True
    ordered = [each for each in affected_ranges if each.type in {"ECOSYSTEM", "SEMVER"}]
    if ordered:
        return any(_holds(_scheme(scheme, each), each.events, version) for each in ordered)
    return bool(versions) and _listed(scheme, versions, version)


def _scheme(scheme: Scheme, of: Range) -> Scheme:
    return SEMVER if of.type == "SEMVER" and not scheme.semantic else scheme


def _listed(scheme: Scheme, versions: Collection[str], version: str) -> bool:
    """Whether the list alone, without ranges, holds it in another spelling: 1.0 where it is 1.0.0."""
    key = scheme.key(version)
    return any(_key_or_none(scheme, each) == key for each in versions)


def _key_or_none(scheme: Scheme, version: str) -> Key | None:
    try:
        return scheme.key(version)
    except VersionInvalid:
        return None


def _holds(scheme: Scheme, events: Sequence[Event], version: str) -> bool:
    """Of events at one and the same version, the later in the record is the later."""
    at = _bound(scheme, version) if version != "0" else (1, scheme.key(version))
    limits = [_bound(scheme, event.limit) for event in events if event.limit is not None]
    if limits and not any(at < limit for limit in limits):
        return False
    affected = False
    for bound, event in sorted(_bounds(scheme, events), key=lambda each: each[0]):
        if bound > at:
            continue  # not the last: Maven's order is none that allows it
        if event.introduced is not None:
            affected = True
        elif event.fixed is not None or bound < at:
            affected = False
    return affected


def _bounds(scheme: Scheme, events: Iterable[Event]) -> Iterable[tuple[_Bound, Event]]:
    for event in events:
        text = next(filter(None, (event.introduced, event.fixed, event.last_affected)), None)
        if text is not None:
            yield _bound(scheme, text), event


def _bound(scheme: Scheme, text: str) -> _Bound:
    if text == "0":
        return _LOWEST
    return _HIGHEST if text == "*" else (1, scheme.key(text))
