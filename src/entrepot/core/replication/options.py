"""What AWS has no name for of the replication of a private registry: only images with certain tags, and settings that
go there too (docs/decisions/0034). Beside the rules, which AWS's clients replace as a whole and know nothing of it.
"""

from collections.abc import Sequence
from typing import Final

from entrepot.core import access, changes, resources, tag_patterns
from entrepot.core.access import Caller
from entrepot.core.quotas import catalogue, limits
from entrepot.core.replication.rules import check_destination, check_prefixes
from entrepot.db import accounts, peers
from entrepot.db import replication_options as rows
from entrepot.db.database import Transaction
from entrepot.db.replication_records import Kind, Option
from entrepot.errors import ParameterInvalid
from entrepot.spec.repository import RegistryKey

__all__ = ["Kind", "Option", "get", "put"]

MOST: Final = 100
_MOST_FILTERS: Final = 100
_WHERE: Final = "options"


def get(tx: Transaction, caller: Caller, registry: RegistryKey) -> tuple[Option, ...]:
    """The options of a registry, in the order in which they were given."""
    access.require(caller, "GetReplicationOptions", resources.own(resources.of_own_registry(registry)))
    return rows.find(tx, registry)


def put(
    tx: Transaction,
    caller: Caller,
    registry: RegistryKey,
    options: Sequence[Option],
    served: Sequence[str],
    told: changes.Json,
) -> tuple[Option, ...]:
    """Replace the options, for what is pushed and set from now on; a repair brings what was there before:
    ParameterInvalid. `served` are the Regions of this deployment, `told` the call's input.
    """
    access.require(caller, "PutReplicationOptions", resources.own(resources.of_own_registry(registry)))
    if len(options) > MOST:
        raise ParameterInvalid(parameter=_WHERE, reason=f"Member must have length less than or equal to {MOST}")
    most_prefixes = limits.limit(tx, registry, catalogue.REPLICATION_FILTERS)
    for each in options:
        _check_destination(tx, registry, each, served)
        _check_length("repositoryFilters", each.prefixes, most_prefixes)
        check_prefixes(each.prefixes, f"{_WHERE}.repositoryFilters")
        _check_length("tagFilters", each.tags, _MOST_FILTERS)
        for text in each.tags:
            tag_patterns.check(f"{_WHERE}.tagFilters", text)
    accounts.lock(tx, registry.account)
    rows.put(tx, registry, options, caller.at)
    place = {"account": registry.account, "region": registry.region, "service": resources.OWN}
    changes.audit(tx, caller, "PutReplicationOptions", told, **place)
    return tuple(options)


def _check_destination(tx: Transaction, registry: RegistryKey, each: Option, served: Sequence[str]) -> None:
    where, peer = f"{_WHERE}.destination", peers.at(tx, each.destination)
    if peer is None:
        check_destination(registry, each.destination, served, where)
    elif each.settings:
        reason = (
            f"{each.destination.account}/{each.destination.region} is at the peer '{peer}', where settings do not go"
        )
        raise ParameterInvalid(parameter=where, reason=reason)


def _check_length(member: str, given: Sequence[str], most: int) -> None:
    if len(given) > most:
        reason = f"Member must have length less than or equal to {most}"
        raise ParameterInvalid(parameter=f"{_WHERE}.{member}", reason=reason)
