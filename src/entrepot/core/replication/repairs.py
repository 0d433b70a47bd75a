"""Repairs: both sides of a replication are compared image by image, and what differs at the destination is closed by
the steps by which anything else is replicated. Beyond AWS (docs/decisions/0034); `repairing` is the job.
"""

from collections.abc import Sequence
from typing import Final

from entrepot.core import access, changes, resources
from entrepot.core.access import Caller
from entrepot.core.page import Page, cut
from entrepot.core.replication.backfills import KEPT
from entrepot.core.replication.comparing import START
from entrepot.db import accounts, peers, replication_configurations
from entrepot.db import replication_repairs as rows
from entrepot.db.database import Transaction
from entrepot.db.replication_records import Destination, Repair, RepairItem, Rule
from entrepot.errors import ParameterInvalid, QuotaExceeded, RepairNotFound
from entrepot.spec.repository import RegistryKey

__all__ = ["Repair", "RepairItem", "describe", "destinations", "start"]

MOST_RUNNING: Final = 10
MOST_ITEMS: Final = 10_000  # differences that are told one by one; all are counted


def start(
    tx: Transaction,
    caller: Caller,
    registry: RegistryKey,
    destination: Destination,
    name: str,
    repair_id: str,
    *,
    dry: bool,
) -> Repair:
    """Begin to compare what the rules take to a destination, or of it one repository, and to close what differs, unless
    it is only to be found out: ParameterInvalid for what no rule takes there, QuotaExceeded.
    """
    access.require(caller, "StartReplicationRepair", resources.own(resources.of_own_registry(registry)))
    accounts.lock(tx, registry.account)
    _check(tx, replication_configurations.find(tx, registry), destination, name)
    if rows.count_running(tx, registry) >= MOST_RUNNING:
        raise QuotaExceeded(quota="ReplicationRepairsInProgress", limit=MOST_RUNNING)
    new = Repair(
        id=repair_id,
        registry=registry,
        destination=destination,
        name=name,
        is_dry=dry,
        status="IN_PROGRESS",
        after=START,
        compared=0,
        found=0,
        kept=0,
        started_at=caller.at,
        ended_at=None,
    )
    rows.add(tx, new)
    told: dict[str, object] = {"region": destination.region, "registryId": destination.account}
    told = {"destination": told, "repositoryName": name or None, "dryRun": dry}
    place = {"account": registry.account, "region": registry.region, "service": resources.OWN}
    changes.audit(tx, caller, "StartReplicationRepair", told, **place)
    return new


def destinations(tx: Transaction, caller: Caller, registry: RegistryKey) -> Sequence[Destination]:
    """Where repairs can be begun, in order: ParameterInvalid for a registry that replicates to none of them."""
    access.require(caller, "StartReplicationRepair", resources.own(resources.of_own_registry(registry)))
    rules = replication_configurations.find(tx, registry)
    found = sorted({each for rule in rules for each in rule.destinations if peers.at(tx, each) is None})
    if not found:
        reason = "no rule of the registry takes anything to another registry of this deployment"
        raise ParameterInvalid(parameter="destination", reason=reason)
    return found


def describe(
    tx: Transaction, caller: Caller, registry: RegistryKey, repair_id: str, limit: int, after: int
) -> tuple[Repair, Page[RepairItem]]:
    """How far a repair has come, and a page of what it has found, behind an ordinal: RepairNotFound."""
    access.require(caller, "DescribeReplicationRepair", resources.own(resources.of_own_registry(registry)))
    found = rows.find(tx, registry, repair_id.lower())
    if found is None or (found.ended_at is not None and found.ended_at < caller.at - KEPT):
        raise RepairNotFound(id=repair_id, account=registry.account)
    items = rows.items(tx, found.id, after, limit + 1)
    return found, cut(items, limit, lambda each: str(each.ordinal))


def _check(tx: Transaction, rules: Sequence[Rule], destination: Destination, name: str) -> None:
    going = [rule for rule in rules if destination in rule.destinations]
    if not going:
        reason = "The destination is not in the replication configuration of the registry"
        raise ParameterInvalid(parameter="destination", reason=reason)
    if name and not any(rule.applies_to(name) for rule in going):
        reason = f"no rule takes the repository '{name}' to the destination"
        raise ParameterInvalid(parameter="repositoryName", reason=reason)
    peer = peers.at(tx, destination)
    if peer is not None:
        reason = f"it is at the peer '{peer}', where nothing is compared; a backfill brings what is missing there"
        raise ParameterInvalid(parameter="destination", reason=reason)
