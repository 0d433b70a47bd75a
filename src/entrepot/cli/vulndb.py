"""`entrepot vulndb`: what is known of vulnerable packages, imported, looked at, and exported to where no network is.

Beside a running server, or without one.
"""

from datetime import datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from entrepot.app import vulnerability_parts
from entrepot.cli.output import HERE, Format, Place, progress, show
from entrepot.core.vulnerabilities.importing import Brought
from entrepot.db.vulnerabilities import Source
from entrepot.errors import ParameterInvalid
from entrepot.spec.moments import moment

Trust = Annotated[
    tuple[Path, ...],
    Parameter(name="--trust", help="The public key (PEM) of who may sign exports, beside this deployment's own."),
]
Force = Annotated[
    bool, Parameter(name="--force", negative="", help="Take what is older, or much less, than what is there.")
]


def import_(
    *paths: Annotated[Path, Parameter(help="Exports, OSV archives and records, or folders of them.")],
    place: Place = HERE,
    trust: Trust = (),
    force: Force = False,
    output: Format = "text",
) -> None:
    """Add to what is known: exports, OSV's all.zip files, single records, CISA's KEV, EPSS, ends of life."""
    if not paths:
        raise ParameterInvalid(parameter="PATH", reason="name a file or a folder to import")
    with progress("importing", None) as bar:
        done = vulnerability_parts.take(place.settings(), paths, trust, bar, force=force)
    result: dict[str, object] = {"generation": done.generation, "changed_packages": done.changed}
    lines = [_brought(each) for each in done.brought]
    show(result | {"sources": lines if output == "json" else [_line(each) for each in lines]}, output)


def status(*, place: Place = HERE, output: Format = "text") -> None:
    """Show who tells what is known: until when, since when it is here, how much."""
    with vulnerability_parts.known(place.settings()) as known:
        now = vulnerability_parts.now()
        sources = [] if known is None else [_source(each, now) for each in known.sources()]
        generation = 0 if known is None else known.generation
    lines: list[object] = list(sources) if output == "json" else [_line(each) for each in sources]
    show({"generation": generation, "usable": bool(sources), "sources": lines}, output)


def export(
    file: Annotated[Path, Parameter(help="The file to write.")], *, place: Place = HERE, output: Format = "text"
) -> None:
    """Write all that is known to one signed file, which another deployment imports with --trust."""
    with progress("exporting", None) as bar:
        manifest = vulnerability_parts.export(place.settings(), file, bar)
    show(
        {
            "file": str(file),
            "bytes": file.stat().st_size,
            "generation": manifest.generation,
            "sources": len(manifest.sources),
            "public_key": str(place.settings().data / vulnerability_parts.FOLDER / "export.pub"),
        },
        output,
    )


def key(*, place: Place = HERE, output: Format = "text") -> None:
    """Show the public key that others need to import this deployment's exports; made when it is first asked for."""
    show({"public_key": vulnerability_parts.public_key(place.settings())}, output)


def _brought(brought: Brought) -> dict[str, object]:
    counts = brought.counts
    return {
        "source": brought.source,
        "added": counts.added,
        "changed": counts.changed,
        "same": counts.same,
        "removed": counts.removed,
        "left_out": counts.left_out,
    }


def _source(source: Source, now: datetime) -> dict[str, object]:
    updated = moment(source.updated_at) if source.updated_at else None
    return {
        "source": source.name,
        "records": source.records,
        "left_out": source.left_out,
        "updated_at": updated.isoformat(timespec="seconds") if updated else "",
        "age_days": (now - updated).days if updated else None,
        "imported_at": moment(source.imported_at).isoformat(timespec="seconds"),
    }


def _line(record: dict[str, object]) -> str:
    return "  ".join(f"{name} {value}" for name, value in record.items() if value not in ({}, "", None))
