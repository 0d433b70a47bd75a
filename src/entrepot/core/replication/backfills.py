"""Backfills: the images that a registry had before its rules, on their way to one destination (ECR user guide,
"Replication backfill"). `backfilling` is the job that brings them. They are the account's own: no registry policy has a
say.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final, NamedTuple

from entrepot.core import access, changes, resources
from entrepot.core.access import Caller
from entrepot.core.page import Page, cut
from entrepot.db import accounts, replication_configurations
from entrepot.db import replication_backfills as rows
from entrepot.db.database import Transaction
from entrepot.db.replication_records import Backfill, Destination, Item
from entrepot.errors import (
    BackfillInProgress,
    BackfillNotFound,
    BackfillStatusInvalid,
    ParameterInvalid,
    QuotaExceeded,
)
from entrepot.spec.moments import micros
from entrepot.spec.repository import RegistryKey

__all__ = ["Backfill", "Item", "Shown", "list_of", "results", "start", "stop"]

MOST_RUNNING: Final = 10
KEPT: Final = timedelta(days=90)
_LAST: Final = 2**62


class Shown(NamedTuple):
    """A backfill, and why images of it failed, each code once."""

    backfill: Backfill
    failure_codes: Sequence[str]


def start(
    tx: Transaction, caller: Caller, registry: RegistryKey, destination: Destination, backfill_id: str
) -> Backfill:
    """Begin to bring what matches the rules to a destination that they name: ParameterInvalid for another,
    BackfillInProgress while one goes to its Region, QuotaExceeded.
    """
    access.require(caller, "StartReplicationBackfill", resources.of_own_registry(registry))
    accounts.lock(tx, registry.account)
    rules = replication_configurations.find(tx, registry)
    if not any(destination in rule.destinations for rule in rules):
        reason = "The destination is not in the replication configuration of the registry"
        raise ParameterInvalid(parameter="destination", reason=reason)
    running = rows.running_of(tx, registry)
    for each in running:
        if each.destination.region == destination.region:
            raise BackfillInProgress(id=each.id, region=destination.region, account=registry.account)
    if len(running) >= MOST_RUNNING:
        raise QuotaExceeded(quota="ReplicationBackfillsInProgress", limit=MOST_RUNNING)
    new = Backfill(
        id=backfill_id,
        registry=registry,
        destination=destination,
        status="PREPARING",
        failure_code="",
        after=("", "", ""),
        total=0,
        completed=0,
        failed=0,
        is_prepared=False,
        started_at=caller.at,
        ended_at=None,
    )
    rows.add(tx, new)
    _tell(tx, caller, registry, "StartReplicationBackfill", {"destination": _told(destination)})
    return new


def stop(tx: Transaction, caller: Caller, registry: RegistryKey, backfill_id: str) -> Backfill:
    """Bring no more: at once while it is being prepared, else when what is on its way has arrived. BackfillNotFound,
    BackfillStatusInvalid.
    """
    access.require(caller, "StopReplicationBackfill", resources.of_own_registry(registry))
    _get(tx, registry, caller, backfill_id)
    found = rows.lock(tx, backfill_id)
    if found is None:
        raise BackfillNotFound(id=backfill_id, account=registry.account)
    match found.status:
        case "PREPARING":
            stopped = replace(found, status="STOPPED", ended_at=caller.at)
        case "IN_PROGRESS":
            stopped = replace(found, status="STOPPING")
        case _:
            raise BackfillStatusInvalid(id=backfill_id, status=found.status)
    rows.put(tx, stopped)
    _tell(tx, caller, registry, "StopReplicationBackfill", {"replicationBackfillId": backfill_id})
    return stopped


def list_of(tx: Transaction, caller: Caller, registry: RegistryKey, limit: int, after: tuple[str, str]) -> Page[Shown]:
    """A page of the backfills of a registry, the newest first."""
    access.require(caller, "ListReplicationBackfills", resources.of_own_registry(registry))
    before = (int(after[0]), after[1]) if after[0] else (_LAST, "")
    page = cut(
        [each for each in rows.page(tx, registry, before, limit + 1) if not _is_over(each, caller)],
        limit,
        lambda each: f"{micros(each.started_at)}/{each.id}",
    )
    shown = tuple(Shown(each, rows.failure_codes(tx, each.id)) for each in page.items)
    last = None if page.after is None else tuple(page.after[0].split("/"))
    return Page(shown, last)


def results(
    tx: Transaction,
    caller: Caller,
    registry: RegistryKey,
    backfill_id: str,
    status: str | None,
    limit: int,
    after: tuple[str, str, str],
) -> tuple[Shown, Page[Item]]:
    """A backfill, and once it has ended a page of how its images came out: BackfillNotFound."""
    access.require(caller, "DescribeReplicationBackfillResults", resources.of_own_registry(registry))
    found = _get(tx, registry, caller, backfill_id)
    shown = Shown(found, rows.failure_codes(tx, backfill_id))
    if found.ended_at is None:
        return shown, Page((), None)
    items = rows.done_items(tx, backfill_id, status, after, limit + 1)
    last = items[limit - 1] if len(items) > limit else None
    return shown, Page(tuple(items[:limit]), None if last is None else (last.name, last.digest, last.tag))


def _get(tx: Transaction, registry: RegistryKey, caller: Caller, backfill_id: str) -> Backfill:
    found = rows.find(tx, registry, backfill_id.lower())
    if found is None or _is_over(found, caller):
        raise BackfillNotFound(id=backfill_id, account=registry.account)
    return found


def _is_over(backfill: Backfill, caller: Caller) -> bool:
    """Whether it ended so long ago that it is not shown any more, whether or not the job has removed it."""
    return backfill.ended_at is not None and backfill.ended_at < caller.at - KEPT


def _told(destination: Destination) -> dict[str, str]:
    return {"region": destination.region, "registryId": destination.account}


def _tell(tx: Transaction, caller: Caller, registry: RegistryKey, action: str, told: changes.Json) -> None:
    changes.audit(tx, caller, action, told, account=registry.account, region=registry.region)
