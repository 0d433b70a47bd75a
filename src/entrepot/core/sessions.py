"""Sessions: who may have one, of which role or user, for how long and within which limits (STS API reference).

A session is not stored: what is decided here is sealed into its token (seal/sessions.py). What its role or user may do
is looked up for each request, so a change of them is in force in every session at once.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Literal

from entrepot.core import access, changes, entities, mfa_devices, session_drafts
from entrepot.core.access import Caller, Circumstances
from entrepot.core.entities import ROLE, Entity
from entrepot.core.mfa_devices import Unseal
from entrepot.core.resources import Resource, no_tags
from entrepot.core.session_drafts import Draft
from entrepot.core.stored_policies import compiled
from entrepot.db import entities as entity_rows
from entrepot.db import roles as role_rows
from entrepot.db.database import Transaction
from entrepot.db.identity_records import Role
from entrepot.errors import ParameterInvalid, SessionCannot
from entrepot.seal.sessions import Session

__all__ = ["Session"]

LONGEST_OF_ROOT = 3600
LONGEST_CHAINED = 3600
_DEFAULT_OF_ROLE = 3600
_DEFAULT_OF_USER = 43_200
_ROLE_ARN = re.compile(r"arn:aws:iam::([0-9]{12}):role/(?:[!-~]+/)?([\w+=,.@-]{1,64})", re.ASCII)
_NOT_BOTH = "because the caller's policies and the role's trust policy do not both allow it"
# what temporary credentials of a kind can never call; those of a user may use IAM when made with an MFA code
_OF_ROLES = frozenset({"GetSessionToken", "GetFederationToken"})
_OF_USERS = frozenset({"AssumeRole", "GetCallerIdentity"})
_OF_FEDERATED = frozenset({"GetCallerIdentity"})


def account_of_role(role_arn: str) -> str:
    """The account whose role this is: ParameterInvalid."""
    named = _ROLE_ARN.fullmatch(role_arn)
    if named is None:
        raise ParameterInvalid(parameter="RoleArn", reason=f"{role_arn[:256]} is not the ARN of a role")
    return named[1]


def require_usable(caller: Caller, service: str, operation: str) -> None:
    """SessionCannot for what temporary credentials of the caller's kind can never call."""
    session = caller.principal.session
    if session is None or service not in {"iam", "sts"}:
        return
    if session.kind == "role":
        allowed = operation not in _OF_ROLES
    elif session.kind == "federated":
        allowed = service == "sts" and operation in _OF_FEDERATED
    elif service == "iam":
        allowed = session.mfa_at is not None
    else:
        allowed = operation in _OF_USERS
    if not allowed:
        raise SessionCannot(operation=operation, holder="session credentials")


def assume_with_code(
    tx: Transaction, caller: Caller, unseal: Unseal, role_arn: str, draft: Draft, serial: str, code: str
) -> Session:
    """`assume`, with a code of one of the caller's MFA devices: MfaRefused."""
    mfa_devices.prove(tx, caller, unseal, serial, code)
    return assume(tx, caller, role_arn, replace(draft, mfa=True))


def assume(tx: Transaction, caller: Caller, role_arn: str, draft: Draft, operation: str = "AssumeRole") -> Session:
    """A session of a role that trusts the caller, who must be allowed by its own account too: AccessDenied.

    A denial says the same whether or not the role exists. ParameterInvalid, PolicyMalformed, SessionTooLarge.
    """
    found, role = _find(tx, role_arn)
    previous = caller.principal.session if caller.principal.kind == "role session" else None
    draft, inherited = _carried(draft, previous)
    _require_trust(tx, caller, role_arn, (found, role), draft, operation, tags=bool(draft.tags or inherited))
    if found is None or role is None:  # cannot be: what does not exist trusts nobody
        raise ParameterInvalid(parameter="RoleArn", reason="there is no such role")
    session_drafts.check(tx, draft, found.account, inherited)
    seconds = _seconds_of_role(draft, role, chained=previous is not None)
    own = caller.principal.session if caller.principal.kind in {"user", "root"} else None
    mfa_at = caller.at if draft.mfa else own.mfa_at if own is not None else None
    session = Session(
        kind="role",
        account=found.account,
        owner_id=found.id,
        key_id=draft.key_id,
        issued_at=caller.at,
        expires_at=caller.at + timedelta(seconds=seconds),
        secret=draft.secret,
        name=draft.name,
        policies=(draft.policy,) if draft.policy else (),
        policy_arns=draft.policy_arns,
        tags=(*inherited, *draft.tags),
        transitive=(*(key for key, _ in inherited), *draft.transitive),
        source_identity=draft.source_identity,
        mfa_at=mfa_at,
        provider=draft.provider,
        keys=draft.keys,
    )
    _told(tx, caller, operation, {"roleArn": role_arn, "roleSessionName": draft.name}, session)
    return session_drafts.fitting(session)


def of_caller(tx: Transaction, caller: Caller, draft: Draft) -> Session:
    """A session of the calling user or root, which needs no permission (GetSessionToken)."""
    session = _of_key(caller, draft, "self")
    _told(tx, caller, "GetSessionToken", {"durationSeconds": draft.seconds}, session)
    return session


def of_caller_with_code(
    tx: Transaction, caller: Caller, unseal: Unseal, draft: Draft, serial: str, code: str
) -> Session:
    """`of_caller`, with a code of one of the caller's MFA devices: MfaRefused."""
    mfa_devices.prove(tx, caller, unseal, serial, code)
    return of_caller(tx, caller, replace(draft, mfa=True))


def federate(tx: Transaction, caller: Caller, draft: Draft) -> Session:
    """A session in which the calling user or root lets somebody act within session policies: AccessDenied.

    ParameterInvalid, PolicyMalformed, SessionTooLarge.
    """
    account = caller.principal.account
    resource = Resource(account, f"arn:aws:sts::{account}:federated-user/{draft.name}", "sts")
    for operation in ("GetFederationToken", *(["TagSession"] if draft.tags else [])):
        access.require(caller, operation, resource, draft.condition_keys())
    session_drafts.check(tx, draft, account, ())
    session = _of_key(caller, draft, "federated")
    _told(tx, caller, "GetFederationToken", {"name": draft.name}, session)
    return session_drafts.fitting(session)


def _of_key(caller: Caller, draft: Draft, kind: Literal["self", "federated"]) -> Session:
    principal = caller.principal
    seconds = draft.seconds or _DEFAULT_OF_USER
    if principal.kind == "root":
        seconds = min(seconds, LONGEST_OF_ROOT)
    return Session(
        kind=kind,
        account=principal.account,
        owner_id=principal.id,
        key_id=draft.key_id,
        issued_at=caller.at,
        expires_at=caller.at + timedelta(seconds=seconds),
        secret=draft.secret,
        name=draft.name,
        maker=principal.credential_id,
        epoch=principal.epoch,
        policies=(draft.policy,) if draft.policy else (),
        policy_arns=draft.policy_arns,
        tags=draft.tags,
        mfa_at=caller.at if draft.mfa else None,
    )


def _find(tx: Transaction, role_arn: str) -> tuple[Entity | None, Role | None]:
    account = account_of_role(role_arn)
    found = entity_rows.find(tx, account, ROLE.name, role_arn.rpartition("/")[2])
    if found is None or entities.arn(found) != role_arn:
        return None, None
    return found, role_rows.find(tx, found.id)


def _carried(draft: Draft, previous: Session | None) -> tuple[Draft, tuple[tuple[str, str], ...]]:
    """What is asked for with what a session hands on to the next: its source identity, and (apart) transitive tags."""
    if previous is None:
        return draft, ()
    if previous.source_identity and not draft.source_identity:
        draft = replace(draft, source_identity=previous.source_identity)
    handed_on = {key.lower() for key in previous.transitive}
    return draft, tuple((key, value) for key, value in previous.tags if key.lower() in handed_on)


def _require_trust(
    tx: Transaction,
    caller: Caller,
    role_arn: str,
    found: tuple[Entity | None, Role | None],
    draft: Draft,
    operation: str,
    *,
    tags: bool,
) -> None:
    entity, role = found
    trust = () if role is None else (compiled(f"the trust policy of {role_arn}", role.trust_document),)
    resource = Resource(
        account_of_role(role_arn),
        role_arn,
        "sts",
        policies=trust,
        tags=no_tags if entity is None else partial(entity_rows.tags, tx, entity.id),
    )
    request = Circumstances(caller, resource, draft.condition_keys())
    wanted = [operation]
    wanted += ["TagSession"] if tags else []
    wanted += ["SetSourceIdentity"] if draft.source_identity else []
    for action in (f"sts:{each}" for each in wanted):
        decision = caller.rights.decide_named(action, resource, request)
        if not decision.allowed or _changes_source(draft, caller.principal.session):
            raise access.denied(caller.rights, action, resource, request, decision, _NOT_BOTH)


def _changes_source(draft: Draft, previous: Session | None) -> bool:
    """A source identity stays what it is, through every role that is assumed from the session."""
    return previous is not None and previous.source_identity not in {"", draft.source_identity}


def _seconds_of_role(draft: Draft, role: Role, *, chained: bool) -> int:
    seconds = draft.seconds or _DEFAULT_OF_ROLE
    if chained and seconds > LONGEST_CHAINED:
        reason = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
        raise ParameterInvalid(parameter="DurationSeconds", reason=reason)
    if seconds > role.max_session_seconds:
        reason = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        raise ParameterInvalid(parameter="DurationSeconds", reason=reason)
    return seconds


def _told(tx: Transaction, caller: Caller, operation: str, parameters: Mapping[str, object], session: Session) -> None:
    told = {**parameters, "accessKeyId": session.key_id, "expiration": session.expires_at.isoformat()}
    account = session.account
    changes.audit(tx, caller, operation, told, account=account, region=caller.region, service="sts")
