"""How images are scanned: what is set for a registry, and what follows for a repository (ECR user guide, "Scanning").

Basic: the rules of a registry say for which of its repositories images are scanned on push; while there are none, each
repository's own setting does. Enhanced: they say where images are scanned continuously, and where once, on push; while
there are none, every image is scanned continuously.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from entrepot.core import access, changes, lookup, resources
from entrepot.core.access import Caller
from entrepot.core.changes import Change
from entrepot.core.scanning import scan_frequencies
from entrepot.core.scanning.scan_frequencies import FrequencyChange
from entrepot.db import accounts, registry_scanning
from entrepot.db import repositories as repository_rows
from entrepot.db.database import Transaction
from entrepot.db.records import Repository
from entrepot.db.scan_records import RegistryScanning, ScanningRule
from entrepot.errors import ScanningConfigurationInvalid
from entrepot.spec.repository import RegistryKey, RepositoryKey

__all__ = ["Applied", "RegistryScanning", "ScanningRule", "get", "of_repositories", "put", "set_scan_on_push"]

BASIC, ENHANCED = "BASIC", "ENHANCED"
ON_PUSH, CONTINUOUS, MANUAL = "SCAN_ON_PUSH", "CONTINUOUS_SCAN", "MANUAL"


_PAGE = 500
_FREQUENCIES = {BASIC: (ON_PUSH,), ENHANCED: (CONTINUOUS, ON_PUSH)}
_NOT_OF_TYPE = (
    "scanFrequency {} is none of scanType {}, whose rules say {}; in repositories that no rule matches images are not "
    "scanned by themselves"
)
_TWICE = "scanType ENHANCED has one rule for each scanFrequency at most: put all filters of one into it"


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
    """Replace what is set: ScanningConfigurationInvalid. Without `scan_type` it stays."""
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


def change(tx: Transaction, caller: Caller, key: RegistryKey, new: RegistryScanning) -> None:
    """Have a registry scanned in another way, for a caller whose permission has been checked and who has locked the
    account: ScanningConfigurationInvalid. Images are looked at anew by a job.
    """
    _check(new)
    before = registry_scanning.find(tx, key)
    registry_scanning.put(tx, key, new, caller.at)
    if ENHANCED in (before.scan_type, new.scan_type):
        scan_frequencies.tell(tx, key, _changed(tx, key, before, new), caller.at, caller.request_id)


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
    if scanning.rules:
        return _by_rules(scanning.rules, repository.key.name)
    if scanning.scan_type == ENHANCED:
        return Applied(CONTINUOUS, ())
    return Applied(ON_PUSH if repository.scan_on_push else MANUAL, ())


def _by_rules(rules: Sequence[ScanningRule], name: str) -> Applied:
    """Continuously, where rules say both; filters are those that say so."""
    for frequency in (CONTINUOUS, ON_PUSH):
        told = [text for rule in rules if rule.frequency == frequency for text in rule.filters if matches(text, name)]
        if told:
            return Applied(frequency, tuple(dict.fromkeys(told)))
    return Applied(MANUAL, ())


def _changed(
    tx: Transaction, key: RegistryKey, before: RegistryScanning, new: RegistryScanning
) -> Iterator[FrequencyChange]:
    """The repositories whose images are scanned at another frequency from now on."""
    after = ""
    while page := repository_rows.page(tx, key, after, _PAGE):
        for repository in page:
            old, now = applied(before, repository).frequency, applied(new, repository).frequency
            if old != now:
                yield FrequencyChange(repository.key, now, old)
        after = page[-1].key.name


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
    allowed = _FREQUENCIES[new.scan_type]
    frequencies = [rule.frequency for rule in new.rules]
    for frequency in frequencies:
        if frequency not in allowed:
            raise ScanningConfigurationInvalid(
                reason=_NOT_OF_TYPE.format(frequency, new.scan_type, " or ".join(allowed))
            )
    if new.scan_type == ENHANCED and len(set(frequencies)) < len(frequencies):
        raise ScanningConfigurationInvalid(reason=_TWICE)
