"""Which registries images go to: the replication configuration of a private registry (ECR API reference,
PutReplicationConfiguration; user guide, "Configuring private image replication").

The first rules of an account make its service-linked role, as which replication acts at every destination.
"""

import re
from collections.abc import Sequence
from typing import Final

from entrepot.core import changes, lookup, service_roles
from entrepot.core.access import Caller
from entrepot.core.quotas import catalogue, limits
from entrepot.db import accounts, peers
from entrepot.db import replication_configurations as rows
from entrepot.db.database import Transaction
from entrepot.db.replication_records import Destination, Rule
from entrepot.errors import IdentityInputInvalid, ParameterInvalid, QuotaExceeded
from entrepot.spec.repository import RegistryKey

__all__ = ["Destination", "Rule", "describe", "put"]

SERVICE: Final = "replication.ecr.amazonaws.com"
_PREFIX = re.compile(r"(?:[a-z0-9]+(?:[._-][a-z0-9]*)*/)*[a-z0-9]*(?:[._-][a-z0-9]*)*")
_WHERE: Final = "replicationConfiguration"


def describe(tx: Transaction, caller: Caller, registry: RegistryKey) -> tuple[Rule, ...]:
    """The rules of a registry, in the order in which they were given."""
    lookup.allow_registry(tx, caller, registry, "DescribeRegistry")
    return rows.find(tx, registry)


def put(
    tx: Transaction,
    caller: Caller,
    registry: RegistryKey,
    rules: Sequence[Rule],
    served: Sequence[str],
    told: changes.Json,
    role_id: str,
) -> tuple[Rule, ...]:
    """Replace the rules, for what is pushed from now on; what waits for its copy still gets it: ParameterInvalid.

    `served` are the Regions of this deployment, beside which peers may serve others; `told` is the call's input,
    `role_id` the unique id of the service-linked role, if it is to be made: AccessDenied unless the caller may.
    """
    lookup.allow_registry(tx, caller, registry, "PutReplicationConfiguration")
    _check(tx, registry, rules, served)
    accounts.lock(tx, registry.account)
    if rules:
        _make_role(tx, caller, role_id)
    rows.put(tx, registry, rules, caller.at)
    changes.audit(
        tx, caller, "PutReplicationConfiguration", told, account=registry.account, region=registry.region, service="ecr"
    )
    return tuple(rules)


def _make_role(tx: Transaction, caller: Caller, role_id: str) -> None:
    """ParameterInvalid where the account has as many roles as it may have."""
    try:
        service_roles.ensure(tx, caller, SERVICE, role_id)
    except (IdentityInputInvalid, QuotaExceeded) as fact:
        raise ParameterInvalid(parameter=_WHERE, reason=f"no service-linked role can be made: {fact}") from None


def _check(tx: Transaction, registry: RegistryKey, rules: Sequence[Rule], served: Sequence[str]) -> None:
    most_rules, most_destinations, most_prefixes = (
        limits.limit(tx, registry, name)
        for name in (catalogue.REPLICATION_RULES, catalogue.DESTINATIONS, catalogue.REPLICATION_FILTERS)
    )
    if len(rules) > most_rules:
        raise ParameterInvalid(
            parameter=f"{_WHERE}.rules", reason=f"Member must have length less than or equal to {most_rules}"
        )
    destinations = [each for rule in rules for each in rule.destinations]
    for each in destinations:
        if peers.at(tx, each) is None:
            check_destination(registry, each, served)
    if len(set(destinations)) > most_destinations:
        reason = f"a registry replicates to at most {most_destinations} destinations"
        raise ParameterInvalid(parameter=f"{_WHERE}.rules.destinations", reason=reason)
    for rule in rules:
        _check_rule(rule, most_prefixes)


def check_destination(
    registry: RegistryKey, each: Destination, served: Sequence[str], where: str = f"{_WHERE}.rules.destinations"
) -> None:
    """ParameterInvalid for a destination, of the member `where`, that a registry cannot replicate to."""
    if each.registry == registry:
        reason = "Replication destination cannot be the same as the source registry"
        raise ParameterInvalid(parameter=where, reason=reason)
    if each.region not in served:
        reason = f"the Region {each.region} is not served here, nor by a peer; there are {', '.join(served)}"
        raise ParameterInvalid(parameter=f"{where}.region", reason=reason)


def _check_rule(rule: Rule, most_prefixes: int) -> None:
    if len(set(rule.destinations)) != len(rule.destinations):
        raise ParameterInvalid(
            parameter=f"{_WHERE}.rules.destinations", reason="a rule must name each destination once"
        )
    where = f"{_WHERE}.rules.repositoryFilters"
    if len(rule.prefixes) > most_prefixes:
        raise ParameterInvalid(parameter=where, reason=f"Member must have length less than or equal to {most_prefixes}")
    check_prefixes(rule.prefixes, where)


def check_prefixes(prefixes: Sequence[str], where: str) -> None:
    """ParameterInvalid for prefixes, of the member `where`, that no repository's name can have."""
    for prefix in prefixes:
        if not _PREFIX.fullmatch(prefix):
            reason = f"Member must satisfy regular expression pattern: ^{_PREFIX.pattern}$"
            raise ParameterInvalid(parameter=f"{where}.filter", reason=reason)
