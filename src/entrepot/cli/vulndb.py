"""`entrepot vulndb`: what is known of vulnerable packages, imported, looked at, and exported to where no network is.

Beside a running server, or without one.
"""

import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from entrepot.app import vulnerability_parts
from entrepot.cli.output import HERE, Format, Place, progress, show
from entrepot.core.vulnerabilities.importing import Brought
from entrepot.db.vulnerabilities import Source
from entrepot.errors import ParameterInvalid
from entrepot.settings import Settings
from entrepot.spec.moments import moment

WAIT_SECONDS = 30.0
Trust = Annotated[
    tuple[Path, ...],
    Parameter(name="--trust", help="The public key (PEM) of who may sign exports, beside this deployment's own."),
]
Force = Annotated[
    bool, Parameter(name="--force", negative="", help="Take what is older, or much less, than what is there.")
]
Wait = Annotated[
    float,
    Parameter(name="--wait", help="Seconds to wait until every running worker matches with what is new; 0 for none."),
]


def import_(
    *paths: Annotated[Path, Parameter(help="Exports, OSV archives and records, or folders of them.")],
    place: Place = HERE,
    trust: Trust = (),
    force: Force = False,
    wait: Wait = WAIT_SECONDS,
    output: Format = "text",
) -> None:
    """Add to what is known: exports, OSV's all.zip files, single records, CISA's KEV, EPSS, ends of life."""
    if not paths:
        raise ParameterInvalid(parameter="PATH", reason="name a file or a folder to import")
    settings = place.settings()
    with progress("importing", None) as bar:
        done = vulnerability_parts.take(settings, paths, trust, bar, force=force)
    result: dict[str, object] = {"generation": done.generation, "changed_packages": done.changed}
    result |= _followed(settings, done.generation, wait)
    lines = [_brought(each) for each in done.brought]
    show(result | {"sources": lines if output == "json" else [_line(each) for each in lines]}, output)


def status(*, place: Place = HERE, output: Format = "text") -> None:
    """Show who tells what is known: until when, since when it is here, how much."""
    settings = place.settings()
    with vulnerability_parts.known(settings) as known:
        now = vulnerability_parts.now()
        sources = [] if known is None else [_source(each, now) for each in known.sources()]
        generation = 0 if known is None else known.generation
    lines: list[object] = list(sources) if output == "json" else [_line(each) for each in sources]
    workers = [{"pid": each.pid, "generation": each.generation} for each in vulnerability_parts.reading(settings)]
    shown = workers if output == "json" else [_line(each) for each in workers]
    show({"generation": generation, "usable": bool(sources), "sources": lines, "workers": shown}, output)


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


def _followed(settings: Settings, generation: int, seconds: float) -> dict[str, object]:
    """What is said of the workers, once they match with the new generation or the time is over."""
    late = [each.pid for each in vulnerability_parts.followed(settings, generation, seconds)]
    if late:
        sys.stderr.write(f"entrepot: these processes do not use generation {generation} yet: {late}\n")
    return {"workers_behind": late}


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


def _line(record: Mapping[str, object]) -> str:
    return "  ".join(f"{name} {value}" for name, value in record.items() if value not in ({}, "", None))
