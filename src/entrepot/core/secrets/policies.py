"""Resource policies of secrets: who else may use them, other accounts too (Secrets Manager user guide, "Resource-based
policies").
"""

from dataclasses import dataclass, replace

from entrepot.core import access, named_principals
from entrepot.core.access import Caller
from entrepot.core.named_principals import PrincipalUnknown
from entrepot.core.resources import Resource
from entrepot.core.secrets import places
from entrepot.core.secrets.names import SERVICE
from entrepot.db import secrets as rows
from entrepot.db.database import Reader, Transaction
from entrepot.db.secret_records import Secret
from entrepot.errors import SecretPolicyMalformed, SecretPolicyPublic
from entrepot.policy import document
from entrepot.policy.structure import Document, Kind, Statement, Wrong

LONGEST = 20_480
# conditions that leave of everyone those of some account, organization, principal, network or resource
_NARROWING = (
    *("aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths", "aws:sourceaccount"),
    *("aws:sourcearn", "aws:sourceip", "aws:sourcevpc", "aws:sourcevpce", "aws:userid", "aws:sourceorgid"),
)


@dataclass(frozen=True, slots=True)
class Checked:
    """What is wrong with a policy: the names of checks that it fails, with why."""

    faults: tuple[tuple[str, str], ...]


def put(tx: Transaction, caller: Caller, given: str, text: str, *, block_public: bool) -> Secret:
    """Replace a secret's policy: SecretNotFound, SecretStateInvalid, SecretPolicyMalformed, SecretPolicyPublic."""
    keys = {"secretsmanager:blockpublicpolicy": (str(block_public).lower(),)}
    secret = places.require_live(places.require_locked(tx, caller, "PutResourcePolicy", given, keys))
    parsed = _parsed(text)
    if block_public and _is_public(parsed):
        raise SecretPolicyPublic
    rows.change(tx, replace(secret, policy=_kept(tx, text)))
    told = {"secretId": given, "resourcePolicy": text, "blockPublicPolicy": block_public}
    places.changed(tx, caller, "PutResourcePolicy", told, secret.account)
    return secret


def get(tx: Reader, caller: Caller, given: str) -> Secret:
    """A secret with its policy as its readers see it, None where there is none: SecretNotFound, SecretStateInvalid."""
    secret = places.require_live(places.require(tx, caller, "GetResourcePolicy", given))
    return replace(secret, policy=None if secret.policy is None else named_principals.shown(tx, secret.policy))


def delete(tx: Transaction, caller: Caller, given: str) -> Secret:
    """Remove a secret's policy, if it has one: SecretNotFound, SecretStateInvalid."""
    secret = places.require_live(places.require_locked(tx, caller, "DeleteResourcePolicy", given))
    rows.change(tx, replace(secret, policy=None))
    places.changed(tx, caller, "DeleteResourcePolicy", {"secretId": given}, secret.account)
    return secret


def validate(tx: Reader, caller: Caller, given: str, text: str) -> Checked:
    """What PutResourcePolicy would find wrong: SecretNotFound, SecretPolicyMalformed. `given` is ''
    where no secret is named.
    """
    if given:
        places.require(tx, caller, "ValidateResourcePolicy", given)
    else:
        access.require(caller, "ValidateResourcePolicy", Resource(caller.principal.account, "*", SERVICE))
    parsed = _parsed(text)
    faults = []
    if _is_public(parsed):
        faults.append(("PublicPolicyCheck", "The resource policy grants broad access to the secret."))
    try:
        _kept(tx, text)
    except SecretPolicyMalformed as wrong:
        faults.append(("PrincipalCheck", str(wrong)))
    return Checked(tuple(faults))


def _parsed(text: str) -> Document:
    """SecretPolicyMalformed for a text that is no policy of a secret."""
    try:
        parsed = document.checked(text, Kind.RESOURCE)
    except Wrong as wrong:
        raise SecretPolicyMalformed(reason=str(wrong)) from None
    if document.size(text) > LONGEST:
        raise SecretPolicyMalformed(reason=f"it may have {LONGEST} characters at most")
    for statement in parsed.statements:
        _check(statement)
    return parsed


def _check(statement: Statement) -> None:
    if statement.resource is None:
        raise SecretPolicyMalformed(reason="a statement without Resource")
    for action in statement.action.values:
        if action != "*" and not action.lower().startswith("secretsmanager:"):
            raise SecretPolicyMalformed(reason=f"{action[:64]} is not an action of Secrets Manager")


def _is_public(parsed: Document) -> bool:
    return any(
        statement.effect == "Allow"
        and statement.principals is not None
        and statement.principals.everyone
        and not any(condition.key.lower() in _NARROWING for condition in statement.conditions)
        for statement in parsed.statements
    )


def _kept(tx: Reader, text: str) -> str:
    try:
        return named_principals.stored(tx, text)
    except PrincipalUnknown as unknown:
        raise SecretPolicyMalformed(reason=f"no principal {unknown}") from None
