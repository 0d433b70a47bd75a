"""A record of the OSV schema -> an Advisory, tolerant of what feeds hold: fields that are null, dates of the year 1.

https://ossf.github.io/osv-schema/ ; ranges of commits are left out, for no package of an image says its commit.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from entrepot.errors.scanning import AdvisoryMalformed
from entrepot.scan import osv_severities as severities
from entrepot.scan import weaknesses
from entrepot.scan.advisories import Advisory, Affected, Event, EventKind
from entrepot.scan.osv_names import is_distribution, root, streams, subjects
from entrepot.scan.rpm_modules import UNNAMED, is_of_module
from entrepot.spec.moments import micros

MOST_BYTES: Final = 64 * 1024 * 1024  # of one record; a kernel's with all its versions has a few
_KINDS: Final[tuple[EventKind, ...]] = ("introduced", "fixed", "last_affected", "limit")


class _Range(msgspec.Struct):
    type: str = ""
    events: list[dict[str, str]] | None = None


class _Package(msgspec.Struct):
    ecosystem: str = ""
    name: str = ""


class _Affected(msgspec.Struct):
    package: _Package | None = None
    ranges: list[_Range] | None = None
    versions: list[str] | None = None
    severity: list[severities.Told] | None = None
    ecosystem_specific: object = None
    database_specific: object = None


class _Reference(msgspec.Struct):
    url: str = ""


class _Record(msgspec.Struct):
    id: str
    modified: str | None = None
    published: str | None = None
    withdrawn: str | None = None
    aliases: list[str] | None = None
    upstream: list[str] | None = None
    related: list[str] | None = None
    summary: str | None = None
    details: str | None = None
    severity: list[severities.Told] | None = None
    references: list[_Reference] | None = None
    affected: list[_Affected] | None = None
    database_specific: object = None


_DECODER = msgspec.json.Decoder(_Record)


def advisory(record: bytes, source: str = "") -> Advisory:
    """What one record says, of the feed named, else of that of its first package's ecosystem: AdvisoryMalformed."""
    read = _decoded(record)
    ecosystems = [each.package.ecosystem for each in read.affected or () if each.package is not None]
    summary = read.summary or ""
    modules = streams(summary)
    about = subjects(read.id, ecosystems, read.upstream or (), read.related or (), read.aliases or ())
    return Advisory(
        id=read.id,
        source=source or (root(ecosystems[0]) if ecosystems else ""),
        modified=moment(read.modified),
        published=moment(read.published),
        withdrawn=_withdrawn(read.withdrawn),
        vulnerabilities=about,
        aliases=tuple(read.aliases or ()),
        related=tuple(dict.fromkeys([*(read.upstream or ()), *(read.related or ())])),
        summary=summary,
        details=read.details or "",
        severities=severities.of_record(read.severity or (), read.id, ecosystems, summary, read.database_specific),
        references=tuple(each.url for each in read.references or () if each.url),
        cwes=weaknesses.of_osv(read.database_specific),
        affected=tuple(row for each in read.affected or () for row in _rows(each, modules)),
    )


def moment(text: str | None) -> int:
    """Microseconds since the epoch of a moment as RFC 3339 writes it; 0 where it tells none."""
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError:
        return 0
    try:
        return max(0, micros(at if at.tzinfo else at.replace(tzinfo=UTC)))
    except OverflowError:
        return 0


def _decoded(record: bytes) -> _Record:
    if len(record) > MOST_BYTES:
        raise AdvisoryMalformed(reason=f"it has {len(record)} bytes: more than {MOST_BYTES}")
    try:
        read = _DECODER.decode(record)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as fault:
        raise AdvisoryMalformed(reason=fault) from None
    if not read.id:
        raise AdvisoryMalformed(reason="it has no id")
    return read


def _withdrawn(text: str | None) -> int:
    """Never 0 of a record that says it was withdrawn, whenever that was."""
    return max(1, moment(text)) if text else 0


def _rows(read: _Affected, modules: Sequence[str]) -> Iterator[Affected]:
    """What it says of one package: once for each stream of a module that it is about."""
    if read.package is None or not read.package.name or not read.package.ecosystem:
        return
    ecosystem = read.package.ecosystem
    specific = read.ecosystem_specific if isinstance(read.ecosystem_specific, dict) else {}
    ranges = tuple(events for each in read.ranges or () if each.type != "GIT" if (events := _events(each)))
    # enumerated versions of a distribution repeat what its ranges say, and are most of the bytes
    kept = () if ranges and is_distribution(ecosystem) else read.versions or ()
    repository = specific.get("repository")
    row = Affected(
        ecosystem=ecosystem,
        name=read.package.name,
        ranges=ranges,
        versions=tuple(kept),
        severities=severities.of_package(read.severity or (), ecosystem, specific, read.database_specific),
        state=severities.state(specific),
        repository=repository if isinstance(repository, str) else "",
    )
    if not is_distribution(ecosystem) or not any(map(is_of_module, _fixed(ranges))):
        yield row
        return
    for stream in modules or (UNNAMED,):
        yield msgspec.structs.replace(row, modularity=stream)


def _events(read: _Range) -> tuple[Event, ...]:
    return tuple(
        Event(kind, version)
        for event in read.events or ()
        for kind in _KINDS
        if (version := event.get(kind)) is not None
    )


def _fixed(ranges: Sequence[Sequence[Event]]) -> Iterator[str]:
    return (event.version for events in ranges for event in events if event.kind == "fixed")
