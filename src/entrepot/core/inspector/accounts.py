"""Whether Inspector watches an account: its registry's scan type is the one truth, which ECR's
PutRegistryScanningConfiguration changes too (Inspector user guide, "Activating a scan type").
"""

from collections.abc import Sequence
from typing import NamedTuple

from entrepot.core.access import Caller
from entrepot.core.inspector import places
from entrepot.core.scanning import configuration
from entrepot.core.scanning.configuration import BASIC, ENHANCED, RegistryScanning, ScanningRule
from entrepot.db import accounts, registry_scanning
from entrepot.db.database import Transaction
from entrepot.errors import InspectorInputInvalid

ECR = "ECR"
_ELSEWHERE = (
    "resourceTypes: {} cannot be scanned here, where images of registries are all that there is; ask for ECR alone"
)
_CONTINUOUS = ScanningRule("CONTINUOUS_SCAN", ("*",))


class Standing(NamedTuple):
    """Accounts of which something may be told, each with whether it is watched, and the others that were named."""

    known: Sequence[tuple[str, bool]]
    foreign: Sequence[str]


def status(tx: Transaction, caller: Caller, named: Sequence[str]) -> Standing:
    """Of the caller's account, whether it is named or none is."""
    key = places.require(caller, "BatchGetAccountStatus")
    watched = registry_scanning.find(tx, key).scan_type == ENHANCED
    return _standing(key.account, named, watched=watched)


def require_permissions(caller: Caller) -> None:
    """AccessDenied unless the caller may know what the account may ask of Inspector."""
    places.require(caller, "ListAccountPermissions")


def enable(tx: Transaction, caller: Caller, named: Sequence[str], types: Sequence[str]) -> Standing:
    """Have the registry's images scanned continuously, all of them unless its rules say which: InspectorInputInvalid
    for what is no registry. One that is watched already stays as it is.
    """
    key = places.require(caller, "Enable")
    _require_images(types)
    standing = _standing(key.account, named, watched=True)
    if not standing.known:
        return standing
    accounts.lock(tx, key.account)
    before = registry_scanning.find(tx, key)
    if before.scan_type != ENHANCED:
        configuration.change(tx, caller, key, RegistryScanning(ENHANCED, before.rules or (_CONTINUOUS,)))
    places.told(tx, caller, "Enable", {"accountIds": list(named), "resourceTypes": list(types)})
    return standing


def disable(tx: Transaction, caller: Caller, named: Sequence[str], types: Sequence[str]) -> Standing:
    """Go back to basic scanning, with those rules that it has too: InspectorInputInvalid for what is no registry."""
    key = places.require(caller, "Disable")
    _require_images(types)
    standing = _standing(key.account, named, watched=False)
    if not standing.known:
        return standing
    accounts.lock(tx, key.account)
    before = registry_scanning.find(tx, key)
    if before.scan_type == ENHANCED:
        kept = tuple(rule for rule in before.rules if rule.frequency == configuration.ON_PUSH)
        configuration.change(tx, caller, key, RegistryScanning(BASIC, kept))
    places.told(tx, caller, "Disable", {"accountIds": list(named), "resourceTypes": list(types)})
    return standing


def _require_images(types: Sequence[str]) -> None:
    others = [each for each in types if each != ECR]
    if others:
        raise InspectorInputInvalid(reason=_ELSEWHERE.format(", ".join(others)))


def _standing(account: str, named: Sequence[str], *, watched: bool) -> Standing:
    known = [(account, watched)] if not named or account in named else []
    return Standing(known, [each for each in dict.fromkeys(named) if each != account])
