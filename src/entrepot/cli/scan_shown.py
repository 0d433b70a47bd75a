"""An examination for people, as a table, and for programs, as JSON of our own."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, TextIO

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from entrepot.core.examining.examination import Examination
from entrepot.scan.documents.reported import LEVELS, Reported
from entrepot.scan.documents.subject import encoded
from entrepot.scan.merging import Located
from entrepot.spec.moments import moment

_COLOURS: Final = {
    "CRITICAL": "bold red",
    "HIGH": "red",
    "MEDIUM": "yellow",
    "LOW": "blue",
    "INFORMATIONAL": "dim",
    "UNDEFINED": "dim",
}
_STATES: Final = {
    "will_not_fix": "will not be fixed",
    "deferred": "put off",
    "end_of_life": "end of life",
    "under_investigation": "looked into",
}
_WIDE: Final = 160  # columns where nobody looks at a terminal
_SHOWN: Final = 12  # hexadecimal digits of a digest


def table(told: Examination, output: Path | None) -> None:
    """A table, the worst first, with what was not seen below it; colours on a terminal alone."""
    if output is None:
        _print(told, sys.stdout)
        return
    with output.open("w", encoding="utf-8") as file:
        _print(told, file)


def _print(told: Examination, file: TextIO) -> None:
    console = Console(file=file, highlight=False, soft_wrap=False)
    if not console.is_terminal:
        console = Console(file=file, highlight=False, soft_wrap=False, width=_WIDE)
    for line in _head(told):
        console.print(escape(line))
    if told.found:
        console.print(_rows(told.found))
    for line in _totals(told):
        console.print(escape(line))
    for each in told.unseen:
        console.print(f"[yellow]not seen:[/yellow] {escape(each)}")


def _head(told: Examination) -> Iterator[str]:
    digest = f" ({told.subject.digest})" if told.subject.digest else ""
    yield f"{told.subject.name}{digest}"
    release = told.image.release
    if release is not None:
        yield f"{release.name or ' '.join(filter(None, (release.id, release.version)))}"


def _rows(found: Sequence[Reported]) -> Table:
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("severity", "vulnerability"):
        shown.add_column(name, no_wrap=True)
    for name in ("package", "installed", "fixed in"):
        shown.add_column(name, overflow="fold")
    shown.add_column("layer", no_wrap=True)
    shown.add_column("file", overflow="fold")
    for each in found:
        package = each.located.package
        shown.add_row(
            f"[{_COLOURS[each.level]}]{each.level}[/]",
            *map(escape, (each.name, package.name, package.version, each.fixed or _STATES.get(each.state, "-"))),
            *map(escape, (_layer(each.located), package.path)),
        )
    return shown


def _layer(located: Located) -> str:
    return located.layer.rpartition(":")[2][:_SHOWN]


def _totals(told: Examination) -> Iterator[str]:
    packages = Counter(each.package.type for each in told.image.packages)
    listed = ", ".join(f"{count} {kind}" for kind, count in sorted(packages.items()))
    yield f"{sum(packages.values())} packages{f' ({listed})' if listed else ''}"
    levels = Counter(each.level for each in told.found)
    counted = ", ".join(f"{levels[level]} {level}" for level in LEVELS if levels[level])
    mended = sum(bool(each.fixed) for each in told.found)
    total = sum(levels.values())
    yield (
        f"{total} vulnerabilities ({counted}); {mended} can be mended" if total else "no known vulnerabilities to show"
    )
    if told.notes:
        yield told.notes


def as_json(told: Examination) -> bytes:
    """Everything that was found, with the names of the table."""
    levels = Counter(each.level for each in told.found)
    release = told.image.release
    return encoded(
        {
            "image": told.subject.name,
            "digest": told.subject.digest,
            "scanned_at": told.subject.moment,
            "release": None
            if release is None
            else {"id": release.id, "version": release.version, "name": release.name},
            "packages": len(told.image.packages),
            "counts": {level: levels[level] for level in LEVELS if levels[level]},
            "vulnerabilities": [_record(each) for each in told.found],
            "unseen": list(told.unseen),
            "notes": told.notes,
        }
    )


def _record(each: Reported) -> dict[str, object]:
    package, assessed = each.located.package, each.assessed
    return {
        "id": each.name,
        "severity": each.level,
        "score": assessed.score,
        "vector": assessed.vector,
        "type": package.type,
        "package": package.name,
        "source_package": package.source_name,
        "installed": package.version,
        "fixed": each.fixed,
        "state": each.state,
        "layer": each.located.layer,
        "path": package.path,
        "title": each.title,
        "description": each.details,
        "advisory": each.advisory,
        "source": each.source,
        "references": each.references,
        "published": f"{moment(each.published):%Y-%m-%dT%H:%M:%SZ}" if each.published else "",
    }
