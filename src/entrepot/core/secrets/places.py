"""Secrets as what is acted upon: first the permission, then the existence, then the state."""

from collections.abc import Mapping
from dataclasses import dataclass

from entrepot.core import access, changes
from entrepot.core.access import Caller
from entrepot.core.resources import Resource
from entrepot.core.secrets import names
from entrepot.core.secrets.names import SERVICE, SecretName
from entrepot.core.stored_policies import compiled
from entrepot.db import secrets as rows
from entrepot.db.database import Reader, Transaction
from entrepot.db.secret_records import Secret
from entrepot.errors import SecretNotFound, SecretStateInvalid

Values = Mapping[str, tuple[str, ...]]
_NO_VALUES: Values = {}
_MARKED = "You can't perform this operation on the secret because it was marked for deletion."


@dataclass(frozen=True, slots=True)
class Place:
    """A secret as it was named; `secret` is None where there is none."""

    name: SecretName
    secret: Secret | None


def find(tx: Reader, caller: Caller, given: str) -> Place:
    """The secret of a name or ARN, if it is in the caller's region."""
    name = names.parse(caller, given)
    if name.region != caller.region:
        return Place(name, None)
    for called, suffix in name.names:
        found = rows.find(tx, name.account, name.region, called)
        if found is not None and suffix in {"", found.suffix}:
            return Place(name, found)
    return Place(name, None)


def allow(tx: Reader, caller: Caller, operation: str, place: Place, keys: Values = _NO_VALUES) -> None:
    """AccessDenied unless the caller may do this to a secret, which need not exist."""
    name, secret = place.name, place.secret
    given = {"secretsmanager:secretid": (name.given,), **keys}
    if secret is None:
        access.require(caller, operation, Resource(name.account, name.arn, SERVICE, name.given), given)
        return
    policies = () if secret.policy is None else (compiled(f"the policy of {secret.name}", secret.policy),)
    resource = Resource(
        secret.account,
        secret.arn,
        SERVICE,
        name.given,
        policies=policies,
        tags=lambda: rows.tags(tx, secret.id),
    )
    access.require(caller, operation, resource, given)


def require(tx: Reader, caller: Caller, operation: str, given: str, keys: Values = _NO_VALUES) -> Secret:
    """The secret, for a caller who may do this to it: AccessDenied, then SecretNotFound."""
    place = find(tx, caller, given)
    allow(tx, caller, operation, place, keys)
    return present(place)


def require_locked(tx: Transaction, caller: Caller, operation: str, given: str, keys: Values = _NO_VALUES) -> Secret:
    """`require`, held for a change."""
    place = locked(tx, find(tx, caller, given))
    allow(tx, caller, operation, place, keys)
    return present(place)


def locked(tx: Transaction, place: Place) -> Place:
    """The place, its secret held for a change."""
    return place if place.secret is None else Place(place.name, rows.lock(tx, place.secret.id))


def present(place: Place) -> Secret:
    """The secret of a place: SecretNotFound."""
    if place.secret is None:
        raise SecretNotFound
    return place.secret


def require_live(secret: Secret) -> Secret:
    """The secret, unless its deletion was asked for: SecretStateInvalid."""
    if secret.deleted_at is not None:
        raise SecretStateInvalid(reason=_MARKED)
    return secret


def changed(tx: Transaction, caller: Caller, operation: str, parameters: Mapping[str, object], account: str) -> None:
    """Tell the audit of a change of what an account has, without what is secret."""
    changes.audit(tx, caller, operation, parameters, account=account, region=caller.region, service=SERVICE)
