"""Who a credential names, and tokens for the registry door: checked on the event loop on every request.

A token names the credential that it was issued to and its epoch; a key that is inactive, rotated or gone makes every
token of it void at once. A session is read from its own token (seal/sessions.py): it holds as long as the role, or the
key that it was made with.
"""

import hmac
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

import msgspec

from entrepot.core import denials
from entrepot.core.denials import Denial
from entrepot.core.guesses import Guesses
from entrepot.core.hot import Hot
from entrepot.core.principals import (
    ANONYMOUS,
    Principal,
    role_principal,
    root_principal,
    session_principal,
    user_principal,
)
from entrepot.core.recent import Recent
from entrepot.core.rights import Rights, RightsByPrincipal
from entrepot.db.records import AccessKey
from entrepot.db.snapshot import Snapshot
from entrepot.errors import (
    AccessDenied,
    CredentialExpired,
    CredentialInvalid,
    CredentialMisplaced,
    CredentialMissing,
    CredentialUnknown,
    MfaRefused,
    SessionExpired,
)
from entrepot.seal import Seal, sessions, tokens
from entrepot.seal.sessions import Session
from entrepot.seal.tokens import Claims
from entrepot.spec.digest import Digest
from entrepot.spec.repository import RepositoryKey

TOKEN_LIFETIME = timedelta(hours=12)
DOWNLOAD_LIFETIME = timedelta(minutes=15)
LOGINS = {"ecr": "", "ecr-public": "ecr-public"}  # the scope of a login's token, by the service that issued it
_ISSUED_FOR = {scope: service for service, scope in LOGINS.items()}
_ANONYMOUS = "anonymous"
_MOST_TOKENS = 16_384
_MOST_TOKEN_CHARACTERS = 8 * 1024 * 1024
_USE_PERIOD = timedelta(minutes=1)


class Credentials:
    """Resolves credentials for one event loop."""

    def __init__(
        self,
        hot: Hot,
        snapshot: Snapshot,
        seal: Seal,
        clock: Callable[[], datetime],
        download_lifetime: timedelta = DOWNLOAD_LIFETIME,
    ) -> None:
        self._hot = hot
        self._seal = seal
        self._clock = clock
        self._download_lifetime = download_lifetime
        self._claims: Recent[str, Claims] = Recent(_MOST_TOKEN_CHARACTERS)
        self._sessions: Recent[str, Session] = Recent(_MOST_TOKEN_CHARACTERS)
        self._secrets: Recent[str, tuple[bytes, str]] = Recent(_MOST_TOKENS)
        self._principals: Recent[str, tuple[AccessKey, Principal]] = Recent(_MOST_TOKENS)
        self._rights = RightsByPrincipal(snapshot)
        self._guesses = Guesses()
        self._decoy = seal.seal(secrets.token_urlsafe(30).encode(), secret_context(""))
        self._noted: Recent[str, datetime] = Recent(_MOST_TOKENS)

    def rights(self, principal: Principal) -> Rights:
        """What its account lets this principal do, no older than its credential was when it was read."""
        return self._rights.of(principal)

    def issue_token(self, principal: Principal, region: str, service: str = "ecr") -> tuple[str, datetime]:
        """A registry token for this principal, good at the registries of the service; and when it expires: with its
        session, if not before.
        """
        scope = _ANONYMOUS if principal is ANONYMOUS else LOGINS[service]
        claims = self._claims_of(principal, region, TOKEN_LIFETIME, scope)
        return tokens.issue(self._seal, claims), claims.expires_at

    def issue_download(self, principal: Principal, key: RepositoryKey, digest: Digest) -> str:
        """A token for one blob of one repository, good for as long as downloads are."""
        scope = _download_scope(key, digest)
        return tokens.issue(self._seal, self._claims_of(principal, key.registry.region, self._download_lifetime, scope))

    def _claims_of(self, principal: Principal, region: str, lifetime: timedelta, scope: str) -> Claims:
        now, session = self._clock(), principal.session
        return Claims(
            credential_id=principal.credential_id,
            principal_id=principal.id,
            epoch=principal.epoch,
            region=region,
            issued_at=now,
            expires_at=now + lifetime if session is None else min(now + lifetime, session.expires_at),
            scope=scope,
            session=None if session is None else msgspec.structs.replace(session, secret=""),
        )

    async def by_token(self, token: str, services: Sequence[str] = ("ecr",)) -> Principal:
        """The principal of a login's token that one of `services` issued: CredentialInvalid, CredentialExpired;
        CredentialMisplaced for that of another. At public registries there are tokens of nobody in particular too.
        """
        claims = self._read(token)
        if claims.scope == _ANONYMOUS:
            if "ecr-public" not in services:
                raise CredentialMissing
            return ANONYMOUS
        issued_for = _ISSUED_FOR.get(claims.scope)
        if issued_for is None:
            raise CredentialInvalid
        if issued_for not in services:
            raise CredentialMisplaced(issued_for=issued_for, wanted=services[0])
        return self._holder(claims)

    async def by_download(self, token: str, key: RepositoryKey, digest: Digest) -> Principal:
        """The principal of a token for this blob: CredentialInvalid, CredentialExpired."""
        claims = self._read(token)
        if claims.scope != _download_scope(key, digest):
            raise CredentialInvalid
        return self._holder(claims)

    def _read(self, token: str) -> Claims:
        claims = self._claims.get(token)
        if claims is None:
            claims = tokens.read(self._seal, token)
            self._claims.put(token, claims, len(token))
        if claims.expires_at <= self._clock():
            raise CredentialExpired
        return claims

    def _holder(self, claims: Claims) -> Principal:
        session = claims.session
        found = self._of_key(claims.credential_id, claims.epoch) if session is None else self.of_session(session)
        if found is None:
            raise CredentialInvalid
        return found

    def _of_key(self, key_id: str, epoch: int) -> Principal | None:
        """Whose key this is, if it is still the one that was named."""
        key = self._hot.access_key(key_id)
        return self._principal(key) if key is not None and key.status == "Active" and key.epoch == epoch else None

    def _principal(self, key: AccessKey) -> Principal:
        """Whose key this is: the same object for as long as the key's is."""
        known = self._principals.get(key.id)
        if known is None or known[0] is not key:
            known = key, _principal(key)
            self._principals.put(key.id, known)
        return known[1]

    def of_session(self, session: Session) -> Principal | None:
        """Whose session this is, if what it hangs on is still there. Not whether it has expired."""
        if session.maker:
            owner = self._of_key(session.maker, session.epoch)
            return None if owner is None else session_principal(owner, session)
        found = self._hot.identity(session.owner_id)
        if found is None:
            return None
        if session.kind == "role":
            return role_principal(found.account, found.owner, found.account_stamp, session)
        owner = user_principal(found.account, found.id, found.owner, session.key_id, 0, found.account_stamp)
        return session_principal(owner, session)

    async def by_secret(self, access_key_id: str, secret: str) -> Principal:
        """The principal of an active long-term key, by its secret: CredentialInvalid.

        As much is done for a key that is not there as for a secret that does not fit.
        """
        key = self._hot.access_key(access_key_id)
        sealed, owner = (self._decoy, "") if key is None else (key.secret, key.id)
        fits = hmac.compare_digest(self._seal.open(sealed, secret_context(owner)), secret.encode())
        if key is None or key.status != "Active" or not fits:
            raise CredentialInvalid
        return self._principal(key)

    async def signing_key(self, access_key_id: str) -> tuple[Principal, str]:
        """The principal and secret of an active access key: CredentialUnknown."""
        key = self._hot.access_key(access_key_id)
        if key is None or key.status != "Active":
            raise CredentialUnknown
        known = self._secrets.get(access_key_id)
        if known is None or not hmac.compare_digest(known[0], key.secret):
            secret = self._seal.open(key.secret, secret_context(key.id)).decode()
            known = (key.secret, secret)
            self._secrets.put(access_key_id, known)
        return self._principal(key), known[1]

    async def session_key(self, access_key_id: str, token: str) -> tuple[Principal, str]:
        """The principal and secret of a session by its token: CredentialUnknown, SessionExpired."""
        session = self._sessions.get(token)
        if session is None:
            try:
                session = sessions.read(self._seal, token)
            except CredentialInvalid:
                raise CredentialUnknown from None
            self._sessions.put(token, session, len(token))
        if session.key_id != access_key_id:
            raise CredentialUnknown
        if session.expires_at <= self._clock():
            raise SessionExpired
        found = self.of_session(session)
        if found is None:
            raise CredentialUnknown
        return found, session.secret

    def encode_denial(self, denied: AccessDenied) -> str | None:
        """Why a request was denied, sealed for the account of whom was denied."""
        evidence = denied.evidence
        return denials.encode(self._seal, evidence) if isinstance(evidence, Denial) else None

    def decode_denial(self, account: str, message: str) -> str:
        """What a message of `encode_denial` says to its account: AuthorizationMessageInvalid."""
        return denials.decode(self._seal, account, message)

    def seal_session(self, session: Session) -> str:
        """The token of a new session."""
        return sessions.issue(self._seal, session)

    def seal_key(self, access_key_id: str, secret: str) -> bytes:
        """The secret of a new access key, as it is stored."""
        return self._seal.seal(secret.encode(), secret_context(access_key_id))

    def seal_seed(self, device_id: str, seed: bytes) -> bytes:
        """The seed of a new MFA device, as it is stored."""
        return self._seal.seal(seed, _seed_context(device_id))

    def open_seed(self, device_id: str, sealed: bytes) -> bytes:
        """The seed of an MFA device."""
        return self._seal.open(sealed, _seed_context(device_id))

    @contextmanager
    def guessing(self, principal: Principal) -> Iterator[None]:
        """Take an MFA code: MfaRefused, at once for who has guessed wrongly too often of late."""
        with self._guesses.of(principal.id, self._clock(), MfaRefused):
            yield

    def use_is_news(self, access_key_id: str) -> bool:
        """Whether a use of this key is to be noted: the last that was noted is older than a minute."""
        now = self._clock()
        key = self._hot.access_key(access_key_id)
        known = (self._noted.get(access_key_id), None if key is None else key.last_used_at)
        if any(at is not None and at > now - _USE_PERIOD for at in known):
            return False
        self._noted.put(access_key_id, now)
        return True


def secret_context(access_key_id: str) -> bytes:
    """What a sealed secret is bound to."""
    return b"access-key:" + access_key_id.encode()


def _seed_context(device_id: str) -> bytes:
    return b"mfa-device:" + device_id.encode()


def _download_scope(key: RepositoryKey, digest: Digest) -> str:
    return f"{key.arn}@{digest}"


def _principal(key: AccessKey) -> Principal:
    if key.principal_kind == "user":
        return user_principal(key.account, key.principal_id, key.owner, key.id, key.epoch, key.account_stamp)
    return root_principal(key.account, key.id, key.epoch, key.account_stamp)
