"""How images are scanned: what is set for a registry, and what follows for a repository (ECR user guide, "Scanning").

The rules of a registry say for which of its repositories images are scanned on push; while there are none, each
repository's own setting does.
"""

from collections.abc import Sequence
from typing import NamedTuple

from entrepot.core import access, changes, lookup, resources
from entrepot.core.access import Caller
from entrepot.core.changes import Change
from entrepot.db import accounts, registry_scanning
from entrepot.db import repositories as repository_rows
from entrepot.db.database import Transaction
from entrepot.db.records import Repository
from entrepot.db.scan_records import RegistryScanning, ScanningRule
from entrepot.errors import EnhancedScanningAbsent, ScanningConfigurationInvalid
from entrepot.spec.repository import RegistryKey, RepositoryKey

__all__ = ["Applied", "RegistryScanning", "ScanningRule", "get", "of_repositories", "put", "set_scan_on_push"]

BASIC, ENHANCED = "BASIC", "ENHANCED"
ON_PUSH, MANUAL = "SCAN_ON_PUSH", "MANUAL"


class Applied(NamedTuple):
    """How often a repository's images are scanned, and the filters that say so."""

    frequency: str
    filters: Sequence[str]


def get(tx: Transaction, caller: Caller, key: RegistryKey) -> RegistryScanning:
    """What is set for the registry."""
    access.require(caller, "GetRegistryScanningConfiguration", resources.of_own_registry(key))
    return registry_scanning.find(tx, key)


def put(
    tx: Transaction, caller: Caller, key: RegistryKey, scan_type: str | None, rules: Sequence[ScanningRule]
) -> RegistryScanning:
    """Replace what is set: EnhancedScanningAbsent, ScanningConfigurationInvalid. Without `scan_type` it stays."""
    access.require(caller, "PutRegistryScanningConfiguration", resources.of_own_registry(key))
    accounts.lock(tx, key.account)
    new = RegistryScanning(scan_type or registry_scanning.find(tx, key).scan_type, tuple(rules))
    change(tx, caller, key, new)
    told = {
        "scanType": new.scan_type,
        "rules": [
            {
                "scanFrequency": rule.frequency,
                "repositoryFilters": [{"filter": text, "filterType": "WILDCARD"} for text in rule.filters],
            }
            for rule in rules
        ],
    }
    changes.audit(tx, caller, "PutRegistryScanningConfiguration", told, account=key.account, region=key.region)
    return new


def change(tx: Transaction, _caller: Caller, key: RegistryKey, new: RegistryScanning) -> None:
    """Have a registry scanned in another way, for a caller whose permission has been checked."""
    _check(new)
    registry_scanning.put(tx, key, new)


def of_repositories(
    tx: Transaction, caller: Caller, registry: RegistryKey, names: Sequence[str]
) -> tuple[Sequence[tuple[Repository, Applied]], Sequence[str]]:
    """How the images of each are scanned, and the names of which there is no repository."""
    if not names:
        lookup.allow(tx, caller, RepositoryKey(registry, "*"), "BatchGetRepositoryScanningConfiguration")
    scanning = registry_scanning.find(tx, registry)
    found: list[tuple[Repository, Applied]] = []
    absent: list[str] = []
    for name in dict.fromkeys(names):
        key = RepositoryKey(registry, name)
        repository = repository_rows.find(tx, key)
        resource = lookup.resource(tx, key, repository)
        access.require(caller, "BatchGetRepositoryScanningConfiguration", resource)
        if repository is None:
            absent.append(name)
        else:
            found.append((repository, applied(scanning, repository)))
    return found, absent


def set_scan_on_push(tx: Transaction, caller: Caller, key: RepositoryKey, *, value: bool) -> None:
    """Change the repository's own setting, which holds while its registry has no rules."""
    repository = lookup.require_locked(tx, caller, key, "PutImageScanningConfiguration")
    repository_rows.set_scan_on_push(tx, repository.id, value=value)
    told = {"repositoryName": key.name, "imageScanningConfiguration": {"scanOnPush": value}}
    Change(tx, caller, repository).finish("PutImageScanningConfiguration", told)


def applied(scanning: RegistryScanning, repository: Repository) -> Applied:
    """How often a repository's images are scanned."""
    if not scanning.rules:
        return Applied(ON_PUSH if repository.scan_on_push else MANUAL, ())
    filters = [text for rule in scanning.rules for text in rule.filters if matches(text, repository.key.name)]
    return Applied(ON_PUSH if filters else MANUAL, tuple(dict.fromkeys(filters)))


def matches(text: str, name: str) -> bool:
    """Whether a filter is for a repository: one without wildcards for each name that it is a part of, one with them
    for those that it describes whole. In time that grows with both lengths, however many wildcards there are.
    """
    first, *rest = text.split("*")
    if not rest:
        return text in name
    *middle, last = rest
    if not name.startswith(first):
        return False
    at = len(first)
    for part in middle:
        found = name.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(name) - at >= len(last) and name.endswith(last)


def _check(new: RegistryScanning) -> None:
    if new.scan_type == ENHANCED:
        raise EnhancedScanningAbsent
    for rule in new.rules:
        if rule.frequency != ON_PUSH:
            reason = (
                f"scanFrequency {rule.frequency} is none of scanType BASIC, whose rules say SCAN_ON_PUSH; images in "
                "repositories that no rule matches are scanned when StartImageScan asks for it"
            )
            raise ScanningConfigurationInvalid(reason=reason)
