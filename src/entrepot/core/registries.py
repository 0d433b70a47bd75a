"""Registries as a whole: the registry policy, and which actions it is asked about (ECR user guide, "Private registry
permissions").

A registry policy has no say in its own management: it cannot lock its account out.
"""

from collections.abc import Callable
from dataclasses import replace

from entrepot.core import access, changes, named_principals, resources
from entrepot.core.access import Caller
from entrepot.core.changes import new_stamp
from entrepot.core.lifecycle import registry_settings as lifecycle
from entrepot.core.named_principals import PrincipalUnknown
from entrepot.db import accounts, registry_sboms
from entrepot.db import registries as rows
from entrepot.db.database import Transaction
from entrepot.db.records import Registry
from entrepot.errors import ParameterInvalid, RegistryPolicyInvalid, RegistryPolicyNotFound
from entrepot.policy import document
from entrepot.policy.structure import Kind
from entrepot.spec.repository import RegistryKey

POLICY_SCOPE = "REGISTRY_POLICY_SCOPE"
SCAN_VERSION = "BASIC_SCAN_TYPE_VERSION"
NATIVE = "AWS_NATIVE"  # the only engine of basic scanning that there is, as at AWS: CLAIR is gone
SBOM_REFERRERS = "SBOM_REFERRERS"  # of this server's own (docs/decisions/0022)
BLOB_MOUNTING = "BLOB_MOUNTING"
ENABLED, DISABLED = "ENABLED", "DISABLED"
VALUES = {
    POLICY_SCOPE: ("V1", "V2"),
    SCAN_VERSION: (NATIVE,),
    BLOB_MOUNTING: (ENABLED, DISABLED),
    SBOM_REFERRERS: (ENABLED, DISABLED),
    **lifecycle.VALUES,
}


def get_policy(tx: Transaction, caller: Caller, key: RegistryKey) -> str:
    """The text as ECR prints it: RegistryPolicyNotFound."""
    access.require(caller, "GetRegistryPolicy", resources.of_own_registry(key))
    return _shown(tx, rows.find(tx, key))


def put_policy(tx: Transaction, caller: Caller, key: RegistryKey, text: str) -> str:
    """Replace the policy, and return its text as ECR prints it: RegistryPolicyInvalid."""
    access.require(caller, "PutRegistryPolicy", resources.of_own_registry(key))
    document.parse_resource_policy(text, Kind.REGISTRY)
    try:
        kept = named_principals.stored(tx, text)
    except PrincipalUnknown as unknown:
        raise RegistryPolicyInvalid(reason=f"there is no principal {unknown}") from None
    _change(tx, caller, key, "PutRegistryPolicy", {"policyText": text}, lambda found: replace(found, policy=kept))
    return document.printed(named_principals.shown(tx, kept))


def delete_policy(tx: Transaction, caller: Caller, key: RegistryKey) -> str:
    """Remove the policy, and return its text: RegistryPolicyNotFound."""
    access.require(caller, "DeleteRegistryPolicy", resources.of_own_registry(key))
    gone = _shown(tx, rows.find(tx, key))
    _change(tx, caller, key, "DeleteRegistryPolicy", {}, lambda found: replace(found, policy=None))
    return gone


def get_setting(tx: Transaction, caller: Caller, key: RegistryKey, name: str) -> str:
    """The value of an account setting: ParameterInvalid for a name that there is not."""
    access.require(caller, "GetAccountSetting", resources.of_own_registry(key), _setting_keys(name))
    _check_setting(name)
    if name == SBOM_REFERRERS:
        return ENABLED if registry_sboms.are_wanted(tx, key) else DISABLED
    if name in lifecycle.VALUES:
        return lifecycle.get(tx, key, name)
    if name == SCAN_VERSION:
        return NATIVE
    found = rows.find(tx, key)
    return found.blob_mounting if name == BLOB_MOUNTING else found.policy_scope


def put_setting(tx: Transaction, caller: Caller, key: RegistryKey, name: str, value: str) -> None:
    """Another value of an account setting: ParameterInvalid."""
    access.require(caller, "PutAccountSetting", resources.of_own_registry(key), _setting_keys(name))
    _check_setting(name)
    if value not in VALUES[name]:
        reason = f"Member must satisfy enum value set: [{', '.join(VALUES[name])}]"
        raise ParameterInvalid(parameter="value", reason=reason)
    if name == SBOM_REFERRERS:
        registry_sboms.put(tx, key, wanted=value == ENABLED)
    if name in lifecycle.VALUES:
        lifecycle.put(tx, key, name, value)
    told = {"name": name, "value": value}
    _change(tx, caller, key, "PutAccountSetting", told, lambda found: _with_setting(found, name, value))


def _change(
    tx: Transaction,
    caller: Caller,
    key: RegistryKey,
    action: str,
    told: changes.Json,
    changed: Callable[[Registry], Registry],
) -> None:
    accounts.lock(tx, key.account)
    rows.put(tx, replace(changed(rows.find(tx, key)), stamp=new_stamp()))
    changes.audit(
        tx, caller, action, told, account=key.account, region=key.region, service=resources.SERVICES[key.kind]
    )


def _shown(tx: Transaction, registry: Registry) -> str:
    if registry.policy is None:
        raise RegistryPolicyNotFound(account=registry.key.account)
    return document.printed(named_principals.shown(tx, registry.policy))


def _with_setting(found: Registry, name: str, value: str) -> Registry:
    """What there is one value of needs no place to be kept in."""
    if name == BLOB_MOUNTING:
        return replace(found, blob_mounting=value)
    return replace(found, policy_scope=value) if name == POLICY_SCOPE else found


def _setting_keys(name: str) -> dict[str, tuple[str, ...]]:
    return {"ecr:accountsetting": (name,)}


def _check_setting(name: str) -> None:
    if name not in VALUES:
        known = " and ".join(VALUES)
        raise ParameterInvalid(parameter="name", reason=f"'{name[:64]}' is no setting here; there are {known}")
