"""`entrepot replication`: how far behind each destination is, and what is not where it should be; beside a running
server or without one.
"""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter

from entrepot.app import opened
from entrepot.cli.output import HERE, Format, Place, progress, show
from entrepot.core.replication import statuses
from entrepot.core.replication.statuses import Failure, Flow
from entrepot.core.units import BlockingUnits

_LOOK_SECONDS = 0.2


def status(
    *,
    wait: Annotated[bool, Parameter(negative="", help="Until nothing waits, with a bar on a terminal.")] = False,
    failures: Annotated[int, Parameter(help="At most so many images that are not where they should be.")] = 20,
    place: Place = HERE,
    output: Format = "text",
) -> None:
    """Show for each destination what waits and since when, and the images that failed, with the reason."""
    with opened.database(place.settings()) as database:
        units = BlockingUnits(database)
        if wait:
            _until_nothing_waits(lambda: units.read(statuses.flows))
        flows, failed = units.read(statuses.flows), units.read(statuses.failures, failures)
    now = datetime.now(UTC)
    shown = [_flow(each, now) for each in flows]
    if output == "json":
        show({"destinations": shown, "failures": [_failure(each) for each in failed]}, output)
        return
    show([*shown, *(_failure(each) for each in failed)], output)


def _until_nothing_waits(look: Callable[[], Sequence[Flow]]) -> None:
    """What is to be tried again counts too: it is given up in time."""
    waiting = sum(flow.waiting for flow in look())
    with progress("replicating", waiting) as bar:
        while waiting:
            time.sleep(_LOOK_SECONDS)  # the job that replicates is in another process, and tells nobody
            before, waiting = waiting, sum(flow.waiting for flow in look())
            bar(max(before - waiting, 0))


def _flow(flow: Flow, now: datetime) -> dict[str, object]:
    lag = 0.0 if flow.oldest is None else max((now - flow.oldest).total_seconds(), 0.0)
    return {
        "source": f"{flow.source.account}/{flow.source.region}",
        "destination": f"{flow.destination.account}/{flow.destination.region}",
        "waiting": flow.waiting,
        "retried": flow.retried,
        "lag_seconds": round(lag, 3),
        "failed": flow.failed,
    }


def _failure(failure: Failure) -> dict[str, object]:
    return {
        "repository": failure.source.name,
        "source": f"{failure.source.registry.account}/{failure.source.registry.region}",
        "destination": f"{failure.destination.account}/{failure.destination.region}",
        "digest": failure.digest,
        "tag": failure.tag,
        "state": "failed" if failure.code else "tried again",
        "code": failure.code,
        "reason": failure.reason,
        "attempts": failure.attempts,
        "at": failure.at.isoformat(),
    }
