"""`entrepot replication`: how far behind each destination is, what is not where it should be, and how that is mended;
beside a running server or without one.
"""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter

from entrepot.app import opened
from entrepot.cli.destinations import parse
from entrepot.cli.output import HERE, Format, Place, progress, show
from entrepot.cli.registry_place import REGISTRY_HERE, RegistryPlace
from entrepot.core.replication import repairs, statuses
from entrepot.core.replication.repairing import Repairing
from entrepot.core.replication.repairs import Repair, RepairItem
from entrepot.core.replication.statuses import Failure, Flow
from entrepot.core.units import BlockingUnits

_LOOK_SECONDS = 0.2
_TURN_SECONDS = 0.5


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


def repair(
    *,
    destination: Annotated[
        list[str] | None, Parameter(negative="", help="ACCOUNT/REGION, may be given several times; without, all.")
    ] = None,
    repository: Annotated[str, Parameter(help="Only this repository.")] = "",
    dry_run: Annotated[bool, Parameter(negative="", help="Show what differs, and change nothing.")] = False,
    wait: Annotated[bool, Parameter(negative="", help="Until nothing waits, which needs a running server.")] = False,
    differences: Annotated[int, Parameter(help="Show at most so many differences of each destination.")] = 100,
    where: RegistryPlace = REGISTRY_HERE,
    output: Format = "text",
) -> None:
    """Compare a registry with its destinations, image by image, and have every difference closed.

    What is extra there is deleted only where the rule replicates deletions. What was interrupted goes on with the next
    repair, or by a running server.
    """
    named = [parse(each) for each in destination] if destination else where.read(repairs.destinations)
    begun = [where.write(repairs.start, each, repository, str(uuid.uuid4()), dry=dry_run) for each in named]
    with opened.database(where.settings()) as database:
        units, repairing = BlockingUnits(database), Repairing(database, _TURN_SECONDS)
        with progress("comparing", None) as bar:
            while any(_now(where, each.id).ended_at is None for each in begun):
                compared = repairing.run(datetime.now(UTC)).get("compared", 0)
                bar(compared if isinstance(compared, int) else 0)
        if wait and not dry_run:
            _until_nothing_waits(lambda: units.read(statuses.flows))
    found = [where.read(repairs.describe, each.id, max(differences, 1), 0) for each in begun]
    told = [_repair(each) for each, _ in found]
    listed = [_difference(each, item) for each, page in found for item in page.items[:differences]]
    show({"repairs": told, "differences": listed} if output == "json" else [*told, *listed], output)


def _now(where: RegistryPlace, repair_id: str) -> Repair:
    found, _ = where.read(repairs.describe, repair_id, 1, 0)
    return found


def _until_nothing_waits(look: Callable[[], Sequence[Flow]]) -> None:
    """What is to be tried again counts too: it is given up in time."""
    waiting = sum(flow.waiting for flow in look())
    with progress("replicating", waiting) as bar:
        while waiting:
            time.sleep(_LOOK_SECONDS)  # the job that replicates is in another process, and tells nobody
            before, waiting = waiting, sum(flow.waiting for flow in look())
            bar(max(before - waiting, 0))


def _flow(flow: Flow, now: datetime) -> dict[str, object]:
    return {
        "source": f"{flow.source.account}/{flow.source.region}",
        "destination": f"{flow.destination.account}/{flow.destination.region}",
        "waiting": flow.waiting,
        "retried": flow.retried,
        "lag_seconds": round(flow.lag(now), 3),
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


def _repair(found: Repair) -> Mapping[str, object]:
    return {
        "repair_id": found.id,
        "source": f"{found.registry.account}/{found.registry.region}",
        "destination": f"{found.destination.account}/{found.destination.region}",
        "dry_run": found.is_dry,
        "compared": found.compared,
        "differences": found.found,
        "kept": found.kept,
    }


def _difference(of: Repair, item: RepairItem) -> Mapping[str, object]:
    told = {
        "destination": f"{of.destination.account}/{of.destination.region}",
        "repository": item.name,
        "difference": item.difference.lower(),
        "digest": item.digest,
        "tag": item.tag,
        "kept": item.is_kept,
    }
    if item.digest:
        return told
    return {**{name: told[name] for name in ("destination", "repository", "difference")}, "settings": item.tag}
