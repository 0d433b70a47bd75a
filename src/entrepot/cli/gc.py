"""`entrepot gc`: one run of the collector, beside a running server or without one."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter

from entrepot.app import opened
from entrepot.cli.output import HERE, Format, Place, progress, show


def gc(
    *,
    place: Place = HERE,
    dry_run: Annotated[bool, Parameter(negative="", help="Say what could go; change nothing.")] = False,
    output: Format = "text",
) -> None:
    """Collect what no image references: condemn it, and remove what was condemned gc_grace_seconds ago."""
    now = datetime.now(UTC)
    with opened.keeper(place.settings()) as keeper, progress("collecting", None):
        if dry_run:
            done = keeper.collector.preview(now)
        else:
            done = keeper.collector.run(now)
            done.orphans = keeper.collector.sweep(now)
    show(asdict(done), output)
