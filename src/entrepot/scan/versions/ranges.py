"""Whether a version is affected: OSV's `affected[].ranges` and `affected[].versions` (OSV schema, "Evaluation")."""

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from entrepot.errors.scanning import VersionInvalid
from entrepot.scan.advisories import Event
from entrepot.scan.versions.schemes import Scheme
from entrepot.scan.versions.text import Key

_Bound = tuple[int, Key]

_LOWEST: Final[_Bound] = (0, ())  # "0": before every version
_HIGHEST: Final[_Bound] = (2, ())  # "*": behind every version


def affects(scheme: Scheme, ranges: Sequence[Sequence[Event]], versions: Collection[str], version: str) -> bool:
    """Whether ranges or the list of versions hold a version.

    VersionInvalid for a version that the list does not hold as it is written, or a bound, that is none of its scheme.
    """
    if version in versions:
        return True
    if ranges:
        return any(_holds(scheme, events, version) for events in ranges)
    return bool(versions) and _listed(scheme, versions, version)


def fix(scheme: Scheme, ranges: Sequence[Sequence[Event]], version: str) -> str:
    """The next version in which what affects this one is fixed; empty where none is told. VersionInvalid."""
    at = _bound(scheme, version)
    later = [
        (bound, event.version)
        for events in ranges
        if _holds(scheme, events, version)
        for bound, event in _bounds(scheme, events)
        if event.kind == "fixed" and bound > at
    ]
    return min(later, key=lambda each: each[0])[1] if later else ""


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
    limits = [_bound(scheme, event.version) for event in events if event.kind == "limit"]
    if limits and not any(at < limit for limit in limits):
        return False
    affected = False
    for bound, event in sorted(_bounds(scheme, events), key=lambda each: each[0]):
        if bound > at:
            continue  # not the last: Maven's order is none that allows it
        if event.kind == "introduced":
            affected = True
        elif event.kind == "fixed" or bound < at:
            affected = False
    return affected


def _bounds(scheme: Scheme, events: Iterable[Event]) -> Iterable[tuple[_Bound, Event]]:
    return ((_bound(scheme, event.version), event) for event in events if event.kind != "limit")


def _bound(scheme: Scheme, text: str) -> _Bound:
    if text == "0":
        return _LOWEST
    return _HIGHEST if text == "*" else (1, scheme.key(text))
