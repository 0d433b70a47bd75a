"""Identities that a registered provider vouches for, and the roles they may assume (AssumeRoleWithWebIdentity).

A provider counts in the account only where it is registered, and for the clients that are registered with it. Who logs
in to a registry with a provider's token is asked the same: again when anything about the account's identities has
changed, and every few minutes.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec

from entrepot.core import entities, sessions
from entrepot.core.access import Caller
from entrepot.core.credentials import Credentials
from entrepot.core.entities import PROVIDER
from entrepot.core.issuers import Issuers
from entrepot.core.principals import Principal
from entrepot.core.recent import Recent
from entrepot.core.rights import Rights
from entrepot.core.session_drafts import Draft, fresh_key
from entrepot.core.sessions import Session
from entrepot.core.units import Units
from entrepot.db import accounts
from entrepot.db import entities as entity_rows
from entrepot.db import providers as provider_rows
from entrepot.db.database import Transaction
from entrepot.errors import AccessDenied, IdentityTokenInvalid, RoleRefused
from entrepot.policy import id_tokens
from entrepot.policy.evaluation import Policies
from entrepot.policy.id_tokens import WebIdentity

OPERATION = "AssumeRoleWithWebIdentity"
_NOT_IN_NAMES = re.compile(r"[^\w+=,.@-]+", re.ASCII)
_LONGEST_NAME = 64
_LOGIN_PERIOD = timedelta(minutes=5)
_MOST_LOGINS = 4096


class Vouched(msgspec.Struct, frozen=True):
    """A proven identity, and the ARN of the provider who vouches for it."""

    identity: WebIdentity
    provider: str

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """The condition keys of its claims, under the provider's name."""
        name = self.provider.partition("/")[2]
        return tuple((f"{name}:{key}", value) for key, value in self.identity.keys)

    @property
    def principal_id(self) -> str:
        """How audit records name it."""
        return f"{self.provider}:{self.identity.audience}:{self.identity.subject}"

    @property
    def session_name(self) -> str:
        """A session's name made from the subject, for who gives none."""
        return _NOT_IN_NAMES.sub("-", self.identity.subject)[:_LONGEST_NAME].ljust(2, "-")


class _Login(msgspec.Struct, frozen=True):
    """A session that a login gave, good as long as its account has this stamp."""

    session: Session
    stamp: int
    until: datetime


class WebIdentities:
    """Proves tokens for one event loop."""

    def __init__(self, units: Units, credentials: Credentials, issuers: Issuers, clock: Callable[[], datetime]) -> None:
        self._units = units
        self._credentials = credentials
        self._issuers = issuers
        self._clock = clock
        self._logins: Recent[tuple[str, bytes, str, bool], _Login] = Recent(_MOST_LOGINS)

    async def prove(self, account: str, token: str) -> Vouched:
        """Whom a token names, by a provider of this account: IdentityTokenInvalid, IdentityTokenExpired,
        IdentityClaimRejected, IdentityProviderUnreachable.
        """
        unverified = id_tokens.parse(token)
        arn, client_ids = await self._units.read(_provider, account, unverified.issuer)
        keys = await self._issuers.keys(unverified)
        return Vouched(id_tokens.verify(unverified, keys, client_ids, self._clock()), arn)

    async def assume(self, caller: Caller, vouched: Vouched, role_arn: str, draft: Draft) -> Session:
        """A session of a role that trusts this identity: RoleRefused, the same whether or not the role exists.

        `caller` is who sent the request. ParameterInvalid, PolicyMalformed, SessionPoliciesTooLarge, SessionTooLarge.
        """
        return (await self._assume(caller, vouched, role_arn, draft))[0]

    async def log_in(self, caller: Caller, role_arn: str, token: str) -> Principal:
        """A session of the role for whom a token names, which ends with the token: as `prove` and `assume`."""
        named = (role_arn, hashlib.sha256(token.encode()).digest(), caller.source_ip, caller.secure)
        known = self._logins.get(named)
        if known is not None and self._clock() < known.until:
            principal = self._credentials.of_session(known.session)
            if principal is not None and principal.stamp == known.stamp:
                return principal
        account = sessions.account_of_role(role_arn)
        vouched = await self.prove(account, token)
        drawn = Draft(*fresh_key(account), vouched.session_name)
        session, stamp = await self._assume(caller, vouched, role_arn, drawn)
        ends_at = vouched.identity.expires_at
        session = msgspec.structs.replace(session, expires_at=min(session.expires_at, ends_at))
        self._logins.put(named, _Login(session, stamp, min(self._clock() + _LOGIN_PERIOD, ends_at)))
        principal = self._credentials.of_session(session)
        if principal is None:
            raise RoleRefused
        return principal

    async def _assume(self, caller: Caller, vouched: Vouched, role_arn: str, draft: Draft) -> tuple[Session, int]:
        principal = Principal("", "web identity", vouched.principal_id, vouched.provider, "", 0)
        rights = Rights(principal.subject(), Policies())  # of no account, whose policies could say anything
        asking = msgspec.structs.replace(caller, principal=principal, rights=rights)
        identity = vouched.identity
        drawn = replace(
            draft,
            tags=identity.tags,
            transitive=identity.transitive,
            source_identity=identity.source_identity,
            provider=vouched.provider,
            keys=vouched.keys,
        )
        try:
            return await self._units.write(_assume, asking, role_arn, drawn)
        except AccessDenied:
            raise RoleRefused from None


def _assume(tx: Transaction, caller: Caller, role_arn: str, draft: Draft) -> tuple[Session, int]:
    """(session, stamp of the role's account before anything of it was read)."""
    account = accounts.find(tx, sessions.account_of_role(role_arn))
    return sessions.assume(tx, caller, role_arn, draft, OPERATION), 0 if account is None else account.stamp


def _provider(tx: Transaction, account: str, issuer: str) -> tuple[str, tuple[str, ...]]:
    """(ARN, client ids) of the provider that an account has registered for an issuer: IdentityTokenInvalid."""
    name = issuer.removeprefix("https://").rstrip("/")
    found = entity_rows.find(tx, account, PROVIDER.name, name)
    row = None if found is None or found.name != name else provider_rows.find(tx, found.id)
    if found is None or row is None:
        raise IdentityTokenInvalid(reason=f"No OpenIDConnect provider found in your account for {issuer}")
    return entities.arn(found), row.client_ids
