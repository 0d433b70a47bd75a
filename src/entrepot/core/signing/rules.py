"""Which profiles sign what is pushed to a registry (ECR user guide, "Managed signing"): rules, each with a profile and
the repositories that it is for.
"""

from collections.abc import Sequence

import msgspec

from entrepot.core import access, changes
from entrepot.core.access import Caller
from entrepot.core.resources import of_own_registry
from entrepot.core.signing import places
from entrepot.db import image_signings as rows
from entrepot.db.database import Reader, Transaction
from entrepot.errors import ParameterInvalid, SigningConfigurationNotFound
from entrepot.pattern import wildcards
from entrepot.spec.repository import RegistryKey


class Rule(msgspec.Struct, frozen=True):
    """A profile by its ARN, and wildcards of repositories, none for all."""

    profile: str
    filters: tuple[str, ...] = ()

    def applies(self, repository: str) -> bool:
        """Whether what is pushed to a repository is to be signed."""
        if not self.filters:
            return True
        return any(wildcards.matches(tuple(each.split("*")), repository) for each in self.filters)


_RULES = msgspec.json.Decoder(tuple[Rule, ...])


def put(tx: Transaction, caller: Caller, key: RegistryKey, rules: Sequence[Rule]) -> Sequence[Rule]:
    """Replace the rules; what was pushed before stays as it is: ParameterInvalid."""
    access.require(caller, "PutSigningConfiguration", of_own_registry(key))
    for each in rules:
        _check(key, each)
    rows.put_rules(tx, key, msgspec.json.encode(rules).decode())
    _told(
        tx, caller, key, "PutSigningConfiguration", {"signingConfiguration": {"rules": [told(each) for each in rules]}}
    )
    return rules


def get(tx: Reader, caller: Caller, key: RegistryKey) -> Sequence[Rule]:
    """The rules: SigningConfigurationNotFound."""
    access.require(caller, "GetSigningConfiguration", of_own_registry(key))
    return _present(tx, key)


def delete(tx: Transaction, caller: Caller, key: RegistryKey) -> Sequence[Rule]:
    """Sign nothing from now on; the rules that were: SigningConfigurationNotFound."""
    access.require(caller, "DeleteSigningConfiguration", of_own_registry(key))
    gone = _present(tx, key)
    rows.delete_rules(tx, key)
    _told(tx, caller, key, "DeleteSigningConfiguration", {})
    return gone


def profiles(tx: Reader, key: RegistryKey, repository: str) -> Sequence[str]:
    """The ARNs of the profiles that sign what is pushed to a repository, each once."""
    text = rows.rules(tx, key)
    if text is None:
        return ()
    return tuple(dict.fromkeys(each.profile for each in _RULES.decode(text) if each.applies(repository)))


def told(rule: Rule) -> dict[str, object]:
    """A rule in AWS's words."""
    filters = [{"filter": each, "filterType": "WILDCARD_MATCH"} for each in rule.filters]
    shown: dict[str, object] = {"signingProfileArn": rule.profile}
    return {**shown, "repositoryFilters": filters} if filters else shown


def _check(key: RegistryKey, rule: Rule) -> None:
    name = places.parse(rule.profile)
    if name is None or name.version:
        raise ParameterInvalid(parameter="signingProfileArn", reason="it is not the ARN of a signing profile")
    if name.region != key.region:
        reason = f"the profile is in {name.region}, and must be in the registry's region, {key.region}"
        raise ParameterInvalid(parameter="signingProfileArn", reason=reason)


def _present(tx: Reader, key: RegistryKey) -> Sequence[Rule]:
    text = rows.rules(tx, key)
    if text is None:
        raise SigningConfigurationNotFound(account=key.account)
    return _RULES.decode(text)


def _told(tx: Transaction, caller: Caller, key: RegistryKey, operation: str, parameters: dict[str, object]) -> None:
    changes.audit(tx, caller, operation, parameters, account=key.account, region=key.region)
