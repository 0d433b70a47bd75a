"""Keys that another Key Management Service has: used there, by the operator's credentials, for the accounts that may.

What is known of such a key (db/remote_keys.py) is what its service said last; whoever stores it is told a key's state
without asking. Nothing here is stored, and nothing is asked inside a unit of work.
"""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from entrepot.db.key_records import Context, RemoteKey
from entrepot.errors import KeyDisabled, KeyNotFound, KeyRefused, KeyStateInvalid, KeyUnavailable
from entrepot.outbound import OutboundFault
from entrepot.outbound.faults import Unavailable
from entrepot.outbound.key_services import MOST_RAW, DataKey, KeyService, KeyServiceRefused
from entrepot.seal import key_pairs

ENABLED: Final = "Enabled"
GONE, SILENT, UNPLACED = "Deleted", "Unreachable", "NoEndpoint"  # beside KMS's own states, and codes of its refusals
_REFUSAL: Final = "Exception"
_NOT_FOUND: Final = "NotFoundException"
_QUIET_SECONDS: Final = 1.0  # a service that did not answer is not asked again for so long
_MOST_AT_ONCE: Final = 64
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The service that has all keys whose ARNs begin so."""

    beginning: str
    service: KeyService


class RemoteKeys:
    """The key services of a deployment. Every method but the first two raises KeyRefused, KeyUnavailable."""

    def __init__(self, endpoints: Sequence[Endpoint] = (), users: Sequence[tuple[str, str]] = ()) -> None:
        """`users` are accounts that may use keys whose ARNs begin so, beside the accounts in the ARNs."""
        self._endpoints = sorted(endpoints, key=lambda each: len(each.beginning), reverse=True)
        self._users = tuple(users)
        self._quiet: dict[str, float] = {}
        self._under_way = 0

    def covers(self, arn: str) -> bool:
        """Whether a key of this ARN, or what has this alias, is at one of the services."""
        return self._find(arn) is not None

    def lets(self, account: str, arn: str) -> bool:
        """Whether an account may use the key of an ARN there."""
        if not self.covers(arn):
            return False
        return arn.split(":")[4] == account or any(
            user == account and arn.startswith(beginning) for beginning, user in self._users
        )

    async def ask_for(self, account: str, named: str) -> RemoteKey:
        """The key of an ARN, or of an alias's, as it is now; its public half where it signs."""
        service = self._require(account, named)
        found = await self._asked(named, service, lambda: service.describe_key(named))
        if not self.lets(account, found.arn):
            raise KeyRefused(arn=named, code=_NOT_FOUND)
        public = b""
        if found.spec in key_pairs.ALGORITHMS and found.usage == "SIGN_VERIFY" and found.state == ENABLED:
            public = await self._asked(named, service, lambda: service.get_public_key(found.arn))
            if not key_pairs.fits(public, found.spec):
                raise KeyUnavailable(arn=found.arn, reason=f"its public half is none of {found.spec}")
        return RemoteKey(found.arn, found.spec, found.state, public)

    async def ask_again(self, known: RemoteKey) -> RemoteKey:
        """What is known of a key, made anew; never raises."""
        found = self._find(known.arn)
        if found is None:
            return RemoteKey(known.arn, known.spec, UNPLACED, known.public)
        try:
            seen = await self.ask_for(known.arn.split(":")[4], known.arn)
        except KeyUnavailable:
            return RemoteKey(known.arn, known.spec, SILENT, known.public)
        except KeyRefused as fault:
            state = GONE if fault.code == _NOT_FOUND else str(fault.code)
            return RemoteKey(known.arn, known.spec, state, known.public)
        return RemoteKey(known.arn, seen.spec, seen.state, seen.public or known.public)

    async def make_data_key(self, account: str, arn: str, context: Context) -> DataKey:
        """A fresh data key of 256 bits with its ciphertext."""
        service = self._require(account, arn)
        return await self._asked(arn, service, lambda: service.generate_data_key(arn, context))

    async def open_data_key(self, account: str, arn: str, blob: bytes, context: Context) -> bytes:
        """The data key of a ciphertext."""
        service = self._require(account, arn)
        return await self._asked(arn, service, lambda: service.decrypt_data_key(arn, blob, context))

    async def sign_there(self, account: str, known: RemoteKey, algorithm: str, text: bytes) -> bytes:
        """The signature of a text, in DER; one that the key's public half does not verify is no answer."""
        service = self._require(account, known.arn)
        raw = len(text) <= MOST_RAW
        message = text if raw else hashlib.new(f"sha{algorithm.rpartition('_')[2]}", text).digest()
        made = await self._asked(
            known.arn, service, lambda: service.sign_message(known.arn, algorithm, message, raw=raw)
        )
        if not key_pairs.verifies(known.public, algorithm, text, made, digest=False):
            raise KeyUnavailable(arn=known.arn, reason="the signature is not one of this key")
        return made

    def _find(self, arn: str) -> Endpoint | None:
        return next((each for each in self._endpoints if arn.startswith(each.beginning)), None)

    def _require(self, account: str, arn: str) -> KeyService:
        found = self._find(arn)
        if found is None:
            raise KeyUnavailable(arn=arn, reason="kms_endpoints names none for it")
        if not self.lets(account, arn):
            raise KeyRefused(arn=arn, code="AccessDeniedException")
        return found.service

    async def _asked(self, arn: str, service: KeyService, call: Callable[[], Awaitable[_T]]) -> _T:
        """One call, unless its service has just not answered, or is asked too much at once."""
        if self._quiet.get(service.url, 0) > time.monotonic():
            raise KeyUnavailable(arn=arn, reason="it did not answer a moment ago")
        if self._under_way >= _MOST_AT_ONCE:
            raise KeyUnavailable(arn=arn, reason=f"{_MOST_AT_ONCE} requests to key services are under way")
        self._under_way += 1
        try:
            return await call()
        except KeyServiceRefused as fault:
            if isinstance(fault, Unavailable):
                raise KeyUnavailable(arn=arn, reason=fault) from None
            raise KeyRefused(arn=arn, code=fault.code) from None
        except Unavailable as fault:
            self._quiet[service.url] = time.monotonic() + _QUIET_SECONDS
            raise KeyUnavailable(arn=arn, reason=fault) from None
        except OutboundFault as fault:
            raise KeyUnavailable(arn=arn, reason=fault) from None
        finally:
            self._under_way -= 1


def require_enabled(known: RemoteKey) -> RemoteKey:
    """A key, unless its service said that it cannot be used: KeyDisabled, KeyNotFound, KeyRefused, KeyStateInvalid. One
    that is not reached now can be: what is open already is read on.
    """
    if known.state in {ENABLED, SILENT}:
        return known
    if known.state == "Disabled":
        raise KeyDisabled(arn=known.arn)
    if known.state == GONE:
        raise KeyNotFound(what=f"Key '{known.arn}'")
    if known.state.endswith(_REFUSAL):
        raise KeyRefused(arn=known.arn, code=known.state)
    state = {"PendingDeletion": "pending deletion", UNPLACED: "at no endpoint of kms_endpoints"}
    raise KeyStateInvalid(arn=known.arn, state=state.get(known.state, known.state))


def blocking(call: Awaitable[_T]) -> _T:
    """The answer to a call, for a thread that has no event loop: jobs and commands."""

    async def answered() -> _T:
        return await call

    return asyncio.run(answered())
